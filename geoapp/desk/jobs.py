"""The queue of work on uploads and batches: what people ask for, and how a worker takes it up and puts it down.

A worker that is killed leaves its job running without a beat; another takes it up again. What a job writes is committed
together with the job's own end, so that a batch is there whole, and its job done, or neither is.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update

from geoapp.access.viewer import read_viewer
from geoapp.desk.options import Options
from geoapp.errors import ConflictError, NotFoundError
from layers.tables import ImportBatch, ImportJob, ImportUpload
from layers.text import Text

# A running job that was not heard of for so long has lost its worker.
STALE_SECONDS = 10.0
MOST_ATTEMPTS = 5
OPEN = ("waiting", "running")
NO_SUCH_JOB = "There is no such import, or it is not for you."
TAKEN = Text(
    "Somebody else has dealt with this preview already. This is how it stands now; nothing was done twice.",
    "Quelqu’un d’autre a déjà traité cet aperçu. Voici où il en est\u00a0; rien n’a été fait deux fois.",
)
TIRED = Text(
    "The worker was ended {number} times while it worked on this. Nothing of it is in the database. Try again; if it"
    " happens once more, ask the operator.",
    "Le processus a été arrêté {number} fois pendant ce travail. Rien n’en est dans la base. Réessayez\u00a0; si cela"
    " se reproduit, demandez à l’exploitant.",
)


@dataclass(frozen=True)
class Job:
    """A job as a worker takes it up."""

    job_id: uuid.UUID
    upload_id: uuid.UUID | None
    batch: uuid.UUID | None
    task: str
    layer: str | None
    table: str | None
    options: Options
    attempt: int
    version: int
    mark: str | None
    # Whose rights it has; None for the operator's.
    actor: str | None


# === What people ask for ==============================================================================================


def read_job(connection: Connection, job_id: uuid.UUID) -> Row[Any]:
    """A job that the viewer may see; NotFoundError for any other."""
    found = connection.execute(select(ImportJob.__table__).where(ImportJob.job_id == job_id)).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_JOB)
    return found


def is_stale(job: Row[Any], now: dt.datetime) -> bool:
    """Whether a running job has lost its worker."""
    return job.state == "running" and (job.beat_at is None or abs((now - job.beat_at).total_seconds()) > STALE_SECONDS)


def jobs_of(connection: Connection, upload_id: uuid.UUID) -> Sequence[Row[Any]]:
    """The jobs of an upload that the viewer may see, in the order of its layers."""
    asked = select(ImportJob.__table__).where(ImportJob.upload_id == upload_id)
    return connection.execute(asked.order_by(ImportJob.created_at, ImportJob.layer)).all()


def add_layer(connection: Connection, upload_id: uuid.UUID, layer: Mapping[str, Any]) -> None:
    """Queue the preview of a layer that was found in an upload, or have it ask for its table."""
    refused = layer.get("refused")
    en, fr = refused or (None, None)
    values = {
        "job_id": uuid.uuid4(),
        "upload_id": upload_id,
        "task": "check",
        "state": "refused" if refused else "waiting" if layer.get("table") else "asking",
        "layer": layer["name"],
        "table_name": layer.get("table"),
        "options": Options().stored(),
        "units": list(read_viewer(connection).rights.get("gis", ())),
        "reason_en": en,
        "reason_fr": fr,
        # One after the other, in the order of the file.
        "created_at": func.clock_timestamp(),
    }
    connection.execute(insert(ImportJob).values(values))


def change_options(connection: Connection, job_id: uuid.UUID, version: int, table: str, options: Options) -> None:
    """Have a layer checked again with other choices; ConflictError where somebody changed or accepted it meanwhile."""
    same = (ImportJob.job_id == job_id, ImportJob.version == version)
    free = ImportJob.state.not_in(("running", "done")) & ~((ImportJob.task == "write") & (ImportJob.state == "waiting"))
    values = {"table_name": table, "options": options.stored(), "version": version + 1, **_again("check")}
    if connection.execute(update(ImportJob).where(*same, free).values(values)).rowcount != 1:
        raise ConflictError(TAKEN)


def accept(connection: Connection, job_id: uuid.UUID, mark: str) -> None:
    """Have what a preview shows written; ConflictError where that preview is no longer the one to be accepted."""
    ready = (ImportJob.task == "check", ImportJob.state == "ready", ImportJob.mark == mark)
    values = {**_again("write"), "accepted_by": func.viewer(), "accepted_at": func.now()}
    values.pop("mark")
    values.pop("preview")
    if connection.execute(update(ImportJob).where(ImportJob.job_id == job_id, *ready).values(values)).rowcount != 1:
        raise ConflictError(TAKEN)


def leave(connection: Connection, job_id: uuid.UUID) -> None:
    """Write nothing of a layer; ConflictError where it is being written or was."""
    free = ImportJob.state.in_(("asking", "ready", "refused", "cancelled", "failed"))
    gone = update(ImportJob).where(ImportJob.job_id == job_id, free)
    if connection.execute(gone.values(state="left", finished_at=func.now(), preview=None, mark=None)).rowcount != 1:
        raise ConflictError(TAKEN)


def cancel(connection: Connection, job_id: uuid.UUID) -> None:
    """End a job that waits, and have the worker end one that runs; one that has ended meanwhile stays as it is."""
    this = ImportJob.job_id == job_id
    ended = {"state": "cancelled", "finished_at": func.now()}
    connection.execute(update(ImportJob).where(this, ImportJob.state == "waiting").values(ended))
    connection.execute(update(ImportJob).where(this, ImportJob.state == "running").values(cancel=True))


def try_again(connection: Connection, job_id: uuid.UUID) -> None:
    """Have a job that was ended, left or refused begin anew; ConflictError where it is under way or done."""
    job = read_job(connection, job_id)
    task = "check" if job.task == "write" else job.task
    if task == "check" and job.table_name is None:
        raise ConflictError(TAKEN)
    ended = ImportJob.state.in_(("left", "refused", "cancelled", "failed"))
    again = update(ImportJob).where(ImportJob.job_id == job_id, ended).values(_again(task))
    if connection.execute(again).rowcount != 1:
        raise ConflictError(TAKEN)


def ask_undo(connection: Connection, batch: uuid.UUID) -> uuid.UUID:
    """Have a batch undone; the job. ConflictError where it was undone, or is about to be."""
    found = connection.execute(select(ImportBatch.undone_at).where(ImportBatch.import_batch_id == batch)).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_JOB)
    underway = select(ImportJob.job_id).where(
        ImportJob.import_batch_id == batch, ImportJob.task == "undo", ImportJob.state.in_(OPEN)
    )
    if found.undone_at is not None or connection.scalar(underway) is not None:
        raise ConflictError(TAKEN)
    units = list(read_viewer(connection).rights.get("gis", ()))
    job = uuid.uuid4()
    values = {"job_id": job, "import_batch_id": batch, "task": "undo", "units": units}
    connection.execute(insert(ImportJob).values(values))
    return job


def _again(task: str) -> dict[str, Any]:
    return {
        "task": task,
        "state": "waiting",
        "step": None,
        "rows_done": 0,
        "rows_total": 0,
        "attempt": 0,
        "cancel": False,
        "mark": None,
        "preview": None,
        "reason_en": None,
        "reason_fr": None,
        "finished_at": None,
    }


# === What a worker does, as the operator ==============================================================================

CLAIM = text("""
    UPDATE import_job AS job
       SET state = 'running', attempt = attempt + 1, beat_at = clock_timestamp(), rows_done = 0, rows_total = 0,
           step = NULL
     WHERE job_id = (
        SELECT job_id FROM import_job
         WHERE state = 'waiting'
            -- A beat that is yet to come is of a clock that was set back since.
            OR state = 'running' AND abs(extract(epoch FROM clock_timestamp() - beat_at)) > :stale
         ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING job.job_id, job.upload_id, job.import_batch_id, job.task, job.layer, job.table_name, job.options,
              job.attempt, job.version, job.mark, job.cancel,
              coalesce(CASE job.task WHEN 'write' THEN job.accepted_by END, job.created_by) AS actor
""")


def claim(connection: Connection, stale_seconds: float = STALE_SECONDS) -> Job | None:
    """Take up the oldest job that waits or has lost its worker; None where there is none."""
    while (found := connection.execute(CLAIM, {"stale": stale_seconds}).one_or_none()) is not None:
        if found.cancel:
            end(connection, found.job_id, found.attempt, "cancelled")
        elif found.attempt > MOST_ATTEMPTS:
            number = found.attempt - 1
            tired = Text(TIRED.en.format(number=number), TIRED.fr.format(number=number))
            end(connection, found.job_id, found.attempt, "failed", tired)
        else:
            return Job(
                found.job_id,
                found.upload_id,
                found.import_batch_id,
                found.task,
                found.layer,
                found.table_name,
                Options.of(found.options),
                found.attempt,
                found.version,
                found.mark,
                found.actor,
            )
    return None


def beat(connection: Connection, job: Job) -> bool:
    """Say that the worker lives; whether the job is still its own and not to be cancelled."""
    own = _is_own(job)
    alive = update(ImportJob).where(*own).values(beat_at=func.clock_timestamp()).returning(ImportJob.cancel)
    return connection.scalar(alive) is False


def tell_progress(connection: Connection, job: Job, step: str, done: int, total: int) -> None:
    """Note how far a job has come."""
    values = {"step": step, "rows_done": done, "rows_total": max(total, done)}
    connection.execute(update(ImportJob).where(*_is_own(job)).values(values))


def end(
    connection: Connection, job_id: uuid.UUID, attempt: int, state: str, reason: Text | None = None, **more: Any
) -> bool:
    """End an attempt; whether it was still under way."""
    values = {"state": state, "finished_at": func.now(), **more}
    if reason is not None:
        values |= {"reason_en": reason.en, "reason_fr": reason.fr}
    own = (ImportJob.job_id == job_id, ImportJob.state == "running", ImportJob.attempt == attempt)
    return connection.execute(update(ImportJob).where(*own).values(values)).rowcount == 1


def end_if_cancelled(connection: Connection, job: Job) -> None:
    """End a job that somebody has cancelled while it ran; one that came to its end before stays as it is."""
    own = (*_is_own(job), ImportJob.cancel)
    connection.execute(update(ImportJob).where(*own).values(state="cancelled", finished_at=func.now()))


def give_back(connection: Connection, job: Job) -> None:
    """Have a job wait again that came to no end; one that has ended meanwhile, or is another's, stays as it is."""
    connection.execute(update(ImportJob).where(*_is_own(job), ~ImportJob.cancel).values(state="waiting"))


def _is_own(job: Job) -> tuple[Any, ...]:
    return (ImportJob.job_id == job.job_id, ImportJob.state == "running", ImportJob.attempt == job.attempt)


def read_upload(connection: Connection, upload_id: uuid.UUID) -> Row[Any]:
    """An upload that the viewer may see; NotFoundError for any other."""
    asked = select(ImportUpload.__table__).where(ImportUpload.upload_id == upload_id)
    found = connection.execute(asked).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_JOB)
    return found
