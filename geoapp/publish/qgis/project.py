"""QGIS projects: the base map and the layers, styled as on the map, wherever they are read from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from geoapp.publish.qgis.style import (
    DOCTYPE,
    VERSION,
    add_style,
    condition,
    geometry_of,
    label_element,
    scale_of,
)
from geoapp.publish.qgis.symbols import symbol_element
from geoapp.publish.tiles import MAX_ZOOM
from layers import base_map
from layers.layer import MapLayer
from layers.symbol import Fill, Label, Marker, Rule
from layers.text import Text

# Of EPSG:3857: what of the earth a new project shows.
EXTENT = {"xmin": 2_950_000, "ymin": -560_000, "xmax": 3_450_000, "ymax": 130_000}
# The id of the authentication that QGIS is to use; people make one under it, with their token as its password.
AUTHENTICATION = "geoapp1"
BASE_ZOOM = 10
# Sublayers of the base map that are areas.
AREAS = {rule.sublayer for rule in base_map.RULES if isinstance(rule.symbol, Fill)}
BASE = Text("Base map", "Fond de carte")
COUNTED = Text("Incidents, counted", "Incidents, comptés")
# How many incidents a circle stands for at least, and its size in pixels.
CIRCLES = ((100, 26), (10, 19), (1, 13))


@dataclass(frozen=True)
class Read:
    """Where QGIS reads rows of a layer from: its provider, and what that is told; `geometry` where it must be said."""

    provider: str
    source: str
    geometry: str = ""
    title: str = ""


@dataclass(frozen=True)
class Addresses:
    """Where everything is: the base map's tiles, counted incidents, where there are, and the rows of each layer."""

    base: str
    counted: str | None
    rows: Callable[[MapLayer], Sequence[Read]]


def served_addresses(tiles: str, ogc: str, *, signed_in: bool) -> Addresses:
    """The addresses on a server: `tiles` is a pattern with {name}, {z}, {x} and {y}."""
    auth = f"authcfg={AUTHENTICATION} " if signed_in else ""
    auth_of_tiles = f"&authcfg={AUTHENTICATION}" if signed_in else ""

    def tile_source(name: str, zoom: int) -> str:
        return f"type=xyz&url={quote(tiles.replace('{name}', name), safe='/:')}&zmin=0&zmax={zoom}{auth_of_tiles}"

    def rows(layer: MapLayer) -> list[Read]:
        named = f"typename='{layer.name}' url='{ogc}'"
        return [Read("OAPIF", f"{auth}pageSize='1000' restrictToRequestBBOX='1' {named}")]

    return Addresses(tile_source("base", BASE_ZOOM), tile_source("incidents", MAX_ZOOM) if signed_in else None, rows)


def make_project(layers: Sequence[MapLayer], addresses: Addresses, title: str, language: str) -> str:
    """A project with the base map below and the layers above it, in the order of the map."""
    document = Element("qgis", {"version": VERSION, "projectname": title})
    SubElement(document, "title").text = title
    told = SubElement(SubElement(document, "properties"), "SpatialRefSys")
    # Without it QGIS takes the project for one of before there were systems.
    SubElement(told, "ProjectionsEnabled", {"type": "int"}).text = "1"
    _reference_system(SubElement(document, "projectCrs"), "EPSG:3857")
    tree = SubElement(document, "layer-tree-group")
    canvas = SubElement(document, "mapcanvas", {"name": "theMapCanvas"})
    SubElement(canvas, "units").text = "meters"
    extent = SubElement(canvas, "extent")
    for side, value in EXTENT.items():
        SubElement(extent, side).text = str(value)
    _reference_system(SubElement(canvas, "destinationsrs"), "EPSG:3857")
    drawn = SubElement(document, "projectlayers")
    for layer in sorted(layers, key=lambda each: -each.order):
        counted = addresses.counted if layer.weighted else None
        if counted is not None:
            _add_counted(tree, drawn, counted, layer, language)
        for number, read in enumerate(addresses.rows(layer)):
            made = _add_rows((tree, drawn), f"geoapp_{layer.name}_{number}", layer, read, language)
            if counted is not None:
                # What is counted further out is asked for row by row near by alone.
                made.attrib |= {"hasScaleBasedVisibilityFlag": "1", "minScale": str(scale_of(layer.rows_from_zoom))}
    _add_base(tree, drawn, addresses.base, language)
    return DOCTYPE + tostring(document, encoding="unicode")


def _reference_system(parent: Element, name: str) -> None:
    system = SubElement(parent, "spatialrefsys")
    # QGIS looks at the name where this is any number of its own list.
    SubElement(system, "srsid").text = "1"
    SubElement(system, "authid").text = name


def _in_tree(tree: Element, key: str, title: str, read: Read, shown: bool) -> None:
    SubElement(
        tree,
        "layer-tree-layer",
        {
            "id": key,
            "name": title,
            "providerKey": read.provider,
            "source": read.source,
            "checked": "Qt::Checked" if shown else "Qt::Unchecked",
            "expanded": "0",
        },
    )


def _map_layer(drawn: Element, kind: str, key: str, title: str, read: Read, **attributes: str) -> Element:
    made = SubElement(drawn, "maplayer", {"type": kind, **attributes})
    SubElement(made, "id").text = key
    SubElement(made, "datasource").text = read.source
    SubElement(made, "layername").text = title
    SubElement(made, "provider", {"encoding": "UTF-8"}).text = read.provider
    return made


def _add_rows(parts: tuple[Element, Element], key: str, layer: MapLayer, read: Read, language: str) -> Element:
    tree, drawn = parts
    title = read.title or layer.title.in_language(language)
    _in_tree(tree, key, title, read, layer.visible)
    shape = {"geometry": read.geometry} if read.geometry else {}
    made = _map_layer(drawn, "vector", key, title, read, labelsEnabled="1", **shape)
    _reference_system(SubElement(made, "srs"), "EPSG:4326")
    add_style(made, layer, language)
    return made


def _add_counted(tree: Element, drawn: Element, source: str, layer: MapLayer, language: str) -> None:
    title, key, read = COUNTED.in_language(language), "geoapp_counted", Read("vectortile", source)
    _in_tree(tree, key, title, read, layer.visible)
    scales = {"hasScaleBasedVisibilityFlag": "1", "minScale": "1e+09", "maxScale": str(scale_of(layer.rows_from_zoom))}
    made = _map_layer(drawn, "vector-tile", key, title, read, **scales)
    styles = SubElement(SubElement(made, "renderer", {"type": "basic"}), "styles")
    more = 0
    for least, size in CIRCLES:
        below = f' AND "count" < {more}' if more else ""
        circle = Rule(Marker("circle", size, "#e8770e", stroke="#5b2c00"))
        _tile_style(styles, layer.name, circle, f'"count" >= {least}{below}')
        more = least
    labels = SubElement(SubElement(made, "labeling", {"type": "basic"}), "styles")
    label = Label("count", size=10, color="#ffffff", halo="#5b2c00", bold=True)
    _tile_label(labels, layer.name, label, language, within=True)


def _add_base(tree: Element, drawn: Element, source: str, language: str) -> None:
    title, key, read = BASE.in_language(language), "geoapp_base", Read("vectortile", source)
    _in_tree(tree, key, title, read, shown=True)
    made = _map_layer(drawn, "vector-tile", key, title, read)
    styles = SubElement(SubElement(made, "renderer", {"type": "basic"}), "styles")
    # The first rule of the map is drawn on top, the last style of QGIS is.
    for rule in reversed(base_map.RULES):
        _tile_style(styles, rule.sublayer or "", rule, condition(rule))
    labels = SubElement(SubElement(made, "labeling", {"type": "basic"}), "styles")
    for label in base_map.LABELS:
        _tile_label(labels, label.sublayer or "", label, language)


def _tile_style(styles: Element, sublayer: str, rule: Rule, expression: str) -> None:
    style = SubElement(
        styles,
        "style",
        {
            "name": sublayer,
            "layer": sublayer,
            "geometry": str(geometry_of(rule)),
            "expression": expression,
            "enabled": "1",
            "min-zoom": str(round(rule.min_zoom)) if rule.min_zoom else "-1",
            "max-zoom": str(round(rule.max_zoom)) if rule.max_zoom < 24 else "-1",
        },
    )
    symbol_element(SubElement(style, "symbols"), "0", rule.symbol)


def _tile_label(styles: Element, sublayer: str, label: Label, language: str, *, within: bool = False) -> None:
    geometry = 2 if sublayer in AREAS else 0
    style = SubElement(
        styles,
        "style",
        {
            "name": sublayer,
            "layer": sublayer,
            "geometry": str(geometry),
            "expression": "",
            "enabled": "1",
            "min-zoom": str(round(label.min_zoom)) if label.min_zoom else "-1",
            "max-zoom": "-1",
        },
    )
    label_element(style, label, language, points=geometry == 0 and not within)
