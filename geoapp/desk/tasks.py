"""The work itself: looking into a file, previewing a layer, writing it, undoing a batch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.exc import OperationalError

from geoapp.access.acting import acting_engine
from geoapp.access.viewer import acting_viewer
from geoapp.desk import jobs
from geoapp.desk.contents import look_into
from geoapp.desk.jobs import Job
from geoapp.desk.preview import Look, mark_of
from geoapp.desk.undo import undo_batch
from geoapp.desk.uploads import opened_as
from geoapp.errors import GeoappError, ImportRefusedError, is_full
from geoapp.ingest import memory
from geoapp.ingest.importing import Watcher, import_file
from geoapp.ingest.report import Report
from geoapp.ingest.stage import Stage
from geoapp.ingest.targets import TARGETS
from geoapp.settings import Settings
from layers.tables import ImportBatch, ImportJob, ImportUpload
from layers.text import Text

PROGRESS_SECONDS = 0.4
# What only the operator imports.
OPERATORS = {"boundaries"}
FULL = Text(
    "The database's disk is full. Nothing was written; once there is room, try again.",
    "Le disque de la base de données est plein. Rien n’a été écrit\u00a0; réessayez quand il y aura de la place.",
)
AWAY = Text(
    "The connection to the database was lost. Nothing was written; try again.",
    "La connexion à la base de données a été perdue. Rien n’a été écrit\u00a0; réessayez.",
)
DISK = Text(
    "The server's disk is full or cannot be written. Nothing was imported; once that is mended, try again.",
    "Le disque du serveur est plein ou ne peut être écrit. Rien n’a été importé\u00a0; réessayez une fois cela réparé.",
)
BROKEN = Text(
    "Something went wrong while this was worked on ({kind}). Nothing was written; tell the operator the time.",
    "Une erreur est survenue pendant ce travail ({kind}). Rien n’a été écrit\u00a0; dites l’heure à l’exploitant.",
)
STALE = Text(
    "The rows were changed by somebody else after the preview, so nothing was written. This is a new preview.",
    "Les lignes ont été modifiées par quelqu’un d’autre après l’aperçu\u00a0; rien n’a été écrit. Voici un nouvel"
    " aperçu.",
)


class StalePreviewError(Exception):
    """What would be done is no longer what was shown."""


class LostJobError(Exception):
    """The job is no longer this worker's: it was cancelled, or another took it up."""


def do(settings: Settings, engine: Engine, job: Job) -> None:
    """Do a job to its end, and note what became of it; `engine` is the operator's."""
    assert job.actor is not None  # noqa: S101 - whoever queued it.
    try:
        with acting_engine(settings, job.actor) as acting:
            WORK[job.task](settings, engine, acting, job)
    except LostJobError:
        return
    except StalePreviewError:
        with engine.begin() as connection:
            jobs.end(connection, job.job_id, job.attempt, "waiting", STALE, task="check")
    except ImportRefusedError as refusal:
        _end(engine, job, "refused", refusal.said)
    except GeoappError as error:
        _end(engine, job, "failed", Text(str(error), str(error)))
    except OperationalError as error:
        _end(engine, job, "failed", FULL if is_full(error) else AWAY)
    except OSError:
        _end(engine, job, "failed", DISK)
    # Whatever it is, the page has to say that it is over; its own text could quote a row.
    except Exception as error:
        kind = type(error).__name__
        _end(engine, job, "failed", Text(BROKEN.en.format(kind=kind), BROKEN.fr.format(kind=kind)))


def _end(engine: Engine, job: Job, state: str, reason: Text) -> None:
    with engine.begin() as connection:
        jobs.end(connection, job.job_id, job.attempt, state, reason)


def _open(settings: Settings, engine: Engine, acting: Engine, job: Job) -> None:
    """Find the layers of an upload, and queue the preview of each that fits a table."""
    with engine.connect() as connection:
        upload = _upload(connection, job)
    with acting.connect() as connection:
        viewer = acting_viewer(connection)
    with opened_as(settings, upload.sha256, upload.file_name) as path:
        layers = look_into(path, [name for name in TARGETS if viewer is None or name not in OPERATORS])
    with engine.begin() as connection:
        found = update(ImportUpload).where(ImportUpload.upload_id == upload.upload_id)
        connection.execute(found.values(layers=layers))
    # The person's own transaction, so that the jobs are theirs.
    with acting.begin() as connection:
        for layer in layers:
            names = [column["name"] for column in layer.get("columns", ())]
            layer["table"] = (memory.table_of(connection, names) if names else None) or layer.get("table")
            jobs.add_layer(connection, upload.upload_id, layer)
        if not jobs.end(connection, job.job_id, job.attempt, "done"):
            raise LostJobError


def _check(settings: Settings, engine: Engine, acting: Engine, job: Job) -> None:
    """Preview a layer."""
    look = Look()
    report = _import(settings, engine, acting, job, look, dry_run=True)
    refusal = next((finding for finding in report.findings if finding.rule == "refused"), None)
    more: dict[str, Any] = {"preview": look.preview(report), "mark": look.mark, "private": look.sealed > 0}
    with engine.begin() as connection:
        if refusal is not None:
            reason = Text(refusal.value or "", refusal.in_french[0] or "")
            jobs.end(connection, job.job_id, job.attempt, "refused", reason, **more | {"private": True, "mark": None})
        else:
            jobs.end(connection, job.job_id, job.attempt, "ready", **more)
        _share(connection, job.upload_id)


def _write(settings: Settings, engine: Engine, acting: Engine, job: Job) -> None:
    """Write what a preview has shown, if that is still what would be done."""
    report = _import(settings, engine, acting, job, _Writing(job), dry_run=False)
    refusal = next((finding for finding in report.findings if finding.rule == "refused"), None)
    if refusal is not None:
        _end(engine, job, "refused", Text(refusal.value or "", refusal.in_french[0] or ""))
        return
    with engine.begin() as connection:
        shared = select(ImportJob.private).where(ImportJob.job_id == job.job_id).scalar_subquery()
        batch = update(ImportBatch).where(ImportBatch.import_batch_id == uuid.UUID(report.batch))
        connection.execute(batch.values(private=shared))


def _undo(settings: Settings, engine: Engine, acting: Engine, job: Job) -> None:
    """Undo a batch."""
    del settings
    assert job.batch is not None  # noqa: S101 - an undo is of one.
    with acting.begin() as connection, _progress(engine, job)("Undoing", 0) as advance:
        undone = undo_batch(connection, job.batch, advance)
        if not jobs.end(connection, job.job_id, job.attempt, "done", preview=undone.as_json()):
            raise LostJobError


class _Writing(Watcher):
    """Holds an import to what its preview has shown, and ends its job in the same transaction."""

    def __init__(self, job: Job):
        self.job = job

    def staged(self, connection: Connection, stage: Stage) -> None:
        """Compare with the preview."""
        if mark_of(connection, stage) != self.job.mark:
            raise StalePreviewError

    def written(self, connection: Connection, report: Report) -> None:
        """End the job, or write nothing where it is another's by now."""
        batch = uuid.UUID(report.batch)
        if not jobs.end(connection, self.job.job_id, self.job.attempt, "done", import_batch_id=batch):
            raise LostJobError


def _import(settings: Settings, engine: Engine, acting: Engine, job: Job, watcher: Watcher, *, dry_run: bool) -> Report:
    with engine.connect() as connection:
        upload = _upload(connection, job)
    assert job.table is not None  # noqa: S101 - without one a job asks for it.
    with opened_as(settings, upload.sha256, upload.file_name) as path:
        order = settings.source_precedence
        request = job.options.request(path, job.table, job.layer, order, dry_run=dry_run)
        return import_file(acting, request, settings.time_zone, _progress(engine, job), watcher)


def _upload(connection: Connection, job: Job) -> Any:
    asked = select(ImportUpload.__table__).where(ImportUpload.upload_id == job.upload_id)
    return connection.execute(asked).one()


def _share(connection: Connection, upload_id: uuid.UUID | None) -> None:
    """An upload is private as long as one of its layers is, or is not known yet."""
    jobs_of_it = (ImportJob.upload_id == upload_id, ImportJob.task != "open")
    kept = select(func.coalesce(func.bool_or(ImportJob.private), True)).where(*jobs_of_it).scalar_subquery()
    connection.execute(update(ImportUpload).where(ImportUpload.upload_id == upload_id).values(private=kept))


def _progress(engine: Engine, job: Job) -> Any:
    """A progress bar on the page: notes now and then how far the job has come."""

    @contextmanager
    def step(name: str, total: int) -> Iterator[Callable[[int], Any]]:
        done, last = 0, 0.0

        def tell() -> None:
            with engine.begin() as connection:
                jobs.tell_progress(connection, job, name, done, total)

        def advance(count: int) -> None:
            nonlocal done, last
            done += count
            if time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                tell()

        tell()
        yield advance

    return step


WORK: dict[str, Callable[[Settings, Engine, Engine, Job], None]] = {
    "open": _open,
    "check": _check,
    "write": _write,
    "undo": _undo,
}
