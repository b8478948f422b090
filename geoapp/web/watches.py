"""`/watches`: the places that somebody watches with what is new there, also as a feed with a token of its own."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, func, select

from geoapp.access.secret import hash_of
from geoapp.access.tokens import FEED, MOST_DAYS, TokenRefusedError, list_tokens, make_token, revoke_token
from geoapp.briefing.watching import (
    AROUND_KM,
    FEED_DAYS,
    KINDS,
    LONGEST_NAME,
    Watched,
    WatchRefusedError,
    add_watch,
    delete_watch,
    list_watches,
    mark_seen,
    read_target,
    young,
)
from geoapp.errors import BadRequestError, NotFoundError, QuestionError
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, reading_feed, touch_feed, writing
from geoapp.web.policy import unstored
from layers.text import Text

watches = Blueprint("watches", __name__, url_prefix="/watches")

NO_FEED = "There is no such feed any more. Make a new one on the page of the places that you watch."
NO_WATCH = "You do not watch this place any more. Load the page again."
GIVEN = ("site", "route", "of", "geojson", "km")
ATOM = "http://www.w3.org/2005/Atom"
TITLE = Text("geoapp: the places that you watch", "geoapp : les lieux que vous suivez")
LABEL = Text("Feed of watched places", "Flux des lieux suivis")


@watches.before_request
def require_sign_in() -> Response | None:
    """To sign in first, and then to come here; the feed is opened by its token."""
    if request.endpoint == "watches.feed" or current_viewer().signed_in:
        return None
    to = request.full_path.rstrip("?") if request.method == "GET" else url_for("watches.page")
    return make_response(redirect(url_for("sign_in.page", lang=g.language, next=to), 303))


@watches.get("")
def page() -> Response:
    """The places with what is new, and a form that watches another; the address may bring what."""
    return _shown(request.args)


@watches.post("")
def add() -> Response:
    """Watch a place."""
    try:
        with writing() as connection:
            target = read_target(connection, _given(request.form))
            add_watch(connection, current_viewer().name, target, request.form.get("name", ""))
    except (WatchRefusedError, QuestionError) as refusal:
        return _shown(request.form, wrong=refusal.said.in_language(g.language), status=422)
    return _to_list()


@watches.post("/<uuid:watch_id>")
def change(watch_id: uuid.UUID) -> Response:
    """Note that what is new was seen, or watch a place no longer."""
    deed = request.form.get("deed", "")
    with writing() as connection:
        if deed == "seen":
            done = mark_seen(connection, watch_id, _moment(), _ids())
        elif deed == "delete":
            done = delete_watch(connection, watch_id)
        else:
            raise BadRequestError("deed: there are seen and delete")
        if not done:
            raise NotFoundError(NO_WATCH)
    return _to_list()


@watches.post("/feed")
def change_feed() -> Response:
    """Make a feed, whose address is shown this once, or revoke one."""
    made = ""
    try:
        with writing() as connection:
            if named := request.form.get("revoke"):
                revoke_token(connection, _id(named))
            else:
                name = current_viewer().name
                label = LABEL.in_language(g.language)
                made = make_token(connection, name, days=MOST_DAYS, label=label, purpose=FEED)
    except TokenRefusedError as refusal:
        return _shown({}, wrong=refusal.said.in_language(g.language), status=422)
    return _shown({}, made=made) if made else _to_list()


@watches.get("/feed.atom")
def feed() -> Response:
    """What is new at the watched places as an Atom feed: levels, categories and days, no text of anybody's."""
    hashed = hash_of(request.args.get("token", ""))
    with reading_feed(hashed) as connection:
        if connection is None:
            raise NotFoundError(NO_FEED)
        now = connection.scalar(select(func.now()))
        assert now is not None  # noqa: S101 - the database always has a time.
        found = list_watches(connection, g.language, since=now - dt.timedelta(days=FEED_DAYS))
    touch_feed(hashed)
    response = make_response(_atom(found, now))
    response.mimetype = "application/atom+xml"
    return unstored(response)


def _atom(found: list[Watched], now: dt.datetime) -> bytes:
    root = Xml.Element("feed", {"xmlns": ATOM, "xml:lang": g.language})
    Xml.SubElement(root, "title").text = TITLE.in_language(g.language)
    Xml.SubElement(root, "id").text = "urn:geoapp:watches"
    Xml.SubElement(root, "updated").text = now.isoformat(timespec="seconds")
    author = Xml.SubElement(root, "author")
    Xml.SubElement(author, "name").text = "geoapp"
    Xml.SubElement(root, "link", {"href": url_for("watches.page", lang=g.language, _external=True)})
    for watched in found:
        for item in watched.news:
            entry = Xml.SubElement(root, "entry")
            Xml.SubElement(entry, "title").text = f"{watched.name}: {item.title}"
            Xml.SubElement(entry, "id").text = f"urn:geoapp:{watched.watch_id}:{item.kind}:{item.key}"
            Xml.SubElement(entry, "updated").text = item.recorded_at.isoformat(timespec="seconds")
            href = item.page or url_for("watches.page")
            Xml.SubElement(entry, "link", {"href": f"{request.host_url.rstrip('/')}{href}?lang={g.language}"})
            Xml.SubElement(entry, "summary").text = item.title
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _given(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in GIVEN if values.get(name)}


def _moment() -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(request.form.get("at", ""))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequestError("at: is not the time at which the page was made")
    return moment


def _ids() -> list[uuid.UUID]:
    return [_id(each) for each in request.form.get("young", "").split(",") if each][:1000]


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFoundError(NO_WATCH) from None


def _to_list() -> Response:
    return make_response(redirect(url_for("watches.page", lang=g.language), 303))


def _shown(values: Mapping[str, str], *, wrong: str = "", made: str = "", status: int = 200) -> Response:
    settings: Settings = current_app.extensions["geoapp.settings"]
    zone = ZoneInfo(settings.time_zone)
    given = _given(values)
    name = ""
    with reading() as connection:
        now = connection.scalar(select(func.now()))
        found = list_watches(connection, g.language)
        feeds = [each for each in list_tokens(connection, current_viewer().name) if each.purpose == FEED]
        if given and not wrong:
            name, wrong, status = _named(connection, given)
    shown = render_template(
        "watches.html",
        watches=found,
        feeds=feeds,
        made=url_for("watches.feed", token=made, lang=g.language, _external=True) if made else "",
        wrong=wrong,
        given=given,
        name=values.get("name") or name,
        around=AROUND_KM,
        longest=LONGEST_NAME,
        kinds=KINDS,
        now=now,
        young=lambda news: ",".join(young(news, now)) if now else "",
        when=lambda moment: format_datetime(moment.astimezone(zone), "medium", locale=g.language),
        long=lambda text: len(text) > 200 or bool(re.search(r"[\r\n]", text)),
    )
    return unstored(make_response(shown, status))


def _named(connection: Connection, given: Mapping[str, str]) -> tuple[str, str, int]:
    """The name of what an address brings, or what is wrong with it."""
    try:
        return read_target(connection, given).name, "", 200
    except (WatchRefusedError, QuestionError) as refusal:
        return "", refusal.said.in_language(g.language), 422
