"""The database as requests see it: a role that owns nothing, and a viewer named in every transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import cast

from flask import Flask, current_app, g, request
from sqlalchemy import Connection, Engine, func, select

from geoapp.access.audit import set_request
from geoapp.access.viewer import Viewer, read_viewer, set_viewer_of_session
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings
from geoapp.web import credentials
from geoapp.web.limits import count_person
from geoapp.web.proxies import is_local
from geoapp.web.request_id import request_id
from geoapp.web.session import token_hash

KEY = "geoapp.engine"
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
        current_app.extensions[KEY] = open_web_engine(settings)
    return cast(Engine, current_app.extensions[KEY])


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection in a read-only transaction of the request's viewer."""
    with engine().connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        _introduce(connection)
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection in a transaction of the request's viewer, committed at the end."""
    with engine().begin() as connection:
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
    if request.blueprint == "health" or request.endpoint in {None, "static"}:
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
