"""Answers as gzip where the client takes that: a slow link has no proxy before it that would do so."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

# Tiles and built files are compressed once, where they are made.
KINDS = ("text/html", "application/json", "application/geo+json", "application/problem+json")
SMALLEST, LEVEL = 1_000, 5


def init_app(app: Flask) -> None:
    """Compress pages and JSON. To be the last that touches an answer, so the first that is registered."""
    app.after_request(_compress)


def taken() -> bool:
    """Whether the client takes gzip."""
    return request.accept_encodings["gzip"] > 0


def _compress(response: Response) -> Response:
    if response.mimetype not in KINDS or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if not taken() or response.content_encoding or response.status_code < 200 or _is_foreign():
        return response
    content = response.get_data()
    # A tag is of the bytes that it came with.
    if len(content) < SMALLEST or response.get_etag()[0]:
        return response
    response.set_data(gzip.compress(content, LEVEL, mtime=0))
    response.content_encoding = "gzip"
    return response


def _is_foreign() -> bool:
    """Whether another site had the browser ask: from sizes it could guess the secrets in a form (BREACH)."""
    return request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
