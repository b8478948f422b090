"""The map of a preview: what would be new, what would move from where to where, and what stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import folium
from flask import url_for

from layers import base_map
from layers.element import Legend, Scale, VectorTiles
from layers.text import Text

# Distinct in print and for colour-blind people: by weight and filling as well as by colour.
LOOKS: dict[str, dict[str, Any]] = {
    "unchanged": {"color": "#5d6b75", "weight": 1, "radius": 3, "fillOpacity": 0.2},
    "old": {"color": "#8a5a00", "weight": 2, "radius": 5, "fillOpacity": 0, "dashArray": "3 3"},
    "way": {"color": "#8a5a00", "weight": 1.5, "dashArray": "2 4"},
    "update": {"color": "#c77700", "weight": 2, "radius": 5, "fillOpacity": 0.8},
    "insert": {"color": "#0b5475", "weight": 2, "radius": 5, "fillOpacity": 0.6},
}


def preview_map(shapes: Sequence[Mapping[str, Any]], language: str) -> folium.Map:
    """A map of the shapes of a preview, as near as they allow."""
    chart = folium.Map(tiles=None, min_zoom=4, max_zoom=18)
    base = VectorTiles(
        "base",
        title=Text("Base map", "Fond de carte"),
        language=language,
        url=url_for("tiles.tile", name="base", z=0, x=0, y=0).replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt"),
        rules=base_map.RULES,
        labels=base_map.LABELS,
        attribution=base_map.ATTRIBUTION.in_language(language),
        max_native_zoom=10,
        interactive=False,
    )
    base.add_to(chart)
    for kind, look in LOOKS.items():
        features = list(_features(shapes, kind))
        if features:
            folium.GeoJson(
                {"type": "FeatureCollection", "features": features},
                style_function=lambda _, look=look: look,
                marker=folium.CircleMarker(**_marker(look)),
                zoom_on_click=False,
            ).add_to(chart)
    Legend([base], language).add_to(chart)
    Scale().add_to(chart)
    corners = list(_corners(shapes))
    if corners:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        chart.fit_bounds([[min(ys), min(xs)], [max(ys), max(xs)]], padding=(24, 24), max_zoom=13)
    return chart


def _marker(look: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "radius": look.get("radius", 4),
        "color": look["color"],
        "weight": look["weight"],
        "fill": True,
        "fill_color": look["color"],
        "fill_opacity": look.get("fillOpacity", 0.5),
    }


def _features(shapes: Sequence[Mapping[str, Any]], kind: str) -> Iterator[dict[str, Any]]:
    for shape in shapes:
        geometry = None
        if kind == "old":
            geometry = shape.get("old")
        elif kind == "way":
            if shape.get("old", {}).get("type") == "Point" and shape["new"]["type"] == "Point":
                ends = [shape["old"]["coordinates"], shape["new"]["coordinates"]]
                geometry = {"type": "LineString", "coordinates": ends}
        elif shape["action"] == kind:
            geometry = shape["new"]
        if geometry is not None:
            yield {"type": "Feature", "geometry": geometry, "properties": {}}


def _corners(shapes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[float, float]]:
    def points(coordinates: Any) -> Iterator[tuple[float, float]]:
        if coordinates and isinstance(coordinates[0], int | float):
            yield float(coordinates[0]), float(coordinates[1])
        else:
            for each in coordinates:
                yield from points(each)

    for shape in shapes:
        for name in ("new", "old"):
            if name in shape:
                yield from points(shape[name]["coordinates"])
