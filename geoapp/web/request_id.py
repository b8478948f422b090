"""The identifier of a request: in its answer, its log lines and the audit, so that the three can be put together."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g

HEADER = "X-Request-ID"


def init_app(app: Flask) -> None:
    """Send it with every response."""
    app.after_request(_send)


def request_id() -> str:
    """The identifier of the current request: random, since one that a client names could be another's."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    made: str = g.request_id
    return made


def _send(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response
