"""`/provinces/<code>/room` and `/provinces/<code>/pack.pdf`: what a committee looks at together, and takes away."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for

from geoapp.province.meeting import until_said
from geoapp.province.pack import (
    RESTRICTED,
    ROOM,
    Contents,
    ended_said,
    number_copy,
    print_pack,
    read_pack,
    recipient_of,
)
from geoapp.province.section import Section, in_screens
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading_one_version, writing
from geoapp.web.policy import unstored

packs = Blueprint("packs", __name__, url_prefix="/provinces/<code>")

# As many rows as are read from the back of a room, and as many screens of one topic as are sat through.
ROWS_ON_SCREEN, MOST_SCREENS = 5, 5


@packs.before_request
def _require_sign_in() -> Response | None:
    if current_viewer().signed_in:
        return None
    to = request.path if request.method == "GET" else url_for("provinces.page")
    return make_response(redirect(url_for("sign_in.page", lang=g.language, next=to), 303))


@packs.get("/room")
def room(code: str) -> Response:
    """The room view: one topic a screen, and only what every member of the committee may see."""
    pack = _read(code, ROOM)
    screens = [screen for section in pack.sections for screen in _screens(section)]
    body = render_template(
        "room.html",
        unit=pack.unit,
        name=pack.unit.name.in_language(g.language),
        screens=screens,
        drawing=pack.drawing,
        map_said=pack.map_said,
        meeting=until_said(pack.committees, g.language),
        ended=ended_said(pack.unit, g.language),
        synthetic=pack.synthetic,
    )
    return unstored(make_response(body))


def _screens(section: Section) -> list[Section]:
    return in_screens(section, ROWS_ON_SCREEN, MOST_SCREENS)


@packs.get("/pack.pdf")
def room_edition(code: str) -> Response:
    """The room edition of the pack, of the days of the address or since the last meeting."""
    pack = _read(code, ROOM, (request.args.get("since"), request.args.get("until")))
    return _paper(pack, print_pack(pack, g.language, current_viewer().name, _now()))


@packs.post("/pack.pdf")
def restricted_edition(code: str) -> Response:
    """A copy of the restricted edition, with a number of its own and the name of who it is for."""
    maker = current_viewer().name
    recipient = recipient_of(request.form.get("recipient", ""), maker)
    pack = _read(code, RESTRICTED, (request.form.get("since"), request.form.get("until")))
    with writing() as connection:
        number = number_copy(connection, pack.unit, pack.period, g.language, recipient)
    return _paper(pack, print_pack(pack, g.language, maker, _now(), number=number, recipient=recipient))


def _read(code: str, edition: str, days: tuple[str | None, str | None] = (None, None)) -> Contents:
    with reading_one_version() as (connection, _):
        return read_pack(connection, code, edition, g.language, days)


def _now() -> dt.datetime:
    settings: Settings = current_app.extensions["geoapp.settings"]
    return dt.datetime.now(ZoneInfo(settings.time_zone))


def _paper(pack: Contents, content: bytes) -> Response:
    response = make_response(content)
    response.mimetype = "application/pdf"
    name = f"{pack.unit.unit_code}-{pack.edition}-{g.language}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return unstored(response)
