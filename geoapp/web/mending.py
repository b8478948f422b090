"""`/import/rows`: adding rows by hand, mending them on a map, splitting and joining routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from flask import Blueprint, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, cast, func, select
from sqlalchemy import Text as SqlText

from geoapp.desk import lines
from geoapp.desk.editing import Draft, EditRefusedError, Written, changes_of, write_edit
from geoapp.desk.history import history_of, keys_of
from geoapp.desk.typed import GEOM, MENDABLE, Held, columns_of, find_rows, is_line, mendable, read_held, remembered
from geoapp.errors import BadRequestError, ConflictError, ForbiddenError, ImportRefusedError, NotFoundError
from geoapp.ingest.rights import ROLE, roles_of
from geoapp.ingest.targets import Target
from geoapp.web.audit import record_read
from geoapp.web.column_words import column_label
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.desk import NOT_YOURS
from geoapp.web.desk_shown import moment, settings
from geoapp.web.desk_words import TABLES
from geoapp.web.folium_page import map_parts
from geoapp.web.mending_form import Sent, empty, fields_of, place_of, read_sent, shown_of
from geoapp.web.mending_map import mending_map
from geoapp.web.policy import nonce, unstored
from geoapp.web.row_pages import page_of
from layers.tables import Deployment, Route
from layers.text import Text

mending = Blueprint("mending", __name__, url_prefix="/import/rows")

NO_SUCH_ROW = "There is no such row, or it is not for you."
NO_BOX = "bbox takes west, south, east and north in degrees, such as 28.5,-2.7,29,-2.3."
MOST_LINES = 400
# Who may write to any of the tables.
EVERY_ROLE = tuple(dict.fromkeys(role for name in MENDABLE for role in roles_of(name)))
# The pages that list the rows of a table.
LISTS = {"trainings": "trainings.page", "movements": "movements.page"}
# How far snapping reaches, in metres.
REACHES = (25, 100, 500)
STALE = Text(
    "Somebody else changed this row while you had it open, so nothing was saved. What you typed is below; what changed"
    " is listed. Look, then save again.",
    "Quelqu’un d’autre a modifié cette ligne pendant que vous l’aviez ouverte\u00a0; rien n’a été enregistré. Ce que"
    " vous avez saisi est ci-dessous, ce qui a changé est indiqué. Vérifiez, puis enregistrez de nouveau.",
)
GONE = Text(
    "Somebody else removed this row while you had it open, so nothing was saved. What you typed is below: save it as a"
    " new row, or leave.",
    "Quelqu’un d’autre a supprimé cette ligne pendant que vous l’aviez ouverte\u00a0; rien n’a été enregistré. Ce que"
    " vous avez saisi est ci-dessous\u00a0: enregistrez-le comme nouvelle ligne, ou abandonnez.",
)
WRONG = Text(
    "Nothing was saved yet: mend what is marked below.",
    "Rien n’a encore été enregistré\u00a0: corrigez ce qui est signalé ci-dessous.",
)
NOTHING = Text("Nothing differs from what was there.", "Rien ne diffère de ce qui s’y trouvait.")
SNAPPED_ONE = Text(
    "One end was moved onto the network; save to keep that.",
    "Une extrémité a été placée sur le réseau\u00a0; enregistrez pour la garder.",
)
SNAPPED_BOTH = Text(
    "The ends were moved onto the network; save to keep that.",
    "Les extrémités ont été placées sur le réseau\u00a0; enregistrez pour les garder.",
)
NOT_NEAR = Text(
    "Nothing of the network is within {metres:.0f} m of an end that is not on it yet.",
    "Rien du réseau n’est à moins de {metres:.0f} m d’une extrémité qui n’y est pas déjà.",
)
NO_PLACE = Text("There is no place to snap.", "Il n’y a pas de lieu à accrocher.")
NO_OTHER = Text(
    "There is no such route that you may change. Name another one by its key.",
    "Il n’y a pas d’itinéraire de ce nom que vous puissiez modifier. Indiquez-en un autre par sa clé.",
)
NO_CORNER = Text("Write the number of a corner.", "Écrivez le numéro d’un sommet.")
SECOND = Text("{name}, second part", "{name}, seconde partie")


@mending.before_request
def require_writer() -> None:
    """Send away whoever may not write to the table."""
    table = (request.view_args or {}).get("table", "")
    if not current_viewer().has(*(roles_of(table) if table else EVERY_ROLE)):
        raise ForbiddenError(NOT_YOURS)


@mending.get("")
def page() -> Response:
    """Choosing a row to mend, or a table to add to."""
    table, words = request.args.get("table", ""), request.args.get("q", "").replace("\0", "").strip()
    target = mendable(table)
    found: list[dict[str, Any]] = []
    if target is not None and words:
        with reading() as connection:
            found = find_rows(connection, target, words)
    body = render_template("mend.html", tables=_tables(), table=table, words=words, found=found, asked=bool(words))
    return unstored(make_response(body))


@mending.get("/network")
def network() -> Response:
    """The routes in a box, but those by air, for the browser to snap to: `lines`, each [[lon, lat], ...]."""
    try:
        box = [float(each) for each in request.args.get("bbox", "").split(",")]
        west, south, east, north = box
    except ValueError:
        raise BadRequestError(NO_BOX) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadRequestError(NO_BOX)
    asked = (
        select(func.ST_AsBinary(Route.geom))
        .where(Route.geom.op("&&")(func.ST_MakeEnvelope(west, south, east, north, 4326)))
        .where(Route.mode.is_distinct_from("air"), cast(Route.id, SqlText) != request.args.get("own", ""))
        .limit(MOST_LINES)
    )
    with reading() as connection:
        shapes = [shapely.from_wkb(bytes(place)) for place in connection.scalars(asked)]
    found = [shapely.get_coordinates(part).tolist() for shape in shapes for part in shapely.get_parts(shape)]
    return unstored(jsonify(lines=found))


@mending.get("/<table>/new")
def new(table: str) -> Response:
    """The form of a new row."""
    target = _target(table)
    return _form(target, None, empty(target, request.args, g.language))


@mending.post("/<table>/new")
def add(table: str) -> Response:
    """Add a row."""
    target = _target(table)
    sent = read_sent(target, request.form, g.language)
    if request.form.get("step") == "snap":
        return _snapped(target, None, sent)
    if sent.faults:
        return _form(target, None, sent, WRONG, 422)
    texts = {name: text for name, text in sent.texts.items() if text or target.columns[name].required}
    try:
        with writing() as connection:
            name = sent.texts.get("name") or sent.texts[target.key[0]] or TABLES[table].in_language(g.language)
            written = write_edit(
                connection, target, [Draft(None, texts, sent.shape, placed=target.has_geometry)], name, _zone()
            )
    except EditRefusedError as refusal:
        sent.fault(refusal.findings, g.language)
        return _form(target, None, sent, WRONG, 422)
    except ConflictError as conflict:
        return _form(target, None, sent, conflict.said, 409)
    return _saved(target, written)


@mending.get("/<table>/<path:key>")
def row(table: str, key: str) -> Response:
    """The form of a row."""
    target = _target(table)
    key = key.replace("\0", "")
    with writing() as connection:
        held = read_held(connection, target, key, zone=_zone())
        if held is None:
            found = [each for each in keys_of(connection, target, key) if each != key]
            if len(found) != 1:
                raise NotFoundError(NO_SUCH_ROW)
            return make_response(redirect(url_for(".row", table=table, key=found[0], lang=g.language), 303))
        if target.table is Deployment.__table__:
            record_read(connection, Deployment.__tablename__, UUID(key))
    return _form(target, held, shown_of(held))


@mending.post("/<table>/<path:key>")
def mend(table: str, key: str) -> Response:
    """Save a row, snap it, split or join it, or remove it."""
    target = _target(table)
    sent = read_sent(target, request.form, g.language)
    step = request.form.get("step", "save")
    held, written = None, None
    try:
        with writing() as connection:
            held = read_held(connection, target, key, lock=step != "snap", zone=_zone())
            answer = _before_writing(connection, target, key, held, sent)
            if answer is None and held is not None:
                written = STEPS.get(step, _save)(connection, target, held, sent)
    except EditRefusedError as refusal:
        sent.fault(refusal.findings, g.language)
        answer = _form(target, held, sent, WRONG, 422)
    except ImportRefusedError as refusal:
        answer = _form(target, held, sent, refusal.said, 422)
    except ConflictError as conflict:
        answer = _form(target, held, sent, conflict.said, 409)
    if answer is None:
        answer = _saved(target, written) if written is not None else _form(target, held, sent, NOTHING)
    return answer


def _before_writing(connection: Connection, target: Target, key: str, held: Held | None, sent: Sent) -> Response | None:
    """The answer to what is not to be written; None where it is."""
    if held is None:
        return _gone(connection, target, key, sent)
    if request.form.get("step") == "snap":
        return _snapped(target, held, sent)
    if held.changed_since(request.form.get("was", "")):
        return _stale(connection, target, held, sent)
    return _form(target, held, sent, WRONG, 422) if sent.faults else None


def _save(connection: Connection, target: Target, held: Held, sent: Sent) -> Written | None:
    draft = changes_of(target, held, sent.texts, (_moved(target, held, sent), sent.shape))
    return write_edit(connection, target, [draft], held.name, _zone()) if draft is not None else None


def _remove(connection: Connection, target: Target, held: Held, _: Sent) -> Written | None:
    return write_edit(connection, target, [], held.name, _zone(), removed=[held.key])


def _split(connection: Connection, target: Target, held: Held, sent: Sent) -> Written | None:
    """Two routes of one: the first keeps its key, the second is new."""
    corner = request.form.get("corner", "").strip()
    if not corner.isdecimal() or not isinstance(sent.shape, shapely.MultiLineString):
        raise ImportRefusedError(NO_CORNER.en, NO_CORNER.fr)
    first, second = lines.split(sent.shape, int(corner))
    own = target.key[0]
    kept = changes_of(target, held, sent.texts, (True, first))
    named = SECOND.in_language(g.language).format(name=sent.texts["name"])
    texts = {**{name: text for name, text in sent.texts.items() if text and name != own}, "name": named}
    drafts = [kept, Draft(None, texts, second, placed=True)] if kept is not None else []
    return write_edit(connection, target, drafts, held.name, _zone())


def _join(connection: Connection, target: Target, held: Held, sent: Sent) -> Written | None:
    """One route of two: the other goes, and what refers to it refers to this one."""
    named = keys_of(connection, target, request.form.get("other", "").replace("\0", "").strip())
    found = [read_held(connection, target, key, lock=True) for key in named if key != held.key]
    others = [each for each in found if each is not None and isinstance(each.shape, shapely.MultiLineString)]
    if len(others) != 1 or not isinstance(sent.shape, shapely.MultiLineString):
        raise ImportRefusedError(NO_OTHER.en, NO_OTHER.fr)
    (other,) = others
    assert isinstance(other.shape, shapely.MultiLineString)  # noqa: S101 - as was asked above.
    joined, _ = lines.join(sent.shape, other.shape)
    kept = changes_of(target, held, sent.texts, (True, joined))
    drafts = [kept] if kept is not None else []
    return write_edit(connection, target, drafts, held.name, _zone(), joined=(held.key, other.key))


STEPS = {"save": _save, "remove": _remove, "split": _split, "join": _join}


def _snapped(target: Target, held: Held | None, sent: Sent) -> Response:
    """The form with its ends on the network; nothing is saved yet."""
    if sent.shape is None or sent.faults:
        return _form(target, held, sent, None if sent.faults else NO_PLACE, 422)
    reach = request.form.get("reach", "")
    metres = float(reach) if reach in map(str, REACHES) else float(REACHES[0])
    own = held.key if held is not None and target.table is Route.__table__ else None
    with reading() as connection:
        sent.shape, moved = lines.snap(connection, sent.shape, own, metres)
    sent.place = place_of(sent.shape)
    if moved == 0:
        said = Text(NOT_NEAR.en.format(metres=metres), NOT_NEAR.fr.format(metres=metres))
    else:
        said = SNAPPED_ONE if moved == 1 else SNAPPED_BOTH
    return _form(target, held, sent, None, 200, told=said)


def _stale(connection: Connection, target: Target, held: Held, sent: Sent) -> Response:
    """The form after somebody else changed its row: what was typed stays, the rest is as it is now."""
    was = remembered(request.form.get("was", ""))
    changed = held.changed_since(request.form.get("was", ""))
    changes = []
    for name in changed:
        now = lines.write_line(held.shape) if name == GEOM else held.texts[name]
        yours = sent.place["line"] if name == GEOM and is_line(target) else sent.texts.get(name, "")
        if name == GEOM and not is_line(target):
            now, yours = now.strip(), f"{sent.place['longitude']} {sent.place['latitude']}"
        then = None if name == GEOM else was.get(name)
        label = column_label(name, g.language)
        changes.append({"label": label, "then": then, "now": _short(now), "yours": _short(yours)})
        if name != GEOM and yours == was.get(name):
            # Nothing was typed there.
            sent.texts[name] = held.texts[name]
    last = next(iter(history_of(connection, target.table, held.key)), None)
    who = (last.who, moment(last.at)) if last is not None else None
    return _form(target, held, sent, STALE, 409, changes=changes, who=who)


def _short(text: str) -> str:
    corners = text.splitlines()
    return text if len(corners) < 4 else f"{corners[0]} … {corners[-1]} ({len([each for each in corners if each])})"


def _gone(connection: Connection, target: Target, key: str, sent: Sent) -> Response:
    """The form after somebody else removed its row, or where it is nobody's business."""
    if not keys_of(connection, target, key) or read_held(connection, target, key) is not None:
        raise NotFoundError(NO_SUCH_ROW)
    sent.texts[target.key[0]] = remembered(request.form.get("was", "")).get(target.key[0], "")
    return _form(target, None, sent, GONE, 409)


def _moved(target: Target, held: Held, sent: Sent) -> bool:
    """Whether another place was typed than the row has."""
    before = place_of(held.shape)
    names = ("line",) if is_line(target) else ("longitude", "latitude")
    return any(before[name].split() != sent.place[name].split() for name in names)


def _form(
    target: Target,
    held: Held | None,
    sent: Sent,
    wrong: Text | None = None,
    status: int = 200,
    *,
    told: Text | None = None,
    changes: Sequence[dict[str, Any]] = (),
    who: tuple[str | None, str] | None = None,
) -> Response:
    faults = dict(sent.faults)
    shape = sent.shape
    with reading() as connection:
        real = connection.scalar(select(func.viewer_sees_real()))
        fields = fields_of(connection, target, sent, held, g.language)
    columns = {column.name for column in columns_of(target)}
    body = render_template(
        "mend_row.html",
        table=target.name,
        title=TABLES[target.name].in_language(g.language),
        held=held,
        public=page_of(target.name, held.key) if held is not None else None,
        fields=fields,
        officer=current_viewer().has(ROLE),
        back=url_for(LISTS.get(target.name, ".page"), table=target.name, lang=g.language),
        place=sent.place,
        place_faults=[
            *faults.get(GEOM, ()),
            *(each for name in faults if name not in {*columns, GEOM} for each in faults[name]),
        ],
        line=is_line(target),
        only_line=target.has_geometry and target.geometry_types == ("MultiLineString",),
        has_place=target.has_geometry,
        needs_place=target.needs_geometry,
        corners=shapely.get_num_coordinates(shape) if shape is not None else 0,
        reaches=REACHES,
        was=held.mark() if held is not None else "",
        parts=map_parts(mending_map(shape, g.language), nonce()) if target.has_geometry else None,
        wrong=wrong.in_language(g.language) if wrong else None,
        told=told.in_language(g.language) if told else None,
        faulty=bool(faults),
        changes=changes,
        who=who,
        saved=request.args.get("saved"),
        synthetic=held.synthetic if held is not None else not real,
    )
    return unstored(make_response(body, status))


def _saved(target: Target, written: Written | None) -> Response:
    if written is None or not written.keys:
        place = url_for(LISTS.get(target.name, ".page"), lang=g.language)
        if written and current_viewer().has(ROLE):
            place = url_for("desk.batch", batch_id=written.batch, lang=g.language)
    else:
        noticed = sum(finding.rule != "key_made" for finding in written.findings)
        place = url_for(
            ".row", table=target.name, key=written.keys[0], saved=written.batch, noticed=noticed, lang=g.language
        )
    return make_response(redirect(place, 303))


def _target(table: str) -> Target:
    target = mendable(table)
    if target is None:
        raise NotFoundError(NO_SUCH_ROW)
    return target


def _tables() -> dict[str, str]:
    viewer = current_viewer()
    return {name: TABLES[name].in_language(g.language) for name in MENDABLE if viewer.has(*roles_of(name))}


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().time_zone)
