"""The identifier of a request: in its answer, its log lines and the audit, so that the three can be put together."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, g, has_request_context

HEADER = "X-Request-ID"


def init_app(app: Flask) -> None:
    """Send it with every response, and have geoapp's log lines begin with it."""
    app.after_request(_send)
    logger = logging.getLogger("geoapp")
    if not any(isinstance(handler, _Handler) for handler in logger.handlers):
        logger.addHandler(_Handler())


def request_id() -> str:
    """The identifier of the current request: random, since one that a client names could be another's."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    made: str = g.request_id
    return made


def _send(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes lines to the standard error, each with its time, its level and its request."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"))

    def format(self, record: logging.LogRecord) -> str:
        """The line; a hyphen stands for a request where there is none."""
        record.request_id = request_id() if has_request_context() else "-"
        return super().format(record)
