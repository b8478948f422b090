"""`/import`: bring files, see what they would do, accept or leave it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, Row, select

from geoapp.desk import jobs
from geoapp.desk.history import list_batches
from geoapp.desk.uploads import Brought, NoRoomError, keep_files, record_upload
from geoapp.errors import ConflictError, ForbiddenError, ImportRefusedError
from geoapp.ingest.grounds import how_in_words
from geoapp.ingest.targets import TARGETS
from geoapp.web import desk_batches
from geoapp.web.column_words import column_label
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.desk_batches import batch_page
from geoapp.web.desk_form import about_layer, change, form_of, settle
from geoapp.web.desk_map import preview_map
from geoapp.web.desk_shown import batch_shown, moment, settings, state_of, tables, told_group
from geoapp.web.folium_page import map_parts
from geoapp.web.policy import nonce, unstored
from layers.tables import ImportUpload
from layers.text import Text

desk = Blueprint("desk", __name__, url_prefix="/import")

ROLE = "gis"
NOT_YOURS = "Importing is for GIS officers, in their units. Sign in as one, or ask an administrator."
NO_FILE = Text("Choose at least one file first.", "Choisissez d’abord au moins un fichier.")
FULL = Text(
    "The server's disk is full or cannot be written, so nothing of this was kept. Tell the operator, and try again"
    " later.",
    "Le disque du serveur est plein ou ne peut être écrit\u00a0; rien n’a été gardé. Prévenez l’exploitant, et"
    " réessayez plus tard.",
)
SHOWN_UPLOADS, SHOWN_BATCHES = 20, 50
OPEN = ("waiting", "running")


# The pages of batches, beside the uploads that they come from.
desk.add_url_rule("/batches/<uuid:batch_id>", view_func=desk_batches.batch)
desk.add_url_rule("/batches/<uuid:batch_id>/undo", view_func=desk_batches.undo, methods=["POST"])
desk.add_url_rule("/history", view_func=desk_batches.history)


@desk.before_request
def require_officer() -> None:
    """Send away whoever is no GIS officer."""
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
        kept = keep_files(settings(), files)
    except ImportRefusedError as refusal:
        return _front(refusal.said, 422)
    except NoRoomError:
        full = _front(FULL, 507)
        full.headers["Retry-After"] = "10"
        return full
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
                wrong = change(connection, job)
                if wrong is not None:
                    return _upload_page(job.upload_id, job_id, wrong, 422)
            elif step == "settle":
                settle(connection, job)
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
            return batch_page(job.import_batch_id, conflict.said, 409)
        return _upload_page(job.upload_id, job_id, conflict.said, 409)
    if job.upload_id is None:
        place = url_for("desk.batch", batch_id=job.import_batch_id, lang=g.language)
    else:
        place = url_for("desk.upload", upload_id=job.upload_id, layer=job_id, lang=g.language)
    return make_response(redirect(place, 303))


def _front(wrong: Text | None = None, status: int = 200) -> Response:
    with reading() as connection:
        asked = select(ImportUpload.__table__).order_by(ImportUpload.created_at.desc()).limit(SHOWN_UPLOADS)
        uploads = [_listed(connection, row) for row in connection.execute(asked)]
        batches = [batch_shown(row) for row in list_batches(connection, SHOWN_BATCHES)]
    body = render_template(
        "desk.html",
        uploads=uploads,
        batches=batches,
        wrong=wrong.in_language(g.language) if wrong else None,
        most=settings().max_upload_mb,
        days=settings().upload_days,
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
        "when": moment(row.created_at),
        "removed": row.removed_at is not None,
        "open": any(job.state in OPEN for job in found),
        "states": [state_of(connection, job) for job in layers],
    }


def _upload_page(upload_id: UUID, job_id: UUID | None = None, wrong: Text | None = None, status: int = 200) -> Response:
    with reading() as connection:
        row = jobs.read_upload(connection, upload_id)
        found = jobs.jobs_of(connection, upload_id)
        layers = [job for job in found if job.task != "open"]
        opening = next((job for job in found if job.task == "open"), None)
        shown = _chosen(layers, job_id)
        states = [state_of(connection, job) for job in layers]
        opened = state_of(connection, opening) if opening is not None else None
    parts = None
    if shown is not None and shown.preview and shown.preview.get("shapes") and shown.state in {"ready", "done", *OPEN}:
        parts = map_parts(preview_map(shown.preview["shapes"], g.language), nonce())
    state = next((each for each in states if shown is not None and each["id"] == shown.job_id), None)
    live = [each for each in (state, opened) if each is not None and each["code"] in {*OPEN, "stale"}]
    body = render_template(
        "desk_upload.html",
        upload=row,
        when=moment(row.created_at),
        states=states,
        opened=opened,
        job=shown,
        state=state,
        about=about_layer(row, shown),
        form=form_of(row, shown),
        preview=_preview(shown),
        parts=parts,
        wrong=wrong.in_language(g.language) if wrong else None,
        live=bool(live),
        working=any(each["code"] in {*OPEN, "stale"} for each in states),
        tables=tables(),
        synthetic=row.synthetic,
    )
    return unstored(make_response(body, status))


def _found(fact: dict[str, Any]) -> dict[str, Any]:
    """A fact of the file, with how it was found in words."""
    said = {name: how_in_words(fact[name], g.language) for name in ("found", "how") if fact[name]}
    return {**fact, **said}


def _chosen(layers: list[Row[Any]], job_id: UUID | None) -> Row[Any] | None:
    """The layer that is shown: the one that the address names, else the first that waits for a decision."""
    wanted = str(job_id) if job_id is not None else request.args.get("layer")
    for job in layers:
        if str(job.job_id) == wanted:
            return job
    return next((job for job in layers if job.state in {"ready", "asking", *OPEN}), layers[0] if layers else None)


def _preview(job: Row[Any] | None) -> dict[str, Any] | None:
    """What a preview says, in the language of the request."""
    if job is None or not job.preview or job.state not in {"ready", "done", "refused", *OPEN}:
        return None
    shown = job.preview
    groups = [told_group(group) for group in shown.get("groups", ())]
    names = {name for sample in shown["samples"].get("insert", ()) for name in sample["values"]}
    order = [*TARGETS[job.table_name].key, *TARGETS[job.table_name].columns] if job.table_name else []
    columns = sorted(names, key=lambda name: order.index(name) if name in order else len(order))
    meanwhile = shown.get("meanwhile") or {"conflicts": [], "gone": [], "kept": 0}
    for conflict in meanwhile["conflicts"]:
        conflict["label"] = column_label(conflict["column"], g.language)
    open_conflicts = sum(each["settled"] is None for each in meanwhile["conflicts"])
    removing = sum(each["chosen"] for each in meanwhile["gone"])
    return {
        **shown,
        **{fact: _found(shown[fact]) for fact in ("crs", "encoding")},
        "groups": groups,
        "columns": columns,
        "meanwhile": meanwhile,
        "open": open_conflicts,
        "removing": removing,
    }
