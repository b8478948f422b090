"""Making a standby the primary, once the one that it followed is gone."""

from __future__ import annotations

import time

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from geoapp.errors import DatabaseError

PROMOTE_SECONDS = 60
ASK_SECONDS = 3
FOLLOWED = text("SELECT current_setting('primary_conninfo')")
PROMOTE = text("SELECT pg_promote(true, :seconds)")

STILL_THERE = (
    "The primary that this standby follows still answers, and two that take writes would part for good. Nothing was"
    " done. Stop the primary first (`geoapp db down` there): it hands over all that it has."
)
NO_STANDBY = "This database is no standby: it takes writes already. Nothing was done."


def promote(engine: Engine) -> None:
    """Have a standby take writes, by an engine of the operator's.

    Raises DatabaseError where it is none, where its primary still answers, and where it does not come about.
    """
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not is_standby(connection):
                raise DatabaseError(NO_STANDBY)
            if _answers(str(connection.scalar(FOLLOWED) or "")):
                raise DatabaseError(STILL_THERE)
            _await_all(connection)
            if not connection.scalar(PROMOTE, {"seconds": PROMOTE_SECONDS}):
                raise DatabaseError(
                    f"The standby was not promoted within {PROMOTE_SECONDS} s. Look into its log, and try again."
                )
            # What is kept of rows is told apart by the history of their server, which this writes down at once.
            connection.execute(text("CHECKPOINT"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseError(f"The standby cannot be reached: {reason}\nStart it with `geoapp db up`.") from error


def is_standby(connection: Connection) -> bool:
    """Whether the server of a connection follows another."""
    return bool(connection.scalar(text("SELECT pg_is_in_recovery()")))


def _answers(address: str) -> bool:
    """Whether there is a server at a libpq address that takes writes, or is about to."""
    try:
        with psycopg.connect(address, dbname="postgres", connect_timeout=ASK_SECONDS) as connection:
            row = connection.execute("SELECT NOT pg_is_in_recovery()").fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError as error:
        # One that refuses this role, or is starting, is there.
        return error.sqlstate is not None


def _await_all(connection: Connection) -> None:
    """Wait until all is replayed that has arrived."""
    end = time.monotonic() + PROMOTE_SECONDS
    arrived = text("SELECT coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true)")
    while not connection.scalar(arrived) and time.monotonic() < end:
        time.sleep(0.05)
