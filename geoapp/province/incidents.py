"""The open incidents of a unit by level and age, and those of a period by month: what its reader is told of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Date, case, cast, func, literal, null, select

from geoapp.followup.due import ESCALATE_DAYS, OPEN_SINCE
from geoapp.followup.periods import Period, lies_in
from geoapp.province.section import Cell, Row, Section, Table, bars_of, counted, day, in_digits, said, short_day
from geoapp.province.unit import Unit
from geoapp.publish.released import LEVEL_UNKNOWN, UNCATEGORISED, date_in_words
from layers.tables import Incident, IncidentRelease, MineSite
from layers.text import Text
from layers.vocabulary import CATEGORY, ENDED, STATUS

LEVELS = ("1", "2", "3", "unknown")
# The last day of each age, and its name; the last one has none.
AGES: tuple[tuple[int | None, Text], ...] = (
    (None, Text("over six months", "plus de six mois")),
    (ESCALATE_DAYS, Text("three to six months", "trois à six mois")),
    (91, Text("one to three months", "un à trois mois")),
    (30, Text("up to 30 days", "jusqu'à 30 jours")),
)
MOST_MONTHS = 24
TITLE = Text("Open incidents", "Incidents ouverts")
NONE_OPEN = Text(
    "No incident is open here, of those that you are told of.",
    "Aucun incident n'est ouvert ici, parmi ceux qui vous sont communiqués.",
)
NONE_OPEN_AT_ALL = Text("No incident is open here.", "Aucun incident n'est ouvert ici.")
ABSENCE = Text(
    "Absence of reports is not absence of incidents.", "L'absence de signalements n'est pas l'absence d'incidents."
)
OF_RELEASES = Text(
    "Those released to the committee, with the days that the release shows.",
    "Ceux communiqués au comité, avec les jours que la communication indique.",
)


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not finished. `since` is when it was opened, else reported; of a release the day it shows.

    `place` and `number` are told to those alone who see the incident itself, `summary` to all others.
    """

    incident_id: UUID
    number: str
    category: str | None
    level: int | None
    status: str
    happened: dt.date
    precision: int
    summary: str
    place: str
    since: dt.date
    days: int
    due_on: dt.date | None
    synthetic: bool

    @property
    def old(self) -> bool:
        """Whether it has been open for over six months."""
        return self.days > ESCALATE_DAYS


@dataclass(frozen=True)
class Open:
    """The open incidents of a unit: how many by age and level, and the first of them, the oldest on top."""

    counts: dict[tuple[int, str], int]
    rows: Sequence[OpenIncident]
    full: bool
    synthetic: bool

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def old(self) -> int:
        """How many have been open for over six months."""
        return sum(number for (age, _), number in self.counts.items() if age == 0)


def read_open(connection: Connection, unit: Unit, language: str, *, full: bool, most: int) -> Open:
    """The open incidents of a unit: themselves for who sees them in `full`, else what was released of them."""
    asked = _incidents(unit) if full else _releases(unit, language)
    found = asked.subquery()
    age = case((found.c.days > ESCALATE_DAYS, 0), (found.c.days > 91, 1), (found.c.days > 30, 2), else_=3)
    level = func.coalesce(func.text(found.c.level), "unknown")
    grouped = select(age, level, func.count(), func.bool_or(found.c.synthetic)).group_by(age, level)
    counts, synthetic = {}, False
    for row in connection.execute(grouped):
        counts[(row[0], row[1])] = row[2]
        synthetic = synthetic or bool(row[3])
    ordered = select(found).order_by(
        (found.c.days > ESCALATE_DAYS).desc(), found.c.level.asc().nulls_last(), found.c.since, found.c.incident_id
    )
    rows = [OpenIncident(**row) for row in connection.execute(ordered.limit(most)).mappings()]
    return Open(counts, rows, full, synthetic)


def _incidents(unit: Unit) -> Any:
    since = func.coalesce(OPEN_SINCE, Incident.occurred_from)
    return (
        select(
            Incident.incident_id,
            func.coalesce(Incident.incident_no, "").label("number"),
            Incident.category,
            Incident.level,
            Incident.status,
            Incident.occurred_from.label("happened"),
            func.coalesce(Incident.date_precision, 1).label("precision"),
            literal("").label("summary"),
            func.coalesce(MineSite.name, Incident.place_text, "").label("place"),
            since.label("since"),
            (func.today() - since).label("days"),
            Incident.due_on,
            Incident.synthetic,
        )
        .outerjoin(MineSite, MineSite.site_id == Incident.site_id)
        .where(lies_in(Incident.units, unit.codes), Incident.status.not_in(ENDED))
    )


def _releases(unit: Unit, language: str) -> Any:
    return select(
        IncidentRelease.incident_id,
        literal("").label("number"),
        IncidentRelease.category,
        IncidentRelease.level,
        IncidentRelease.status,
        IncidentRelease.shown_date.label("happened"),
        IncidentRelease.shown_date_precision.label("precision"),
        (IncidentRelease.summary_fr if language == "fr" else IncidentRelease.summary_en).label("summary"),
        literal("").label("place"),
        IncidentRelease.shown_date.label("since"),
        (func.today() - IncidentRelease.shown_date).label("days"),
        cast(null(), Date).label("due_on"),
        IncidentRelease.synthetic,
    ).where(lies_in(IncidentRelease.units, unit.codes), IncidentRelease.status.not_in(ENDED))


def open_section(found: Open, unit: Unit, language: str) -> Section:
    """The open incidents in words: by level and age, then each, those over six months on top."""
    title = said(TITLE, language)
    notes = (said(ABSENCE, language),) if found.full else (said(OF_RELEASES, language), said(ABSENCE, language))
    if not found.total:
        none = NONE_OPEN_AT_ALL if found.full else NONE_OPEN
        return Section("incidents", title, notes=notes[-1:], empty=said(none, language))
    lead = counted(
        found.total,
        Text("{n} incident is open.", "{n} incident est ouvert."),
        Text("{n} incidents are open.", "{n} incidents sont ouverts."),
        language,
    )
    old = counted(
        found.old,
        Text("{n} has been open for over six months.", "{n} est ouvert depuis plus de six mois."),
        Text("{n} have been open for over six months.", "{n} sont ouverts depuis plus de six mois."),
        language,
        Text("None of them has been open for over six months.", "Aucun n'est ouvert depuis plus de six mois."),
    )
    return Section(
        "incidents",
        title,
        (lead, old),
        (_by_age(found, language), _listed(found, language)),
        notes,
        synthetic=found.synthetic,
        links=(("/incidents", said(Text("The list of incidents", "La liste des incidents"), language)),),
    )


def level_said(level: str, language: str) -> str:
    """A level as a heading has it."""
    if level == "unknown":
        return LEVEL_UNKNOWN.in_language(language)
    return said(Text("Level {level}", "Niveau {level}"), language, level=level).replace(" ", "\u00a0")


def _level_headings(language: str) -> list[str]:
    # A narrow column breaks them.
    return [level_said(level, language).replace("\u00a0", " ") for level in LEVELS]


def tones(language: str) -> tuple[tuple[str, str], ...]:
    """The levels as the tones of bars, with their names."""
    return tuple((f"level-{level}", level_said(level, language)) for level in LEVELS)


def _by_age(found: Open, language: str) -> Table:
    numbers = [[found.counts.get((at, level), 0) for level in LEVELS] for at in range(len(AGES))]
    bars = bars_of([[(f"level-{level}", n) for level, n in zip(LEVELS, row, strict=True)] for row in numbers])
    rows = [
        Row(
            (Cell(said(name, language)), *(Cell(in_digits(n, language)) for n in (*row, sum(row)))),
            bar,
            stands_out=at == 0 and sum(row) > 0,
        )
        for at, ((_, name), row, bar) in enumerate(zip(AGES, numbers, bars, strict=True))
    ]
    return Table(
        said(Text("By level and age", "Par niveau et ancienneté"), language),
        (
            said(Text("Open for", "Ouvert depuis"), language),
            *_level_headings(language),
            said(Text("All", "Total"), language),
        ),
        rows,
        frozenset(range(1, 6)),
        len(rows),
        said(
            Text("Open incidents by age, parted by level", "Incidents ouverts par ancienneté, selon le niveau"),
            language,
        ),
        tones(language),
    )


def age_said(days: int, language: str) -> str:
    """So many days in words."""
    return counted(days, Text("{n} day", "{n} jour"), Text("{n} days", "{n} jours"), language).replace(" ", "\u00a0")


def level_cell(level: int | None, language: str) -> Cell:
    """A level as a cell."""
    words = level_said(str(level) if level else "unknown", language)
    return Cell(words, level=str(level) if level else "unknown")


def category_said(category: str | None, language: str) -> str:
    """A category in words."""
    return CATEGORY.label(category, language) or UNCATEGORISED.in_language(language)


def _listed(found: Open, language: str) -> Table:
    over = said(Text("over six months", "plus de six mois"), language)
    rows = []
    for each in found.rows:
        what = Cell(
            category_said(each.category, language),
            each.summary or " · ".join(part for part in (each.number, each.place) if part),
            f"/incidents/{each.incident_id}",
        )
        cells = [
            level_cell(each.level, language),
            what,
            Cell(date_in_words(each.happened, each.precision, language)),
            Cell(age_said(each.days, language), mark=over if each.old else ""),
            Cell(STATUS.label(each.status, language)),
        ]
        if found.full:
            cells.append(Cell(short_day(each.due_on, language) or "–"))
        rows.append(Row(tuple(cells), stands_out=each.old))
    headings = [
        said(Text("Level", "Niveau"), language),
        said(Text("What", "Quoi"), language),
        said(Text("Happened", "Survenu"), language),
        said(Text("Open for", "Ouvert depuis"), language),
        said(Text("Status", "État"), language),
    ]
    if found.full:
        headings.append(said(Text("Due", "Échéance"), language))
    title = Text("Each of them, those over six months first", "Chacun d'eux, ceux de plus de six mois d'abord")
    return Table(said(title, language), tuple(headings), rows, total=found.total, href="/incidents")


@dataclass(frozen=True)
class Recorded:
    """The incidents of a period by month, or by year where months are too many, and level."""

    steps: Sequence[tuple[str, dict[str, int]]]
    by_year: bool
    full: bool
    synthetic: bool


def read_recorded(connection: Connection, unit: Unit, period: Period, *, full: bool) -> Recorded:
    """The incidents that happened in a period: themselves for who sees them in `full`, else those released."""
    table: Any = Incident if full else IncidentRelease
    when = Incident.occurred_from if full else IncidentRelease.shown_date
    months = 12 * (period.until.year - period.since.year) + period.until.month - period.since.month + 1
    by_year = months > MOST_MONTHS
    step = func.to_char(when, "YYYY" if by_year else "YYYY-MM")
    level = func.coalesce(func.text(table.level), "unknown")
    asked = (
        select(step, level, func.count(), func.bool_or(table.synthetic))
        .where(lies_in(table.units, unit.codes), period.holds(when))
        .group_by(step, level)
    )
    if full:
        # What proved to be none does not count, as in the risk questions.
        asked = asked.where(
            Incident.status != "rejected", func.coalesce(Incident.outcome, "").not_in(("unfounded", "merged"))
        )
    counted_by: dict[str, dict[str, int]] = {}
    synthetic = False
    for name, of_level, number, made_up in connection.execute(asked):
        counted_by.setdefault(name, {})[of_level] = number
        synthetic = synthetic or bool(made_up)
    steps = [(name, counted_by.get(name, {})) for name in _steps(period, by_year=by_year)] if counted_by else []
    return Recorded(steps, by_year, full, synthetic)


def _steps(period: Period, *, by_year: bool) -> list[str]:
    if by_year:
        return [f"{year:04}" for year in range(period.since.year, period.until.year + 1)]
    first = 12 * period.since.year + period.since.month - 1
    last = 12 * period.until.year + period.until.month - 1
    return [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(first, last + 1)]


def recorded_section(found: Recorded, period: Period, language: str) -> Section:
    """The incidents of a period in words, by month and level."""
    title = said(
        Text("Incidents from {since} to {until}", "Incidents du {since} au {until}"),
        language,
        since=day(period.since, language),
        until=day(period.until, language),
    )
    notes = (said(ABSENCE, language),) if found.full else (said(OF_RELEASES, language), said(ABSENCE, language))
    if not found.steps:
        none = said(
            Text("No incident is recorded in this period.", "Aucun incident n'est enregistré dans cette période."),
            language,
        )
        return Section("recorded", title, notes=notes[-1:], empty=none)
    rows = []
    numbers = [[levels.get(level, 0) for level in LEVELS] for _, levels in found.steps]
    bars = bars_of([[(f"level-{level}", n) for level, n in zip(LEVELS, row, strict=True)] for row in numbers])
    for (name, _), row, bar in zip(found.steps, numbers, bars, strict=True):
        words = name if found.by_year else date_in_words(dt.date.fromisoformat(f"{name}-01"), 3, language)
        rows.append(Row((Cell(words), *(Cell(in_digits(n, language)) for n in (*row, sum(row)))), bar))
    table = Table(
        said(Text("By year and level", "Par an et niveau"), language)
        if found.by_year
        else said(Text("By month and level", "Par mois et niveau"), language),
        (
            said(Text("Year", "Année") if found.by_year else Text("Month", "Mois"), language),
            *_level_headings(language),
            said(Text("All", "Total"), language),
        ),
        rows,
        frozenset(range(1, 6)),
        len(rows),
        said(Text("Incidents, parted by level", "Incidents, selon le niveau"), language),
        tones(language),
    )
    lead = counted(
        sum(map(sum, numbers)),
        Text("{n} incident happened in this period.", "{n} incident s'est produit dans cette période."),
        Text("{n} incidents happened in this period.", "{n} incidents se sont produits dans cette période."),
        language,
    )
    return Section("recorded", title, (lead,), (table,), notes, synthetic=found.synthetic)
