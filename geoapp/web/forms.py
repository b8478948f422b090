"""What every request that changes something is checked for: that a page of this site sent it, for this session."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from markupsafe import Markup

from geoapp.access.secret import new_secret
from geoapp.errors import ForbiddenError
from geoapp.web.credentials import NOT_BY_TOKEN, by_token
from geoapp.web.database import current_viewer
from geoapp.web.session import FORM_COOKIE, brought, give, session_secret, take_back

View = TypeVar("View", bound=Callable[..., Any])

FIELD, HEADER = "csrf_token", "X-CSRF-Token"
SAFE = {"GET", "HEAD", "OPTIONS"}
FOREIGN = "This form was sent from another site, so nothing was done. Open the page here, and send it again."
STALE = "This form is out of date, so nothing was done. Go back, load the page again, and send it once more."
ENDED = "Your session has ended, so nothing was done. Sign in again, then send the form once more."


def init_app(app: Flask) -> None:
    """Check every request that is not for reading, and give the templates their fields and `session_ended`."""
    app.before_request(_check)
    app.after_request(_hand_out)
    app.context_processor(
        lambda: {
            "csrf_field": csrf_field,
            "csrf_token": csrf_token,
            "sign_out_field": sign_out_field,
            "session_ended": session_ended,
        }
    )


def answers_only(view: View) -> View:
    """Mark a view that changes nothing although its question comes by POST: programs may ask it."""
    view.answers_only = True  # type: ignore[attr-defined]
    return view


def csrf_field() -> Markup:
    """The hidden field that every form which changes something holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token())


def sign_out_field() -> Markup:
    """The same field for the form that signs out, made without the database; empty where there is no session."""
    secret = session_secret()
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token_for(secret)) if secret else Markup()


def csrf_token() -> str:
    """The token for forms of this session; before there is one, for forms of this browser until it is closed."""
    return token_for(_key() or _new_key())


def token_for(key: str) -> str:
    """The token of forms that are bound to the secret of a session: from it nobody can make the secret."""
    return hmac.new(key.encode(), b"form", hashlib.sha256).hexdigest()


def session_ended() -> bool:
    """Whether the browser brings a session that is none any more; it forgets it with this answer."""
    ended = session_secret() is not None and not current_viewer().signed_in
    if ended:
        g.session_ended = True
    return ended


def require_own_form() -> None:
    """Raise ForbiddenError where the browser says that the form was sent from another site's page."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError(FOREIGN)


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in SAFE or view is None:
        return
    if getattr(view, "answers_only", False):
        return
    if by_token():
        raise ForbiddenError(NOT_BY_TOKEN)
    require_own_form()
    if request.endpoint == "sign_in.sign_out":
        _check_sign_out()
        return
    key = _key()
    if key is None or not _holds_token_of(key):
        raise ForbiddenError(ENDED if session_ended() else STALE)


def _check_sign_out() -> None:
    """Let a browser be signed out while the database is away, and twice: a second click has nothing to change."""
    secret = session_secret()
    if secret is not None and not _holds_token_of(secret):
        raise ForbiddenError(STALE)


def _holds_token_of(key: str) -> bool:
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    return hmac.compare_digest(sent.encode(), token_for(key).encode())


def _key() -> str | None:
    """What this browser's forms are bound to."""
    secret = session_secret()
    if secret and current_viewer().signed_in:
        return secret
    made: str | None = g.get("form_key")
    return made or brought(FORM_COOKIE)


def _new_key() -> str:
    g.form_key = new_secret()
    return str(g.form_key)


def _hand_out(response: Response) -> Response:
    if "form_key" in g:
        give(response, FORM_COOKIE, g.form_key)
    if g.get("session_ended"):
        take_back(response)
    return response
