"""Signing in by password or one-time link, and signing out."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from geoapp.access.audit import record
from geoapp.access.links import PATH, read_link, use_link
from geoapp.access.passwords import LONGEST, SHORTEST, PasswordRefusedError
from geoapp.access.secret import hash_of, new_secret
from geoapp.access.sessions import SHARED_HOURS, Terms, open_session
from geoapp.access.sign_in import Origin, check_password, remember
from geoapp.access.viewer import set_viewer
from geoapp.settings import Settings
from geoapp.web.browsers import browser
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.errors import unavailable
from geoapp.web.language import translate
from geoapp.web.policy import clear_site
from geoapp.web.proxies import client_network, is_local
from geoapp.web.session import (
    COOKIE,
    DEVICE_COOKIE,
    DEVICE_SECONDS,
    FORM_COOKIE,
    brought,
    give,
    take_back,
    token_hash,
)

sign_in = Blueprint("sign_in", __name__)

# The same words for a name that nobody has, one that is disabled, and a wrong password.
WRONG = "The name or the password is not right. Try again, or ask an administrator for a sign-in link."
SIGNED_OUT_HERE = (
    "You are signed out in this browser. The database does not answer at the moment, so the session itself was not"
    " ended: end it under “Your account” later. Nobody can use it from here."
)
OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LONGEST_NAME = 64

log = logging.getLogger(__name__)


@sign_in.get("/sign-in")
def page() -> Response:
    """The form; who is signed in is taken where they wanted to go."""
    if current_viewer().signed_in:
        return make_response(redirect(_next(), 303))
    return _form()


@sign_in.post("/sign-in")
def send() -> Response:
    """Sign somebody in, or show the form again with what is wrong."""
    name, password = request.form.get("name", "").strip().casefold(), request.form.get("password", "")
    name = name.replace("\x00", "")[: LONGEST_NAME + 1]
    verdict = check_password(writing, name, password, origin())
    if verdict.wait:
        answer = _form(_wait_in_words(verdict.wait), 429)
        answer.headers["Retry-After"] = str(verdict.wait)
        return answer
    if not verdict.right:
        return _form(translate(WRONG), 422)
    shared = "shared" in request.form
    response = make_response(redirect(_next(), 303))
    with writing() as connection:
        device = brought(DEVICE_COOKIE) or new_secret()
        remember(connection, name, origin(), device)
        if not let_in(connection, response, name, shared=shared):
            return _form(translate(WRONG), 422)
    give(response, DEVICE_COOKIE, device, DEVICE_SECONDS)
    return response


@sign_in.post("/sign-out")
def sign_out() -> Response:
    """End the session, and have the browser drop what it keeps of it: that also while the database is away."""
    response = make_response(redirect(url_for("map.page", lang=g.language), 303))
    try:
        if hashed := token_hash():
            with writing() as connection:
                if current_viewer().signed_in:
                    record(connection, "sign_out", f"app_user/{current_viewer().name}")
                connection.execute(select(func.end_session(hashed)))
    except SQLAlchemyError as error:
        log.warning("a session is not ended: %s", type(error).__name__)
        response = unavailable(translate(SIGNED_OUT_HERE))
    take_back(response)
    take_back(response, FORM_COOKIE)
    # Not the cookies: the one that a browser is known by keeps its owner from waiting behind somebody who guesses.
    clear_site(response)
    response.headers["Cache-Control"] = "no-store"
    return response


@sign_in.get(f"{PATH}<secret>")
def link(secret: str) -> Response:
    """What a link is for, with the button that uses it: the preview of a messenger must not use it up."""
    return _link_page(secret)


@sign_in.post(f"{PATH}<secret>")
def follow(secret: str) -> Response:
    """Use a link up, with the new password where it brings one."""
    password = request.form.get("password")
    if password is not None and password != request.form.get("again", ""):
        return _link_page(secret, translate("The two passwords are not the same. Type the new one twice."), 422)
    response = make_response(redirect(url_for("map.page", lang=g.language), 303))
    try:
        with writing() as connection:
            name = use_link(connection, secret, password, on_loopback=is_local())
            if name is not None:
                set_viewer(connection, name)
                record(connection, "link_used", f"app_user/{name}")
                if password is not None:
                    device = brought(DEVICE_COOKIE) or new_secret()
                    remember(connection, name, origin(), device)
                    give(response, DEVICE_COOKIE, device, DEVICE_SECONDS)
                let_in(connection, response, name, shared="shared" in request.form)
    except PasswordRefusedError as refusal:
        return _link_page(secret, refusal.said.in_language(g.language), 422)
    return response if name is not None else _link_page(secret)


def origin() -> Origin:
    """Where the request comes from, as guesses are counted."""
    device = brought(DEVICE_COOKIE)
    return Origin(client_network(), hash_of(device) if device else None)


def let_in(connection: Connection, response: Response, name: str, *, shared: bool) -> bool:
    """Start a session of somebody in place of the one that the browser had; whether they may have one."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    hours = settings.session_days * 24
    terms = (
        Terms(min(SHARED_HOURS, hours), settings.session_idle_minutes, shared_computer=True)
        if shared
        else Terms(hours, None, shared_computer=False)
    )
    if old := token_hash():
        connection.execute(select(func.end_session(old)))
    secret = open_session(connection, name, terms, browser(), on_loopback=is_local())
    if secret is None:
        return False
    set_viewer(connection, name)
    record(connection, "sign_in", f"app_user/{name}")
    # On a shared computer the cookie ends with the browser.
    give(response, COOKIE, secret, None if shared else hours * 3600)
    take_back(response, FORM_COOKIE)
    response.headers["Cache-Control"] = "no-store"
    return True


def _form(said: str | None = None, status: int = 200) -> Response:
    settings: Settings = current_app.extensions["geoapp.settings"]
    fields: dict[str, Any] = {
        "said": said,
        "name": request.form.get("name", "").strip()[:LONGEST_NAME],
        "shared": request.method == "GET" or "shared" in request.form,
        "next": _next(),
        "idle": settings.session_idle_minutes,
        "days": settings.session_days,
    }
    return _unstored(make_response(render_template("sign_in.html", **fields), status))


def _link_page(secret: str, said: str | None = None, status: int = 200) -> Response:
    with reading() as connection:
        found = read_link(connection, secret, on_loopback=is_local())
    page = render_template(
        "sign_in_link.html", link=found, secret=secret, said=said, shortest=SHORTEST, longest=LONGEST
    )
    return _unstored(make_response(page, status if found else 410))


def _next() -> str:
    """Where to go after signing in: a path of this site, whatever the address says."""
    wanted = request.values.get("next", "")
    # Back to a form for signing in or out would lead in a circle.
    if not OWN_PATH.fullmatch(wanted) or urlsplit(wanted).path.startswith("/sign-"):
        return url_for("map.page", lang=g.language)
    return wanted


def _wait_in_words(seconds: int) -> str:
    if seconds < 60:
        return translate("There were too many attempts. Try again in %(seconds)s seconds.") % {"seconds": seconds}
    minutes = -(-seconds // 60)
    return translate("There were too many attempts. Try again in %(minutes)s minutes.") % {"minutes": minutes}


def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
