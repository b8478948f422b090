"""Committees: their seats, the groups that are missing, their meetings, and when they meet next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, or_, select, true, update

from geoapp.access.viewer import read_viewer
from geoapp.errors import ConflictError, ForbiddenError, NotFoundError
from geoapp.followup.steps import of_the_demonstration
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.publish.released import read_units
from layers.tables import Committee, CommitteeSeat, Meeting
from layers.text import Text
from layers.vocabulary import COMMITTEE_KIND, SEAT_GROUP

# Every committee has a seat for these.
WANTED_GROUPS = tuple(code for code in SEAT_GROUP if code != "other")
MOST_MEETINGS = 60
NOT_YOURS = "Only a coordinator of its unit runs a committee."
THAT_DAY = Text(
    "This committee has a meeting on that day already. Open it, or choose another day.",
    "Ce comité a déjà une réunion ce jour-là. Ouvrez-la, ou choisissez un autre jour.",
)


@dataclass(frozen=True)
class Seat:
    """A seat; nobody's name. `trained` is whether whoever holds it was trained in the Voluntary Principles."""

    seat_id: UUID
    group: str
    organisation: str
    function: str
    since: date | None
    until: date | None
    trained_on: date | None


@dataclass(frozen=True)
class Gathering:
    """A meeting in a list: `state` is planned, open (its minutes are being written) or closed."""

    meeting_id: str
    held_on: date
    state: str
    people: int


@dataclass(frozen=True)
class CommitteePage:
    """A committee with all of it; `next_on` is when it is to meet next by its period, where no meeting is planned."""

    committee_id: str
    kind: str
    name: str
    unit_code: str
    unit: Text
    chair_role: str
    period: int | None
    seats: Sequence[Seat]
    former: Sequence[Seat]
    missing: Sequence[str]
    meetings: Sequence[Gathering]
    next_on: date | None
    planned: Gathering | None
    runs: bool
    today: date
    synthetic: bool


def runs(connection: Connection, units: Sequence[str]) -> bool:
    """Whether the viewer is a coordinator of one of some units."""
    return not set(read_viewer(connection).rights.get("coordinator", ())).isdisjoint(units)


def list_committees(connection: Connection, unit: str | None = None) -> list[dict[str, Any]]:
    """The committees that the viewer sees, of one unit or of all, with their last and next meeting."""
    last = (
        select(func.max(Meeting.held_on))
        .where(Meeting.committee_id == Committee.committee_id, Meeting.held_on <= func.today())
        .scalar_subquery()
    )
    planned = (
        select(func.min(Meeting.held_on))
        .where(Meeting.committee_id == Committee.committee_id, Meeting.held_on > func.today())
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            Committee.committee_id,
            Committee.kind,
            Committee.name,
            Committee.unit_code,
            Committee.meeting_period_days,
            Committee.synthetic,
            last.label("last"),
            planned.label("planned"),
            func.today().label("today"),
        )
        .where(Committee.unit_code == unit if unit else true())
        .order_by(Committee.unit_code, Committee.name)
    ).all()
    units = {code: name for code, _, name in read_units(connection, [row.unit_code for row in rows])}
    found = []
    for row in rows:
        by_period = row.last + timedelta(days=row.meeting_period_days) if row.last and row.meeting_period_days else None
        found.append(
            {
                "committee_id": row.committee_id,
                "kind": row.kind,
                "name": row.name,
                "unit": units.get(row.unit_code, Text(row.unit_code, row.unit_code)),
                "last": row.last,
                "next": row.planned or by_period,
                "planned": row.planned is not None,
                "late": row.planned is None and by_period is not None and by_period < row.today,
                "synthetic": row.synthetic,
            }
        )
    return found


def read_committee(connection: Connection, committee_id: str, *, to_run: bool = False) -> CommitteePage:
    """A committee that the viewer sees; NotFoundError where they do not, ForbiddenError where they are `to_run` it."""
    row = connection.execute(
        select(Committee, func.today().label("today")).where(Committee.committee_id == committee_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    may = runs(connection, row.units)
    if to_run and not may:
        raise ForbiddenError(NOT_YOURS)
    seats = read_seats(connection, committee_id)
    current = [seat for seat in seats if seat.until is None or seat.until >= row.today]
    meetings = _meetings(connection, committee_id, row.today)
    held = [each for each in meetings if each.held_on <= row.today]
    planned = [each for each in meetings if each.held_on > row.today]
    next_on = None
    if not planned and row.meeting_period_days:
        next_on = max((held[0].held_on if held else row.today) + timedelta(days=row.meeting_period_days), row.today)
    units = read_units(connection, [row.unit_code])
    return CommitteePage(
        committee_id=committee_id,
        kind=row.kind,
        name=row.name,
        unit_code=row.unit_code,
        unit=units[0][2] if units else Text(row.unit_code, row.unit_code),
        chair_role=row.chair_role or "",
        period=row.meeting_period_days,
        seats=current,
        former=[seat for seat in seats if seat not in current],
        missing=[group for group in WANTED_GROUPS if group not in {seat.group for seat in current}],
        meetings=meetings,
        next_on=next_on,
        planned=planned[-1] if planned else None,
        runs=may,
        today=row.today,
        synthetic=row.synthetic,
    )


def read_seats(connection: Connection, committee_id: str, on: date | None = None) -> list[Seat]:
    """The seats of a committee by group; only those that there were `on` a day, where one is given."""
    asked = select(
        CommitteeSeat.id,
        CommitteeSeat.group,
        CommitteeSeat.organisation,
        func.coalesce(CommitteeSeat.function, ""),
        CommitteeSeat.seated_from,
        CommitteeSeat.seated_to,
        CommitteeSeat.trained_on,
    ).where(CommitteeSeat.committee_id == committee_id)
    if on is not None:
        asked = asked.where(
            or_(CommitteeSeat.seated_from.is_(None), CommitteeSeat.seated_from <= on),
            or_(CommitteeSeat.seated_to.is_(None), CommitteeSeat.seated_to >= on),
        )
    order = {code: place for place, code in enumerate(SEAT_GROUP)}
    seats = [Seat(*row) for row in connection.execute(asked).all()]
    return sorted(seats, key=lambda seat: (order.get(seat.group, len(order)), seat.group, seat.organisation))


def _meetings(connection: Connection, committee_id: str, today: date) -> list[Gathering]:
    rows = connection.execute(
        select(Meeting.meeting_id, Meeting.held_on, Meeting.closed_at, Meeting.attendees_by_group)
        .where(Meeting.committee_id == committee_id)
        .order_by(Meeting.held_on.desc())
        .limit(MOST_MEETINGS)
    ).all()
    found = []
    for row in rows:
        state = "closed" if row.closed_at else "planned" if row.held_on > today else "open"
        numbers = [each for each in row.attendees_by_group.values() if isinstance(each, int)]
        found.append(Gathering(row.meeting_id, row.held_on, state, sum(numbers)))
    return found


def found_committee(connection: Connection, kind: str, name: str, unit_code: str, period: int | None) -> str:
    """Add a committee in a unit of the viewer; its key."""
    if kind not in COMMITTEE_KIND or not runs(connection, _above(connection, unit_code)):
        raise ForbiddenError(NOT_YOURS)
    made = insert(Committee).values(
        kind=kind, name=name, unit_code=unit_code, meeting_period_days=period, source_id=of_the_demonstration()
    )
    return str(connection.scalar(made.returning(Committee.committee_id)))


def _above(connection: Connection, unit_code: str) -> list[str]:
    return list(connection.scalar(select(func.units_above(unit_code))) or ())


def add_seat(connection: Connection, committee: CommitteePage, group: str, organisation: str, function: str) -> None:
    """Give a committee a seat from today."""
    connection.execute(
        insert(CommitteeSeat).values(
            {
                CommitteeSeat.committee_id: committee.committee_id,
                CommitteeSeat.group: group,
                CommitteeSeat.organisation: organisation,
                CommitteeSeat.function: function or None,
                CommitteeSeat.seated_from: committee.today,
                CommitteeSeat.source_id: of_the_demonstration(),
            }
        )
    )


def end_seat(connection: Connection, committee: CommitteePage, seat_id: str) -> None:
    """End a seat yesterday: it stays in the meetings that it was at."""
    for seat in committee.seats:
        if str(seat.seat_id) == seat_id:
            ended = max(committee.today - timedelta(days=1), seat.since or committee.today - timedelta(days=1))
            connection.execute(
                update(CommitteeSeat).where(CommitteeSeat.id == seat.seat_id).values({CommitteeSeat.seated_to: ended})
            )
            return
    raise NotFoundError(NO_SUCH_ROW)


def plan_meeting(connection: Connection, committee: CommitteePage, day: date, place: str) -> str:
    """Give a committee a meeting on a day; its key. ConflictError where there is one on that day."""
    there = select(Meeting.meeting_id).where(Meeting.committee_id == committee.committee_id, Meeting.held_on == day)
    if connection.scalar(there) is not None:
        raise ConflictError(THAT_DAY)
    made = insert(Meeting).values(
        committee_id=committee.committee_id,
        held_on=day,
        place_text=place or None,
        source_id=of_the_demonstration(),
    )
    return str(connection.scalar(made.returning(Meeting.meeting_id)))
