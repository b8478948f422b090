"""The sealer: a process beside the server that seals the audit each minute, and keeps the head outside the database."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Iterator

from sqlalchemy import Engine

from geoapp.access.heads import append_head, database_name, head_files
from geoapp.access.seals import Head, seal
from geoapp.access.sign_in import note_sign_ins
from geoapp.database.audit_key import seal_key
from geoapp.database.engine import open_engine
from geoapp.errors import GeoappError
from geoapp.settings import Settings

SECONDS = 60

log = logging.getLogger(__name__)


def seal_once(engine: Engine, settings: Settings, new_key: bool = False) -> tuple[Head | None, list[str]]:
    """Seal what can be sealed, and keep the head in its files; the head, and what went wrong with which file.

    What waits to be counted in the audit is written before, so that this seal has it, too.
    """
    with engine.begin() as connection:
        note_sign_ins(connection)
    with engine.begin() as connection:
        head = seal(connection, seal_key(settings), new_key)
    faults: list[str] = []
    if head is None:
        return None, faults
    for path in head_files(settings):
        try:
            append_head(path, head, database_name(settings))
        except OSError as error:
            faults.append(f"The head of the audit cannot be kept in {path}: {error.strerror}.")
    return head, faults


@contextlib.contextmanager
def sealing(settings: Settings) -> Iterator[None]:
    """Seal each minute as long as the context lasts, in a process of its own.

    The operator's connection that this takes is thereby none of the processes that answer requests. Several of them, of
    one machine or many, take turns.
    """
    child = os.fork()
    if child == 0:
        _seal_until_orphaned(settings)
    try:
        yield
    finally:
        # The server may have collected it already, or ended it together with its terminal.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)


def _seal_until_orphaned(settings: Settings) -> None:
    """Seal at once and then each minute, whatever goes wrong; ends the process when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    try:
        engine = open_engine(settings)
        while os.getppid() == parent:
            _try(engine, settings)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end and os.getppid() == parent:
                time.sleep(1)
    finally:
        # Nothing of the process that it was forked from is to be ended with it.
        os._exit(0)


def _try(engine: Engine, settings: Settings) -> None:
    try:
        _, faults = seal_once(engine, settings)
        for fault in faults:
            log.warning("%s", fault)
    except GeoappError as error:
        log.warning("the audit is not sealed: %s", error)
    # Whatever it is, the next minute may be better; what it says could quote a row.
    except Exception as error:
        log.warning("the audit is not sealed: %s", type(error).__name__)
