"""The database as requests see it: a role that owns nothing, and a viewer named in every transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import TypeVar, cast

from flask import Flask, current_app, g, request
from psycopg import Error as DriverError
from psycopg import InterfaceError as BrokenOffError
from psycopg import OperationalError as AwayError
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.sql.functions import FunctionElement

from geoapp.access.audit import set_request
from geoapp.access.viewer import Viewer, read_viewer, set_viewer_of_feed, set_viewer_of_session
from geoapp.database.commits import Commits
from geoapp.database.engine import open_request_engine, open_standby_engines
from geoapp.database.floor import Floor
from geoapp.database.replicas import Replicas, Server, place_seen
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
from geoapp.web.written import note_written, place_written

Answer = TypeVar("Answer")

KEY = "geoapp.engine"
REPLICAS = "geoapp.replicas"
KEPT = "geoapp.kept"
SEEN = "geoapp.seen"
# How exactly it is known when a session or a token was last seen: a map asks for many tiles at once.
SEEN_EVERY_SECONDS = 30
MOST_SEEN = 10_000
SAFE = {"GET", "HEAD"}
# What is done for their pages is written by another process: who was told of it has to find it.
TOLD_OF = {"desk"}
# What a statement that took too long is called: it would take as long elsewhere.
TOO_LONG = "57014"
# Further than any server is.
UNKNOWN = 2**64 - 1
WROTE = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")

log = logging.getLogger(__name__)
_opening = Lock()


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


def replicas() -> Replicas:
    """The servers that this process reads from; without GEOAPP_READ_URLS the primary alone."""
    if REPLICAS not in current_app.extensions:
        with _opening:
            if REPLICAS not in current_app.extensions:
                settings: Settings = current_app.extensions["geoapp.settings"]
                standbys = open_standby_engines(settings)
                for each in standbys:
                    watch(each, settings.slow_ms)
                current_app.extensions[REPLICAS] = Replicas(engine(), standbys, Floor(settings.home))
    return cast(Replicas, current_app.extensions[REPLICAS])


def stands_by() -> bool:
    """Whether the primary is away, and a standby answers what is only read."""
    known = replicas()
    return known.primary.away and not all(each.away for each in known.standbys)


def asked_again(work: Callable[[], Answer]) -> Answer:
    """Do work that only reads; again, by another server, where a standby breaks off while it answers."""
    while True:
        try:
            return work()
        except (DBAPIError, DriverError) as error:
            if not _may_ask_again(error):
                raise
            g.pop("viewer", None)


def _may_ask_again(error: DBAPIError | DriverError) -> bool:
    standby = g.pop("standby", None)
    cause = error.orig if isinstance(error, DBAPIError) else error
    if standby is None or not _reads() or not isinstance(cause, AwayError | BrokenOffError):
        return False
    if cause.sqlstate == TOO_LONG:
        return False
    log.warning("a standby broke off: %s", type(cause).__name__)
    standby.note_away()
    return True


def _reads() -> bool:
    """Whether the request changes nothing: then it may be answered by a standby, and asked twice."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method in SAFE or bool(getattr(view, "answers_only", False))


@contextmanager
def _reader(**options: object) -> Iterator[Connection]:
    """A connection for what is only read; of the primary where the request goes on to write."""
    known = replicas()
    connection = known.connect(place_written(), of_primary=not _reads())
    standby = known.server_of(connection)
    if standby is not None:
        # It is read-only, and refuses that another transaction is set back to what it cannot be.
        options.pop("postgresql_readonly", None)
    with _of_server(standby), connection:
        yield connection.execution_options(**options)


@contextmanager
def _of_server(standby: Server | None) -> Iterator[None]:
    """Know which standby an error inside is of; none where the primary is asked."""
    before, g.standby = g.get("standby"), standby
    yield
    g.standby = before


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection in a read-only transaction of the request's viewer."""
    with _reader() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        _introduce(connection)
        yield connection
        if request.blueprint in TOLD_OF and replicas().standbys:
            note_written(place_seen(connection))


@contextmanager
def reading_feed(token_hash: str) -> Iterator[Connection | None]:
    """A read-only transaction of the person whose feed a token opens; None where it opens none."""
    with _reader() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        set_request(connection, request_id())
        name = set_viewer_of_feed(connection, token_hash, on_loopback=is_local())
        if name is not None:
            count_person(name)
        yield None if name is None else connection


def touch_feed(token_hash: str) -> None:
    """Note that a feed's token was used."""
    _touch(func.touch_token(token_hash))


def look() -> Reading:
    """What the request's viewer would read now: as it was told a moment ago, else by one question."""
    looks = _kept().looks
    name, token = credentials.sent() if credentials.by_token() else ("", None)
    asker = (None if token else token_hash(), token, is_local(), place_written())
    known = looks.get(asker)
    if known is not None and name in {"", known.viewer}:
        count_person(known.viewer)
        return known
    mark, since = looks.mark(), monotonic()
    with _reader(isolation_level="AUTOCOMMIT") as connection:
        started = restart(connection)
    looks.put(asker, started, mark, since)
    return started


@contextmanager
def reading_one_version() -> Iterator[tuple[Connection, Reading]]:
    """A read-only transaction of the request's viewer all of whose statements see the same, and what they see."""
    with _reader(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        started = restart(connection)
        _kept().store.keep_rights(connection, started)
        yield connection, started


def restart(connection: Connection) -> Reading:
    """Begin a transaction of the request's viewer on a connection that is in none; what it sees."""
    watch, on_loopback = _kept().watch_of(connection), is_local()
    if credentials.by_token():
        name, hashed = credentials.sent()
        started = watch.start(connection, token=hashed, on_loopback=on_loopback)
        if started is None or name not in {"", started.viewer}:
            raise UnauthorizedError(credentials.WRONG)
    else:
        started = watch.start(connection, session=token_hash(), on_loopback=on_loopback)
        assert started is not None  # noqa: S101 - without a session it is the public.
    count_person(started.viewer)
    if started.changed:
        replicas().note_seen(started.place, started.history)
    return started


def read_snapshot(connection: Connection, started: Reading) -> Snapshot:
    """The incidents that the viewer of such a transaction may see."""
    return _kept().store.read(connection, started)


@dataclass(frozen=True)
class _Kept:
    """What this process knows of the database beside its connections."""

    store: Store
    looks: Looks
    # One for each server, none of which is ever behind what it has told before.
    watches: dict[Engine, Watch] = field(default_factory=dict)

    def watch_of(self, connection: Connection) -> Watch:
        """What is known of the server of a connection."""
        return self.watches.setdefault(connection.engine, Watch())


def _kept() -> _Kept:
    if KEPT not in current_app.extensions:
        settings: Settings = current_app.extensions["geoapp.settings"]
        made = _Kept(Store(default_home(settings.home)), Looks(Commits(settings.home)))
        current_app.extensions.setdefault(KEPT, made)
    return cast(_Kept, current_app.extensions[KEPT])


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection in a transaction of the request's viewer, committed at the end."""
    with _of_server(None), engine().connect() as connection, _noted(connection):
        yield connection


@contextmanager
def writing_one_version() -> Iterator[Connection]:
    """The same, all of whose statements see the same."""
    options = {"isolation_level": "REPEATABLE READ"}
    with _of_server(None), engine().connect().execution_options(**options) as connection, _noted(connection):
        yield connection


@contextmanager
def _noted(connection: Connection) -> Iterator[None]:
    """A transaction of the request's viewer; where standbys are read, what it wrote is noted as written."""
    followed, wrote = bool(replicas().standbys), False
    with connection.begin():
        _introduce(connection)
        yield
        if followed:
            wrote = bool(connection.scalar(WROTE))
    if wrote:
        try:
            note_written(place_seen(connection))
        except DBAPIError:
            # It is written, and nobody knows where: no standby is known to be as far.
            note_written(UNKNOWN)


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
    _touch(func.touch_token(hashed) if credentials.by_token() else func.touch_session(hashed))


def _touch(touched: FunctionElement[object]) -> None:
    """Note that something was used; without the primary, who reads of standbys need not wait until it can be."""
    known = replicas()
    if known.standbys and known.primary.away:
        return
    try:
        with engine().begin() as connection:
            connection.execute(select(touched))
    except OperationalError as error:
        if not known.standbys:
            raise
        log.warning("that somebody was seen is not noted: %s", type(error).__name__)
