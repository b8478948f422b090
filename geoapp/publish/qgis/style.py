"""The style of a layer as QGIS reads it (QML): the rules of the map, its labels, and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from geoapp.publish.qgis.symbols import rgba, symbol_element
from layers.layer import MapLayer
from layers.symbol import Fill, Label, Marker, Rule

VERSION = "3.22.0"
# The scale of zoom 0 on a screen of 96 dots an inch.
WORLD = 559_082_264
DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
# What tiles tell of a feature, and rows tell by their shape.
BY_SHAPE = {"along": "geometry_type($geometry) = 'Line'"}


def style_of(layer: MapLayer, language: str) -> str:
    """The style as a document of its own, as a GeoPackage holds it."""
    document = Element("qgis", {"version": VERSION, "styleCategories": "Symbology|Labeling", "labelsEnabled": "1"})
    add_style(document, layer, language)
    return DOCTYPE + tostring(document, encoding="unicode")


def add_style(parent: Element, layer: MapLayer, language: str) -> None:
    """Add the renderer of a layer and its labels."""
    renderer = SubElement(parent, "renderer-v2", {"type": "RuleRenderer", "symbollevels": "0", "forceraster": "0"})
    rules = SubElement(renderer, "rules", {"key": "geoapp"})
    symbols = SubElement(renderer, "symbols")
    for place, rule in enumerate(layer.rules):
        title = (rule.title or layer.title).in_language(language)
        given = {
            "key": f"geoapp-{place}",
            "symbol": str(place),
            "label": title,
            "filter": _condition(layer.rules, place),
        }
        SubElement(rules, "rule", {**given, **_scales("scalemindenom", "scalemaxdenom", rule.min_zoom, rule.max_zoom)})
        symbol_element(symbols, str(place), rule.symbol)
    if layer.labels:
        labeling = SubElement(parent, "labeling", {"type": "simple"})
        label_element(labeling, layer.labels[0], language, points=isinstance(layer.rules[0].symbol, Marker))


def label_element(parent: Element, label: Label, language: str, *, points: bool) -> None:
    """Add the settings of a label."""
    settings = SubElement(parent, "settings", {"calloutType": "simple"})
    text = SubElement(
        settings,
        "text-style",
        {
            "fieldName": label.prop.replace("{lang}", language),
            "isExpression": "0",
            "fontFamily": "Sans Serif",
            "fontSize": f"{label.size:g}",
            "fontSizeUnit": "Pixel",
            "fontItalic": str(int(label.italic)),
            "fontWeight": "75" if label.bold else "50",
            "capitalization": "1" if label.uppercase else "0",
            "textColor": rgba(label.color),
            "textOpacity": "1",
        },
    )
    SubElement(
        text,
        "text-buffer",
        {"bufferDraw": "1", "bufferSize": "2", "bufferSizeUnits": "Pixel", "bufferColor": rgba(label.halo)},
    )
    # Around a point, or over what has a length or an area.
    placement = {"placement": "6" if points else "1", "quadOffset": "4", "dist": "1", "distUnits": "MM"}
    SubElement(settings, "placement", placement)
    scales = _scales("scaleMin", "scaleMax", label.min_zoom, 24)
    # No symbol keeps a label of the base map away.
    drawn = {"drawLabels": "1", "obstacle": "0", "scaleVisibility": str(int(bool(scales)))}
    SubElement(settings, "rendering", {**drawn, **scales})


def scale_of(zoom: float) -> int:
    """The denominator of the scale that a zoom is drawn at."""
    return round(WORLD / 2**zoom)


def condition(rule: Rule) -> str:
    """Which features a rule is for, as an expression; empty for all."""
    return " AND ".join(_equals(name, value) for name, value in (rule.when or {}).items())


def _condition(rules: Sequence[Rule], place: int) -> str:
    """Which features a rule draws: those it is for that no rule before it, at the same zooms, is for."""
    rule = rules[place]
    own = condition(rule)
    before = [
        condition(each)
        for each in rules[:place]
        if each.when and (each.min_zoom, each.max_zoom) == (rule.min_zoom, rule.max_zoom)
    ]
    # Rules that ask for values of one property exclude each other by themselves.
    if own and all(set(each.when or ()) == set(rule.when or ()) for each in rules[:place] if each.when):
        return own
    others = [f"NOT coalesce({each}, false)" for each in before]
    return " AND ".join([*([own] if own else []), *others])


def _equals(name: str, value: object) -> str:
    if name in BY_SHAPE:
        return BY_SHAPE[name]
    return f'"{name}" = {value}' if isinstance(value, int) else f"\"{name}\" = '{value}'"


def _scales(least: str, most: str, min_zoom: float, max_zoom: float) -> dict[str, str]:
    scales = {most: str(scale_of(min_zoom))} if min_zoom > 0 else {}
    return {**scales, least: str(scale_of(max_zoom))} if max_zoom < 24 else scales


def geometry_of(rule: Rule) -> int:
    """The kind of geometry that a rule draws: 0 points, 1 lines, 2 areas."""
    return 0 if isinstance(rule.symbol, Marker) else 2 if isinstance(rule.symbol, Fill) else 1
