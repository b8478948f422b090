"""The steps of an incident: where it stands, which may follow, what each needs, and taking one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, func, insert, select

from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.followup.words import parse_day
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.publish.release import may_release
from layers.tables import Incident, IncidentRelease, IncidentStep
from layers.text import Text
from layers.vocabulary import ENDED, OUTCOME

SHORTEST_REASON, LONGEST_REASON = 10, 4000
# Moving the day that something is due is a step that leads nowhere else.
DUE = "due"
NEEDS_REASON = (*ENDED, "reopened", DUE)
# What an incident can be closed with; two that are one are merged at the desk.
OUTCOMES = tuple(code for code in OUTCOME if code != "merged")
NOT_YOURS = "Only a coordinator of its units takes an incident a step further."

NO_DAY = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
WAYS: Mapping[str, tuple[Text, Text]] = {
    "verifying": (
        Text("Begin to verify it", "Commencer à le vérifier"),
        Text("Somebody asks on the spot.", "Quelqu’un se renseigne sur place."),
    ),
    "open": (
        Text("Verified: open it", "Vérifié\u00a0: l’ouvrir"),
        Text("It needs a level and a category.", "Il lui faut un niveau et une catégorie."),
    ),
    "rejected": (
        Text("Reject it", "Le rejeter"),
        Text(
            "It did not happen, or is none of the programme’s. Say why.",
            "Il n’a pas eu lieu, ou n’est pas du programme. Dites pourquoi.",
        ),
    ),
    "mitigating": (
        Text("Mitigation has begun", "L’atténuation a commencé"),
        Text("Actions are under way.", "Des actions sont en cours."),
    ),
    "monitoring": (
        Text("Monitor it", "Le suivre"),
        Text(
            "The actions are done; whether they hold is watched.",
            "Les actions sont faites\u00a0; on vérifie qu’elles tiennent.",
        ),
    ),
    "closed": (
        Text("Close it", "Le clore"),
        Text("With an outcome, and the reason.", "Avec une issue et le motif."),
    ),
    "reopened": (
        Text("Reopen it", "Le rouvrir"),
        Text("Say what has come up.", "Dites ce qui est apparu."),
    ),
    DUE: (
        Text("Only move the day it is due", "Seulement déplacer l’échéance"),
        Text("Say why.", "Dites pourquoi."),
    ),
}


@dataclass(frozen=True)
class Standing:
    """Where an incident stands; `ways` are the codes of the steps that may follow, `last_by` who took the last one."""

    incident_id: UUID
    status: str
    level: int | None
    category: str | None
    occurred_from: date
    earliest: date
    due_on: date | None
    last_by: str | None
    last_at: datetime | None
    ways: Sequence[str]
    today: date
    released_status: str | None
    synthetic: bool


@dataclass(frozen=True)
class StepDraft:
    """A step as its form brings it; `seen` is where the incident stood when the form was opened."""

    seen: str
    way: str
    taken_on: str
    outcome: str
    due_on: str
    reason: str


def read_standing(connection: Connection, incident_id: UUID, *, lock: bool = False) -> Standing:
    """Where an incident stands that the viewer handles; locked until the transaction ends, where asked.

    Raises NotFoundError where they may not see it, ForbiddenError where its steps are another's.
    """
    asked = select(
        Incident.status,
        Incident.level,
        Incident.category,
        Incident.occurred_from,
        Incident.reported_on,
        Incident.opened_on,
        Incident.due_on,
        Incident.units,
        Incident.synthetic,
        func.today().label("today"),
        func.next_statuses(Incident.status).label("ways"),
    ).where(Incident.incident_id == incident_id)
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    if not may_release(connection, row.units):
        raise ForbiddenError(NOT_YOURS)
    if lock:
        connection.execute(select(Incident.incident_id).where(Incident.incident_id == incident_id).with_for_update())
        # As it stands now that nobody else takes it further.
        row = connection.execute(asked).one()
    steps = (
        select(IncidentStep.taken_on, IncidentStep.created_by, IncidentStep.created_at)
        .where(IncidentStep.incident_id == incident_id, IncidentStep.deed == "step")
        .order_by(IncidentStep.created_at.desc())
        .limit(1)
    )
    last = connection.execute(steps).one_or_none()
    days = (row.occurred_from, row.reported_on, row.opened_on, last.taken_on if last else None)
    released = connection.scalar(select(IncidentRelease.status).where(IncidentRelease.incident_id == incident_id))
    return Standing(
        incident_id=incident_id,
        status=row.status,
        level=row.level,
        category=row.category,
        occurred_from=row.occurred_from,
        earliest=max(day for day in days if day is not None),
        due_on=row.due_on,
        last_by=last.created_by if last else None,
        last_at=last.created_at if last else None,
        ways=[*row.ways, *(() if row.status in ENDED else (DUE,))],
        today=row.today,
        released_status=released,
        synthetic=row.synthetic,
    )


def faults(standing: Standing, draft: StepDraft) -> dict[str, Text]:
    """What is wrong with a step, by the name of the field."""
    found: dict[str, Text] = {}
    if draft.way not in standing.ways:
        found["way"] = Text("Choose one of the steps.", "Choisissez une des étapes.")
    day = parse_day(draft.taken_on)
    if day is None:
        found["taken_on"] = NO_DAY
    elif day > standing.today:
        found["taken_on"] = Text("This day has not come yet.", "Ce jour n’est pas encore venu.")
    elif day < standing.occurred_from:
        found["taken_on"] = Text(
            f"This day is before the incident, which happened on {standing.occurred_from.isoformat()}.",
            f"Ce jour précède l’incident, survenu le {standing.occurred_from.isoformat()}.",
        )
    elif day < standing.earliest:
        found["taken_on"] = Text(
            f"The step before this one was on {standing.earliest.isoformat()}: write that day or a later one.",
            f"L’étape précédente date du {standing.earliest.isoformat()}\u00a0: écrivez ce jour ou un jour suivant.",
        )
    if draft.way == "open" and (standing.level is None or standing.category is None):
        found["way"] = Text(
            "Give it a level and a category first: “Assess” on its page.",
            "Donnez-lui d’abord un niveau et une catégorie\u00a0: «\u00a0Évaluer\u00a0» sur sa page.",
        )
    if draft.way == "closed" and draft.outcome not in OUTCOMES:
        found["outcome"] = Text("Choose how it ended.", "Choisissez l’issue.")
    if draft.way in NEEDS_REASON and len(draft.reason) < SHORTEST_REASON:
        found["reason"] = Text(
            f"Write why, in {SHORTEST_REASON} characters or more: this step needs a reason.",
            f"Écrivez pourquoi, en {SHORTEST_REASON} caractères ou plus\u00a0: cette étape demande un motif.",
        )
    elif len(draft.reason) > LONGEST_REASON:
        found["reason"] = Text("This is too long.", "C’est trop long.")
    return found | _due_faults(standing, draft)


def _due_faults(standing: Standing, draft: StepDraft) -> dict[str, Text]:
    due = parse_day(draft.due_on)
    if draft.way in ENDED or (not draft.due_on and draft.way != DUE):
        return {}
    if due is None:
        return {"due_on": NO_DAY}
    if due < standing.today:
        return {"due_on": Text("Write today or a day to come.", "Écrivez aujourd’hui ou un jour à venir.")}
    return {}


def take(connection: Connection, standing: Standing, draft: StepDraft) -> None:
    """Take a step without faults, within the transaction that locked the incident; the database checks it once more."""
    due = draft.way == DUE
    connection.execute(
        insert(IncidentStep).values(
            incident_id=standing.incident_id,
            deed=DUE if due else "step",
            from_status=standing.status,
            to_status=standing.status if due else draft.way,
            taken_on=parse_day(draft.taken_on),
            outcome=draft.outcome if draft.way == "closed" else None,
            due_on=None if draft.way in ENDED else parse_day(draft.due_on),
            reason=draft.reason or None,
            source_id=of_the_demonstration(),
        )
    )


def of_the_demonstration() -> Any:
    """The source of what the demonstration's people write, so that it goes with the demonstration; else none."""
    return case((func.viewer_sees_real(), None), else_="demo")
