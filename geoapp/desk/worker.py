"""The worker: takes jobs from the queue one after the other, each done by a process of its own.

So a job can be ended at any moment, and takes nothing with it: what it had not committed is gone with its connection.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from geoapp.database.engine import open_engine
from geoapp.desk import jobs, tasks, uploads
from geoapp.desk.jobs import Job
from geoapp.keeper import die_with_parent, kept
from geoapp.scratch import clear
from geoapp.settings import Settings

REST_SECONDS = 0.5
BEAT_SECONDS = 1.0
CLEAN_SECONDS = 3600.0
RESTART_SECONDS = 1.0

log = logging.getLogger(__name__)


class Worker:
    """One worker; `stale_seconds` is after how long a silent one's job is taken up again."""

    def __init__(self, settings: Settings, stale_seconds: float = jobs.STALE_SECONDS):
        self.settings = settings
        self.stale_seconds = stale_seconds
        self.engine: Engine = open_engine(settings)
        self._cleaned = -CLEAN_SECONDS
        # What came to no end, and could not be given back at once.
        self._left: Job | None = None

    def run(self) -> None:
        """Work until the process is ended, or its parent is gone."""
        parent = os.getppid()
        while os.getppid() == parent:
            try:
                if not self.step():
                    self._clean()
                    time.sleep(REST_SECONDS)
            except SQLAlchemyError as error:
                # The database may be on its way down, or back.
                log.warning("the queue of imports cannot be read: %s", type(error).__name__)
                time.sleep(RESTART_SECONDS)

    def step(self) -> bool:
        """Do the next job; whether there was one."""
        self._give_back()
        with self.engine.begin() as connection:
            job = jobs.claim(connection, self.stale_seconds)
        if job is None:
            return False
        started = time.monotonic()
        self._attend(job, self._start(job))
        took = round(1000 * (time.monotonic() - started))
        log.info("a job", extra={"task": job.task, "attempt": job.attempt, "ms": took})
        return True

    def _start(self, job: Job) -> int:
        # No two processes may talk over one connection.
        self.engine.dispose()
        child = os.fork()
        if child == 0:
            self._work(job)
        return child

    def _work(self, job: Job) -> None:
        """In the child: do the job, and end."""
        code = 1
        try:
            die_with_parent()
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            engine = open_engine(self.settings)
            tasks.do(self.settings, engine, job)
            code = 0
        except (SQLAlchemyError, KeyboardInterrupt) as error:
            log.warning("a job came to no end: %s", type(error).__name__)
        finally:
            # Nothing of the process that it was forked from is to be ended with it.
            with contextlib.suppress(Exception):
                from geoapp.ingest import confined  # noqa: PLC0415 - only what the job itself has used is closed.

                confined._POOL.close()
            os._exit(code)

    def _attend(self, job: Job, child: int) -> None:
        """Say that the job lives as long as it does, and end it when it is cancelled or another's."""
        last = time.monotonic()
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                self._left = job if status else None
                break
            time.sleep(0.05)
            if time.monotonic() - last < BEAT_SECONDS:
                continue
            last = time.monotonic()
            with contextlib.suppress(SQLAlchemyError):
                with self.engine.begin() as connection:
                    own = jobs.beat(connection, job)
                if not own:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    break
        with self.engine.begin() as connection:
            jobs.end_if_cancelled(connection, job)
        self._give_back()

    def _give_back(self) -> None:
        """Have what came to no end begun anew; without this it would be once nobody was heard of for long."""
        if self._left is None:
            return
        with self.engine.begin() as connection:
            jobs.give_back(connection, self._left)
        self._left = None

    def _clean(self) -> None:
        if time.monotonic() - self._cleaned < CLEAN_SECONDS:
            return
        self._cleaned = time.monotonic()
        with self.engine.begin() as connection:
            uploads.remove_old(connection, self.settings)
        for place in (Path(tempfile.gettempdir()), self.settings.home / uploads.UPLOADS):
            clear(place)


@contextlib.contextmanager
def working() -> Iterator[None]:
    """Keep a worker running as long as the context lasts, a new one wherever one has died.

    It is a program of its own, `geoapp worker`, that reads the same environment.
    """
    with kept(_become_a_worker):
        yield


def _become_a_worker() -> None:
    """The program takes the place of the process that was forked, of which nothing is inherited but its parent."""
    # Ctrl-C at the terminal is for the server, which ends the worker.
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-m", "geoapp", "worker"])  # noqa: S606
