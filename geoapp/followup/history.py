"""The whole history of an incident: its steps, its releases, and every fact that somebody changed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from layers.tables import IncidentStep, RowChange

# What the steps tell, and what the database makes of the other columns.
OF_STEPS = {"status", "outcome", "opened_on", "due_on", "closed_on"}
UNTOLD = OF_STEPS | {"import_batch_id", "source_id", "content_key", "repairs", "synthetic"}
MOST = 200


@dataclass(frozen=True)
class Entry:
    """Something that somebody did: a step with its words, or `facts` that changed, as column, before and after."""

    at: datetime
    who: str
    deed: str
    day: date | None = None
    from_status: str | None = None
    to_status: str | None = None
    outcome: str | None = None
    due_on: date | None = None
    reason: str | None = None
    facts: Sequence[tuple[str, Any, Any]] = ()


def read_history(connection: Connection, incident_id: UUID) -> list[Entry]:
    """What the viewer may know of it, the newest first."""
    steps = connection.execute(
        select(IncidentStep)
        .where(IncidentStep.incident_id == incident_id)
        .order_by(IncidentStep.created_at.desc())
        .limit(MOST)
    ).all()
    entries = [
        Entry(
            at=row.created_at,
            who=row.created_by,
            deed=row.deed,
            day=row.taken_on,
            from_status=row.from_status,
            to_status=row.to_status,
            outcome=row.outcome,
            due_on=row.due_on,
            reason=row.reason,
        )
        for row in steps
    ]
    changes = connection.execute(
        select(RowChange.changed_at, RowChange.changed_by, RowChange.before, RowChange.after)
        .where(RowChange.table_name == "incident", RowChange.row_key == str(incident_id), RowChange.deed == "update")
        .order_by(RowChange.changed_at.desc())
        .limit(MOST)
    ).all()
    for row in changes:
        after = row.after or {}
        facts = [(name, was, after.get(name)) for name, was in sorted(row.before.items()) if name not in UNTOLD]
        if facts:
            entries.append(Entry(at=row.changed_at, who=row.changed_by, deed="edit", facts=facts))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST]
