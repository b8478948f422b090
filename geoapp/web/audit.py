"""`/admin/audit`: who did what and when, for administrators alone; and what of it each request leaves there."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.access.audit import record
from geoapp.access.events import Event, EventFilter, read_events_page, sealed_at
from geoapp.access.people import ADMIN, list_people
from geoapp.errors import BadRequestError
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading
from layers.tables import Base
from layers.text import Text
from layers.vocabulary import EVENT

audit = Blueprint("audit", __name__)

LARGEST = 2**63 - 1
NO_PAGE = "The address names no page of the audit. Open it from its first page."
NO_DAY = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")


def record_read(connection: Connection, table: str, key: object) -> None:
    """Record that the request reads the detail of a row, within the transaction that reads it."""
    record(connection, "read", object_named(table, str(key)))


def object_named(table: str, key: str) -> str:
    """A row as the audit calls it: by its table and random id; by the table alone where the key is any other text."""
    try:
        return f"{table}/{UUID(key)}"
    except ValueError:
        return table


@audit.get("/admin/audit")
def page() -> Response:
    """The events of a person, an object, a day or a kind, the newest first."""
    if not current_viewer().has(ADMIN):
        abort(404)
    settings: Settings = current_app.extensions["geoapp.settings"]
    zone = ZoneInfo(settings.time_zone)
    asked = {name: request.args.get(name, "").replace("\0", "").strip() for name in ("person", "object", "day", "what")}
    day = _day(asked["day"])
    wanted = EventFilter(
        asked["person"] or None,
        asked["object"].strip("/") or None,
        day,
        asked["what"] if asked["what"] in EVENT else None,
    )
    wrong = bool(asked["day"]) and day is None
    with reading() as connection:
        found = read_events_page(connection, wanted, zone, _number("before"), _number("after"))
        names = [person.name for person in list_people(connection)]
        sealed = sealed_at(connection)
    kept = {name: value for name, value in asked.items() if value}
    body = render_template(
        "audit.html",
        asked=asked,
        filtered=bool(kept),
        fault=NO_DAY.in_language(g.language) if wrong else None,
        events=[] if wrong else [_described(event, zone) for event in found.events],
        newer=_address(kept, after=found.newer) if found.newer is not None and not wrong else None,
        older=_address(kept, before=found.older) if found.older is not None and not wrong else None,
        names=names,
        tables=sorted({*Base.metadata.tables} - {"audit_event", "audit_seal"}),
        kinds=[(code, EVENT.label(code, g.language)) for code in EVENT],
        sealed=_moment(sealed, zone) if sealed else None,
        zone=settings.time_zone,
    )
    response = make_response(body, 400 if wrong else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _described(event: Event, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "when": _moment(event.happened_at, zone),
        "iso": event.happened_at.isoformat(timespec="seconds"),
        "person": event.person or "",
        "by_person": _address({"person": event.person or ""}),
        "what": EVENT.label(event.what, g.language),
        "code": event.what,
        "object": event.object or "",
        "by_object": _address({"object": event.object or ""}),
        "rows": format_decimal(event.rows, locale=g.language) if event.rows is not None else "",
        "request": event.request_id or "",
    }


def _moment(moment: dt.datetime, zone: ZoneInfo) -> str:
    pattern = "d MMM y, HH:mm:ss"
    return format_datetime(moment, pattern, tzinfo=zone, locale=g.language)


def _address(kept: dict[str, str], **place: int | None) -> str:
    return url_for("audit.page", lang=g.language, **kept, **place)  # type: ignore[arg-type]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 and "1900" < text < "9999" else None
    except ValueError:
        return None


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > LARGEST:
        raise BadRequestError(NO_PAGE)
    return int(text)
