"""What the tests of the desk share: bringing a file as one of the cast, and a worker that does what waits."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from geoapp.access.acting import acting_engine
from geoapp.desk import jobs
from geoapp.desk.uploads import Brought, keep_files, record_upload
from geoapp.desk.worker import Worker
from geoapp.settings import Settings


def at_home(settings: Settings, home: Path) -> Settings:
    """The same settings with a home of their own, where uploads go."""
    return replace(settings, home=home)


def upload(settings: Settings, name: str, *paths: Path) -> uuid.UUID:
    """Bring files as one of the cast, as the form does; the upload of the first."""
    opened = [path.open("rb") for path in paths]
    kept = keep_files(settings, [Brought(path.name, file) for path, file in zip(paths, opened, strict=True)])
    for file in opened:
        file.close()
    with acting_engine(settings, name) as engine, engine.begin() as connection:
        return next(record_upload(connection, each) for each in kept)


def work(settings: Settings) -> int:
    """Do all that waits; how many jobs that were."""
    worker, done = Worker(settings), 0
    while worker.step():
        done += 1
    worker.engine.dispose()
    return done


def layers_of(engine: Engine, upload_id: uuid.UUID) -> list[Any]:
    """The jobs of an upload's layers, in the order of the file."""
    with engine.connect() as connection:
        return [job for job in jobs.jobs_of(connection, upload_id) if job.task != "open"]


def ready(settings: Settings, engine: Engine, name: str, *paths: Path) -> Any:
    """Bring a file of one layer and preview it; its job."""
    upload_id = upload(settings, name, *paths)
    work(settings)
    (job,) = layers_of(engine, upload_id)
    assert job.state == "ready", (job.state, job.reason_en)
    return job


def accept(settings: Settings, name: str, job: Any) -> None:
    """Accept a preview as one of the cast."""
    with acting_engine(settings, name) as engine, engine.begin() as connection:
        jobs.accept(connection, job.job_id, job.mark)


def one(engine: Engine, job: Any) -> Any:
    """A job as it is now."""
    with engine.connect() as connection:
        return jobs.read_job(connection, job.job_id)


def count(engine: Engine, table: str) -> int:
    """How many rows a table has."""
    with engine.connect() as connection:
        return connection.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0
