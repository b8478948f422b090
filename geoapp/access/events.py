"""Reading the audit, as an administrator does: who, when, what and which row, and no content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, or_, select

from layers.tables import AuditEvent, AuditSeal

PAGE = 50


@dataclass(frozen=True)
class EventFilter:
    """Which events are meant: of a person, of an object or all of its table, of a day, of a kind; None for all."""

    person: str | None = None
    object: str | None = None
    day: dt.date | None = None
    what: str | None = None

    def conditions(self, zone: ZoneInfo) -> list[ColumnElement[bool]]:
        """As SQL; a day begins and ends in `zone`."""
        found: list[ColumnElement[bool]] = []
        if self.person is not None:
            found.append(AuditEvent.user_name == self.person)
        if self.object is not None:
            below = AuditEvent.object.startswith(f"{self.object}/", autoescape=True)
            found.append(or_(AuditEvent.object == self.object, below))
        if self.day is not None:
            start = dt.datetime.combine(self.day, dt.time(), zone)
            end = dt.datetime.combine(self.day + dt.timedelta(days=1), dt.time(), zone)
            found += [AuditEvent.happened_at >= start, AuditEvent.happened_at < end]
        if self.what is not None:
            found.append(AuditEvent.what == self.what)
        return found


@dataclass(frozen=True)
class Event:
    """One event without its content; `rows` is how many rows it is about, where it is about many."""

    number: int
    happened_at: dt.datetime
    person: str | None
    what: str
    object: str | None
    rows: int | None
    request_id: str | None


@dataclass(frozen=True)
class Page:
    """Events, the newest first, with the numbers from which the newer and the older ones go on; None for no more."""

    events: Sequence[Event]
    newer: int | None
    older: int | None


def read_events_page(
    connection: Connection, wanted: EventFilter, zone: ZoneInfo, before: int | None = None, after: int | None = None
) -> Page:
    """The page of events just older than the event `before`, or just newer than `after`, or the newest."""
    forward = before is None and after is not None
    asked = select(
        AuditEvent.audit_event_id,
        AuditEvent.happened_at,
        AuditEvent.user_name,
        AuditEvent.what,
        AuditEvent.object,
        AuditEvent.rows,
        AuditEvent.request_id,
    ).where(*wanted.conditions(zone))
    if before is not None:
        asked = asked.where(AuditEvent.audit_event_id < before)
    elif after is not None:
        asked = asked.where(AuditEvent.audit_event_id > after)
    order = AuditEvent.audit_event_id.asc() if forward else AuditEvent.audit_event_id.desc()
    rows = connection.execute(asked.order_by(order).limit(PAGE + 1)).all()
    more, rows = len(rows) > PAGE, rows[:PAGE]
    events = [Event(*row) for row in (reversed(rows) if forward else rows)]
    if not events:
        return Page([], None, None)
    # Whoever came from a page finds the way back to it.
    has_newer = more if forward else before is not None
    has_older = forward or more
    return Page(events, events[0].number if has_newer else None, events[-1].number if has_older else None)


def sealed_at(connection: Connection) -> dt.datetime | None:
    """When the last seal was made; None where there is none."""
    return connection.scalar(select(AuditSeal.sealed_at).order_by(AuditSeal.seal_no.desc()).limit(1))
