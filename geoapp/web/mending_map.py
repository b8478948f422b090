"""The map of a form by which a row is mended: the base map and what is around, under the shape that is drawn on it."""

from __future__ import annotations

import folium
import shapely
from flask import url_for
from shapely.geometry.base import BaseGeometry

from layers import base_map
from layers.catalogue import LAYERS
from layers.element import Legend, Scale, Start, VectorTiles
from layers.layer import MapLayer
from layers.text import Text

AROUND = ("routes", "mine_sites", "facilities", "checkpoints")
# The four countries, as the map's own first view; and how far around a row one sees, in degrees.
WHOLE = [[-6.0, 25.5], [2.5, 33.5]]
ROOM = 0.04


def mending_map(shape: BaseGeometry | None, language: str) -> folium.Map:
    """A map around a shape (EPSG:4326), or of the four countries' middle where there is none yet."""
    chart = folium.Map(tiles=None, min_zoom=4, max_zoom=18)
    Start(_corners(shape)).add_to(chart)
    base = VectorTiles(
        "base",
        title=Text("Base map", "Fond de carte"),
        language=language,
        url=_pattern("base"),
        rules=base_map.RULES,
        labels=base_map.LABELS,
        attribution=base_map.ATTRIBUTION.in_language(language),
        max_native_zoom=10,
        interactive=False,
    )
    base.add_to(chart)
    around = [_around(LAYERS[name], language) for name in AROUND]
    for layer in around:
        layer.add_to(chart)
    Legend([*around, base], language).add_to(chart)
    Scale().add_to(chart)
    return chart


def _around(layer: MapLayer, language: str) -> VectorTiles:
    return VectorTiles(
        layer.name,
        title=layer.title,
        language=language,
        url=_pattern(layer.name),
        rules=layer.rules,
        labels=layer.labels,
        max_native_zoom=15,
        z_index=layer.order,
        interactive=False,
    )


def _pattern(name: str) -> str:
    return url_for("tiles.tile", name=name, z=0, x=0, y=0).replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt")


def _corners(shape: BaseGeometry | None) -> list[list[float]]:
    if shape is None:
        return WHOLE
    west, south, east, north = shapely.bounds(shape)
    return [[south - ROOM, west - ROOM], [north + ROOM, east + ROOM]]
