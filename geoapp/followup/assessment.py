"""Assessing an incident: the facts that its coordinator puts right while it is verified and followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.followup.words import DEGREES, one_line, parse_day, parse_place, parse_whole, place_faults, plain
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.publish.release import may_release
from layers import vocabulary as vocab
from layers.tables import Incident
from layers.text import Text
from layers.vocabulary.base import Vocabulary

NOT_YOURS = "Only a coordinator of its units assesses an incident."
CODED: Mapping[str, Vocabulary] = {
    "level": vocab.LEVEL,
    "category": vocab.CATEGORY,
    "annex2": vocab.ANNEX2,
    "act": vocab.ACT,
    "stage": vocab.STAGE,
    "actor_kind": vocab.ACTOR_KIND,
    "victim_kind": vocab.VICTIM_KIND,
    "date_precision": vocab.DATE_PRECISION,
    "location_precision": vocab.LOCATION_PRECISION,
}
NUMBERED = ("level", "date_precision", "location_precision")
COUNTED = ("killed", "injured", "abducted")
DAYS = ("occurred_from", "occurred_to")
LINES = ("incident_no", "place_text")
SUMMARIES = ("summary_fr", "summary_en")
# In the order in which the form shows them.
FIELDS = (
    *("level", "category", "annex2", "actor_kind", "victim_kind", "act", "stage"),
    *("occurred_from", "occurred_to", "date_precision", "killed", "injured", "abducted"),
    *("place_text", "location_precision", *DEGREES, "incident_no", *SUMMARIES),
)
LONGEST = 4000


def read_facts(connection: Connection, incident_id: UUID, *, lock: bool = False) -> tuple[dict[str, str], bool]:
    """The facts of an incident that the viewer handles, as the form's texts, and whether it is synthetic.

    Raises NotFoundError where they may not see it, ForbiddenError where it is another's.
    """
    if lock:
        connection.execute(select(Incident.incident_id).where(Incident.incident_id == incident_id).with_for_update())
    row = connection.execute(
        select(Incident, func.ST_X(Incident.geom).label("longitude"), func.ST_Y(Incident.geom).label("latitude")).where(
            Incident.incident_id == incident_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    if not may_release(connection, row.units):
        raise ForbiddenError(NOT_YOURS)
    return {name: _text(row, name) for name in FIELDS}, row.synthetic


def _text(row: Row[Any], name: str) -> str:
    value = getattr(row, name)
    return "" if value is None else f"{value:.6f}" if name in DEGREES else str(value)


def read_sent(sent: Mapping[str, str]) -> dict[str, str]:
    """What the form brings of each fact."""
    return {name: (plain if name in SUMMARIES else one_line)(sent.get(name, "")) for name in FIELDS}


def faults(facts: Mapping[str, str], today: str) -> dict[str, Text]:
    """What is wrong with the facts, by the name of the field."""
    found = {}
    for name, vocabulary in CODED.items():
        if facts[name] and facts[name] not in vocabulary:
            found[name] = Text("Choose one of the list.", "Choisissez dans la liste.")
    for name in COUNTED:
        if facts[name] and parse_whole(facts[name]) is None:
            found[name] = Text("Write a whole number; 0 for none.", "Écrivez un nombre entier\u00a0; 0 pour aucun.")
    for name in (*SUMMARIES, *LINES):
        if len(facts[name]) > LONGEST:
            found[name] = Text("This is too long.", "C’est trop long.")
    return found | place_faults(facts) | _day_faults(facts, today)


def _day_faults(facts: Mapping[str, str], today: str) -> dict[str, Text]:
    found = {}
    for name in DAYS:
        if facts[name] and parse_day(facts[name]) is None:
            found[name] = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
        elif facts[name] > today:
            found[name] = Text("This day has not come yet.", "Ce jour n’est pas encore venu.")
    if not facts["occurred_from"]:
        found["occurred_from"] = Text("Write when it happened.", "Écrivez quand cela s’est passé.")
    elif facts["occurred_to"] and facts["occurred_to"] < facts["occurred_from"]:
        found["occurred_to"] = Text(
            "This day is before the one on which it began.", "Ce jour précède celui où cela a commencé."
        )
    return found


def write_facts(
    connection: Connection, incident_id: UUID, facts: Mapping[str, str], changed: Mapping[str, str]
) -> None:
    """Store what changed of facts without faults."""
    values: dict[str, Any] = {name: _value(name, text) for name, text in changed.items() if name not in DEGREES}
    if not set(changed).isdisjoint(DEGREES):
        place = parse_place(facts)
        values["geom"] = None if place is None else func.ST_SetSRID(func.ST_MakePoint(*place), 4326)
    if values:
        connection.execute(update(Incident).where(Incident.incident_id == incident_id).values(values))


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    if name in NUMBERED:
        return int(text)
    if name in COUNTED:
        return parse_whole(text)
    return parse_day(text) if name in DAYS else text
