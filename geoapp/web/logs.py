"""What the server logs: lines with the request's identifier, for people or for programs, and nothing of anybody.

No line bears a name, an address of a client, a path, a query or a value: where it happened, how long it took, of which
kind it was.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time

from flask import Flask, Response, current_app, g, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor

from geoapp.settings import Settings
from geoapp.web.request_id import request_id

# A statement holds no value, but may list hundreds of columns.
LONGEST_STATEMENT = 2000
# What a line says beside its words, in the order in which programs get it.
PARTS = ("method", "endpoint", "status", "ms", "bytes", "statement")
STARTED = "geoapp_started"

log = logging.getLogger("geoapp.web.requests")
slow_log = logging.getLogger("geoapp.web.slow")


def init_app(app: Flask) -> None:
    """Have geoapp's lines written as the settings say, and slow requests told."""
    settings: Settings = app.extensions["geoapp.settings"]
    logger = logging.getLogger("geoapp")
    for handler in [each for each in logger.handlers if isinstance(each, _Handler)]:
        logger.removeHandler(handler)
    logger.addHandler(_Handler(_Json() if settings.log_format == "json" else _Plain()))
    # A program that collects lines wants one of every request; a person looks for what went wrong.
    log.setLevel(logging.INFO if settings.log_format == "json" else logging.WARNING)
    app.before_request(_start)
    app.after_request(_tell)


def watch(engine: Engine, slow_ms: int) -> None:
    """Log each statement of an engine that takes longer; with 0 none."""
    if not slow_ms:
        return

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_: Connection, __: DBAPICursor, ___: str, ____: object, context: ExecutionContext, _____: bool) -> None:
        setattr(context, STARTED, time.monotonic())

    @event.listens_for(engine, "after_cursor_execute")
    def end(_: Connection, __: DBAPICursor, statement: str, ___: object, context: ExecutionContext, ____: bool) -> None:
        took = 1000 * (time.monotonic() - getattr(context, STARTED, time.monotonic()))
        if took >= slow_ms:
            words = " ".join(statement.split())[:LONGEST_STATEMENT]
            slow_log.warning("a slow statement", extra={"ms": round(took), "statement": words})


def _start() -> None:
    g.started = time.monotonic()


def _tell(response: Response) -> Response:
    settings: Settings = current_app.extensions["geoapp.settings"]
    took = 1000 * (time.monotonic() - g.started) if "started" in g else 0.0
    told = {
        "method": request.method,
        # The rule and not the path, which names rows.
        "endpoint": request.endpoint or "none",
        "status": response.status_code,
        "ms": round(took),
        "bytes": response.content_length,
    }
    if settings.slow_ms and took >= settings.slow_ms:
        slow_log.warning("a slow request", extra=told)
    log.info("a request", extra=told)
    return response


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes lines to the standard error."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)


def _request() -> str:
    return request_id() if has_request_context() else "-"


class _Plain(logging.Formatter):
    """A line for people: time, level, request, part of geoapp, and what it says."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line; a hyphen stands for a request where there is none."""
        record.request_id = _request()
        parts = [f"{name}={value}" for name in PARTS if (value := getattr(record, name, None)) is not None]
        return " ".join([super().format(record), *parts])


class _Json(logging.Formatter):
    """The same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, without what is not known."""
        told = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "request": _request(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in PARTS if (value := getattr(record, name, None)) is not None},
        }
        return json.dumps(told, ensure_ascii=False)
