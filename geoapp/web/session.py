"""The cookie that names a session: a random token, of which the database keeps the hash alone."""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, request

COOKIE = "geoapp_session"


def token_hash() -> str | None:
    """The hash of the token that the request brings; None where it brings none."""
    token = request.cookies.get(COOKIE)
    return hash_of(token) if token else None


def hash_of(token: str) -> str:
    """What is kept of a token: from it nobody can make the cookie again."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hand_out(response: Response, token: str) -> None:
    """Give the browser its token; it ends with the browser, and no other site can have it sent."""
    response.set_cookie(COOKIE, token, secure=request.is_secure, httponly=True, samesite="Strict", path="/")


def take_back(response: Response) -> None:
    """Have the browser forget its token."""
    response.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Strict", path="/")
