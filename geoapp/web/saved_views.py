"""`/views`: the views of the map that the viewer keeps under a name; the map's page shows the same list in a menu."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import parse_qsl

from babel.dates import format_date, get_timezone
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from geoapp.access.saved_views import (
    LONGEST_NAME,
    ViewRefusedError,
    delete_view,
    list_views,
    rename_view,
    replace_view,
    save_view,
)
from geoapp.errors import BadRequestError, NotFoundError
from geoapp.publish.counts import read_sentence
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.language import translate
from geoapp.web.map_data import sees_sites_alone
from geoapp.web.map_state import MapState, read_state
from geoapp.web.policy import unstored

saved_views = Blueprint("saved_views", __name__, url_prefix="/views")

# The part of the page that the map's menu shows.
LIST = "list"
# No state of the map is longer in an address that a server takes.
MOST_TEXT = 20_000


@saved_views.before_request
def require_sign_in() -> Response | None:
    """To sign in first, and then to come here."""
    if current_viewer().signed_in:
        return None
    return make_response(redirect(url_for("sign_in.page", lang=g.language, next="/views"), 303))


@saved_views.get("")
def page() -> Response:
    """The list, and a form that keeps the state of the map in the address's query, if it brings one."""
    return _shown(_state_of(request.query_string.decode("ascii", "replace")))


@saved_views.post("")
def save() -> Response:
    """Keep a view."""
    state = _state_of(request.form.get("query", ""))
    name = request.form.get("name", "")

    def kept(connection: Connection) -> bool:
        save_view(connection, current_viewer().name, name, state.query())
        return True

    return _done(kept, state, translate("The view is kept."))


@saved_views.post("/<uuid:view_id>")
def change(view_id: uuid.UUID) -> Response:
    """Rename a view, put another state in its place, or delete it."""
    state = _state_of(request.form.get("query", ""))
    name = request.form.get("name", "")
    deeds: dict[str, tuple[Callable[[Connection], bool], str]] = {
        "rename": (lambda connection: rename_view(connection, view_id, name), translate("The view has another name.")),
        "replace": (
            lambda connection: replace_view(connection, view_id, state.query()),
            translate("The view is what the map shows now."),
        ),
        "delete": (lambda connection: delete_view(connection, view_id), translate("The view is deleted.")),
    }
    deed = deeds.get(request.form.get("deed", ""))
    if deed is None:
        raise BadRequestError("deed: there are rename, replace and delete")
    return _done(deed[0], state, deed[1])


def _done(deed: Callable[[Connection], bool], state: MapState, said: str) -> Response:
    try:
        with writing() as connection:
            if not deed(connection):
                raise NotFoundError("There is no such view any more. Load the page again.")
    except ViewRefusedError as refusal:
        return _shown(state, wrong=refusal.said.in_language(g.language), status=422)
    if request.args.get("part") == LIST:
        return _shown(state, said=said)
    return make_response(redirect(url_for("saved_views.page", lang=g.language), 303))


def _shown(state: MapState, *, said: str = "", wrong: str = "", status: int = 200) -> Response:
    settings: Settings = current_app.extensions["geoapp.settings"]
    zone = get_timezone(settings.time_zone)
    of_sites = sees_sites_alone(current_viewer())
    with reading() as connection:
        views = [
            {
                "id": view.view_id,
                "name": view.name,
                "query": view.query,
                "sentence": read_sentence(connection, _state_of(view.query).chosen, g.language, of_sites=of_sites),
                "saved": format_date(view.saved_at.astimezone(zone), "medium", locale=g.language),
            }
            for view in list_views(connection)
        ]
    template = "_views.html" if request.args.get("part") == LIST else "views.html"
    shown = render_template(
        template,
        views=views,
        now=state.query(),
        said=said,
        wrong=wrong,
        name=request.form.get("name", "") if wrong and not request.form.get("deed") else "",
        longest=LONGEST_NAME,
    )
    return unstored(make_response(shown, status))


def _state_of(query: str) -> MapState:
    """What can be understood of a state of the map."""
    return read_state(MultiDict(parse_qsl(query[:MOST_TEXT])))
