"""Symbols as QGIS writes them, sizes in pixels as on the map."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

from layers.symbol import Fill, Marker, Stroke, Symbol

# QGIS 3.22 has no shield; a pentagon on its point is the next best.
SHAPES = {"triangle_down": "triangle", "cross": "cross_fill", "shield": "pentagon"}
TURNED = {"triangle_down", "shield"}
KINDS = {Marker: "marker", Stroke: "line", Fill: "fill"}
NO_COLOR = "0,0,0,0"


def symbol_element(parent: Element, name: str, symbol: Symbol) -> None:
    """Add a symbol under `name`."""
    made = SubElement(
        parent, "symbol", {"name": name, "type": KINDS[type(symbol)], "alpha": "1", "clip_to_extent": "1"}
    )
    if isinstance(symbol, Marker):
        _layer(made, "SimpleMarker", _marker(symbol))
    elif isinstance(symbol, Fill):
        _layer(made, "SimpleFill", _fill(symbol))
    else:
        if symbol.casing:
            _layer(made, "SimpleLine", _line(symbol.casing, symbol.width + 2, ()))
        _layer(made, "SimpleLine", _line(symbol.color, symbol.width, symbol.dash))


def rgba(color: str, opacity: float = 1) -> str:
    """A colour such as #9d1c20 as numbers."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def properties(parent: Element, values: Mapping[str, str]) -> None:
    """Add a map of options."""
    options = SubElement(parent, "Option", {"type": "Map"})
    for name, value in values.items():
        SubElement(options, "Option", {"type": "QString", "name": name, "value": value})


def _layer(parent: Element, kind: str, values: Mapping[str, str]) -> None:
    properties(SubElement(parent, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"}), values)


def _marker(symbol: Marker) -> dict[str, str]:
    return {
        "name": SHAPES.get(symbol.shape, symbol.shape),
        "angle": "180" if symbol.shape in TURNED else "0",
        "size": f"{symbol.size:g}",
        "size_unit": "Pixel",
        "color": rgba(symbol.fill),
        "outline_color": rgba(symbol.stroke),
        "outline_style": "solid",
        "outline_width": f"{symbol.stroke_width:g}",
        "outline_width_unit": "Pixel",
    }


def _line(color: str, width: float, dash: tuple[float, ...]) -> dict[str, str]:
    dashed = {"use_custom_dash": "1", "customdash": ";".join(f"{each:g}" for each in dash)} if dash else {}
    return {
        "line_color": rgba(color),
        "line_style": "solid",
        "line_width": f"{width:g}",
        "line_width_unit": "Pixel",
        "customdash_unit": "Pixel",
        "capstyle": "round",
        "joinstyle": "round",
        **dashed,
    }


def _fill(symbol: Fill) -> dict[str, str]:
    return {
        "color": rgba(symbol.fill, symbol.opacity) if symbol.fill else NO_COLOR,
        "style": "solid" if symbol.fill else "no",
        "outline_color": rgba(symbol.stroke) if symbol.stroke else NO_COLOR,
        "outline_style": ("dash" if symbol.dash else "solid") if symbol.stroke else "no",
        "outline_width": f"{symbol.stroke_width:g}",
        "outline_width_unit": "Pixel",
    }
