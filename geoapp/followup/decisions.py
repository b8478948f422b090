"""What a meeting decides: actions on an incident, a site, a route, a facility or a deployment; and doing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, cast, func, insert, or_, select, update

from geoapp.errors import ConflictError, ForbiddenError, NotFoundError
from geoapp.followup.meetings import CLOSED, SUBJECTS, MeetingPage
from geoapp.followup.steps import of_the_demonstration
from geoapp.followup.words import parse_day
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.publish.release import may_release
from layers.tables import Action, Deployment, Facility, Incident, IncidentRelease, MineSite, Route
from layers.text import Text

LONGEST = 1000
SHORTEST = 5
NOT_YOURS = "Only a coordinator of its units says that an action is done."
DONE_BEFORE = Text(
    "Somebody else has said meanwhile that this action is done.",
    "Quelqu’un d’autre a indiqué entre-temps que cette action est faite.",
)
OUTSIDE = Text(
    "This lies outside the unit of this committee. Record it with the committee of its province.",
    "Ceci se trouve hors de l’unité de ce comité. Enregistrez-le auprès du comité de sa province.",
)
NONE = Text(
    "There is no such row that you may see. Write its key as its page has it.",
    "Aucune ligne de ce nom que vous puissiez voir. Écrivez sa clé comme sur sa page.",
)
SEVERAL = Text("Several bear this name: write the key.", "Plusieurs portent ce nom\u00a0: écrivez la clé.")
# Where each kind of row is looked for, by its key and its name.
FOUND_IN: Mapping[str, tuple[Any, Any, Any]] = {
    "site": (MineSite.site_id, MineSite.site_id, MineSite.name),
    "route": (Route.id, Route.route_id, Route.name),
    "facility": (Facility.id, Facility.facility_id, Facility.name),
    "deployment": (Deployment.id, Deployment.deployment_id, Deployment.provider_name),
}


@dataclass(frozen=True)
class DecisionDraft:
    """A decision as its form brings it; `about` is a kind, or incident:<id>, `key` what the row is called."""

    action: str
    about: str
    key: str
    responsible: str
    due_on: str


@dataclass(frozen=True)
class Found:
    """The row that a decision is about: the column of an action, and its value."""

    column: str
    value: Any


def find_subject(connection: Connection, meeting: MeetingPage, draft: DecisionDraft) -> Found | dict[str, Text]:
    """The row that a decision is about, or what is wrong with how it is named."""
    kind, _, own = draft.about.partition(":")
    if kind == "incident":
        return _incident(connection, meeting, own)
    if kind not in FOUND_IN:
        return {"about": Text("Choose what the decision is about.", "Choisissez l’objet de la décision.")}
    stored, key, name = FOUND_IN[kind]
    table = stored.class_
    if not draft.key:
        return {"key": Text("Write its key or its name.", "Écrivez sa clé ou son nom.")}
    rows = connection.execute(
        select(stored, table.units)
        .where(or_(cast(key, String) == draft.key, func.lower(name) == draft.key.lower()))
        .limit(3)
    ).all()
    within = [row for row in rows if _lies_within(connection, meeting, row[1])]
    if len(within) == 1:
        return Found(SUBJECTS[kind], within[0][0])
    return {"key": SEVERAL if within else OUTSIDE if rows else NONE}


def _incident(connection: Connection, meeting: MeetingPage, key: str) -> Found | dict[str, Text]:
    try:
        incident_id = UUID(key)
    except ValueError:
        return {"about": Text("Choose an incident of the agenda.", "Choisissez un incident de l’ordre du jour.")}
    row = connection.execute(
        select(Incident.units, Incident.occurred_from).where(Incident.incident_id == incident_id)
    ).one_or_none()
    shown = select(IncidentRelease.id).where(IncidentRelease.incident_id == incident_id)
    if row is None or connection.scalar(shown) is None:
        return {
            "about": Text(
                "This incident is not released, so a committee does not decide on it.",
                "Cet incident n’est pas communiqué\u00a0; un comité n’en décide donc pas.",
            )
        }
    if not _lies_within(connection, meeting, row.units):
        return {"about": OUTSIDE}
    if meeting.held_on < row.occurred_from:
        return {
            "about": Text(
                "This meeting was held before the incident happened.",
                "Cette réunion s’est tenue avant que l’incident ne se produise.",
            )
        }
    return Found("incident_id", incident_id)


def _lies_within(connection: Connection, meeting: MeetingPage, units: list[str]) -> bool:
    own = connection.scalar(select(func.with_origins([meeting.unit_code])))
    return not set(own or ()).isdisjoint(units)


def faults(meeting: MeetingPage, draft: DecisionDraft) -> dict[str, Text]:
    """What is wrong with a decision beside what it is about, by the name of the field."""
    found = {}
    if not SHORTEST <= len(draft.action) <= LONGEST:
        found["action"] = Text("Write what is to be done.", "Écrivez ce qui doit être fait.")
    if not draft.responsible or len(draft.responsible) > LONGEST:
        found["responsible"] = Text(
            "Write which organisation does it; no person’s name.",
            "Écrivez quelle organisation s’en charge\u00a0; aucun nom de personne.",
        )
    due = parse_day(draft.due_on)
    if due is None:
        found["due_on"] = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
    elif due < meeting.held_on:
        found["due_on"] = Text(
            "This day is before the meeting that decides it.", "Ce jour précède la réunion qui le décide."
        )
    return found


def decide(connection: Connection, meeting: MeetingPage, draft: DecisionDraft, subject: Found) -> None:
    """Record a decision without faults."""
    if meeting.closed_at:
        raise ConflictError(CLOSED)
    connection.execute(
        insert(Action).values(
            committee_id=meeting.committee_id,
            meeting_id=meeting.meeting_id,
            decided_on=meeting.held_on,
            action=draft.action,
            responsible_org=draft.responsible,
            due_on=parse_day(draft.due_on),
            source_id=of_the_demonstration(),
            **{subject.column: subject.value},
        )
    )


@dataclass(frozen=True)
class ToDo:
    """An action that somebody says is done."""

    action_id: UUID
    action: str
    decided_on: date
    done_on: date | None
    meeting_id: str | None
    committee_id: str | None
    today: date
    synthetic: bool


def read_to_do(connection: Connection, action_id: UUID) -> ToDo:
    """An action that the viewer may say is done.

    Raises NotFoundError where they may not see it, ForbiddenError where it is another's.
    """
    row = connection.execute(
        select(
            Action.action,
            Action.decided_on,
            Action.done_on,
            Action.meeting_id,
            Action.committee_id,
            Action.units,
            Action.synthetic,
            func.today().label("today"),
        ).where(Action.id == action_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    if not may_release(connection, row.units):
        raise ForbiddenError(NOT_YOURS)
    return ToDo(
        action_id, row.action, row.decided_on, row.done_on, row.meeting_id, row.committee_id, row.today, row.synthetic
    )


def done_faults(to_do: ToDo, day: str, result: str) -> dict[str, Text]:
    """What is wrong with saying that an action is done, by the name of the field."""
    found = {}
    done = parse_day(day)
    if done is None:
        found["done_on"] = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
    elif done > to_do.today:
        found["done_on"] = Text("This day has not come yet.", "Ce jour n’est pas encore venu.")
    elif done < to_do.decided_on:
        found["done_on"] = Text(
            f"It was decided on {to_do.decided_on.isoformat()} only.",
            f"Cela n’a été décidé que le {to_do.decided_on.isoformat()}.",
        )
    if not result or len(result) > LONGEST:
        found["result"] = Text("Write what came of it.", "Écrivez ce qu’il en est résulté.")
    return found


def finish(connection: Connection, to_do: ToDo, day: str, result: str) -> None:
    """Say that an action is done; ConflictError where somebody said so meanwhile."""
    done = connection.execute(
        update(Action)
        .where(Action.id == to_do.action_id, Action.done_on.is_(None))
        .values(done_on=parse_day(day), result=result)
    )
    if not done.rowcount:
        raise ConflictError(DONE_BEFORE)
