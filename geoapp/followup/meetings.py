"""A meeting: its agenda, who came by seat, what was said and decided, its minutes and what was added to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geoapp.errors import ConflictError, ForbiddenError, NotFoundError
from geoapp.followup.committees import NOT_YOURS, Seat, read_seats, runs
from geoapp.followup.steps import of_the_demonstration
from geoapp.publish.details import NO_SUCH_ROW
from layers.tables import (
    Action,
    Committee,
    IncidentRelease,
    Meeting,
    MeetingAttendance,
    MeetingItem,
    MinutesAddition,
)
from layers.text import Text
from layers.vocabulary import ENDED

# More points than this no meeting comes to: the rest are in the list of released incidents.
MOST_INCIDENTS = 40
SUBJECTS = {
    "incident": "incident_id",
    "site": "site_id",
    "route": "route_ref",
    "facility": "facility_ref",
    "deployment": "deployment_ref",
}
CLOSED = Text(
    "These minutes were closed, so nothing of them was changed. Add a correction below them.",
    "Ce procès-verbal a été clos\u00a0; rien n’y a été changé. Ajoutez une correction à sa suite.",
)


@dataclass(frozen=True)
class Item:
    """A point of the agenda: a released incident, an action or a topic, with what was said."""

    item_id: UUID
    kind: str
    note: str
    incident_id: UUID | None = None
    category: str | None = None
    level: int | None = None
    status: str | None = None
    shown_date: date | None = None
    date_precision: int = 1
    summary: str = ""
    action: ActionRow | None = None
    topic: str = ""


@dataclass(frozen=True)
class ActionRow:
    """An action: what, by whom, until when; what it is about, as kind and key."""

    action_id: UUID
    action: str
    responsible: str
    decided_on: date
    due_on: date | None
    done_on: date | None
    result: str
    about: str
    key: str
    for_all: bool
    late: bool


@dataclass(frozen=True)
class MeetingPage:
    """A meeting with all of it that the viewer may see."""

    meeting_id: str
    committee_id: str
    committee_kind: str
    committee_name: str
    unit_code: str
    period: int | None
    held_on: date
    place: str
    minutes: str
    minutes_ref: str
    closed_at: datetime | None
    closed_by: str
    by_group: Mapping[str, int]
    items: Sequence[Item]
    seats: Sequence[Seat]
    people: Mapping[str, int]
    decisions: Sequence[ActionRow]
    additions: Sequence[tuple[datetime, str, str]]
    runs: bool
    today: date
    synthetic: bool

    @property
    def to_come(self) -> bool:
        """Whether it has not been held yet."""
        return self.held_on > self.today


def read_meeting(
    connection: Connection, meeting_id: str, language: str, *, to_run: bool = False, lock: bool = False
) -> MeetingPage:
    """A meeting that the viewer sees; NotFoundError where they do not, ForbiddenError where they are `to_run` it."""
    if lock:
        connection.execute(select(Meeting.meeting_id).where(Meeting.meeting_id == meeting_id).with_for_update())
    row = connection.execute(
        select(
            Meeting.committee_id,
            Meeting.held_on,
            Meeting.place_text,
            Meeting.minutes,
            Meeting.minutes_ref,
            Meeting.closed_at,
            Meeting.closed_by,
            Meeting.attendees_by_group,
            Meeting.units,
            Meeting.synthetic,
            Committee.kind,
            Committee.name,
            Committee.unit_code,
            Committee.meeting_period_days,
            func.today().label("today"),
        )
        .join(Committee, Committee.committee_id == Meeting.committee_id)
        .where(Meeting.meeting_id == meeting_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    may = runs(connection, row.units)
    if to_run and not may:
        raise ForbiddenError(NOT_YOURS)
    people = connection.execute(
        select(MeetingAttendance.seat_id, MeetingAttendance.people).where(MeetingAttendance.meeting_id == meeting_id)
    ).all()
    attended = {str(each.seat_id): each.people for each in people}
    return MeetingPage(
        meeting_id=meeting_id,
        committee_id=row.committee_id,
        committee_kind=row.kind,
        committee_name=row.name,
        unit_code=row.unit_code,
        period=row.meeting_period_days,
        held_on=row.held_on,
        place=row.place_text or "",
        minutes=row.minutes or "",
        minutes_ref=row.minutes_ref or "",
        closed_at=row.closed_at,
        closed_by=row.closed_by or "",
        by_group={group: count for group, count in row.attendees_by_group.items() if isinstance(count, int)},
        items=_items(connection, meeting_id, language, row.today),
        seats=read_seats(connection, row.committee_id, row.held_on),
        people=attended,
        decisions=read_actions(connection, row.today, Action.meeting_id == meeting_id),
        additions=[
            (each.created_at, each.created_by, each.words)
            for each in connection.execute(
                select(MinutesAddition.created_at, MinutesAddition.created_by, MinutesAddition.words)
                .where(MinutesAddition.meeting_id == meeting_id)
                .order_by(MinutesAddition.created_at)
            )
        ],
        runs=may,
        today=row.today,
        synthetic=row.synthetic,
    )


def _items(connection: Connection, meeting_id: str, language: str, today: date) -> list[Item]:
    """The agenda: incidents, the highest level and the oldest first, then actions by their day, then topics."""
    summary = IncidentRelease.summary_fr if language == "fr" else IncidentRelease.summary_en
    rows = connection.execute(
        select(
            MeetingItem.id,
            MeetingItem.incident_id,
            MeetingItem.action_id,
            MeetingItem.topic,
            MeetingItem.note,
            IncidentRelease.category,
            IncidentRelease.level,
            IncidentRelease.status,
            IncidentRelease.shown_date,
            IncidentRelease.shown_date_precision,
            summary.label("summary"),
        )
        .outerjoin(IncidentRelease, IncidentRelease.incident_id == MeetingItem.incident_id)
        .where(MeetingItem.meeting_id == meeting_id)
        .order_by(
            IncidentRelease.level.asc().nulls_last(), IncidentRelease.shown_date, MeetingItem.created_at, MeetingItem.id
        )
    ).all()
    named = [row.action_id for row in rows if row.action_id]
    actions = {each.action_id: each for each in read_actions(connection, today, Action.id.in_(named))} if named else {}
    found = []
    for row in rows:
        if row.incident_id:
            found.append(
                Item(
                    row.id,
                    "incident",
                    row.note or "",
                    incident_id=row.incident_id,
                    category=row.category,
                    level=row.level,
                    status=row.status,
                    shown_date=row.shown_date,
                    date_precision=row.shown_date_precision,
                    summary=row.summary,
                )
            )
        elif row.action_id:
            if row.action_id in actions:
                found.append(Item(row.id, "action", row.note or "", action=actions[row.action_id]))
        else:
            found.append(Item(row.id, "topic", row.note or "", topic=row.topic))
    order = {"incident": 0, "action": 1, "topic": 2}
    return sorted(
        found, key=lambda item: (order[item.kind], (item.action.due_on or date.max) if item.action else date.min)
    )


def read_actions(connection: Connection, today: date, *conditions: Any) -> list[ActionRow]:
    """The actions that the viewer sees under some conditions, what is due first at the top."""
    rows = connection.execute(
        select(Action, func.action_is_for_all(Action.id).label("for_all"))
        .where(*conditions)
        .order_by(Action.due_on.asc().nulls_last(), Action.action, Action.id)
    ).all()
    found = []
    for row in rows:
        kind, key = next(
            (name, getattr(row, column)) for name, column in SUBJECTS.items() if getattr(row, column) is not None
        )
        found.append(
            ActionRow(
                action_id=row.id,
                action=row.action,
                responsible=row.responsible_org or "",
                decided_on=row.decided_on,
                due_on=row.due_on,
                done_on=row.done_on,
                result=row.result or "",
                about=kind,
                key=str(key),
                for_all=row.for_all,
                late=row.done_on is None and row.due_on is not None and row.due_on < today,
            )
        )
    return found


def open_actions(connection: Connection, committee_id: str, today: date) -> list[ActionRow]:
    """What a committee decided that is not done."""
    return read_actions(connection, today, Action.committee_id == committee_id, Action.done_on.is_(None))


def draw_up(connection: Connection, meeting: MeetingPage) -> int:
    """Put what is open and known to every seat on the agenda where it is not yet; how many points came to it."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    there = {item.incident_id for item in meeting.items} | {
        item.action.action_id for item in meeting.items if item.action
    }
    released = connection.scalars(
        select(IncidentRelease.incident_id)
        .where(
            IncidentRelease.units.op("&&")(func.with_origins([meeting.unit_code])), IncidentRelease.status.not_in(ENDED)
        )
        .order_by(IncidentRelease.level.asc().nulls_last(), IncidentRelease.shown_date)
        .limit(MOST_INCIDENTS)
    ).all()
    points: list[dict[str, Any]] = [{"incident_id": each, "action_id": None} for each in released if each not in there]
    points += [
        {"incident_id": None, "action_id": each.action_id}
        for each in open_actions(connection, meeting.committee_id, meeting.today)
        if each.for_all and each.action_id not in there
    ]
    for point in points:
        connection.execute(
            insert(MeetingItem).values(meeting_id=meeting.meeting_id, source_id=of_the_demonstration(), **point)
        )
    return len(points)


def add_topic(connection: Connection, meeting: MeetingPage, topic: str) -> None:
    """Put a topic of another kind on the agenda."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    connection.execute(
        insert(MeetingItem).values(meeting_id=meeting.meeting_id, topic=topic, source_id=of_the_demonstration())
    )


def take_off(connection: Connection, meeting: MeetingPage, item_id: str) -> None:
    """Take a point off the agenda."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    for item in meeting.items:
        if str(item.item_id) == item_id:
            connection.execute(delete(MeetingItem).where(MeetingItem.id == item.item_id))


def held_of(meeting: MeetingPage) -> dict[str, str]:
    """What the form of the minutes holds, by field."""
    return {
        "place": meeting.place,
        "minutes": meeting.minutes,
        **{f"note-{item.item_id}": item.note for item in meeting.items},
        **{f"people-{seat.seat_id}": str(meeting.people.get(str(seat.seat_id), "")) for seat in meeting.seats},
    }


def write_minutes(connection: Connection, meeting: MeetingPage, changed: Mapping[str, str]) -> None:
    """Store what changed of the form of the minutes, without faults."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    own = {"place": "place_text", "minutes": "minutes"}
    values = {own[name]: words or None for name, words in changed.items() if name in own}
    if values:
        connection.execute(update(Meeting).where(Meeting.meeting_id == meeting.meeting_id).values(values))
    for name, words in changed.items():
        kind, _, key = name.partition("-")
        if kind == "note":
            connection.execute(update(MeetingItem).where(MeetingItem.id == UUID(key)).values(note=words or None))
        elif kind == "people":
            came = upsert(MeetingAttendance).values(
                meeting_id=meeting.meeting_id,
                seat_id=UUID(key),
                people=int(words or 0),
                source_id=of_the_demonstration(),
            )
            connection.execute(
                came.on_conflict_do_update(
                    index_elements=["meeting_id", "seat_id"], set_={"people": came.excluded.people}
                )
            )


def close(connection: Connection, meeting: MeetingPage) -> None:
    """Close the minutes of a meeting without anything left to do; nobody changes them afterwards."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    connection.execute(select(func.close_minutes(meeting.meeting_id)))


def add_correction(connection: Connection, meeting: MeetingPage, words: str) -> None:
    """Add to minutes that are closed."""
    connection.execute(
        insert(MinutesAddition).values(meeting_id=meeting.meeting_id, words=words, source_id=of_the_demonstration())
    )
