"""Who is looking, for every page; and looking as one of the demonstration's people: one click, on loopback alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, g, make_response, redirect, request, url_for
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from geoapp.access.audit import record
from geoapp.access.sessions import SHARED_HOURS, Terms, open_session
from geoapp.access.viewer import PUBLIC, Viewer, set_viewer
from geoapp.errors import GeoappError
from geoapp.web.browsers import browser
from geoapp.web.credentials import by_token
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.policy import clear_site
from geoapp.web.proxies import is_local
from geoapp.web.session import COOKIE, give, take_back, token_hash
from layers.vocabulary import ROLE

people = Blueprint("people", __name__)


def init_app(app: Flask) -> None:
    """Give the templates the viewer, and the people whom they may look as."""

    @app.context_processor
    def who() -> dict[str, Any]:
        return {
            "people": offered,
            "viewer": current_viewer,
            "viewer_if_known": viewer_if_known,
            "role_in_words": role_in_words,
        }


def offered() -> list[dict[str, Any]]:
    """The demonstration's people with their roles in words; none where this is not a machine's own browser."""
    if not is_local():
        return []
    with reading() as connection:
        rows = connection.execute(text("SELECT user_name, role, units FROM demo_people()")).all()
    order = list(ROLE)
    return [
        {"name": row.user_name, "role": ROLE.label(row.role, g.language), "units": ", ".join(row.units or ())}
        for row in sorted(rows, key=lambda row: order.index(row.role))
    ]


def role_in_words(viewer: Viewer) -> str:
    """The roles of somebody, in the language of the request."""
    return ", ".join(ROLE.label(role, g.language) for role in viewer.rights)


def viewer_if_known() -> Viewer | None:
    """The viewer, for pages that have to be shown while the database is away."""
    if by_token():
        return None
    try:
        return current_viewer()
    except (SQLAlchemyError, GeoappError):
        return None


@people.post("/demo/look-as")
def look_as() -> Response:
    """Start a session as one of the demonstration's people, or end it to look as the public."""
    if not is_local():
        abort(403)
    response = make_response(redirect(url_for("map.page", lang=g.language), 303))
    name = request.form.get("name", "")
    with writing() as connection:
        if old := token_hash():
            connection.execute(select(func.end_session(old)))
        if name == PUBLIC:
            take_back(response)
            clear_site(response)
            return response
        if name not in connection.scalars(text("SELECT user_name FROM demo_people()")).all():
            abort(404)
        terms = Terms(SHARED_HOURS, None, shared_computer=True)
        secret = open_session(connection, name, terms, browser(), on_loopback=True)
        if secret is None:
            abort(404)
        give(response, COOKIE, secret)
        set_viewer(connection, name)
        record(connection, "sign_in", f"app_user/{name}")
    return response
