"""Connections that wait so long for the server and no longer: a line that was cut says nothing at all."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout
from sqlalchemy import Engine, event

Answer = TypeVar("Answer")

SILENT = "the server has not answered for {seconds:g} s"
AWAY = "the server did not answer a moment ago"


class Patience:
    """How long the connections of an engine wait for each answer, and what they know of a server that is away.

    Once the server did not answer, connections are refused for `rest_seconds` without asking it, but for one that looks
    whether it is back: requests that cannot be answered do not queue behind each other.
    """

    def __init__(self, seconds: float, rest_seconds: float = 1.0):
        self.seconds = seconds
        self.rest_seconds = rest_seconds
        self._away_since: float | None = None
        self._lock = threading.Lock()

    def kept_by(self, engine: Engine) -> Engine:
        """The engine, whose connections from now on keep to it."""
        patience = self

        class Connection(psycopg.Connection[Any]):
            """One that is closed by whoever waits too long for it, so that no pool hands it out again."""

            def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
                if timeout is not None:
                    return super().wait(gen, interval, timeout)
                try:
                    return super().wait(gen, interval, patience.seconds)
                except _WaitTimeout:
                    self.pgconn.finish()
                    patience.note_away()
                    raise psycopg.OperationalError(SILENT.format(seconds=patience.seconds)) from None

        @event.listens_for(engine, "do_connect")
        def connect(_: object, __: object, words: tuple[Any, ...], named: dict[str, Any]) -> Connection:
            if not patience.may_ask():
                raise psycopg.OperationalError(AWAY)
            try:
                made = Connection.connect(*words, **named)
            except psycopg.OperationalError:
                patience.note_away()
                raise
            patience.note_back()
            return made

        return engine

    def may_ask(self) -> bool:
        """Whether the server is worth asking: it was not away a moment ago, or it is time to look."""
        with self._lock:
            now = time.monotonic()
            if self._away_since is None or now - self._away_since >= self.rest_seconds:
                if self._away_since is not None:
                    # Whoever comes while this one looks is refused.
                    self._away_since = now
                return True
            return False

    def note_away(self) -> None:
        """The server did not answer."""
        with self._lock:
            self._away_since = time.monotonic()

    def note_back(self) -> None:
        """The server answered."""
        with self._lock:
            self._away_since = None


@contextlib.contextmanager
def cut_when_silent(connection: psycopg.Connection[Any], seconds: float) -> Iterator[Callable[[], None]]:
    """Cut a connection that is read straight from libpq once nothing was heard for so long.

    What it gives is called whenever something was heard. Whoever reads what was cut gets an error, and waits no longer.
    """
    heard = time.monotonic()
    over = threading.Event()
    # Of its own, so that it can be closed here whatever becomes of the connection.
    line = socket.socket(fileno=os.dup(connection.fileno()))

    def note() -> None:
        nonlocal heard
        heard = time.monotonic()

    def watch() -> None:
        while not over.wait(min(1.0, seconds)):
            if time.monotonic() - heard > seconds:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield note
    finally:
        over.set()
        watcher.join()
        line.close()
