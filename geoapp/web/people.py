"""Looking as one of the demonstration's people: one click, on loopback alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, g, make_response, redirect, request, url_for
from sqlalchemy import func, select, text

from geoapp.access.viewer import PUBLIC
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.forms import require_own_form
from geoapp.web.policy import clear_site
from geoapp.web.proxies import is_local
from geoapp.web.session import hand_out, hash_of, new_token, take_back, token_hash
from layers.vocabulary import ROLE

people = Blueprint("people", __name__)

HOURS = 12


def init_app(app: Flask) -> None:
    """Give the templates the viewer, and the people whom they may look as."""

    @app.context_processor
    def who() -> dict[str, Any]:
        return {"people": offered, "viewer": current_viewer}


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


@people.post("/demo/look-as")
def look_as() -> Response:
    """Start a session as one of the demonstration's people, or end it to look as the public."""
    require_own_form()
    if not is_local():
        abort(403)
    response = make_response(redirect(url_for("map.page", lang=g.language), 303))
    name = request.form.get("name", "")
    token = new_token()
    with writing() as connection:
        if old := token_hash():
            connection.execute(select(func.end_session(old)))
        if name == PUBLIC:
            take_back(response)
            clear_site(response)
        elif connection.scalar(select(func.start_demo_session(name, hash_of(token), HOURS))):
            hand_out(response, token)
        else:
            abort(404)
    return response
