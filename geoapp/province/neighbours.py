"""A unit beside the units that it has a border with, of any country: the same figures of the last twelve months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from geoapp.followup.periods import YEAR_BEFORE
from geoapp.province.corners import Neighbour, read_neighbours
from geoapp.province.section import Cell, Row, Section, Table, bars_of, in_digits, said
from geoapp.province.unit import Unit
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.parameters import Asked
from geoapp.risk.provinces import UnitCounts, ask_provinces
from layers.text import Text

TITLE = Text("Beside its neighbours", "À côté de ses voisines")
NOT_VISIBLE = Text("Not visible to you: {units}.", "Non visibles pour vous : {units}.")


@dataclass(frozen=True)
class Compared:
    """A unit or a neighbour, with its figures; None where the viewer sees no incidents of it."""

    unit_code: str
    name: Text
    counts: UnitCounts | None


@dataclass(frozen=True)
class Neighbours:
    """The unit first, then its neighbours."""

    units: Sequence[Compared]
    synthetic: bool


def read_compared(connection: Connection, unit: Unit) -> Neighbours | None:
    """The figures of a unit and of those beside it; None for a unit that is no more, or has none beside it."""
    beside = read_neighbours(connection, unit, unit.today)
    if unit.ended or not beside:
        return None
    ground = ground_for_questions(connection)
    answer = ask_provinces(connection, ground, Asked(ground.today, ground.today - YEAR_BEFORE, ground.today))
    counts = {each.unit_code: each for each in answer.units}
    units = [
        Compared(each.unit_code, each.name, counts.get(each.unit_code))
        for each in (Neighbour(unit.unit_code, unit.name), *beside)
    ]
    return Neighbours(units, bool(answer.synthetic))


def neighbours_section(found: Neighbours, language: str) -> Section:
    """They in words."""
    seen = [(each, each.counts) for each in found.units if each.counts]
    unseen = [each.name.in_language(language) for each in found.units if each.counts is None]
    bars = bars_of([[("plain", counts.incidents)] for _, counts in seen])
    rows = []
    for (each, counts), bar in zip(seen, bars, strict=True):
        sign = "+" if counts.change > 0 else "−" if counts.change else ""
        numbers = (
            _number(counts.per_100_sites_smoothed, language),
            in_digits(counts.overdue, language),
            in_digits(counts.open, language),
            f"{sign}{in_digits(abs(counts.change), language)}",
            in_digits(counts.incidents, language),
        )
        own = each.unit_code == found.units[0].unit_code
        name = Cell(each.name.in_language(language), href="" if own else f"/provinces/{each.unit_code}")
        rows.append(Row((name, *(Cell(text) for text in numbers)), bar, stands_out=own))
    headings = (
        Text("Unit", "Unité"),
        Text("Per 100 sites, smoothed", "Pour 100 sites, lissé"),
        Text("Overdue", "En retard"),
        Text("Open", "Ouverts"),
        Text("Change on the year", "Évolution sur un an"),
        Text("Incidents", "Incidents"),
    )
    table = Table(
        said(Text("Incidents of the last twelve months", "Incidents des douze derniers mois"), language),
        tuple(said(each, language) for each in headings),
        rows,
        frozenset(range(1, len(headings))),
        len(rows),
        said(Text("Incidents", "Incidents"), language),
    )
    note = Text(
        "Absence of reports is not absence of incidents: where more is reported, more may only be told.",
        "L'absence de signalements n'est pas l'absence d'incidents : là où l'on signale plus, on parle peut-être"
        " seulement plus.",
    )
    notes = [said(note, language)]
    if unseen:
        notes.insert(0, said(NOT_VISIBLE, language, units=", ".join(unseen)))
    return Section("neighbours", said(TITLE, language), (), (table,), tuple(notes), synthetic=found.synthetic)


def _number(value: float | None, language: str) -> str:
    return "–" if value is None else in_digits(round(value, 1), language)
