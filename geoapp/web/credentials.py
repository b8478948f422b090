"""Requests that are signed in by themselves: a token as Bearer, or as the password of HTTP Basic."""

from __future__ import annotations

from flask import Flask, request
from sqlalchemy import Connection

from geoapp.access.secret import hash_of
from geoapp.access.viewer import set_viewer_of_token
from geoapp.errors import ForbiddenError, UnauthorizedError
from geoapp.web.proxies import is_local

# Both at once: a browser offers Basic, and a program that knows Bearer takes that.
CHALLENGE = 'Bearer realm="geoapp", Basic realm="geoapp", charset="UTF-8"'
WRONG = "This token is unknown, has expired or was revoked. Make a new one on the page of your account."
MALFORMED = "This Authorization header cannot be read. Send a token as Bearer, or as the password of Basic."
NOT_BY_TOKEN = "A token reads data and does nothing else. Sign in with a browser for this."  # noqa: S105
# Where people change what is theirs or others'.
FOR_BROWSERS = {"account", "admin", "people", "sign_in"}


def init_app(app: Flask) -> None:
    """Refuse what is no token, and what a token is not for."""

    @app.before_request
    def check() -> None:
        if by_token():
            _sent_token()
            if request.blueprint in FOR_BROWSERS:
                raise ForbiddenError(NOT_BY_TOKEN)


def by_token() -> bool:
    """Whether the request is signed in by itself, whatever its cookies say."""
    return "Authorization" in request.headers


def sent() -> tuple[str, str]:
    """The name, empty where none is given, and the hash of the token that the request brings.

    UnauthorizedError where it brings none that can be read.
    """
    name, token = _sent_token()
    return name, hash_of(token)


def sent_token_hash() -> str:
    """The hash alone."""
    return sent()[1]


def introduce(connection: Connection) -> str:
    """Name the token's owner as the transaction's viewer; the name. UnauthorizedError where it does not hold."""
    name, token = _sent_token()
    owner = set_viewer_of_token(connection, hash_of(token), on_loopback=is_local())
    if owner is None or name not in {"", owner}:
        raise UnauthorizedError(WRONG)
    return owner


def _sent_token() -> tuple[str, str]:
    """The name, empty where none is given, and the token."""
    try:
        sent = request.authorization
    except ValueError:
        # Letters that Base64 does not have.
        sent = None
    if sent is not None and sent.type == "bearer" and sent.token:
        return "", sent.token
    if sent is not None and sent.type == "basic" and sent.password:
        return sent.username or "", sent.password
    raise UnauthorizedError(MALFORMED)
