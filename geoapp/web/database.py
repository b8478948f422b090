"""The database as requests see it: a role that owns nothing, and a viewer named in every transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from flask import current_app, g
from sqlalchemy import Connection, Engine

from geoapp.access.viewer import Viewer, read_viewer, set_viewer_of_session
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings
from geoapp.snapshot.changes import Reading, Watch
from geoapp.snapshot.snapshot import Snapshot
from geoapp.snapshot.store import Store, default_home
from geoapp.web.session import token_hash

KEY = "geoapp.engine"
KEPT = "geoapp.kept"


def engine() -> Engine:
    """This process's engine, opened by its first request: after a fork, so that no two processes share a socket."""
    if KEY not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        current_app.extensions[KEY] = open_web_engine(settings)
    return cast(Engine, current_app.extensions[KEY])


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection in a read-only transaction of the request's viewer."""
    with engine().connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        set_viewer_of_session(connection, token_hash())
        yield connection


def look() -> Reading:
    """What the request's viewer would read now, by one question."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return _kept().watch.start(connection, token_hash())


@contextmanager
def reading_one_version() -> Iterator[tuple[Connection, Reading]]:
    """A read-only transaction of the request's viewer all of whose statements see the same, and what they see."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine().connect().execution_options(**options) as connection:
        started = restart(connection)
        _kept().store.keep_rights(connection, started)
        yield connection, started


def restart(connection: Connection) -> Reading:
    """Begin a transaction of the request's viewer on a connection that is in none; what it sees."""
    return _kept().watch.start(connection, token_hash())


def read_snapshot(connection: Connection, started: Reading) -> Snapshot:
    """The incidents that the viewer of such a transaction may see."""
    return _kept().store.read(connection, started)


@dataclass(frozen=True)
class _Kept:
    """What this process knows of the database beside its connections."""

    watch: Watch
    store: Store


def _kept() -> _Kept:
    if KEPT not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        current_app.extensions.setdefault(KEPT, _Kept(Watch(), Store(default_home(settings.home))))
    return cast(_Kept, current_app.extensions[KEPT])


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection in a transaction of the request's viewer, committed at the end."""
    with engine().begin() as connection:
        set_viewer_of_session(connection, token_hash())
        yield connection


def current_viewer() -> Viewer:
    """The request's viewer with their rights."""
    if "viewer" not in g:
        with reading() as connection:
            g.viewer = read_viewer(connection)
    return cast(Viewer, g.viewer)
