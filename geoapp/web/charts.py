"""The charts beside the map in words: what each bar is called, how long it is, and what a click on it chooses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import Connection, select

from geoapp.publish.charts import LEVELS, Charted, Period
from geoapp.publish.released import WEEK
from geoapp.web.map_state import MapState
from layers.filter import UNKNOWN, VOCABULARIES
from layers.tables import AdminUnit
from layers.text import Text
from layers.vocabulary import LEVEL

TITLES = {
    "category": Text("Incidents by category", "Incidents par catégorie"),
    "status": Text("Incidents by status", "Incidents par état"),
    "actor_kind": Text("Incidents by actor", "Incidents par acteur"),
    "icglr_status": Text("Mine sites by ICGLR status", "Sites miniers par statut CIRGL"),
    "mineral": Text("Mine sites by mineral", "Sites miniers par minerai"),
    "force": Text("Deployments by force", "Déploiements par force"),
    "function": Text("Deployments by function", "Déploiements par fonction"),
}
BY_PROVINCE = Text("Incidents by province", "Incidents par province")
LEVEL_UNKNOWN = Text("Level unknown", "Niveau inconnu")
NOT_RECORDED = Text("not recorded", "non noté")
OTHERS = Text("{count} others", "{count} autres")
# So many bars are compared at a glance; what is less is added up.
MOST_BARS = 12
WIDE, TALL = 10, 100


@dataclass(frozen=True)
class Bar:
    """A bar: `share` is of the longest, from 0 to 1; `query` is the state of the map with it chosen, or no longer."""

    label: str
    count: int
    share: float
    query: str = ""
    chosen: bool = False
    part: str = ""
    code: str = ""


@dataclass(frozen=True)
class Piece:
    """The part of a column that is of one level, in the units of the drawing."""

    level: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """The incidents of a period, from the lowest piece up."""

    title: str
    x: float
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Charts:
    """All charts: the columns over time with what they are, and the bars by what each list is called."""

    columns: Sequence[Column]
    width: int
    ends: tuple[str, str]
    about: str
    levels: Sequence[tuple[str, str, int]]
    lists: Sequence[tuple[str, str, Sequence[Bar]]]
    total: int


def draw_charts(connection: Connection, charted: Charted, state: MapState, language: str) -> Charts:
    """The charts of some counts for a page in one language."""
    columns = _columns(charted.periods, language)
    sums = [sum(period.levels[place] for period in charted.periods) for place in range(len(LEVELS))]
    levels = [(str(level or UNKNOWN), _level(level, language), n) for level, n in zip(LEVELS, sums, strict=True)]
    lists = []
    for part, counts in charted.lists.items():
        if counts:
            vocabulary = VOCABULARIES[part]
            labels = {code: vocabulary.label(code, language) for code in vocabulary}
            bars = _bars(part, counts, labels, state, language)
            lists.append((part, TITLES[part].in_language(language), bars))
    if charted.provinces:
        names = _province_names(connection, charted.provinces, language)
        bars = _bars("unit", charted.provinces, names, state, language)
        lists.insert(1, ("unit", BY_PROVINCE.in_language(language), bars))
    ends = ("", "")
    if columns:
        ends = (_period(charted.periods[0].name, language), _period(charted.periods[-1].name, language))
    about = "; ".join(f"{label} {format_decimal(n, locale=language)}" for _, label, n in levels)
    return Charts(columns, len(columns) * WIDE, ends, about, levels, lists, sum(charted.totals.values()))


def _level(level: int, language: str) -> str:
    return LEVEL.label(level, language) if level else LEVEL_UNKNOWN.in_language(language)


def _columns(periods: Sequence[Period], language: str) -> list[Column]:
    most = max((sum(period.levels) for period in periods), default=0) or 1
    made = []
    for place, period in enumerate(periods):
        bottom = float(TALL)
        pieces = []
        for level, number in zip(LEVELS, period.levels, strict=True):
            height = TALL * number / most
            bottom -= height
            if number:
                pieces.append(Piece(str(level or UNKNOWN), round(bottom, 2), round(height, 2)))
        total = format_decimal(sum(period.levels), locale=language)
        made.append(Column(f"{_period(period.name, language)}: {total}", place * WIDE + 0.6, pieces))
    return made


def _period(name: str, language: str) -> str:
    if len(name) == len("2016-04-04"):
        day = format_date(dt.date.fromisoformat(name), "long", locale=language)
        return WEEK.in_language(language).format(day=day)
    first = dt.date(int(name[:4]), int(name[5:] or 1), 1)
    return str(format_date(first, "MMMM y" if "-" in name else "y", locale=language))


def _bars(part: str, counts: Mapping[str, int], labels: Mapping[str, str], state: MapState, language: str) -> list[Bar]:
    """The longest bars of a list, then what is left together."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], labels.get(each[0], each[0])))
    shown, rest = (ordered, []) if len(ordered) <= MOST_BARS + 1 else (ordered[:MOST_BARS], ordered[MOST_BARS:])
    most = max((n for _, n in shown), default=0) or 1
    chosen = getattr(state.chosen, part)
    bars = []
    for code, number in shown:
        if not code:
            bars.append(Bar(NOT_RECORDED.in_language(language), number, number / most))
            continue
        other: Any = tuple(sorted(set(chosen) ^ {code}))
        query = replace(state, chosen=replace(state.chosen, **{part: other}), page=1).query()
        bars.append(Bar(labels.get(code, code), number, number / most, query, code in chosen, part, code))
    if rest:
        number = sum(n for _, n in rest)
        said = OTHERS.in_language(language).format(count=len(rest))
        bars.append(Bar(said, number, min(1.0, number / most)))
    return bars


def _province_names(connection: Connection, codes: Mapping[str, int], language: str) -> dict[str, str]:
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    asked = select(AdminUnit.unit_code, name.label("name")).where(AdminUnit.unit_code.in_(codes))
    return {row.unit_code: row.name for row in connection.execute(asked.order_by(AdminUnit.valid_from)).all()}
