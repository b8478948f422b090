"""The map at `/`, a Folium page whose data comes as vector tiles, and the same rows without it at `/table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from urllib.parse import unquote, urlencode

import folium
from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from sqlalchemy import Connection, exists, select

from geoapp.access.viewer import FULL_ROLES, Viewer
from geoapp.publish.counts import count_choices, read_sentence
from geoapp.publish.listing import LISTED
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, look, read_snapshot, reading_one_version
from geoapp.web.filter_panel import bars_of, outline, read_checks, read_choices
from geoapp.web.folium_page import map_parts
from geoapp.web.map_data import read_table, sees_sites_alone, tables_of
from geoapp.web.map_state import MapState, read_state, with_known_places
from geoapp.web.mark import mark_of
from geoapp.web.policy import nonce, unstored
from geoapp.web.tiles import SHARED, VERSION, shared_version
from layers import base_map
from layers.catalogue import LAYERS
from layers.element import Legend, Scale, Start, VectorTiles, Workbench
from layers.groups import GROUND
from layers.layer import MapLayer
from layers.tables import Source
from layers.text import Text
from layers.weights import explained

map_page = Blueprint("map", __name__)

# South-west and north-east corners of where the 3T mines are: eastern DRC with its neighbours.
START = [[-4.9, 26.6], [1.1, 30.9]]
NOT_ASKED = Text(
    "ask: the answers to risk questions in this link are for coordinators, analysts and GIS officers, in their units.",
    "ask\u00a0: les réponses aux questions de risque de ce lien sont pour les coordinateurs, analystes et"
    " responsables SIG, dans leurs unités.",
)
# How much of each side of a place may be out of sight, for the sake of the rest.
TRIM = 0.07
MOST_SOUTH_WEST, MOST_NORTH_EAST = (-20, 5), (12, 45)


@map_page.get("/")
def page() -> Response:
    """The map with its layers, the lists of its filters, and the mark where data are synthetic.

    Choices, counts and rows come by themselves, so that the page weighs the same whatever there is.
    """
    viewer = current_viewer()
    state = _state(viewer)
    with reading_one_version() as (connection, _):
        state = with_known_places(connection, state)
        synthetic = _holds_synthetic(connection)
        sentence = read_sentence(connection, state.chosen, g.language, of_sites=sees_sites_alone(viewer))
        checks = read_checks(connection, state.chosen, g.language)
    shown = render_template(
        "map.html",
        parts=map_parts(draw(viewer, g.language, state), nonce()),
        synthetic=synthetic,
        state=state,
        theme=state.theme,
        sentence=sentence,
        outline=outline(viewer, state.chosen, g.language),
        checks=checks,
        tables=tables_of(viewer),
        faults=[fault.in_language(g.language) for fault in state.faults],
        plain=url_for("map.table") + _query_as_given(),
        mark=mark_of(viewer).in_language(g.language),
        asks=viewer.has(*FULL_ROLES),
    )
    return unstored(make_response(shown))


@map_page.get("/table")
def table() -> Response:
    """The filters and the rows without the map, as plain forms and links."""
    viewer = current_viewer()
    state = _state(viewer)
    with reading_one_version() as (connection, started):
        state = with_known_places(connection, state)
        lists = outline(viewer, state.chosen, g.language)
        synthetic = _holds_synthetic(connection)
        snapshot, of_sites = read_snapshot(connection, started), sees_sites_alone(viewer)
        told = count_choices(connection, snapshot, state.chosen, g.language, of_sites=of_sites)
        shown = read_table(connection, started, state, None)
        choices = read_choices(connection, [each.part for each in lists.facets], state.chosen, told, g.language)
        checks = read_checks(connection, state.chosen, g.language)
    page = render_template(
        "table.html",
        **shown,
        synthetic=synthetic,
        state=state,
        theme=state.theme,
        told=told,
        outline=lists,
        choices=choices,
        checks=checks,
        bars=bars_of(told.months, state.chosen, g.language),
        path=url_for("map.table"),
        faults=[fault.in_language(g.language) for fault in state.faults],
    )
    return unstored(make_response(page))


def _state(viewer: Viewer) -> MapState:
    """What the address asks for; the table of sites where the viewer sees no row of the one that it means."""
    state = read_state(request.args)
    if not request.args.get("table") and not _open(LISTED["incidents"], viewer):
        state = replace(state, table="mine_sites")
    if state.asks and not viewer.has(*FULL_ROLES):
        state = replace(state, asks=(), faults=(*state.faults, NOT_ASKED))
    return state


def _holds_synthetic(connection: Connection) -> bool:
    return bool(connection.scalar(select(exists().where(Source.source_id == "demo"))))


def _query_as_given() -> str:
    given = request.query_string.decode("ascii", "replace")
    return f"?{given}" if given else ""


def _open(layer: MapLayer, viewer: Viewer) -> bool:
    return not layer.roles or viewer.has(*layer.roles)


def draw(
    viewer: Viewer,
    language: str,
    state: MapState | None = None,
    start: list[list[float]] | None = None,
    *,
    workbench: bool = True,
    within: Mapping[str, list[list[float]]] | None = None,
) -> folium.Map:
    """The Folium map in one language, with the layers of which the viewer may see anything.

    `start` are the corners of the first view, in degrees, where the state has none. Without `workbench` it is tied to
    no filters, table or address. `within` are the corners outside which a layer has nothing, by its name.
    """
    state, start = state or MapState(), start or START
    chart, base = ground(language, state, start)
    open_layers = [layer for layer in LAYERS.values() if _open(layer, viewer)]
    within = within or {}
    drawn = [_element(layer, language, state, within.get(layer.name)) for layer in open_layers]
    for element in drawn:
        element.add_to(chart)
    Legend([*drawn, base], language).add_to(chart)
    Scale().add_to(chart)
    understood = state.query(open=state.opened, lang=language) if state.faults else None
    if workbench:
        Workbench(drawn, start, understood).add_to(chart)
    return chart


def ground(language: str, state: MapState, start: list[list[float]]) -> tuple[folium.Map, VectorTiles]:
    """A Folium map with nothing but the base map, and that layer; `start` is where it looks, if the state says not."""
    chart = folium.Map(
        tiles=None,
        min_zoom=4,
        max_zoom=18,
        min_lat=MOST_SOUTH_WEST[0],
        min_lon=MOST_SOUTH_WEST[1],
        max_lat=MOST_NORTH_EAST[0],
        max_lon=MOST_NORTH_EAST[1],
        max_bounds=True,
        location=[state.view.lat, state.view.lon] if state.view else None,
        # Folium hands a fraction on as it is.
        zoom_start=cast(int, state.view.zoom) if state.view else 7,
    )
    if state.view is None:
        Start(start).add_to(chart)
    base = VectorTiles(
        "base",
        title=Text("Base map", "Fond de carte"),
        language=language,
        url=tile_pattern("base"),
        rules=base_map.RULES,
        labels=base_map.LABELS,
        attribution=base_map.ATTRIBUTION.in_language(language),
        max_native_zoom=10,
        interactive=False,
        first=True,
        group=GROUND,
    )
    base.add_to(chart)
    return chart, base


def trimmed(corners: list[list[float]]) -> list[list[float]]:
    """Corners a little farther in: Leaflet goes a whole zoom out rather than cut a hair off."""
    (south, west), (north, east) = corners
    tall, wide = TRIM * (north - south), TRIM * (east - west)
    return [[south + tall, west + wide], [north - tall, east - wide]]


def _element(layer: MapLayer, language: str, state: MapState, within: list[list[float]] | None = None) -> VectorTiles:
    settings: Settings = current_app.extensions["geoapp.settings"]
    detail = unquote(url_for("details.detail", name=layer.name, key="{key}", lang=language))
    pattern = tile_pattern(layer.name)
    query = urlencode(state.chosen.applying(layer.filters).query())
    return VectorTiles(
        layer.name,
        title=layer.title,
        language=language,
        url=f"{pattern}{'&' if '?' in pattern else '?'}{query}" if query else pattern,
        pattern=pattern,
        filters=_parts(layer),
        rules=layer.rules,
        labels=layer.labels,
        max_native_zoom=15,
        z_index=layer.order,
        interactive=layer.interactive,
        visible=layer.visible if state.layers is None else layer.name in state.layers,
        at_first=layer.visible,
        key=layer.key.key,
        detail=detail,
        tip=layer.tip.replace("{lang}", language) if layer.tip else None,
        note=explained(settings.level_weights) if layer.weighted else None,
        first=layer.first,
        group=layer.group,
        within=within,
    )


def _parts(layer: MapLayer) -> list[str]:
    """The parts of the filter that the layer goes by, as the address has them."""
    named = {"occurred": ["since", "until"], "near": ["route", "within_km"]}
    return [part for column in layer.filters for part in named.get(column, [column])]


def tile_pattern(name: str) -> str:
    """The address of a layer's tiles, with the version of those that everybody shares."""
    pattern = url_for("tiles.tile", name=name, z=0, x=0, y=0).replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt")
    return f"{pattern}?{VERSION}={shared_version(look(), name)}" if name in SHARED else pattern
