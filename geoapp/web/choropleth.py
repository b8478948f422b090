"""The provinces shaded by a figure: the Folium map, and the key that reads it as it reads the table beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import folium
from flask import url_for
from sqlalchemy import Connection, func, select

from geoapp.province.shades import Shades
from geoapp.web.map import ground, tile_pattern, trimmed
from geoapp.web.map_state import MapState
from layers.element import Legend, Scale, VectorTiles
from layers.provinces import PROVINCES, VALID_TODAY
from layers.symbol import Fill, Rule
from layers.tables import AdminUnit
from layers.text import Text

BORDER, HATCH = "#5b4b66", "#77808a"
NO_FIGURE = "#e4e7ea"
NOT_VISIBLE = "#c4cad0"
OPACITY = 0.85
# South-west and north-east corners of the four countries.
ALL = [[-13.5, 12.2], [5.4, 35.1]]


@dataclass(frozen=True)
class Shaded:
    """A province on the map: its value, None where it has none, what its tip says, and whether it is hatched."""

    unit_code: str
    value: float | None
    said: str
    hatched: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of the key: a colour with its name."""

    color: str
    words: str
    hatched: bool = False


@dataclass(frozen=True)
class Choropleth:
    """Provinces in classes; `no_figure` and `hatched` name what else is on the map, None where nothing is."""

    shades: Shades
    units: Sequence[Shaded]
    no_figure: str | None
    hatched: str | None
    not_visible: str | None

    @property
    def keys(self) -> list[Key]:
        """The key: the classes from the lowest, then what is in none."""
        made = [Key(each.color, each.words) for each in self.shades.classes]
        if self.no_figure and any(each.value is None for each in self.units):
            made.append(Key(NO_FIGURE, self.no_figure))
        if self.hatched and any(each.hatched for each in self.units):
            made.append(Key("#ffffff", self.hatched, hatched=True))
        if self.not_visible:
            made.append(Key(NOT_VISIBLE, self.not_visible))
        return made

    def color(self, unit: Shaded) -> str:
        """The colour of a province."""
        return NO_FIGURE if unit.value is None else self.shades.color(unit.value)

    def marks(self) -> dict[str, Key]:
        """What each province looks like, for the table."""
        return {each.unit_code: Key(self.color(each), "", each.hatched) for each in self.units}


def draw_choropleth(connection: Connection, shown: Choropleth, title: str, language: str) -> folium.Map:
    """The Folium map of it."""
    chart, base = ground(language, MapState(), corners_of(connection, [each.unit_code for each in shown.units]))
    alike: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for each in shown.units:
        alike[(shown.color(each), each.hatched)].append(each.unit_code)
    rules = [
        Rule(Fill(color, OPACITY, BORDER, 1.0, hatch=HATCH if hatched else None), when={"unit_code": sorted(codes)})
        for (color, hatched), codes in alike.items()
    ]
    if shown.not_visible:
        rules.append(Rule(Fill(NOT_VISIBLE, OPACITY, BORDER, 1.0)))
    # A name of its own: by night the borders' colours are turned over, those of a figure are the key's.
    layer = VectorTiles(
        "shaded",
        title=Text(title, title),
        language=language,
        url=tile_pattern(PROVINCES.name),
        rules=rules,
        labels=PROVINCES.labels,
        max_native_zoom=15,
        key=PROVINCES.key.key,
        detail=unquote(url_for("details.detail", name=PROVINCES.name, key="{key}", lang=language)),
        tip=f"name_{language}",
        told={each.unit_code: each.said for each in shown.units},
        first=True,
    )
    layer.add_to(chart)
    Legend([layer, base], language).add_to(chart)
    Scale().add_to(chart)
    return chart


def corners_of(connection: Connection, codes: Sequence[str]) -> list[list[float]]:
    """The south-west and north-east corners of what some units of today cover; of all countries where none is known."""
    box = func.ST_Extent(AdminUnit.geom)
    edges = (func.ST_YMin(box), func.ST_XMin(box), func.ST_YMax(box), func.ST_XMax(box))
    found = connection.execute(select(*edges).where(AdminUnit.unit_code.in_(codes), *VALID_TODAY)).one()
    if found[0] is None:
        return ALL
    south, west, north, east = found
    return trimmed([[south, west], [north, east]])
