"""How long anybody may keep an answer: what depends on who asks is theirs alone, and is asked for again each time.

What does not may be kept by a cache that all share: built files, and boundaries and the base map at their version.
"""

from __future__ import annotations

from flask import Flask, Response, g, request

# Built files, which are the same for everybody.
SHARED = "static"
# What an answer depends on beside its address: who asks, and the language that their browser prefers.
VARIES_BY = ("Cookie", "Authorization", "Accept-Language")
# What has its version in its address is never another.
FOREVER = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Mark every answer but the built files; a view may be stricter, never laxer."""
    app.after_request(_mark)


def mark_everybodys() -> None:
    """Let everybody keep the answer of this request: it is the same for all, and its address holds its version."""
    g.everybodys = True


def _mark(response: Response) -> Response:
    if request.endpoint == SHARED and response.status_code < 400:
        return response
    if "everybodys" in g and response.status_code in {200, 304} and "Set-Cookie" not in response.headers:
        response.headers["Cache-Control"] = FOREVER
        return response
    response.vary.update(VARIES_BY)
    kept = response.cache_control
    kept.public = False
    if not kept.no_store:
        # The browser may keep it, and asks each time whether it still holds: rows, rights and the day change.
        kept.private = True
        kept.no_cache = True
        kept.max_age = kept.s_maxage = None
    return response
