"""What geoapp itself keeps: backups, the audit and its seals, the queue of imports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import Connection, exists, func, select

from geoapp.access.heads import database_name, head_files, kept_heads
from geoapp.access.verifying import verify
from geoapp.database.audit_key import seal_key
from geoapp.doctor.finding import Finding, fault, ok, warning
from geoapp.errors import GeoappError
from geoapp.settings import Settings
from layers.tables import AuditEvent, ImportJob, Incident, MineSite

BACKUP_DAYS = 7
# The sealer seals each minute, and a worker takes a job within a second.
UNSEALED_MINUTES, WAITING_MINUTES = 10, 5


def check_records(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """All of it; the transaction must be of one snapshot (REPEATABLE READ)."""
    yield _backups(connection)
    yield from _audit(connection, settings)
    yield from _queue(connection)


def _backups(connection: Connection) -> Finding:
    asked = select(func.max(AuditEvent.happened_at)).where(AuditEvent.what == "backup")
    last: dt.datetime | None = connection.scalar(asked)
    advice = "Run `geoapp db backup FOLDER --verify --keep 7`, each night."
    real = [exists().where(model.synthetic.is_(False)) for model in (MineSite, Incident)]
    if last is None:
        if not any(connection.scalars(select(each)).one() for each in real):
            return ok("backups", "None was ever made; there are no rows but synthetic ones.")
        return warning("backups", "No backup of this database was ever made.", advice)
    days = (dt.datetime.now(dt.UTC) - last).days
    said = f"The last backup is of {last:%Y-%m-%d %H:%M} UTC, {days} days ago."
    return ok("backups", said) if days <= BACKUP_DAYS else warning("backups", said, advice)


def _audit(connection: Connection, settings: Settings) -> Iterator[Finding]:
    try:
        heads = [each for path in head_files(settings) for each in kept_heads(path, database_name(settings))[0]]
        found = verify(connection, seal_key(settings), sorted(set(heads)))
    except GeoappError as error:
        yield fault("audit", str(error), "See docs/audit.md.")
        return
    if found.content:
        yield ok("audit", f"{found.events} events under {found.seals} seals are as they were sealed.")
    else:
        yield fault(
            "audit",
            f"{len(found.findings)} things are not as they were sealed: {found.findings[0].in_words()}.",
            "Run `geoapp audit verify`, keep what it says, and find out who had the rights of the owner.",
        )
    now = dt.datetime.now(dt.UTC)
    if found.waiting_since and now - found.waiting_since > dt.timedelta(minutes=UNSEALED_MINUTES):
        yield warning(
            "audit: sealer",
            f"{found.waiting} events wait for a seal since {found.waiting_since:%Y-%m-%d %H:%M} UTC.",
            "`geoapp run` seals each minute while it runs; without it, run `geoapp audit seal`.",
        )
    newest = connection.scalar(select(func.max(AuditEvent.happened_at)))
    if newest and newest - now > dt.timedelta(minutes=1):
        yield fault(
            "clock: past",
            f"An event is of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come: the clock was wrong, or is.",
            "Set the clock right by NTP. Days of rows written meanwhile may be wrong.",
        )


def _queue(connection: Connection) -> Iterator[Finding]:
    waits = (ImportJob.state == "waiting") | (ImportJob.state == "running")
    last_seen = func.greatest(ImportJob.created_at, ImportJob.accepted_at, ImportJob.beat_at)
    oldest, waiting = connection.execute(select(func.min(last_seen), func.count()).where(waits)).one()
    if oldest and dt.datetime.now(dt.UTC) - oldest > dt.timedelta(minutes=WAITING_MINUTES):
        yield warning(
            "queue",
            f"{waiting} imports wait, one since {oldest:%Y-%m-%d %H:%M} UTC: no worker takes them.",
            "`geoapp run` starts a worker; without it, run `geoapp worker`.",
        )
    else:
        yield ok("queue", f"{waiting} imports wait or run.")
