"""How features are drawn: symbols, and the rules that choose one by a feature's properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from layers.text import Text

Shape = Literal["circle", "square", "diamond", "triangle", "triangle_down", "pentagon", "hexagon", "cross", "shield"]


@dataclass(frozen=True)
class Marker:
    """A point: its shape, its height in pixels, and its colours."""

    shape: Shape
    size: float
    fill: str
    stroke: str = "#ffffff"
    stroke_width: float = 1.25
    kind: Literal["marker"] = "marker"


@dataclass(frozen=True)
class Stroke:
    """A line: colour, width in pixels, dashes in pixels, and the colour of a casing under it."""

    color: str
    width: float
    dash: tuple[float, ...] = ()
    casing: str | None = None
    kind: Literal["stroke"] = "stroke"


@dataclass(frozen=True)
class Fill:
    """A polygon: fill with its opacity, an outline, and the colour of lines across it."""

    fill: str | None
    opacity: float = 1.0
    stroke: str | None = None
    stroke_width: float = 1.0
    dash: tuple[float, ...] = ()
    hatch: str | None = None
    kind: Literal["fill"] = "fill"


Symbol = Marker | Stroke | Fill

# What the browser's renderer (assets/src/spec.js) takes for granted, as it does the defaults of symbols.
RULE: Mapping[str, Any] = {"title": None, "when": {}, "sublayer": None, "minZoom": 0, "maxZoom": 24}
LABEL: Mapping[str, Any] = {
    "size": 12,
    "color": "#333333",
    "halo": "#ffffff",
    "minZoom": 0,
    "sublayer": None,
    "rankProperty": None,
    "zoomByRank": [],
    "italic": False,
    "bold": False,
    "uppercase": False,
}


def without(made: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the defaults: a page says it to every browser, so it is kept short."""
    return {name: value for name, value in made.items() if name not in defaults or value != defaults[name]}


@dataclass(frozen=True)
class Rule:
    """A symbol for the features whose properties equal `when`, a list being any of its values; the first rule that fits
    a feature draws it.

    `sublayer` names the layer inside the tile where a tile holds several. A rule without a `title` is not in
    the legend.
    """

    symbol: Symbol
    title: Text | None = None
    when: Mapping[str, Any] | None = None
    sublayer: str | None = None
    min_zoom: float = 0
    max_zoom: float = 24

    def as_json(self, language: str) -> dict[str, Any]:
        """The rule as the renderer reads it, with its title in `language`, but for what is as by default."""
        symbol = {each.name: getattr(self.symbol, each.name) for each in fields(self.symbol)}
        others = {each.name: each.default for each in fields(self.symbol) if each.name != "kind"}
        made = {
            "title": self.title.in_language(language) if self.title else None,
            "when": dict(self.when or {}),
            "sublayer": self.sublayer,
            "minZoom": self.min_zoom,
            "maxZoom": self.max_zoom,
        }
        return {"symbol": without(symbol, others), **without(made, RULE)}


@dataclass(frozen=True)
class Label:
    """Text set beside a feature: the property that holds it, its size in pixels, and from which zoom.

    `{lang}` in `prop` stands for the reader's language, as in `name_{lang}`.

    `rank_property` names a small number (1 = most important) by which labels are placed first; a label that would
    cover an earlier one is left out.
    """

    prop: str
    size: float = 12
    color: str = "#333333"
    halo: str = "#ffffff"
    min_zoom: float = 0
    sublayer: str | None = None
    rank_property: str | None = None
    # The lowest zoom at which a rank is labelled, by rank; ranks beyond the last wait for the last zoom.
    zoom_by_rank: tuple[float, ...] = ()
    italic: bool = False
    bold: bool = False
    uppercase: bool = False

    def as_json(self, language: str) -> dict[str, Any]:
        """The label as the renderer reads it, with the property of `language`, but for what is as by default."""
        made = {
            "property": self.prop.replace("{lang}", language),
            "size": self.size,
            "color": self.color,
            "halo": self.halo,
            "minZoom": self.min_zoom,
            "sublayer": self.sublayer,
            "rankProperty": self.rank_property,
            "zoomByRank": list(self.zoom_by_rank),
            "italic": self.italic,
            "bold": self.bold,
            "uppercase": self.uppercase,
        }
        return without(made, LABEL)
