"""The list of incidents: what is open and due for those who handle them, what was released for a committee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, any_, func, or_, select, true

from layers.tables import Incident, IncidentRelease, IncidentStep, MineSite
from layers.vocabulary import ENDED, LEVEL, STATUS

PAGE, MOST_COUNTED = 50, 1000
SOON_DAYS, ESCALATE_DAYS = 7, 183
UNFINISHED, ALL = "unfinished", "all"
# When something is due: in words of the address.
DUE = ("late", "soon", "old")
UNKNOWN_LEVEL = "9"
# From when an incident counts as open.
OPEN_SINCE = func.coalesce(Incident.opened_on, Incident.reported_on)


@dataclass(frozen=True)
class Wanted:
    """Which incidents: by status (or all that are not finished), level, when they are due, only the viewer's own."""

    status: str = UNFINISHED
    level: str = ""
    due: str = ""
    mine: bool = False
    after: str = ""

    @classmethod
    def of(cls, asked: dict[str, str]) -> Wanted:
        """What an address asks for; what it does not understand is left out."""
        status = asked.get("status", "")
        level = asked.get("level", "")
        return cls(
            status=status if status in {*STATUS, ALL} else UNFINISHED,
            level=level if level in {*LEVEL, UNKNOWN_LEVEL} else "",
            due=asked["due"] if asked.get("due") in DUE else "",
            mine=asked.get("mine") == "1",
            after=asked.get("after", ""),
        )


@dataclass(frozen=True)
class Listed:
    """An incident of the list; `old` where it has been open for so long that it is to be escalated."""

    incident_id: UUID
    number: str
    category: str | None
    level: int | None
    status: str
    happened: date
    date_precision: int
    place: str
    due_on: date | None
    days_late: int
    old: bool
    released: bool
    sealed: bool
    synthetic: bool


@dataclass(frozen=True)
class Page:
    """Some incidents, and the word that asks for those after them; empty where there are none."""

    rows: Sequence[Listed]
    after: str


def counts(connection: Connection) -> dict[str, int]:
    """How many are unfinished, late, due soon and to be escalated; counted up to MOST_COUNTED + 1."""
    found = {}
    for name in ("", *DUE):
        some = _narrow(select(Incident.incident_id), Wanted(due=name)).limit(MOST_COUNTED + 1).subquery()
        found[name or UNFINISHED] = connection.scalar(select(func.count()).select_from(some)) or 0
    return found


def read_due(connection: Connection, wanted: Wanted) -> Page:
    """The incidents that the viewer sees, what is due first at the top; those that are finished, the last first."""
    released = select(IncidentRelease.id).where(IncidentRelease.incident_id == Incident.incident_id).exists()
    asked: Any = select(
        Incident.incident_id,
        Incident.incident_no,
        Incident.category,
        Incident.level,
        Incident.status,
        Incident.occurred_from,
        Incident.date_precision,
        func.coalesce(MineSite.name, Incident.place_text).label("place"),
        Incident.due_on,
        Incident.opened_on,
        Incident.reported_on,
        Incident.sealed,
        Incident.synthetic,
        released.label("released"),
        func.today().label("today"),
    ).outerjoin(MineSite, MineSite.site_id == Incident.site_id)
    narrowed = _narrow(asked, wanted)
    by_due = wanted.status == UNFINISHED
    order: Any = Incident.due_on if by_due else Incident.occurred_from
    if place := _place(wanted.after):
        narrowed = narrowed.where(_beyond(order, place, by_due))
    if by_due:
        narrowed = narrowed.order_by(order.asc().nulls_last(), Incident.incident_id)
    else:
        narrowed = narrowed.order_by(order.desc(), Incident.incident_id)
    rows = connection.execute(narrowed.limit(PAGE + 1)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    after = ""
    if last is not None:
        day = last.due_on if by_due else last.occurred_from
        after = f"{day.isoformat() if day else 'none'}_{last.incident_id}"
    return Page([_listed(row) for row in rows[:PAGE]], after)


def _listed(row: Any) -> Listed:
    since = row.opened_on or row.reported_on
    ended = row.status in ENDED
    late = (row.today - row.due_on).days if row.due_on and not ended else 0
    return Listed(
        incident_id=row.incident_id,
        number=row.incident_no or "",
        category=row.category,
        level=row.level,
        status=row.status,
        happened=row.occurred_from,
        date_precision=row.date_precision or 1,
        place=row.place or "",
        due_on=row.due_on,
        days_late=max(late, 0),
        old=bool(since) and not ended and (row.today - since).days > ESCALATE_DAYS,
        released=row.released,
        sealed=row.sealed,
        synthetic=row.synthetic,
    )


def _narrow(asked: Select[Any], wanted: Wanted) -> Select[Any]:
    conditions: list[Any] = []
    if wanted.status == UNFINISHED:
        conditions.append(Incident.status.not_in(ENDED))
    elif wanted.status != ALL:
        conditions.append(Incident.status == wanted.status)
    if wanted.level:
        level = Incident.level.is_(None) if wanted.level == UNKNOWN_LEVEL else Incident.level == int(wanted.level)
        conditions.append(level)
    if wanted.due == "late":
        conditions += [Incident.due_on < func.today(), Incident.status.not_in(ENDED)]
    elif wanted.due == "soon":
        conditions += [
            Incident.due_on.between(func.today(), func.today() + SOON_DAYS),
            Incident.status.not_in(ENDED),
        ]
    elif wanted.due == "old":
        conditions += [func.today() - ESCALATE_DAYS > OPEN_SINCE, Incident.status.not_in(ENDED)]
    if wanted.mine:
        taken = select(IncidentStep.incident_id).where(IncidentStep.created_by == func.viewer())
        conditions.append(or_(Incident.incident_id.in_(taken), func.viewer() == any_(Incident.handlers)))
    return asked.where(and_(true(), *conditions))


def _place(after: str) -> tuple[date | None, UUID] | None:
    day, _, key = after.partition("_")
    try:
        return (None if day == "none" else date.fromisoformat(day)), UUID(key)
    except ValueError:
        return None


def _beyond(order: Any, place: tuple[date | None, UUID], by_due: bool) -> Any:
    day, key = place
    if day is None:
        return and_(order.is_(None), Incident.incident_id > key)
    further = or_(order > day, order.is_(None)) if by_due else order < day
    return or_(further, and_(order == day, Incident.incident_id > key))


@dataclass(frozen=True)
class Told:
    """An incident as it was released to a committee."""

    incident_id: UUID
    category: str | None
    level: int | None
    status: str
    shown_date: date
    date_precision: int
    summary: str
    released_on: date
    synthetic: bool


def read_released_list(connection: Connection, wanted: Wanted, language: str, page: int) -> tuple[list[Told], bool]:
    """What was released in the units of the viewer, the highest level first; whether there is another page."""
    summary = IncidentRelease.summary_fr if language == "fr" else IncidentRelease.summary_en
    asked = select(
        IncidentRelease.incident_id,
        IncidentRelease.category,
        IncidentRelease.level,
        IncidentRelease.status,
        IncidentRelease.shown_date,
        IncidentRelease.shown_date_precision,
        summary.label("summary"),
        IncidentRelease.released_on,
        IncidentRelease.synthetic,
    )
    if wanted.status == UNFINISHED:
        asked = asked.where(IncidentRelease.status.not_in(ENDED))
    elif wanted.status != ALL:
        asked = asked.where(IncidentRelease.status == wanted.status)
    if wanted.level:
        unknown = wanted.level == UNKNOWN_LEVEL
        asked = asked.where(IncidentRelease.level.is_(None) if unknown else IncidentRelease.level == int(wanted.level))
    ordered = asked.order_by(
        IncidentRelease.level.asc().nulls_last(), IncidentRelease.shown_date.desc(), IncidentRelease.incident_id
    )
    rows = connection.execute(ordered.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    told = [
        Told(
            row.incident_id,
            row.category,
            row.level,
            row.status,
            row.shown_date,
            row.shown_date_precision,
            row.summary,
            row.released_on,
            row.synthetic,
        )
        for row in rows[:PAGE]
    ]
    return told, len(rows) > PAGE
