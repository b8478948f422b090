"""The transports of explosives in a unit: those done, those escorted, and where less arrived than was sent."""

from __future__ import annotations

from sqlalchemy import Connection

from geoapp.followup.periods import YEAR_BEFORE
from geoapp.province.section import NO_BREAK, Cell, Row, Section, Table, bars_of, day, in_digits, said
from geoapp.province.unit import Unit
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.escort import EscortAnswer, ask_escort
from geoapp.risk.parameters import Asked
from layers.filter import Filter
from layers.text import Text
from layers.vocabulary import CARGO

TITLE = Text("Transports of explosives", "Transports d'explosifs")


def read_escorts(connection: Connection, unit: Unit) -> EscortAnswer:
    """The answer of the question `escort` for a unit and the last twelve months."""
    ground = ground_for_questions(connection)
    since, until = ground.today - YEAR_BEFORE, ground.today
    return ask_escort(connection, ground, Asked(until, since, until, Filter(unit=(unit.unit_code,))))


def escorts_section(found: EscortAnswer, language: str, most: int) -> Section:
    """It in words."""
    title = said(TITLE, language)
    if not found.movements:
        none = Text(
            "No transport of explosives arrived in the last twelve months on a route of this unit.",
            "Aucun transport d'explosifs n'est arrivé ces douze derniers mois sur un itinéraire de cette unité.",
        )
        return Section("escorts", title, empty=said(none, language))
    escorted = round((found.escorted_share or 0) * found.movements)
    lines = (
        (Text("with an escort", "avec escorte"), escorted),
        (Text("without one", "sans escorte"), found.movements - escorted),
    )
    bars = bars_of([*([("plain", number)] for _, number in lines), [("plain", found.movements)]])
    rows = [
        Row(
            (
                Cell(said(name, language)),
                Cell(in_digits(number, language)),
                Cell(f"{in_digits(round(100 * number / found.movements), language)}{NO_BREAK}%"),
            ),
            bar,
        )
        for (name, number), bar in zip(lines, bars, strict=False)
    ]
    tables = [
        Table(
            said(Text("Done and escorted", "Effectués et escortés"), language),
            (
                said(Text("Transports", "Transports"), language),
                said(Text("Number", "Nombre"), language),
                said(Text("Share", "Part"), language),
            ),
            rows,
            frozenset({1, 2}),
            len(rows),
            said(Text("Share of the transports", "Part des transports"), language),
        )
    ]
    if found.shortfalls:
        latest = sorted(found.shortfalls, key=lambda each: each.arrived_on, reverse=True)
        tables.append(
            Table(
                said(Text("Less arrived than was sent", "Moins reçu qu'envoyé"), language),
                tuple(
                    said(each, language)
                    for each in (
                        Text("Transport", "Transport"),
                        Text("Arrived on", "Arrivé le"),
                        Text("Sent, kg", "Envoyé, kg"),
                        Text("Missing, kg", "Manquant, kg"),
                    )
                ),
                [
                    Row(
                        (
                            Cell(each.movement_id, CARGO.label(each.cargo, language), f"/movements/{each.id}"),
                            Cell(day(each.arrived_on, language)),
                            Cell(in_digits(each.dispatched_kg, language)),
                            Cell(in_digits(each.kg, language)),
                        )
                    )
                    for each in latest[:most]
                ],
                frozenset({2, 3}),
                len(latest),
            )
        )
    return Section(
        "escorts", title, (), tuple(tables), (found.sentence.in_language(language),), synthetic=bool(found.synthetic)
    )
