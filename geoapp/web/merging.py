"""`/import/doubles`: sites and incidents that may be there twice, side by side; merging them, or keeping them apart."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from geoapp.desk.history import keys_of
from geoapp.desk.merging import (
    OWN,
    Merge,
    are_apart,
    hanging_on,
    incident_pairs,
    keep_apart,
    merge,
    read_pair,
    target_of_merge,
)
from geoapp.desk.typed import GEOM, Held, columns_of, read_held
from geoapp.errors import ConflictError, ImportRefusedError, NotFoundError
from geoapp.ingest.doubles import find_doubles
from geoapp.ingest.precedence import TOGETHER
from geoapp.ingest.shapes import describe
from geoapp.ingest.targets import TARGETS, FileColumn, Target
from geoapp.web.audit import record_read
from geoapp.web.column_words import column_label
from geoapp.web.database import writing
from geoapp.web.desk import require_officer
from geoapp.web.desk_map import preview_map
from geoapp.web.desk_shown import settings
from geoapp.web.desk_words import TABLES, for_page
from geoapp.web.folium_page import map_parts
from geoapp.web.language import day_in_words
from geoapp.web.policy import nonce, unstored
from geoapp.web.row_pages import page_of
from layers.tables import Incident
from layers.text import Text, typeset

merging = Blueprint("merging", __name__, url_prefix="/import/doubles")
merging.before_request(require_officer)

NO_SUCH_PAIR = "There are no such two rows, or they are not for you."
# Proposals of incidents go back so many days where the address does not say; the page shows so many pairs of sites.
DAYS = 365
MOST_SITES = 100
STALE = Text(
    "Somebody else changed one of the two meanwhile, so nothing was done. This is how they are now.",
    "Quelqu’un d’autre a modifié l’un des deux entre-temps\u00a0; rien n’a été fait. Les voici tels qu’ils sont.",
)
REFUSED = Text(
    "The database refused to make one of the two, so nothing was done. Mend one of them first.",
    "La base de données a refusé de les fusionner\u00a0; rien n’a été fait. Corrigez d’abord l’un des deux.",
)
YES_NO = {"yes": Text("yes", "oui"), "no": Text("no", "non")}


@merging.get("")
def page() -> Response:
    """What may be there twice."""
    since = _since()
    with writing() as connection:
        sites = find_doubles(connection)
        incidents = [_incident_pair(connection, *pair) for pair in incident_pairs(connection, since)]
    proposed = [
        {
            "one": each.site_id,
            "other": each.other_site_id,
            "names": each.names,
            "score": round(100 * each.score),
            "reasons": typeset(each.reasons.in_language(g.language), g.language),
        }
        for each in sites[:MOST_SITES]
    ]
    body = render_template(
        "doubles.html",
        sites=proposed,
        sites_of=len(sites),
        incidents=incidents,
        since=day_in_words(since),
        table=request.args.get("table", ""),
    )
    return unstored(make_response(body))


@merging.get("/<table>")
def pair(table: str) -> Response:
    """Two rows side by side, which the address names by their keys."""
    target = _target(table)
    with writing() as connection:
        keys = [_key(connection, target, request.args.get(name, "")) for name in ("one", "other")]
        try:
            rows = read_pair(connection, target, keys)
        except ConflictError:
            raise NotFoundError(NO_SUCH_PAIR) from None
        return _pair_page(connection, target, rows)


@merging.post("/<table>")
def decide(table: str) -> Response:
    """Merge the two, or keep them apart."""
    target = _target(table)
    keys = [request.form.get(name, "").replace("\0", "") for name in ("one", "other")]
    try:
        with writing() as connection:
            if request.form.get("step") == "apart":
                keep_apart(connection, target, keys[0], keys[1])
                return make_response(redirect(url_for(".page", lang=g.language), 303))
            rows = read_pair(connection, target, keys)
            if [row.changed_since(request.form.get(f"was-{place}", "")) for place, row in enumerate(rows)] != [[], []]:
                return _pair_page(connection, target, rows, STALE, 409)
            kept = keys[1] if request.form.get("kept") == "1" else keys[0]
            other = keys[0] if kept == keys[1] else keys[1]
            taken = [name for name in (*target.columns, GEOM) if request.form.get(f"from-{name}") == other]
            batch = merge(connection, target, Merge(kept, other, taken))
    except (ConflictError, ImportRefusedError) as refusal:
        return _again(target, keys, Text(*(for_page(said, "") for said in (refusal.said.en, refusal.said.fr))))
    except (DataError, IntegrityError, ProgrammingError):
        return _again(target, keys, REFUSED)
    return make_response(redirect(url_for("desk.batch", batch_id=batch, lang=g.language), 303))


def _again(target: Target, keys: list[str], wrong: Text) -> Response:
    """The two rows as they are, with what went wrong."""
    with writing() as connection:
        try:
            rows = read_pair(connection, target, keys)
        except ConflictError:
            raise NotFoundError(NO_SUCH_PAIR) from None
        return _pair_page(connection, target, rows, wrong, 409)


def _pair_page(
    connection: Connection, target: Target, rows: list[Held], wrong: Text | None = None, status: int = 200
) -> Response:
    for row in rows:
        if target.name == "incidents":
            record_read(connection, Incident.__tablename__, UUID(row.key))
    shapes = [
        {"action": action, "new": shapely.geometry.mapping(row.shape)}
        for action, row in zip(("update", "insert"), rows, strict=True)
        if row.shape is not None
    ]
    body = render_template(
        "double.html",
        table=target.name,
        title=TABLES[target.name].in_language(g.language),
        rows=rows,
        pages=[page_of(target.name, row.key) for row in rows],
        apart=are_apart(connection, target, rows[0].key, rows[1].key),
        hanging=[hanging_on(connection, row.key) for row in rows] if target.name == "mine_sites" else None,
        lines=list(_lines(target, rows)),
        parts=map_parts(preview_map(shapes, g.language), nonce()) if shapes else None,
        wrong=wrong.in_language(g.language) if wrong else None,
        synthetic=any(row.synthetic for row in rows),
    )
    return unstored(make_response(body, status))


def _lines(target: Target, rows: list[Held]) -> list[dict[str, Any]]:
    """The columns in which at least one of the two says something, those in which they differ first."""
    found = []
    for column in columns_of(target):
        said = [_said(column, row.texts[column.name]) for row in rows]
        if any(said):
            found.append(_line(column.name, said, [row.texts[column.name] for row in rows]))
    for group in TOGETHER:
        # What makes sense together alone is taken from the one that says more of it.
        members = [line for line in found if line["name"] in group]
        said_by = [sum(bool(line["said"][place]) for line in members) for place in (0, 1)]
        for line in members:
            line["first"] = int(said_by[1] > said_by[0])
    places = [describe(row.shape) if row.shape is not None else "" for row in rows]
    if any(places):
        found.append(_line(GEOM, places, places))
    return sorted(found, key=lambda line: not line["differs"])


def _line(name: str, said: list[str], values: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "label": column_label(name, g.language),
        "said": said,
        "differs": values[0] != values[1],
        "choice": values[0] != values[1] and name not in OWN,
        # What only one of them knows is worth keeping.
        "first": 0 if values[0] else 1,
    }


def _said(column: FileColumn, value: str) -> str:
    if column.kind.name == "yes_no" and value in YES_NO:
        return YES_NO[value].in_language(g.language)
    vocabulary = column.kind.vocabulary
    if vocabulary is None or not value:
        return value
    return "; ".join(vocabulary.label(part.strip(), g.language) for part in value.split(";"))


def _incident_pair(connection: Connection, one: str, other: str) -> dict[str, Any]:
    target = TARGETS["incidents"]
    rows = [held for key in (one, other) if (held := read_held(connection, target, key)) is not None]
    for row in rows:
        record_read(connection, Incident.__tablename__, UUID(row.key))
    category = target.columns["category"]
    return {
        "one": one,
        "other": other,
        "names": [row.texts["incident_no"] or row.key[:8] for row in rows],
        "day": rows[0].texts["occurred_from"],
        "category": _said(category, rows[0].texts["category"]),
        "place": rows[0].texts["place_text"],
    }


def _key(connection: Connection, target: Target, name: str) -> str:
    """The key in the log of what somebody names by a key or an id."""
    found = keys_of(connection, target, name.replace("\0", "").strip())
    return found[0] if len(found) == 1 else ""


def _since() -> dt.date:
    today = dt.datetime.now(ZoneInfo(settings().time_zone)).date()
    try:
        return dt.date.fromisoformat(request.args.get("since", ""))
    except ValueError:
        return today - dt.timedelta(days=DAYS)


def _target(table: str) -> Target:
    target = target_of_merge(table)
    if target is None:
        raise NotFoundError(NO_SUCH_PAIR)
    return target
