"""A release as its committee reads it: what the coordinator let out of an incident, in words and on a small map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import Connection, func, select

from geoapp.publish.locator import Locator, read_locator
from layers.tables import Action, AdminUnit, IncidentRelease
from layers.text import Text
from layers.vocabulary import CATEGORY, LEVEL, STATUS

UNCATEGORISED = Text("Incident", "Incident")
LEVEL_UNKNOWN = Text("Level unknown", "Niveau inconnu")
LABELS = {
    "where": Text("Where", "Lieu"),
    "map": Text("On the map", "Sur la carte"),
    "when": Text("When", "Date"),
    "level": Text("Level", "Niveau"),
    "status": Text("Status", "État"),
    "released": Text("Released", "Communiqué le"),
}
ACTIONS = Text("Actions decided", "Actions décidées")
AROUND = Text("within about 5 km of {place}", "à environ 5 km de {place}")
MIDDLE = Text(
    "a point in the middle of {unit}: it happened somewhere in there",
    "un point au milieu de {unit}\u00a0: cela s’est passé quelque part à l’intérieur",
)
NOWHERE = Text("no point", "aucun point")
WEEK = Text("week of {day}", "semaine du {day}")
QUARTER = Text("around the {quarter}", "vers le {quarter}")


@dataclass(frozen=True)
class Released:
    """A release in one language; `locator` is None where its province is not known to the base map."""

    language: str
    title: str
    summary: str
    facts: Sequence[tuple[str, str]]
    actions_title: str
    actions: Sequence[str]
    locator: Locator | None
    synthetic: bool


def read_released(connection: Connection, incident_id: UUID, language: str) -> Released | None:
    """The release of an incident in the words of `language`; None where there is none for this viewer."""
    asked = select(
        IncidentRelease.category,
        IncidentRelease.level,
        IncidentRelease.status,
        IncidentRelease.shown_date,
        IncidentRelease.shown_date_precision,
        IncidentRelease.location_precision,
        IncidentRelease.released_on,
        IncidentRelease.synthetic,
        IncidentRelease.units,
        (IncidentRelease.summary_fr if language == "fr" else IncidentRelease.summary_en).label("summary"),
        func.ST_X(IncidentRelease.geom).label("lon"),
        func.ST_Y(IncidentRelease.geom).label("lat"),
    ).where(IncidentRelease.incident_id == incident_id)
    row = connection.execute(asked).one_or_none()
    return None if row is None else _in_words(connection, row, incident_id, language)


def _in_words(connection: Connection, row: Any, incident_id: UUID, language: str) -> Released:
    units = read_units(connection, row.units)
    names = [name.in_language(language) for _, _, name in reversed(units)]
    point = None if row.lon is None else (row.lon, row.lat)
    said = {
        "where": ", ".join(names),
        "map": _position(point, row.location_precision, names, language),
        "when": date_in_words(row.shown_date, row.shown_date_precision, language),
        "level": LEVEL.label(row.level, language) or LEVEL_UNKNOWN.in_language(language),
        "status": STATUS.label(row.status, language),
        "released": _day(row.released_on, language),
    }
    province = next((code for code, level, _ in units if level == 1), None)
    return Released(
        language=language,
        title=CATEGORY.label(row.category, language) or UNCATEGORISED.in_language(language),
        summary=row.summary,
        facts=[(LABELS[key].in_language(language), words) for key, words in said.items()],
        actions_title=ACTIONS.in_language(language),
        actions=connection.scalars(
            select(Action.action).where(Action.incident_id == incident_id).order_by(Action.decided_on, Action.action)
        ).all(),
        locator=read_locator(connection, province, point, row.location_precision) if province else None,
        synthetic=row.synthetic,
    )


def read_units(connection: Connection, codes: Sequence[str]) -> list[tuple[str, int, Text]]:
    """Units by code with their level and name, the country first."""
    rows = connection.execute(
        select(AdminUnit.unit_code, AdminUnit.level, AdminUnit.name_en, AdminUnit.name_fr)
        .where(AdminUnit.unit_code.in_(codes))
        .order_by(AdminUnit.level, AdminUnit.unit_code, AdminUnit.valid_from)
    )
    # A unit of several vintages goes by its last name.
    last = {row.unit_code: (row.unit_code, row.level, Text(row.name_en, row.name_fr)) for row in rows}
    return list(last.values())


def date_in_words(day: date, precision: int, language: str) -> str:
    """A day that stands for itself, its week, its month or the time around its quarter."""
    if precision == 1:
        return _day(day, language)
    if precision == 2:
        return WEEK.in_language(language).format(day=_day(day, language))
    if precision == 3:
        return format_date(day, "MMMM y", locale=language)
    quarter = format_date(day, "QQQQ y" if language == "fr" else "QQQQ 'of' y", locale=language)
    return QUARTER.in_language(language).format(quarter=quarter)


def _day(day: date, language: str) -> str:
    if language == "fr" and day.day == 1:
        return format_date(day, "1'er' MMMM y", locale=language)
    return format_date(day, "long", locale=language)


def _position(point: tuple[float, float] | None, precision: int, names: Sequence[str], language: str) -> str:
    if point is None:
        return NOWHERE.in_language(language)
    if precision <= 3:
        return AROUND.in_language(language).format(place=place_in_words(*point, language))
    return MIDDLE.in_language(language).format(unit=names[0] if names else "")


def place_in_words(lon: float, lat: float, language: str) -> str:
    """A point's latitude and longitude to two decimals, about a kilometre."""
    north, east = format_decimal(abs(lat), "0.00", locale=language), format_decimal(abs(lon), "0.00", locale=language)
    west = "O" if language == "fr" else "W"
    # No-break spaces keep each number with its sign.
    return f"{north}°\u00a0{'N' if lat >= 0 else 'S'}, {east}°\u00a0{'E' if lon >= 0 else west}"
