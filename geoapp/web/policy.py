"""What a page may load, run and be embedded in: the security headers of every response."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'self'",
    "form-action": "'self'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'nonce-{nonce}'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
}
POLICY = "; ".join(f"{name} {sources}" for name, sources in CONTENT_SECURITY_POLICY.items())

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Older browsers do not read frame-ancestors.
    "X-Frame-Options": "SAMEORIGIN",
    # Addresses hold filters and identifiers that no other site should learn.
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A tile is no document that could load, run or be embedded: these alone mean anything for it, and a map asks for many.
OF_TILES = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MVT = "application/vnd.mapbox-vector-tile"
# Two years, what browsers ask for before they keep a name in their lists.
TRANSPORT = "max-age=63072000"


def init_app(app: Flask) -> None:
    """Send the headers with every response, and give templates `nonce`."""
    app.after_request(_secure)
    app.context_processor(lambda: {"nonce": nonce})


def nonce() -> str:
    """The random word of this request that its own scripts and styles bear; a new one for each request."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(18)
    word: str = g.nonce
    return word


def clear_site(response: Response) -> None:
    """Have the browser drop what it kept of these pages: at sign-out nothing of them stays on an office computer."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def unstored(response: Response) -> Response:
    """The response, marked so that no copy of it stays on an office computer."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _secure(response: Response) -> Response:
    if response.mimetype == MVT:
        response.headers.update(OF_TILES)
    else:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce())
        response.headers.update(HEADERS)
    # Said over plain HTTP it would lock out those who have no TLS yet, and browsers ignore it there.
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = TRANSPORT
    return response
