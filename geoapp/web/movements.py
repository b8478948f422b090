"""`/movements`: escorted movements, their shortfalls, and the incident that one becomes."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.followup.movements import PAGE, Chosen, Movement, list_movements, read_movement
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.risk.shortfall import proposed_incident, report_shortfall
from geoapp.web.asked import asked_code, asked_number, asked_text
from geoapp.web.audit import record_read
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.language import day_in_words
from geoapp.web.policy import unstored
from geoapp.web.trainings import may_enter
from layers.tables import EscortMovement
from layers.text import Text
from layers.vocabulary import CARGO, CATEGORY, LEVEL

movements = Blueprint("movements", __name__, url_prefix="/movements")

NOT_YOURS = "Movements are for coordinators, analysts and GIS officers, in their units."
LONGEST = {"incident_no": 60, "place_text": 300, "summary_fr": 2_000, "summary_en": 2_000}
NEEDED = Text("Fill this in.", "Remplissez ce champ.")
TOO_LONG = Text("This is longer than {most} characters; shorten it.", "Plus de {most} caractères\u00a0; raccourcissez.")
NOT_DATE = Text("This is not a date; write it as 2024-03-31.", "Ce n’est pas une date\u00a0; écrivez 2024-03-31.")
FUTURE = Text(
    "This is after today; write the day on which it happened.",
    "C’est après aujourd’hui\u00a0; écrivez le jour où cela s’est passé.",
)
BACKWARDS = Text(
    "This is before the first day; mend one of the two.",
    "C’est avant le premier jour\u00a0; corrigez l’un des deux.",
)
TAKEN = Text(
    "Another incident has this number already; choose another one.",
    "Un autre incident porte déjà ce numéro\u00a0; choisissez-en un autre.",
)


@movements.before_request
def _require_role() -> None:
    if not current_viewer().has(*FULL_ROLES):
        raise ForbiddenError(NOT_YOURS)


@movements.get("")
def page() -> Response:
    """The list under the filters of the address, shortfalls marked."""
    at = asked_number("page", 1, 10_000) or 1
    chosen = Chosen(asked_text("unit", 12), asked_code("cargo", CARGO), request.args.get("short") == "1")
    with reading() as connection:
        rows, total = list_movements(connection, chosen, at)
        short = list_movements(connection, Chosen(chosen.unit, chosen.cargo, short=True))[1]
    asked = {"unit": chosen.unit, "cargo": chosen.cargo, "short": "1" if chosen.short else None}
    body = render_template(
        "movements.html",
        rows=rows,
        day=day_in_words,
        cargo={code: CARGO.label(code, g.language) for code in CARGO},
        asked=asked,
        narrowed=any(asked.values()),
        total=total,
        short=short,
        at=at,
        pages=max(1, -(-total // PAGE)),
        may_add=may_enter("movements"),
        synthetic=any(row.synthetic for row in rows),
    )
    return unstored(make_response(body))


@movements.get("/<uuid:key>")
def one(key: UUID) -> Response:
    """A movement with what did not arrive."""
    with writing() as connection:
        row = _read(connection, key)
        record_read(connection, EscortMovement.__tablename__, row.id)
    body = render_template(
        "movement.html",
        row=row,
        day=day_in_words,
        cargo=CARGO.label(row.cargo, g.language),
        may_change=may_enter("movements"),
        synthetic=row.synthetic,
    )
    return unstored(make_response(body))


@movements.get("/<uuid:key>/incident")
def incident(key: UUID) -> Response:
    """The form of the incident that a shortfall becomes, filled in with what is known."""
    with reading() as connection:
        row = _read(connection, key)
        if row.incident_id is not None:
            return _to_incident(row.incident_id)
        proposed = proposed_incident(connection, str(key), [*CARGO])
    typed = {name: "" if value is None else str(value) for name, value in proposed.items()}
    return _form(row, typed | {"level": ""}, {})


@movements.post("/<uuid:key>/incident")
def report(key: UUID) -> Response:
    """Record the incident, once, and have the movement bear its number."""
    names = (*LONGEST, "occurred_from", "occurred_to", "category", "level")
    typed = {name: _clean(request.form.get(name, "")) for name in names}
    try:
        with writing() as connection:
            row = _read(connection, key)
            if row.incident_id is not None:
                return _to_incident(row.incident_id)
            # Raises where there is nothing to report.
            proposed_incident(connection, str(key), [*CARGO])
            values, faults = _read_form(typed, connection.execute(select(func.today())).scalar_one())
            if not faults:
                made, _ = report_shortfall(connection, str(key), values, [*CARGO])
    except IntegrityError:
        faults = {"incident_no": TAKEN.in_language(g.language)}
    return _form(row, typed, faults, 422) if faults else _to_incident(made)


def _read(connection: Connection, key: UUID) -> Movement:
    row = read_movement(connection, key)
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    return row


def _read_form(typed: dict[str, str], today: dt.date) -> tuple[dict[str, Any], dict[str, str]]:
    """The columns that were typed, and what is wrong with them by field."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, most in LONGEST.items():
        values[name] = typed[name] or None
        if len(typed[name]) > most:
            faults[name] = TOO_LONG.in_language(g.language).format(most=most)
    if not typed["incident_no"]:
        faults["incident_no"] = NEEDED.in_language(g.language)
    for name in ("occurred_from", "occurred_to"):
        try:
            values[name] = dt.date.fromisoformat(typed[name])
        except ValueError:
            faults[name] = (NOT_DATE if typed[name] else NEEDED).in_language(g.language)
            continue
        if values[name] > today:
            faults[name] = FUTURE.in_language(g.language)
    if not faults and values["occurred_to"] < values["occurred_from"]:
        faults["occurred_to"] = BACKWARDS.in_language(g.language)
    values["category"] = typed["category"] if typed["category"] in CATEGORY else None
    values["level"] = int(typed["level"]) if typed["level"] in {*LEVEL} - {"unknown"} else None
    return values, faults


def _form(row: Movement, typed: dict[str, str], faults: dict[str, str], status: int = 200) -> Response:
    body = render_template(
        "movement_incident.html",
        row=row,
        typed=typed,
        faults=faults,
        categories=[(code, CATEGORY.label(code, g.language)) for code in CATEGORY],
        levels=[(code, LEVEL.label(code, g.language)) for code in LEVEL if code.isdecimal()],
        cargo=CARGO.label(row.cargo, g.language),
        synthetic=row.synthetic,
    )
    return unstored(make_response(body, status))


def _to_incident(incident_id: UUID) -> Response:
    return make_response(redirect(url_for("incidents.page", key=incident_id, lang=g.language), 303))


def _clean(text: str) -> str:
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign.isprintable() or sign == "\n")
    return kept.encode("utf-8", "ignore").decode("utf-8").strip()
