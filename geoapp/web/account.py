"""`/account`: one's own password, the browsers that one is signed in with, and tokens for programs."""

from __future__ import annotations

import uuid
from typing import Any

from babel.dates import format_datetime, get_timezone
from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import func, select

from geoapp.access.audit import record
from geoapp.access.passwords import LONGEST, SHORTEST, PasswordRefusedError, hash_password, require_good
from geoapp.access.people import ADMIN, PersonRefusedError, list_people, list_units
from geoapp.access.secret import new_secret
from geoapp.access.sessions import end_session, end_sessions, list_sessions
from geoapp.access.sign_in import check_password, remember
from geoapp.access.tokens import (
    DAYS,
    LONGEST_LABEL,
    MOST_DAYS,
    Token,
    TokenRefusedError,
    list_tokens,
    make_token,
    revoke_token,
)
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.language import translate
from geoapp.web.session import DEVICE_COOKIE, DEVICE_SECONDS, brought, give, token_hash
from geoapp.web.sign_in import origin
from layers.text import Text
from layers.vocabulary import ROLE

account = Blueprint("account", __name__, url_prefix="/account")

NOT_OLD = Text(
    "This is not your password. Type the one that you signed in with.",
    "Ce n’est pas votre mot de passe. Tapez celui avec lequel vous vous êtes connecté.",
)
NOT_AGAIN = Text(
    "The two passwords are not the same. Type the new one twice.",
    "Les deux mots de passe ne sont pas les mêmes. Tapez le nouveau deux fois.",
)
WAIT = Text(
    "There were too many attempts. Try again in {seconds} seconds.",
    "Il y a eu trop d’essais. Réessayez dans {seconds} secondes.",
)
DAY_CHOICES = (7, 30, DAYS, 180, MOST_DAYS)


@account.before_request
def require_sign_in() -> Response | None:
    """To sign in first, and then to come here."""
    if current_viewer().signed_in:
        return None
    return make_response(redirect(url_for("sign_in.page", lang=g.language, next="/account"), 303))


@account.get("")
def page() -> Response:
    """The page."""
    return _shown()


@account.post("/password")
def change_password() -> Response:
    """Give the viewer a new password, and end their other sessions; or show what is wrong with it."""
    name, kept = current_viewer().name, token_hash()
    if kept is None or _is_synthetic(name):
        abort(404)
    old, new = request.form.get("old", ""), request.form.get("password", "")
    verdict = check_password(writing, name, old, origin())
    if verdict.wait:
        said = WAIT.in_language(g.language).format(seconds=verdict.wait)
        return _shown(429, wrong={"old": said})
    if not verdict.right:
        return _shown(422, wrong={"old": NOT_OLD.in_language(g.language)})
    device = brought(DEVICE_COOKIE) or new_secret()
    with writing() as connection:
        remember(connection, name, origin(), device)
    if new != request.form.get("again", ""):
        return _shown(422, wrong={"password": NOT_AGAIN.in_language(g.language)})
    try:
        require_good(new, name)
    except PasswordRefusedError as refusal:
        return _shown(422, wrong={"password": refusal.said.in_language(g.language)})
    hashed = hash_password(new)
    with writing() as connection:
        ended = connection.scalar(select(func.change_own_password(hashed, kept)))
        record(connection, "password", f"app_user/{name}", after={"sessions_ended": ended or 0})
    response = _back("password", done="password")
    give(response, DEVICE_COOKIE, device, DEVICE_SECONDS)
    return response


@account.post("/sessions")
def end() -> Response:
    """End one session, or all but this one."""
    with writing() as connection:
        if request.form.get("session") == "others":
            end_sessions(connection, current_viewer().name, token_hash())
        else:
            end_session(connection, _uuid_of("session"))
    return _back("sessions", done="session")


@account.post("/tokens")
def make() -> Response:
    """Make a token and show it, this once."""
    days = request.form.get("days", "")
    try:
        with writing() as connection:
            secret = make_token(
                connection,
                current_viewer().name,
                days=int(days) if days.isdecimal() and len(days) < 5 else 0,
                label=request.form.get("label", ""),
                roles=request.form.getlist("role"),
                units=request.form.get("units", "").split(","),
                # So that a page that is loaded again makes no second token.
                token_id=_uuid_of("once"),
            )
    except (TokenRefusedError, PersonRefusedError) as refusal:
        return _shown(422, wrong={"token": refusal.said.in_language(g.language)})
    return _shown(made=secret)


@account.post("/tokens/revoke")
def revoke() -> Response:
    """Take a token away."""
    with writing() as connection:
        revoke_token(connection, _uuid_of("token"))
    return _back("tokens", done="token")


def _shown(status: int = 200, *, wrong: dict[str, str] | None = None, made: str | None = None) -> Response:
    viewer = current_viewer()
    with reading() as connection:
        units = {unit.code: unit.name.in_language(g.language) for unit in list_units(connection)}
        sessions = list_sessions(connection, viewer.name, token_hash())
        tokens = [_described(token) for token in list_tokens(connection, viewer.name)]
        synthetic = any(person.name == viewer.name and person.synthetic for person in list_people(connection))
    settings: Settings = current_app.extensions["geoapp.settings"]
    zone = get_timezone(settings.time_zone)
    fields: dict[str, Any] = {
        "me": viewer,
        "rights": [
            (ROLE.label(role, g.language), [(code, units.get(code, "")) for code in codes])
            for role, codes in viewer.rights.items()
        ],
        "demonstration": synthetic,
        "sessions": sessions,
        "tokens": tokens,
        "roles": [(role, ROLE.label(role, g.language)) for role in viewer.rights if role != ADMIN],
        "names": units,
        "days": DAY_CHOICES,
        "standard_days": DAYS,
        "longest_label": LONGEST_LABEL,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "form": request.form if status != 200 else {},
        "chosen_roles": request.form.getlist("role") if status != 200 else [],
        "wrong": wrong or {},
        "made": made,
        "once": uuid.uuid4(),
        "done": request.args.get("done"),
        "when": lambda moment: format_datetime(moment, "d MMM y HH:mm", tzinfo=zone, locale=g.language),
    }
    response = make_response(render_template("account.html", **fields), status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _described(token: Token) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "label": token.label or translate("without a label"),
        "roles": [ROLE.label(role, g.language) for role in token.roles or ()],
        "scopes": token.scopes or (),
        "made_at": token.made_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "expired": token.expired,
    }


def _is_synthetic(name: str) -> bool:
    with reading() as connection:
        return any(person.name == name and person.synthetic for person in list_people(connection))


def _uuid_of(field: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(field, ""))
    except ValueError:
        abort(400)


def _back(part: str, *, done: str) -> Response:
    """To the page again, so that loading it again sends nothing."""
    return make_response(redirect(url_for("account.page", lang=g.language, done=done, _anchor=part), 303))
