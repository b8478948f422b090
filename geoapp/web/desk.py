"""`/import`: bring files, see what they would do, accept or leave it; what was imported, and undoing it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, Row, func, select

from geoapp.desk import jobs
from geoapp.desk.history import history_of, keys_of, list_batches, target_of
from geoapp.desk.options import Options
from geoapp.desk.preview import grouped
from geoapp.desk.uploads import Brought, NoRoomError, keep_files, record_upload
from geoapp.errors import ConflictError, ForbiddenError, ImportRefusedError, NotFoundError
from geoapp.ingest.findings import Finding
from geoapp.ingest.positions import MAPPABLE
from geoapp.ingest.rules import RULES
from geoapp.ingest.targets import TARGETS, Target
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.desk_map import preview_map
from geoapp.web.desk_words import TABLES, for_page
from geoapp.web.folium_page import map_parts
from geoapp.web.language import translate
from geoapp.web.policy import nonce, unstored
from layers.tables import ImportBatch, ImportIssue, ImportJob, ImportUpload
from layers.text import Text
from layers.vocabulary import DEED, JOB_STATE, JOB_TASK

desk = Blueprint("desk", __name__, url_prefix="/import")

ROLE = "gis"
NOT_YOURS = "Importing is for GIS officers, in their units. Sign in as one, or ask an administrator."
NO_FILE = Text("Choose at least one file first.", "Choisissez d’abord au moins un fichier.")
NO_DAY = Text("Write the day as 2026-03-31.", "Écrivez le jour comme 2026-03-31.")
NO_TABLE = Text("Choose the table that the rows go to.", "Choisissez la table où vont les lignes.")
FULL = Text(
    "The server's disk is full or cannot be written, so nothing of this was kept. Tell the operator, and try again"
    " later.",
    "Le disque du serveur est plein ou ne peut être écrit\u00a0; rien n’a été gardé. Prévenez l’exploitant, et"
    " réessayez plus tard.",
)
SHOWN_UPLOADS, SHOWN_BATCHES = 20, 50
MOST_FINDINGS = 20_000
LONGEST = 200
OPEN = ("waiting", "running")


@desk.before_request
def _require_officer() -> None:
    if not current_viewer().has(ROLE):
        raise ForbiddenError(NOT_YOURS)


@desk.get("")
def page() -> Response:
    """The form, the uploads that are under way, and the batches."""
    return _front()


@desk.post("")
def bring() -> Response:
    """Keep the files of the form, and have them looked into."""
    files = [Brought(file.filename or "", file.stream) for file in request.files.getlist("files") if file.filename]
    if not files:
        return _front(NO_FILE, 422)
    try:
        kept = keep_files(_settings(), files)
    except ImportRefusedError as refusal:
        return _front(refusal.said, 422)
    except NoRoomError:
        return _front(FULL, 507)
    with writing() as connection:
        made = [record_upload(connection, each) for each in kept]
    place = url_for("desk.upload", upload_id=made[0], lang=g.language)
    return make_response(redirect(place if len(made) == 1 else url_for("desk.page", lang=g.language), 303))


@desk.get("/uploads/<uuid:upload_id>")
def upload(upload_id: UUID) -> Response:
    """What was found in an upload, layer by layer, and what each would do."""
    return _upload_page(upload_id)


@desk.post("/jobs/<uuid:job_id>")
def decide(job_id: UUID) -> Response:
    """Change what a layer means, accept it, leave it, cancel it, or begin anew."""
    with writing() as connection:
        job = jobs.read_job(connection, job_id)
    step = request.form.get("step", "")
    try:
        with writing() as connection:
            if step == "change":
                wrong = _change(connection, job)
                if wrong is not None:
                    return _upload_page(job.upload_id, job_id, wrong, 422)
            elif step == "accept":
                jobs.accept(connection, job_id, request.form.get("mark", ""))
            elif step == "leave":
                jobs.leave(connection, job_id)
            elif step == "cancel":
                jobs.cancel(connection, job_id)
            elif step == "again":
                jobs.try_again(connection, job_id)
    except ConflictError as conflict:
        if job.upload_id is None:
            return _batch_page(job.import_batch_id, conflict.said, 409)
        return _upload_page(job.upload_id, job_id, conflict.said, 409)
    if job.upload_id is None:
        place = url_for("desk.batch", batch_id=job.import_batch_id, lang=g.language)
    else:
        place = url_for("desk.upload", upload_id=job.upload_id, layer=job_id, lang=g.language)
    return make_response(redirect(place, 303))


@desk.get("/batches/<uuid:batch_id>")
def batch(batch_id: UUID) -> Response:
    """What a batch did, and what undoing it did."""
    return _batch_page(batch_id)


@desk.post("/batches/<uuid:batch_id>/undo")
def undo(batch_id: UUID) -> Response:
    """Have a batch undone."""
    try:
        with writing() as connection:
            jobs.ask_undo(connection, batch_id)
    except ConflictError as conflict:
        return _batch_page(batch_id, conflict.said, 409)
    return make_response(redirect(url_for("desk.batch", batch_id=batch_id, lang=g.language), 303))


@desk.get("/history")
def history() -> Response:
    """What happened to a row, which a table and a key name."""
    table, key = request.args.get("table", ""), request.args.get("key", "").replace("\0", "").strip()
    target = TARGETS.get(table)
    found: list[dict[str, Any]] = []
    if target is not None and key:
        with reading() as connection:
            for row in keys_of(connection, target, key):
                events = [_event(event) for event in history_of(connection, target.table, row)]
                found.append({"key": row, "events": events})
    body = render_template("desk_history.html", tables=_tables(), table=table, key=key, rows=found, asked=bool(key))
    return unstored(make_response(body, 200 if found or not key else 404))


def _settings() -> Settings:
    settings: Settings = current_app.extensions["geoapp.settings"]
    return settings


def _front(wrong: Text | None = None, status: int = 200) -> Response:
    with reading() as connection:
        asked = select(ImportUpload.__table__).order_by(ImportUpload.created_at.desc()).limit(SHOWN_UPLOADS)
        uploads = [_listed(connection, row) for row in connection.execute(asked)]
        batches = [_batch(row) for row in list_batches(connection, SHOWN_BATCHES)]
    body = render_template(
        "desk.html",
        uploads=uploads,
        batches=batches,
        wrong=wrong.in_language(g.language) if wrong else None,
        most=_settings().max_upload_mb,
        days=_settings().upload_days,
        live=any(each["open"] for each in uploads),
    )
    return unstored(make_response(body, status))


def _listed(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    found = jobs.jobs_of(connection, row.upload_id)
    layers = [job for job in found if job.task != "open"] or list(found)
    return {
        "id": row.upload_id,
        "name": row.file_name,
        "who": row.created_by,
        "when": _moment(row.created_at),
        "removed": row.removed_at is not None,
        "open": any(job.state in OPEN for job in found),
        "states": [_state(connection, job) for job in layers],
    }


def _state(connection: Connection, job: Row[Any]) -> dict[str, Any]:
    """How far a job has come, in words."""
    stale = jobs.is_stale(job, connection.scalar(select(func.clock_timestamp())) or dt.datetime.now(dt.UTC))
    return {
        "id": job.job_id,
        "layer": job.layer,
        "table": _table(job.table_name),
        "code": "stale" if stale else job.state,
        "task": job.task,
        "said": JOB_STATE.label(job.state, g.language),
        "doing": JOB_TASK.label(job.task, g.language),
        "step": translate(job.step) if job.step else "",
        "done": job.rows_done,
        "total": job.rows_total,
        "share": min(100, round(100 * job.rows_done / job.rows_total)) if job.rows_total else None,
        "reason": for_page((job.reason_fr if g.language == "fr" else job.reason_en) or "", g.language),
        "batch": job.import_batch_id,
        "accepted_by": job.accepted_by,
        "cancel": job.cancel,
        "attempt": job.attempt,
    }


def _upload_page(upload_id: UUID, job_id: UUID | None = None, wrong: Text | None = None, status: int = 200) -> Response:
    with reading() as connection:
        row = jobs.read_upload(connection, upload_id)
        found = jobs.jobs_of(connection, upload_id)
        layers = [job for job in found if job.task != "open"]
        opening = next((job for job in found if job.task == "open"), None)
        shown = _chosen(layers, job_id)
        states = [_state(connection, job) for job in layers]
        opened = _state(connection, opening) if opening is not None else None
    parts = None
    if shown is not None and shown.preview and shown.preview.get("shapes") and shown.state in {"ready", "done", *OPEN}:
        parts = map_parts(preview_map(shown.preview["shapes"], g.language), nonce())
    state = next((each for each in states if shown is not None and each["id"] == shown.job_id), None)
    live = [each for each in (state, opened) if each is not None and each["code"] in {*OPEN, "stale"}]
    body = render_template(
        "desk_upload.html",
        upload=row,
        when=_moment(row.created_at),
        states=states,
        opened=opened,
        job=shown,
        state=state,
        about=_about(row, shown),
        form=_form(row, shown),
        preview=_preview(shown),
        parts=parts,
        wrong=wrong.in_language(g.language) if wrong else None,
        live=bool(live),
        working=any(each["code"] in {*OPEN, "stale"} for each in states),
        tables=_tables(),
        synthetic=row.synthetic,
    )
    return unstored(make_response(body, status))


def _chosen(layers: list[Row[Any]], job_id: UUID | None) -> Row[Any] | None:
    """The layer that is shown: the one that the address names, else the first that waits for a decision."""
    wanted = str(job_id) if job_id is not None else request.args.get("layer")
    for job in layers:
        if str(job.job_id) == wanted:
            return job
    return next((job for job in layers if job.state in {"ready", "asking", *OPEN}), layers[0] if layers else None)


def _about(row: Row[Any], job: Row[Any] | None) -> dict[str, Any]:
    """What was found in the layer."""
    return next((each for each in row.layers or () if job is not None and each["name"] == job.layer), {})


def _form(row: Row[Any], job: Row[Any] | None) -> dict[str, Any] | None:
    """What of a layer can be changed: its options, and where each of its columns goes."""
    about = _about(row, job)
    if job is None or not about.get("columns") or row.removed_at is not None:
        return None
    target = TARGETS.get(job.table_name or "")
    read = _goes_to(job)
    columns = [
        {"name": column["name"], "samples": column["samples"], "to": read.get(column["name"], "")}
        for column in about["columns"]
    ]
    return {
        "options": Options.of(job.options),
        "columns": columns,
        "choices": _choices(target, bool(about.get("geometry"))),
        "proposals": (job.preview or {}).get("proposals", ()),
        "recognised": (job.preview or {}).get("recognised"),
    }


def _goes_to(job: Row[Any]) -> dict[str, str]:
    """The column of the table that each column of the file was read as."""
    found: dict[str, str] = {}
    for name, sources in (job.preview or {}).get("mapping", {}).items():
        if name == "geom" and len(sources) == 2:
            found |= dict(zip(sources, ("longitude", "latitude"), strict=True))
        else:
            found |= dict.fromkeys(sources, name)
    for name, sources in Options.of(job.options).mapping.items():
        found |= dict.fromkeys(sources, name)
    return found


def _choices(target: Target | None, placed: bool) -> list[str]:
    if target is None:
        return []
    places = list(MAPPABLE) if target.has_geometry and not placed else []
    return [*target.columns, *places]


def _change(connection: Connection, job: Row[Any]) -> Text | None:
    """Store what the form says; what is wrong with it where something is."""
    sent = {name: "".join(sign for sign in value if sign.isprintable()).strip() for name, value in request.form.items()}
    table = sent.get("table", "")
    if table not in _tables():
        return NO_TABLE
    if sent.get("source_date"):
        try:
            dt.date.fromisoformat(sent["source_date"])
        except ValueError:
            return NO_DAY
    mapping = _mapping(connection, job) if table == job.table_name else {}
    options = Options(
        source=sent.get("source", "")[:LONGEST] or None,
        source_date=sent.get("source_date") or None,
        licence=sent.get("licence", "")[:LONGEST] or None,
        crs=sent.get("crs", "")[:LONGEST] or None,
        encoding=sent.get("encoding", "")[:LONGEST] or None,
        repair_text="repair_text" in sent,
        accept_proposals="accept_proposals" in sent,
        use_memory="forget" not in sent,
        mapping=mapping,
    )
    version = sent.get("version", "")
    jobs.change_options(connection, job.job_id, int(version) if version.isdecimal() else 0, table, options)
    return None


def _mapping(connection: Connection, job: Row[Any]) -> dict[str, list[str]]:
    """The choices of columns that differ from what was found, beside those that were made before."""
    about = _about(jobs.read_upload(connection, job.upload_id), job)
    read = _goes_to(job)
    mapping = {name: list(sources) for name, sources in Options.of(job.options).mapping.items()}
    allowed = set(_choices(TARGETS.get(job.table_name or ""), bool(about.get("geometry"))))
    for number, column in enumerate(about.get("columns", ())):
        name, chosen = column["name"], request.form.get(f"column-{number}", "")
        if chosen == read.get(name, "") or (chosen and chosen not in allowed):
            continue
        for sources in mapping.values():
            if name in sources:
                sources.remove(name)
        if chosen:
            mapping.setdefault(chosen, []).append(name)
    return {name: sources for name, sources in mapping.items() if sources}


def _preview(job: Row[Any] | None) -> dict[str, Any] | None:
    """What a preview says, in the language of the request."""
    if job is None or not job.preview or job.state not in {"ready", "done", "refused", *OPEN}:
        return None
    shown = job.preview
    groups = [_told(group) for group in shown.get("groups", ())]
    names = {name for sample in shown["samples"].get("insert", ()) for name in sample["values"]}
    order = [*TARGETS[job.table_name].key, *TARGETS[job.table_name].columns] if job.table_name else []
    columns = sorted(names, key=lambda name: order.index(name) if name in order else len(order))
    return {**shown, "groups": groups, "columns": columns}


def _batch_page(batch_id: UUID, wrong: Text | None = None, status: int = 200) -> Response:
    with reading() as connection:
        asked = select(ImportBatch.__table__).where(ImportBatch.import_batch_id == batch_id)
        row = connection.execute(asked).one_or_none()
        if row is None:
            raise NotFoundError(jobs.NO_SUCH_JOB)
        groups = _findings(connection, batch_id)
        undoing = select(ImportJob.__table__).where(ImportJob.import_batch_id == batch_id, ImportJob.task == "undo")
        last = connection.execute(undoing.order_by(ImportJob.created_at.desc()).limit(1)).one_or_none()
        state = _state(connection, last) if last is not None else None
        of_upload = select(ImportJob.upload_id).where(ImportJob.import_batch_id == batch_id, ImportJob.task == "write")
        upload_id = connection.scalar(of_upload.limit(1))
    body = render_template(
        "desk_batch.html",
        batch=_batch(row),
        groups=groups,
        state=state,
        undone=_undone(last.preview) if last is not None and last.preview else None,
        upload_id=upload_id,
        wrong=wrong.in_language(g.language) if wrong else None,
        live=state is not None and state["code"] in {*OPEN, "stale"},
        synthetic=row.synthetic,
    )
    return unstored(make_response(body, status))


def _findings(connection: Connection, batch_id: UUID) -> list[dict[str, Any]]:
    """The findings of a batch by kind, with the first of each in words."""
    asked = select(ImportIssue.__table__).where(ImportIssue.import_batch_id == batch_id)
    found = [
        Finding(row.row, row.column, row.rule, row.severity, row.value, row.repair, (row.value, row.repair))
        for row in connection.execute(asked.order_by(ImportIssue.row).limit(MOST_FINDINGS))
        if row.rule in RULES
    ]
    return [_told(group) for group in grouped(found)]


def _told(group: dict[str, Any]) -> dict[str, Any]:
    """A group of findings in the language of the request."""
    return {**group, "said": [for_page(each[g.language], g.language) for each in group["said"]]}


def _undone(told: dict[str, Any]) -> dict[str, Any]:
    """What an undo did, with the tables of rows that stay as their pages call them."""
    stays = []
    for each in told["stays"]:
        target = target_of(each["table"])
        stays.append({**each, "public": target.name if target else None})
    return {**told, "stays": stays}


def _batch(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.import_batch_id,
        "file": row.file_name,
        "sha256": row.sha256,
        "layer": row.layer,
        "table": _table(row.table_name),
        "source": row.source_id,
        "crs": row.crs_used,
        "encoding": row.encoding_used,
        "who": row.imported_by,
        "when": _moment(row.imported_at),
        "read": row.rows_in,
        "inserted": row.rows_inserted,
        "updated": row.rows_updated,
        "unchanged": row.rows_unchanged,
        "rejected": row.rows_rejected,
        "undone": _moment(row.undone_at) if row.undone_at else None,
        "undone_by": row.undone_by,
        "undoable": row.undone_at is None and row.columns is not None,
    }


def _event(event: Any) -> dict[str, Any]:
    return {
        **vars(event),
        "when": _moment(event.at),
        "said": DEED.label(event.deed, g.language),
        "changes": [(name, *map(_value, pair)) for name, pair in event.changes.items()],
    }


def _value(value: Any) -> str | None:
    if value is None or value == []:
        return None
    if isinstance(value, list):
        return "; ".join(map(str, value))
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _table(name: str | None) -> str:
    return TABLES[name].in_language(g.language) if name in TABLES else ""


def _tables() -> dict[str, str]:
    """The tables that somebody may choose, by name."""
    return {name: said.in_language(g.language) for name, said in TABLES.items() if name != "boundaries"}


def _moment(moment: dt.datetime) -> str:
    zone = ZoneInfo(_settings().time_zone)
    return format_datetime(moment, "d MMM y, HH:mm", tzinfo=zone, locale=g.language)
