"""The trainings of a unit: the people trained by group, and each training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Row as Found

from geoapp.followup.periods import Period, lies_in
from geoapp.followup.trainings import COLUMNS, Chosen, Totals, Trained, people_by_year, read_totals
from geoapp.province.section import Cell, Row, Section, Table, bars_of, counted, day, in_digits, said
from geoapp.province.unit import Unit
from layers.tables import Training
from layers.text import Text
from layers.vocabulary import PARTICIPANT_GROUP, TRAINING_TOPIC

TITLE = Text("Trainings", "Formations")
MOST_YEARS = 5


def read_trained(connection: Connection, unit: Unit) -> tuple[Totals, list[Trained]]:
    """How many trainings there were in a unit, and the people trained by year and group."""
    chosen = Chosen(unit=unit.unit_code)
    return read_totals(connection, chosen.conditions()), people_by_year(connection, chosen)


def read_held(connection: Connection, unit: Unit, period: Period, most: int) -> Sequence[Found[Any]]:
    """The trainings that were held in a period, the latest first."""
    asked = select(*COLUMNS).where(lies_in(Training.units, unit.codes), period.holds(Training.held_on))
    return connection.execute(asked.order_by(Training.held_on.desc(), Training.id).limit(most)).all()


def trainings_section(
    totals: Totals, trained: Sequence[Trained], language: str, held: Sequence[Found[Any]] = ()
) -> Section:
    """They in words: the people by year, those of the last year by group, and the trainings of a period."""
    title = said(TITLE, language)
    if not totals.trainings:
        none = Text("No training is recorded in this unit.", "Aucune formation n'est enregistrée dans cette unité.")
        return Section("trainings", title, empty=said(none, language))
    lead = (
        counted(
            totals.trainings,
            Text("{n} training in all.", "{n} formation en tout."),
            Text("{n} trainings in all.", "{n} formations en tout."),
            language,
        ),
        counted(
            totals.people,
            Text("{n} participant.", "{n} participant."),
            Text("{n} participants.", "{n} participants."),
            language,
        ),
    )
    tables = [_by_year(trained, language)] if trained else []
    if held:
        tables.append(_held(held, language))
    twice = Text("Who came to two trainings is counted twice.", "Qui a suivi deux formations est compté deux fois.")
    notes = (said(twice, language),)
    return Section("trainings", title, lead, tuple(tables), notes, synthetic=bool(totals.synthetic))


def _by_year(trained: Sequence[Trained], language: str) -> Table:
    years = sorted({each.year for each in trained}, reverse=True)[:MOST_YEARS]
    groups = [code for code in PARTICIPANT_GROUP if any(each.group == code and each.year in years for each in trained)]
    people = {(each.year, each.group): each.people for each in trained}
    numbers = [[people.get((year, group), 0) for group in groups] for year in years]
    bars = bars_of([[("plain", sum(row))] for row in numbers])
    rows = [
        Row(
            (
                Cell(str(year)),
                *(Cell(in_digits(n, language)) for n in row),
                Cell(in_digits(sum(row), language)),
            ),
            bar,
        )
        for year, row, bar in zip(years, numbers, bars, strict=True)
    ]
    return Table(
        said(Text("People trained by year and group", "Personnes formées par an et groupe"), language),
        (
            said(Text("Year", "Année"), language),
            *(PARTICIPANT_GROUP.label(group, language) for group in groups),
            said(Text("All", "Total"), language),
        ),
        rows,
        frozenset(range(1, len(groups) + 2)),
        len(rows),
        said(Text("People trained by year", "Personnes formées par an"), language),
    )


def _held(held: Sequence[Found[Any]], language: str) -> Table:
    rows = [
        Row(
            (
                Cell(day(row.held_on, language)),
                Cell(row.place_text or ""),
                Cell(TRAINING_TOPIC.label(row.topic, language)),
                Cell(in_digits(row.participants, language) if row.participants is not None else "–"),
            )
        )
        for row in held
    ]
    headings = (
        said(Text("Day", "Jour"), language),
        said(Text("Place", "Lieu"), language),
        said(Text("Topic", "Thème"), language),
        said(Text("Participants", "Participants"), language),
    )
    title = said(Text("Trainings held in the period", "Formations tenues dans la période"), language)
    return Table(title, headings, rows, frozenset({3}), len(rows))
