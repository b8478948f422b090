"""The sealer: a process beside the server that seals the audit each minute, and keeps the head outside the database."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

from sqlalchemy import Engine

from geoapp.access.heads import append_head, database_name, head_files
from geoapp.access.seals import Head, seal
from geoapp.access.sign_in import note_sign_ins
from geoapp.database.audit_key import seal_key
from geoapp.database.engine import open_engine
from geoapp.errors import GeoappError
from geoapp.keeper import kept
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
    with kept(lambda: _seal_on(settings)):
        yield


def _seal_on(settings: Settings) -> None:
    """Seal at once and then each minute, whatever goes wrong."""
    engine = open_engine(settings)
    while True:
        _try(engine, settings)
        time.sleep(SECONDS)


def _try(engine: Engine, settings: Settings) -> None:
    started = time.monotonic()
    try:
        _, faults = seal_once(engine, settings)
        for fault in faults:
            log.warning("%s", fault)
        log.info("the audit is sealed", extra={"ms": round(1000 * (time.monotonic() - started))})
    except GeoappError as error:
        log.warning("the audit is not sealed: %s", error)
    # Whatever it is, the next minute may be better; what it says could quote a row.
    except Exception as error:
        log.warning("the audit is not sealed: %s", type(error).__name__)
