"""The cookies that browsers are known by: each holds a random secret, of which the database keeps the hash alone."""

from __future__ import annotations

from flask import Response, request

from geoapp.access.secret import hash_of

COOKIE = "geoapp_session"
# What a form is bound to before somebody is signed in, and what a browser is known by that was signed in with before.
FORM_COOKIE, DEVICE_COOKIE = "geoapp_form", "geoapp_device"
DEVICE_SECONDS = 365 * 24 * 3600


def session_secret() -> str | None:
    """The secret of the session that the request brings; none where it is signed in by itself."""
    return None if "Authorization" in request.headers else brought(COOKIE)


def token_hash() -> str | None:
    """The hash of the secret that the request brings; None where it brings none."""
    secret = session_secret()
    return hash_of(secret) if secret else None


def brought(cookie: str) -> str | None:
    """The value of one of the cookies."""
    return request.cookies.get(_name(cookie)) or None


def give(response: Response, cookie: str, secret: str, seconds: int | None = None) -> None:
    """Give the browser a secret, for so many seconds or until it is closed.

    No script reads it, and no other site can have it sent with a form; behind TLS it goes over nothing else.
    """
    response.set_cookie(
        _name(cookie),
        secret,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=request.is_secure,
        # Not "Strict": who follows a link from a message would arrive signed out.
        samesite="Lax",
    )


def take_back(response: Response, cookie: str = COOKIE) -> None:
    """Have the browser forget a secret."""
    response.delete_cookie(_name(cookie), path="/", httponly=True, secure=request.is_secure, samesite="Lax")


def _name(cookie: str) -> str:
    # With this before its name no other host of the domain, and nothing without TLS, can set it.
    return f"__Host-{cookie}" if request.is_secure else cookie
