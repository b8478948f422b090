"""How far a browser has written: no standby answers it that is not as far."""

from __future__ import annotations

import re

from flask import Flask, Response, g

from geoapp.web.session import brought, give

COOKIE = "geoapp_written"
PLACE = re.compile(r"[0-9a-f]{1,16}", re.ASCII)
# Longer than any standby is behind that is of use.
SECONDS = 24 * 3600


def init_app(app: Flask) -> None:
    """Tell the browser with the answer to what it wrote."""
    app.after_request(_tell)


def place_written() -> int:
    """The place in the database's log up to which the request's browser has written, this request too; else 0."""
    told = brought(COOKIE) or ""
    this: int = g.get("written", 0)
    return max(int(told, 16) if PLACE.fullmatch(told) else 0, this)


def note_written(place: int) -> None:
    """The request has written, or was told of what was written, up to a place in the log."""
    g.written = max(place, g.get("written", 0))


def _tell(response: Response) -> Response:
    if "written" in g:
        give(response, COOKIE, f"{g.written:x}", SECONDS)
    return response
