"""What the desk's pages show of jobs, batches and events: in words, in the language of the request."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import current_app, g
from sqlalchemy import Connection, Row, func, select

from geoapp.desk import jobs
from geoapp.settings import Settings
from geoapp.web.desk_words import TABLES, for_page
from geoapp.web.language import translate
from layers.vocabulary import BATCH_KIND, DEED, JOB_STATE, JOB_TASK

LONGEST = 200


def settings() -> Settings:
    """The settings of this server."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    return settings


def moment(at: dt.datetime) -> str:
    """A moment on the clock of the installation."""
    zone = ZoneInfo(settings().time_zone)
    return format_datetime(at, "d MMM y, HH:mm", tzinfo=zone, locale=g.language)


def table_name(name: str | None) -> str:
    """What pages call a table; nothing for none."""
    return TABLES[name].in_language(g.language) if name in TABLES else ""


def tables() -> dict[str, str]:
    """The tables that somebody may choose, by name."""
    return {name: said.in_language(g.language) for name, said in TABLES.items() if name != "boundaries"}


def state_of(connection: Connection, job: Row[Any]) -> dict[str, Any]:
    """How far a job has come, in words."""
    stale = jobs.is_stale(job, connection.scalar(select(func.clock_timestamp())) or dt.datetime.now(dt.UTC))
    return {
        "id": job.job_id,
        "layer": job.layer,
        "table": table_name(job.table_name),
        "code": "stale" if stale else job.state,
        "task": job.task,
        "said": JOB_STATE.label(job.state, g.language),
        "doing": JOB_TASK.label(job.task, g.language),
        "step": translate(job.step) if job.step else "",
        "done": job.rows_done,
        "total": job.rows_total,
        "share": min(100, round(100 * job.rows_done / job.rows_total)) if job.rows_total else None,
        "reason": for_page((job.reason_fr if g.language == "fr" else job.reason_en) or "", g.language),
        "batch": job.import_batch_id,
        "accepted_by": job.accepted_by,
        "cancel": job.cancel,
        "attempt": job.attempt,
    }


def batch_shown(row: Row[Any]) -> dict[str, Any]:
    """A batch as pages show it."""
    return {
        "id": row.import_batch_id,
        "file": row.file_name,
        "sha256": row.sha256,
        "layer": row.layer,
        "table": table_name(row.table_name),
        "source": row.source_id,
        "crs": row.crs_used,
        "encoding": row.encoding_used,
        "who": row.imported_by,
        "when": moment(row.imported_at),
        "read": row.rows_in,
        "inserted": row.rows_inserted,
        "updated": row.rows_updated,
        "unchanged": row.rows_unchanged,
        "rejected": row.rows_rejected,
        "undone": moment(row.undone_at) if row.undone_at else None,
        "undone_by": row.undone_by,
        "kind": row.kind,
        "kind_said": BATCH_KIND.label(row.kind, g.language),
        "removed": row.rows_removed,
        "undoable": row.undone_at is None and row.columns is not None,
    }


def event_shown(event: Any) -> dict[str, Any]:
    """An event of a row's history as its page shows it."""
    return {
        **vars(event),
        "when": moment(event.at),
        "said": DEED.label(event.deed, g.language),
        "kind_said": BATCH_KIND.label(event.kind, g.language),
        "changes": [(name, *map(_value, pair)) for name, pair in event.changes.items()],
    }


def _value(value: Any) -> str | None:
    if value is None or value == []:
        return None
    if isinstance(value, list):
        return "; ".join(map(str, value))
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def told_group(group: dict[str, Any]) -> dict[str, Any]:
    """A group of findings in the language of the request."""
    return {**group, "said": [for_page(each[g.language], g.language) for each in group["said"]]}
