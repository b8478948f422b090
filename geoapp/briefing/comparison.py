"""Two periods compared: the incidents under one filter, counted by unit, level and category in each."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select, union_all

from layers import vocabulary as vocab
from layers.filter import UNKNOWN, Filter
from layers.incidents import INCIDENTS
from layers.layer import MapLayer, Place
from layers.tables import AdminUnit
from layers.text import Text

YEAR = dt.timedelta(days=364)
UNITS, LEVELS = Text("By unit", "Par unité"), Text("By level", "Par niveau")
CATEGORIES = Text("By category", "Par catégorie")
NOT_RECORDED = Text("not recorded", "non notée")
NO_UNIT = Text("in no unit", "dans aucune unité")


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included."""

    since: dt.date
    until: dt.date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days + 1

    @classmethod
    def year_before(cls, other: Period) -> Period:
        """The same days a year earlier."""
        return cls(_earlier(other.since), _earlier(other.until))


@dataclass(frozen=True)
class Change:
    """The incidents of something in the earlier and in the later period."""

    name: str
    earlier: int
    later: int
    code: str = ""

    @property
    def difference(self) -> int:
        """How many more in the later one."""
        return self.later - self.earlier

    @property
    def share(self) -> float | None:
        """The difference as a share of the earlier one; None where that has none."""
        return self.difference / self.earlier if self.earlier else None


@dataclass(frozen=True)
class Section:
    """The changes by one thing."""

    part: str
    title: Text
    changes: Sequence[Change]


@dataclass(frozen=True)
class Comparison:
    """All of it; `synthetic` is whether any of the incidents is."""

    earlier: Period
    later: Period
    total: Change
    sections: Sequence[Section]
    synthetic: bool


def compare(connection: Connection, earlier: Period, later: Period, chosen: Filter, language: str) -> Comparison:
    """Compare what the transaction's viewer may see."""
    counts = [_counted(connection, replace(chosen, since=each.since, until=each.until)) for each in (earlier, later)]
    names = _names(connection, language)
    first, second = (_by_part(rows, names) for rows in counts)
    return Comparison(
        earlier,
        later,
        Change("", sum(row.number for row in counts[0]), sum(row.number for row in counts[1])),
        [
            Section("unit", UNITS, _changes(first[0], second[0], names, NO_UNIT, language)),
            Section("level", LEVELS, _by_level(first[1], second[1], language)),
            Section(
                "category",
                CATEGORIES,
                _changes(
                    first[2],
                    second[2],
                    {code: vocab.CATEGORY.label(code, language) for code in vocab.CATEGORY},
                    NOT_RECORDED,
                    language,
                ),
            ),
        ],
        any(row.synthetic for rows in counts for row in rows),
    )


def _counted(connection: Connection, chosen: Filter) -> Sequence[Row[Any]]:
    layers = [INCIDENTS, *([INCIDENTS.stand_in] if INCIDENTS.stand_in else [])]
    parts = [_rows(layer, place, chosen) for layer in layers for place in layer.feature_places or layer.places]
    rows = union_all(*parts).subquery()
    columns = (rows.c.level, rows.c.category, rows.c.units)
    counted = select(*columns, func.count().label("number"), func.bool_or(rows.c.synthetic).label("synthetic"))
    return connection.execute(counted.group_by(*columns)).all()


def _rows(layer: MapLayer, place: Place, chosen: Filter) -> Any:
    columns = layer.filters
    return layer.rows(place, chosen.applying(columns)).add_columns(
        columns["level"].label("level"),
        columns["category"].label("category"),
        columns["unit"].label("units"),
        (literal(False) if layer.synthetic is None else layer.synthetic).label("synthetic"),
    )


def _names(connection: Connection, language: str) -> dict[str, str]:
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    asked = select(AdminUnit.unit_code, name).where(AdminUnit.level == 1).order_by(AdminUnit.valid_from)
    return {row[0]: row[1] for row in connection.execute(asked)}


def _by_part(rows: Sequence[Row[Any]], names: Mapping[str, str]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    units: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for row in rows:
        levels[str(row.level or UNKNOWN)] += row.number
        categories[row.category or ""] += row.number
        for code in [each for each in row.units if each in names] or [""]:
            units[code] += row.number
    return units, levels, categories


def _changes(
    first: Counter[str], second: Counter[str], names: Mapping[str, str], without: Text, language: str
) -> list[Change]:
    """By what changed most; those without a code last."""
    made = [
        Change(names.get(code, code) if code else without.in_language(language), first[code], second[code], code)
        for code in first.keys() | second.keys()
    ]
    return sorted(made, key=lambda each: (not each.code, -abs(each.difference), -each.later, each.name))


def _by_level(first: Counter[str], second: Counter[str], language: str) -> list[Change]:
    return [
        Change(
            vocab.LEVEL.label(code, language) if code != UNKNOWN else Text("unknown", "inconnu").in_language(language),
            first[code],
            second[code],
            code,
        )
        for code in ("1", "2", "3", UNKNOWN)
        if code != UNKNOWN or first[code] or second[code]
    ]


def _earlier(day: dt.date) -> dt.date:
    year = max(day.year - 1, 1)
    # The 29th of February has no fellow.
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)
