"""What the server logs of requests: where they went and how long they took, and nothing of anybody."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, current_app, g, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor

from geoapp.logs import write_logs
from geoapp.settings import Settings
from geoapp.web.request_id import request_id

# A statement holds no value, but may list hundreds of columns.
LONGEST_STATEMENT = 2000
STARTED = "geoapp_started"

log = logging.getLogger("geoapp.web.requests")
slow_log = logging.getLogger("geoapp.web.slow")


def init_app(app: Flask) -> None:
    """Have geoapp's lines written as the settings say, and slow requests told."""
    settings: Settings = app.extensions["geoapp.settings"]
    write_logs(settings, _request)
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


def _request() -> str:
    return request_id() if has_request_context() else "-"
