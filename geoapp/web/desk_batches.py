"""Batches: what each did, undoing it, and the history of the rows that they brought."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, select

from geoapp.desk import jobs
from geoapp.desk.history import history_of, keys_of, target_of
from geoapp.desk.preview import grouped
from geoapp.errors import ConflictError, NotFoundError
from geoapp.ingest.findings import Finding
from geoapp.ingest.rules import RULES
from geoapp.ingest.targets import TARGETS
from geoapp.web.database import reading, writing
from geoapp.web.desk_shown import batch_shown, event_shown, state_of, tables, told_group
from geoapp.web.policy import unstored
from layers.tables import ImportBatch, ImportIssue, ImportJob
from layers.text import Text

MOST_FINDINGS = 20_000
LIVE = ("waiting", "running", "stale")


def batch(batch_id: UUID) -> Response:
    """What a batch did, and what undoing it did."""
    return batch_page(batch_id)


def undo(batch_id: UUID) -> Response:
    """Have a batch undone."""
    try:
        with writing() as connection:
            jobs.ask_undo(connection, batch_id)
    except ConflictError as conflict:
        return batch_page(batch_id, conflict.said, 409)
    return make_response(redirect(url_for("desk.batch", batch_id=batch_id, lang=g.language), 303))


def history() -> Response:
    """What happened to a row, which a table and a key name."""
    table, key = request.args.get("table", ""), request.args.get("key", "").replace("\0", "").strip()
    target = TARGETS.get(table)
    found: list[dict[str, Any]] = []
    if target is not None and key:
        with reading() as connection:
            for row in keys_of(connection, target, key):
                events = [event_shown(event) for event in history_of(connection, target.table, row)]
                found.append({"key": row, "events": events})
    body = render_template("desk_history.html", tables=tables(), table=table, key=key, rows=found, asked=bool(key))
    return unstored(make_response(body, 200 if found or not key else 404))


def batch_page(batch_id: UUID, wrong: Text | None = None, status: int = 200) -> Response:
    """The page of a batch, and what went wrong with it."""
    with reading() as connection:
        asked = select(ImportBatch.__table__).where(ImportBatch.import_batch_id == batch_id)
        row = connection.execute(asked).one_or_none()
        if row is None:
            raise NotFoundError(jobs.NO_SUCH_JOB)
        groups = _findings(connection, batch_id)
        undoing = select(ImportJob.__table__).where(ImportJob.import_batch_id == batch_id, ImportJob.task == "undo")
        last = connection.execute(undoing.order_by(ImportJob.created_at.desc()).limit(1)).one_or_none()
        state = state_of(connection, last) if last is not None else None
        of_upload = select(ImportJob.upload_id).where(ImportJob.import_batch_id == batch_id, ImportJob.task == "write")
        upload_id = connection.scalar(of_upload.limit(1))
    body = render_template(
        "desk_batch.html",
        batch=batch_shown(row),
        groups=groups,
        state=state,
        undone=_undone(last.preview) if last is not None and last.preview else None,
        upload_id=upload_id,
        wrong=wrong.in_language(g.language) if wrong else None,
        live=state is not None and state["code"] in LIVE,
        synthetic=row.synthetic,
    )
    return unstored(make_response(body, status))


def _findings(connection: Connection, batch_id: UUID) -> list[dict[str, Any]]:
    """The findings of a batch by kind, with the first of each in words."""
    asked = select(ImportIssue.__table__).where(ImportIssue.import_batch_id == batch_id)
    found = [
        Finding(row.row, row.column, row.rule, row.severity, row.value, row.repair, (row.value, row.repair))
        for row in connection.execute(asked.order_by(ImportIssue.row).limit(MOST_FINDINGS))
        if row.rule in RULES
    ]
    return [told_group(group) for group in grouped(found)]


def _undone(told: dict[str, Any]) -> dict[str, Any]:
    """What an undo did, with the tables of rows that stay as their pages call them."""
    stays = []
    for each in told["stays"]:
        target = target_of(each["table"])
        stays.append({**each, "public": target.name if target else None})
    return {**told, "stays": stays}
