"""The life of an incident, for those who see it whole: its steps, what was decided, where it was and who told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import Connection, func, select

from geoapp.publish.locator import Locator, read_locator
from geoapp.publish.released import read_units
from layers.tables import Action, Facility, Incident, MineSite, Route, Source
from layers.text import Text
from layers.vocabulary import CHANNEL, ENDED, LOCATION_PRECISION, OUTCOME, STATUS

# The way that an incident goes; one that was rejected goes no farther than its check, a reopened one is open again.
WAY = ("reported", "verifying", "open", "mitigating", "monitoring", "closed")
REJECTED = ("reported", "verifying", "rejected")
# The vaguest position, where none is recorded.
VAGUE = 5
WITHOUT_NUMBER = Text("without a number", "sans numéro")


@dataclass(frozen=True)
class Step:
    """A step of the way: `state` is done, now or ahead; `day` is when it was reached, where that is known."""

    label: str
    state: str
    day: str = ""


@dataclass(frozen=True)
class Decided:
    """An action: who is to do it, and the days; `late` where it should have been done before today."""

    action: str
    who: str
    decided: str
    due: str
    done: str
    late: bool


@dataclass(frozen=True)
class Life:
    """All of it in one language. `links` are the rows that it is about, as address and name; `place` is in words."""

    steps: Sequence[Step]
    outcome: str
    due: str
    late: bool
    actions: Sequence[Decided]
    units: str
    place: str
    precision: str
    point: tuple[float, float] | None
    locator: Locator | None
    links: Sequence[tuple[str, str]]
    source: str
    channel: str
    repeats: Sequence[tuple[UUID, str, str]]


# What of the incident is told here.
TOLD = (
    Incident.status,
    Incident.reported_on,
    Incident.opened_on,
    Incident.due_on,
    Incident.closed_on,
    Incident.outcome,
    Incident.place_text,
    Incident.location_precision,
    Incident.units,
    Incident.channel,
    Incident.site_id,
    Incident.route_ref,
    Incident.facility_ref,
    Incident.repeat_of,
    Incident.source_id,
)


def read_life(connection: Connection, incident_id: UUID, language: str) -> Life:
    """The life of an incident that the transaction's viewer sees."""
    row = connection.execute(
        select(
            *TOLD,
            func.ST_X(Incident.geom).label("lon"),
            func.ST_Y(Incident.geom).label("lat"),
            func.current_date().label("today"),
            Source.name.label("source_name"),
        )
        .outerjoin(Source, Source.source_id == Incident.source_id)
        .where(Incident.incident_id == incident_id)
    ).one()
    units = read_units(connection, row.units or [])
    province = next((code for code, level, _ in units if level == 1), None)
    point = None if row.lon is None else (row.lon, row.lat)
    precision = row.location_precision or VAGUE
    return Life(
        steps=_steps(row, language),
        outcome=OUTCOME.label(row.outcome, language),
        due=_day(row.due_on, language),
        late=row.due_on is not None and row.due_on < row.today and row.status not in ENDED,
        actions=_actions(connection, incident_id, row.today, language),
        units=", ".join(name.in_language(language) for _, _, name in reversed(units)),
        place=row.place_text or "",
        precision=LOCATION_PRECISION.label(row.location_precision, language),
        point=point,
        locator=read_locator(connection, province, point, precision) if province else None,
        links=_about(connection, row),
        source=row.source_name or row.source_id or "",
        channel=CHANNEL.label(row.channel, language),
        repeats=_repeats(connection, incident_id, row.repeat_of, language),
    )


def _steps(row: Any, language: str) -> list[Step]:
    way = REJECTED if row.status == "rejected" else WAY
    status = "open" if row.status == "reopened" else row.status
    at = way.index(status)
    days = {
        "reported": row.reported_on,
        "open": row.opened_on,
        "closed": row.closed_on if status == "closed" else None,
        "rejected": row.closed_on,
    }
    steps = []
    for place, code in enumerate(way):
        state = "now" if place == at else "done" if place < at else "ahead"
        label = STATUS.label(row.status if place == at else code, language)
        day = _day(days.get(code), language) if state != "ahead" else ""
        steps.append(Step(label, state, day))
    return steps


def _actions(connection: Connection, incident_id: UUID, today: date, language: str) -> list[Decided]:
    asked = select(
        Action.action, Action.responsible_org, Action.decided_on, Action.due_on, Action.done_on, Action.result
    )
    rows = connection.execute(
        asked.where(Action.incident_id == incident_id).order_by(Action.decided_on, Action.action)
    ).all()
    return [
        Decided(
            row.action,
            row.responsible_org or "",
            _day(row.decided_on, language),
            _day(row.due_on, language),
            ": ".join(filter(None, [_day(row.done_on, language), row.result])),
            row.done_on is None and row.due_on is not None and row.due_on < today,
        )
        for row in rows
    ]


def _about(connection: Connection, row: Any) -> list[tuple[str, str]]:
    """The site, the route and the facility that it is about, each by the path of its page and its name."""
    found = []
    if row.site_id and (name := connection.scalar(select(MineSite.name).where(MineSite.site_id == row.site_id))):
        found.append((f"/sites/{row.site_id}", name))
    if row.route_ref and (name := connection.scalar(select(Route.name).where(Route.id == row.route_ref))):
        found.append((f"/routes/{row.route_ref}", name))
    if row.facility_ref and (name := connection.scalar(select(Facility.name).where(Facility.id == row.facility_ref))):
        found.append(("", name))
    return found


def _repeats(
    connection: Connection, incident_id: UUID, repeat_of: UUID | None, language: str
) -> list[tuple[UUID, str, str]]:
    """The incidents of the same row of events that the viewer sees: what it repeats, and what repeats it."""
    same = Incident.repeat_of == incident_id
    if repeat_of is not None:
        same |= (Incident.incident_id == repeat_of) | (Incident.repeat_of == repeat_of)
    asked = select(Incident.incident_id, Incident.incident_no, Incident.occurred_from)
    ordered = asked.where(same, Incident.incident_id != incident_id).order_by(Incident.occurred_from.desc()).limit(20)
    return [
        (
            row.incident_id,
            row.incident_no or WITHOUT_NUMBER.in_language(language),
            _day(row.occurred_from, language),
        )
        for row in connection.execute(ordered).all()
    ]


def _day(day: date | None, language: str) -> str:
    return format_date(day, "long", locale=language) if day else ""
