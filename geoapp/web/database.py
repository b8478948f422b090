"""The database as requests see it: a role that owns nothing, and a viewer named in every transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import cast

from flask import Flask, current_app, g, request
from sqlalchemy import Connection, Engine, func, select

from geoapp.access.audit import set_request
from geoapp.access.viewer import Viewer, read_viewer, set_viewer_of_feed, set_viewer_of_session
from geoapp.database.commits import Commits
from geoapp.database.engine import open_request_engine
from geoapp.errors import UnauthorizedError
from geoapp.settings import Settings
from geoapp.snapshot.changes import Reading, Watch
from geoapp.snapshot.snapshot import Snapshot
from geoapp.snapshot.store import Store, default_home
from geoapp.web import credentials
from geoapp.web.limits import count_person
from geoapp.web.logs import watch
from geoapp.web.looks import Looks
from geoapp.web.proxies import is_local
from geoapp.web.request_id import request_id
from geoapp.web.session import token_hash

KEY = "geoapp.engine"
KEPT = "geoapp.kept"
SEEN = "geoapp.seen"
# How exactly it is known when a session or a token was last seen: a map asks for many tiles at once.
SEEN_EVERY_SECONDS = 30
MOST_SEEN = 10_000


def init_app(app: Flask) -> None:
    """Note when sessions and tokens are used."""
    app.extensions[SEEN] = {}
    app.before_request(_note_seen)


def engine() -> Engine:
    """This process's engine, opened by its first request: after a fork, so that no two processes share a socket."""
    if KEY not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        opened = open_request_engine(settings)
        watch(opened, settings.slow_ms)
        current_app.extensions[KEY] = opened
    return cast(Engine, current_app.extensions[KEY])


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection in a read-only transaction of the request's viewer."""
    with engine().connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        _introduce(connection)
        yield connection


@contextmanager
def reading_feed(token_hash: str) -> Iterator[Connection | None]:
    """A read-only transaction of the person whose feed a token opens; None where it opens none."""
    with engine().connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        set_request(connection, request_id())
        name = set_viewer_of_feed(connection, token_hash, on_loopback=is_local())
        if name is not None:
            count_person(name)
        yield None if name is None else connection


def touch_feed(token_hash: str) -> None:
    """Note that a feed's token was used."""
    with engine().begin() as connection:
        connection.execute(select(func.touch_token(token_hash)))


def look() -> Reading:
    """What the request's viewer would read now: as it was told a moment ago, else by one question."""
    looks = _kept().looks
    name, token = credentials.sent() if credentials.by_token() else ("", None)
    asker = (None if token else token_hash(), token, is_local())
    known = looks.get(asker)
    if known is not None and name in {"", known.viewer}:
        count_person(known.viewer)
        return known
    mark, since = looks.mark(), monotonic()
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        started = restart(connection)
    looks.put(asker, started, mark, since)
    return started


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
    watch, on_loopback = _kept().watch, is_local()
    if credentials.by_token():
        name, hashed = credentials.sent()
        started = watch.start(connection, token=hashed, on_loopback=on_loopback)
        if started is None or name not in {"", started.viewer}:
            raise UnauthorizedError(credentials.WRONG)
    else:
        started = watch.start(connection, session=token_hash(), on_loopback=on_loopback)
        assert started is not None  # noqa: S101 - without a session it is the public.
    count_person(started.viewer)
    return started


def read_snapshot(connection: Connection, started: Reading) -> Snapshot:
    """The incidents that the viewer of such a transaction may see."""
    return _kept().store.read(connection, started)


@dataclass(frozen=True)
class _Kept:
    """What this process knows of the database beside its connections."""

    watch: Watch
    store: Store
    looks: Looks


def _kept() -> _Kept:
    if KEPT not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        made = _Kept(Watch(), Store(default_home(settings.home)), Looks(Commits(settings.home)))
        current_app.extensions.setdefault(KEPT, made)
    return cast(_Kept, current_app.extensions[KEPT])


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection in a transaction of the request's viewer, committed at the end."""
    with engine().begin() as connection:
        _introduce(connection)
        yield connection


@contextmanager
def writing_one_version() -> Iterator[Connection]:
    """The same, all of whose statements see the same."""
    with engine().connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        _introduce(connection)
        yield connection


def _introduce(connection: Connection) -> None:
    """Name the viewer of the transaction, and the request that its events are of; count the request for them."""
    set_request(connection, request_id())
    if credentials.by_token():
        name = credentials.introduce(connection)
    else:
        name = set_viewer_of_session(connection, token_hash(), on_loopback=is_local())
    count_person(name)


def current_viewer() -> Viewer:
    """The request's viewer with their rights."""
    if "viewer" not in g:
        with reading() as connection:
            g.viewer = read_viewer(connection)
    return cast(Viewer, g.viewer)


def _note_seen() -> None:
    # These answer while the database is away, too.
    if request.blueprint in {"health", "metrics"} or request.endpoint in {None, "static", "sign_in.sign_out"}:
        return
    hashed = credentials.sent_token_hash() if credentials.by_token() else token_hash()
    seen: dict[str, float] = current_app.extensions[SEEN]
    if hashed is None or monotonic() - seen.get(hashed, -SEEN_EVERY_SECONDS) < SEEN_EVERY_SECONDS:
        return
    if len(seen) >= MOST_SEEN:
        seen.clear()
    seen[hashed] = monotonic()
    touched = func.touch_token(hashed) if credentials.by_token() else func.touch_session(hashed)
    with engine().begin() as connection:
        connection.execute(select(touched))
