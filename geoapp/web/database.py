"""The database as requests see it: one engine a process, one transaction a reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import current_app
from sqlalchemy import Connection, Engine

from geoapp.database.engine import open_engine
from geoapp.settings import Settings

KEY = "geoapp.engine"


def engine() -> Engine:
    """This process's engine, opened by its first request: after a fork, so that no two processes share a socket."""
    if KEY not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        current_app.extensions[KEY] = open_engine(settings)
    return cast(Engine, current_app.extensions[KEY])


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection in a read-only transaction."""
    with engine().connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield connection
