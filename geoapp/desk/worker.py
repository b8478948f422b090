"""The worker: takes jobs from the queue one after the other, each done by a process of its own.

So a job can be ended at any moment, and takes nothing with it: what it had not committed is gone with its connection.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
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
from geoapp.scratch import clear
from geoapp.settings import Settings

REST_SECONDS = 0.5
BEAT_SECONDS = 1.0
CLEAN_SECONDS = 3600.0
RESTART_SECONDS = 1.0
# <sys/prctl.h>: have the kernel send a signal when the parent is gone.
PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


class Worker:
    """One worker; `stale_seconds` is after how long a silent one's job is taken up again."""

    def __init__(self, settings: Settings, stale_seconds: float = jobs.STALE_SECONDS):
        self.settings = settings
        self.stale_seconds = stale_seconds
        self.engine: Engine = open_engine(settings)
        self._cleaned = -CLEAN_SECONDS

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
        with self.engine.begin() as connection:
            job = jobs.claim(connection, self.stale_seconds)
        if job is None:
            return False
        self._attend(job, self._start(job))
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
            _die_with_parent()
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
            done, _ = os.waitpid(child, os.WNOHANG)
            if done:
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

    def _clean(self) -> None:
        if time.monotonic() - self._cleaned < CLEAN_SECONDS:
            return
        self._cleaned = time.monotonic()
        with self.engine.begin() as connection:
            uploads.remove_old(connection, self.settings)
        for place in (Path(tempfile.gettempdir()), self.settings.home / uploads.UPLOADS):
            clear(place)


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have gone before.
    if os.getppid() == 1:
        os._exit(1)


@contextlib.contextmanager
def working() -> Iterator[None]:
    """Keep a worker running as long as the context lasts, a new one wherever one has died.

    It is a program of its own, `geoapp worker`, that reads the same environment.
    """
    keeper = os.fork()
    if keeper == 0:
        _keep_one()
    try:
        yield
    finally:
        # The server may have collected it already, or ended it together with its terminal.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(keeper, signal.SIGTERM)
            os.waitpid(keeper, 0)


def _keep_one() -> None:
    """In the keeper: start a worker, and another when it ends; ends it with itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended = False

    def stop(*_: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, stop)
    parent = os.getppid()
    worker: subprocess.Popen[bytes] | None = None
    try:
        while not ended and os.getppid() == parent:
            if worker is None or worker.poll() is not None:
                worker = subprocess.Popen([sys.executable, "-m", "geoapp", "worker"], start_new_session=True)
            time.sleep(0.2 if worker.poll() is None else RESTART_SECONDS)
    finally:
        if worker is not None:
            worker.kill()
            worker.wait()
        os._exit(0)
