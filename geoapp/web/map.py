"""The map at `/`: a Folium page whose data comes as vector tiles, so that it weighs the same whatever there is."""

from __future__ import annotations

from urllib.parse import unquote

import folium
from flask import Blueprint, Response, current_app, g, make_response, render_template, url_for
from sqlalchemy import exists, select

from geoapp.access.viewer import Viewer
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, look, reading
from geoapp.web.folium_page import map_parts
from geoapp.web.policy import nonce
from geoapp.web.tiles import SHARED, VERSION, shared_version
from layers import base_map
from layers.catalogue import LAYERS
from layers.element import Legend, Scale, VectorTiles
from layers.layer import MapLayer
from layers.tables import Source
from layers.text import Text
from layers.weights import explained

map_page = Blueprint("map", __name__)

# South-west and north-east corners of where the 3T mines are: eastern DRC with its neighbours.
START = [[-4.9, 26.6], [1.1, 30.9]]
MOST_SOUTH_WEST, MOST_NORTH_EAST = (-20, 5), (12, 45)


@map_page.get("/")
def page() -> Response:
    """The map with every layer, its legend, and the mark where data are synthetic."""
    with reading() as connection:
        synthetic = connection.scalar(select(exists().where(Source.source_id == "demo")))
    parts = map_parts(draw(current_viewer(), g.language), nonce())
    return make_response(render_template("map.html", parts=parts, synthetic=synthetic))


def draw(viewer: Viewer, language: str) -> folium.Map:
    """The Folium map in one language, with the layers of which the viewer may see anything."""
    chart = folium.Map(
        tiles=None,
        min_zoom=4,
        max_zoom=18,
        min_lat=MOST_SOUTH_WEST[0],
        min_lon=MOST_SOUTH_WEST[1],
        max_lat=MOST_NORTH_EAST[0],
        max_lon=MOST_NORTH_EAST[1],
        max_bounds=True,
    )
    chart.fit_bounds(START)
    base = VectorTiles(
        "base",
        title=Text("Base map", "Fond de carte"),
        language=language,
        url=_tile_pattern("base"),
        rules=base_map.RULES,
        labels=base_map.LABELS,
        attribution=base_map.ATTRIBUTION.in_language(language),
        max_native_zoom=10,
        interactive=False,
        first=True,
    )
    base.add_to(chart)
    open_layers = [layer for layer in LAYERS.values() if not layer.roles or viewer.has(*layer.roles)]
    drawn = [_element(layer, language) for layer in open_layers]
    for element in drawn:
        element.add_to(chart)
    Legend([*drawn, base], language).add_to(chart)
    Scale().add_to(chart)
    return chart


def _element(layer: MapLayer, language: str) -> VectorTiles:
    settings: Settings = current_app.extensions["geoapp.settings"]
    detail = unquote(url_for("details.detail", name=layer.name, key="{key}", lang=language))
    return VectorTiles(
        layer.name,
        title=layer.title,
        language=language,
        url=_tile_pattern(layer.name),
        rules=layer.rules,
        labels=layer.labels,
        max_native_zoom=15,
        z_index=layer.order,
        interactive=layer.interactive,
        visible=layer.visible,
        key=layer.key.key,
        detail=detail,
        tip=layer.tip.replace("{lang}", language) if layer.tip else None,
        note=explained(settings.level_weights) if layer.weighted else None,
        first=layer.first,
    )


def _tile_pattern(name: str) -> str:
    pattern = url_for("tiles.tile", name=name, z=0, x=0, y=0).replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt")
    return f"{pattern}?{VERSION}={shared_version(look(), name)}" if name in SHARED else pattern
