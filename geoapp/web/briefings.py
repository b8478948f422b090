"""`/briefings`: answers and views that an analyst puts together with notes of their own, and prints."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.access.audit import record
from geoapp.access.briefings import (
    ANSWER,
    COMPARISON,
    LONGEST_NOTE,
    LONGEST_TITLE,
    NOTE,
    VIEW,
    BriefingRefusedError,
    Change,
    Paper,
    add_item,
    change_item,
    delete_briefing,
    delete_item,
    list_briefings,
    make_briefing,
    move_item,
    read_briefing,
    rename_briefing,
)
from geoapp.access.people import list_units
from geoapp.access.viewer import PUBLIC, Reader, set_reader
from geoapp.briefing.contents import Part, in_words, title_of, work_out
from geoapp.briefing.version import read_version
from geoapp.errors import BadRequestError, NotFoundError
from geoapp.publish.paper import print_paper
from geoapp.risk.asking import record_question
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, reading_one_version, writing
from geoapp.web.language import translate
from geoapp.web.policy import unstored
from layers.text import LANGUAGES, Text
from layers.vocabulary import ROLE

briefings = Blueprint("briefings", __name__, url_prefix="/briefings")

NO_BRIEFING = "There is no such briefing, or it is not yours. Go to the list of your briefings."
# By which a part is handed over, in the order in which they are looked for.
HANDED = (ANSWER, VIEW, COMPARISON)
READERS = (PUBLIC, "committee", "coordinator", "analyst")
UNIT = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})*", re.ASCII)
MOST_UNITS = 40
# So long the page works out parts by itself; the rest on demand.
PAGE_SECONDS = 3.0
CHANGED = Text(
    "This was changed in another window meanwhile, and nothing of yours was kept over it. Compare, and save again.",
    "Ceci a été modifié entre-temps dans une autre fenêtre, et rien du vôtre ne l'a remplacé. Comparez, puis"
    " enregistrez de nouveau.",
)
GONE = Text(
    "This part was deleted in another window meanwhile. What you wrote stands in the form for a new note below.",
    "Cette partie a été supprimée entre-temps dans une autre fenêtre. Ce que vous avez écrit se trouve dans le"
    " formulaire d'une nouvelle remarque, plus bas.",
)
NO_ANSWER = Text("Paste the address of an answer.", "Collez l'adresse d'une réponse.")


@dataclass(frozen=True)
class Clash:
    """What a form held of a part, or of the title, that another window had changed."""

    said: Text
    item: uuid.UUID | None = None
    title: str = ""
    note: str = ""
    shared: bool = False


@briefings.before_request
def require_sign_in() -> Response | None:
    """To sign in first, and then to come here."""
    if current_viewer().signed_in:
        return None
    to = request.full_path.rstrip("?") if request.method == "GET" else url_for("briefings.page")
    return make_response(redirect(url_for("sign_in.page", lang=g.language, next=to), 303))


@briefings.get("")
def page() -> Response:
    """The list, and a form that begins a briefing."""
    return _list()


@briefings.post("")
def begin() -> Response:
    """Begin a briefing."""
    try:
        with writing() as connection:
            made = make_briefing(connection, current_viewer().name, request.form.get("title", ""))
    except BriefingRefusedError as refusal:
        return _list(wrong=refusal.said.in_language(g.language), status=422)
    return _to(made)


@briefings.get("/add")
def choose() -> Response:
    """Which briefing the answer, the view or the comparison of the address goes into."""
    return _chosen(*_handed(request.args))


@briefings.post("/add")
def add() -> Response:
    """Add it; without a briefing named, ask for one, as what is handed over may be too long for an address."""
    kind, query = _handed(request.form)
    named = request.form.get("briefing", "")
    if not named:
        return _chosen(kind, query)
    try:
        with writing() as connection:
            name = current_viewer().name
            briefing_id = make_briefing(connection, name, request.form.get("new", "")) if named == "new" else _id(named)
            words = {each: request.form.get(each, "") for each in ("title", "note")}
            if not add_item(connection, briefing_id, name, kind, query=query, **words):
                raise NotFoundError(NO_BRIEFING)
    except BriefingRefusedError as refusal:
        return _chosen(kind, query, wrong=refusal.said.in_language(g.language), status=422)
    return _to(briefing_id, "end")


@briefings.get("/<uuid:briefing_id>")
def one(briefing_id: uuid.UUID) -> Response:
    """A briefing: its parts as they are now, and the forms that change them."""
    return _shown(briefing_id)


@briefings.post("/<uuid:briefing_id>")
def change(briefing_id: uuid.UUID) -> Response:
    """Rename a briefing, add to it, or delete it."""
    form = request.form
    name = current_viewer().name
    deed = form.get("deed", "")
    try:
        with writing() as connection:
            paper = _read(connection, briefing_id)
            match deed:
                case "rename":
                    if not rename_briefing(connection, briefing_id, form.get("title", ""), _revision()):
                        return _shown(briefing_id, clash=Clash(CHANGED, None, form.get("title", "")))
                case "note":
                    words = {each: form.get(each, "") for each in ("title", "note")}
                    add_item(connection, briefing_id, name, NOTE, **words)
                case "answer":
                    kind, query = _of_address(_address())
                    add_item(connection, briefing_id, name, kind, query=query)
                case "delete":
                    if paper.changed_at.isoformat() != form.get("seen"):
                        return _shown(briefing_id, clash=Clash(CHANGED))
                    delete_briefing(connection, briefing_id)
                case _:
                    raise BadRequestError("deed: there are rename, note, answer and delete")
    except BriefingRefusedError as refusal:
        return _shown(briefing_id, wrong=refusal.said.in_language(g.language))
    if deed == "delete":
        return make_response(redirect(url_for("briefings.page", lang=g.language), 303))
    return _to(briefing_id, "" if deed == "rename" else "end")


@briefings.post("/<uuid:briefing_id>/<uuid:item_id>")
def change_part(briefing_id: uuid.UUID, item_id: uuid.UUID) -> Response:
    """Change the words of a part, move it, or delete it."""
    form = request.form
    given = Change(form.get("title", ""), form.get("note", ""), form.get("shared") == "1", _revision())
    try:
        with writing() as connection:
            paper = _read(connection, briefing_id)
            item = next((each for each in paper.items if each.item_id == item_id), None)
            deed = form.get("deed", "")
            deeds: dict[str, Callable[[], bool]] = {
                "save": lambda: change_item(connection, briefing_id, item_id, given),
                "up": lambda: move_item(connection, briefing_id, item_id, -1),
                "down": lambda: move_item(connection, briefing_id, item_id, 1),
                "delete": lambda: delete_item(connection, briefing_id, item_id),
            }
            if deed not in deeds:
                raise BadRequestError("deed: there are save, up, down and delete")
            told = Clash(CHANGED, item_id, given.title, given.note, given.shared)
            if item is None:
                kept = deed == "save"
                return _shown(briefing_id, clash=Clash(GONE, None, given.title, given.note) if kept else Clash(GONE))
            if deed in {"save", "delete"} and item.revision != given.revision:
                return _shown(briefing_id, clash=told)
            if not deeds[deed]():
                return _shown(briefing_id, clash=told)
    except BriefingRefusedError as refusal:
        return _shown(briefing_id, wrong=refusal.said.in_language(g.language), clash=told)
    return _to(briefing_id, "" if deed == "delete" else f"part-{item_id}")


@briefings.get("/<uuid:briefing_id>/paper.pdf")
def printed(briefing_id: uuid.UUID) -> Response:
    """The briefing as PDF: one's own, or with the rights of a reader."""
    language = request.args["paper"] if request.args.get("paper") in LANGUAGES else g.language
    reader = read_reader()
    settings: Settings = current_app.extensions["geoapp.settings"]
    with reading_one_version() as (connection, _):
        paper = _read(connection, briefing_id)
        version = read_version(connection)
        if reader is not None:
            # From here on nothing of the author's own is read.
            set_reader(connection, reader)
        parts = work_out(connection, paper.items, language, for_reader=reader is not None)
    content = print_paper(
        "briefing.html",
        language,
        title=paper.title,
        subtitle=_for_whom(reader, language),
        mark=_for_whom(reader, language, short=True),
        by=current_viewer().name,
        made=dt.datetime.now(ZoneInfo(settings.time_zone)),
        version=_version_in_words(version.code, version.day, language),
        data=version,
        zone=settings.time_zone,
        parts=parts,
        left_out=len(paper.items) - len(parts),
        reader=reader,
        in_words=lambda period: in_words(period, language),
        synthetic=any(part.synthetic for part in parts),
    )
    _record(parts, briefing_id)
    response = make_response(content)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f"inline; filename=briefing-{language}.pdf"
    return unstored(response)


def read_reader() -> Reader | None:
    """For whom the address asks a paper; None for its author. Raises BadRequestError."""
    role = request.args.get("reader", "")
    if not role:
        return None
    if role not in READERS:
        raise BadRequestError(f"reader: there are {', '.join(READERS)}")
    asked = [each for text in request.args.getlist("unit") for each in re.split(r"[,\s]+", text.strip()) if each]
    if len(asked) > MOST_UNITS or not all(UNIT.fullmatch(each) for each in asked):
        raise BadRequestError("unit: is not a list of codes such as CD-SK,RW")
    return Reader(role, tuple(sorted(set(asked))) if role != PUBLIC else ())


def _record(parts: Sequence[Part], briefing_id: uuid.UUID) -> None:
    # Apart, since what a writing transaction reads cannot be kept for the next question.
    with writing() as connection:
        for part in parts:
            if part.question and not part.fault:
                record_question(connection, part.question)
        record(connection, "export", f"briefing/{briefing_id}")


def _version_in_words(code: str, day: dt.date, language: str) -> str:
    words = Text("Data of %(day)s, version %(code)s", "Données du %(day)s, version %(code)s").in_language(language)
    return words % {"day": day.isoformat(), "code": code}


def _for_whom(reader: Reader | None, language: str, *, short: bool = False) -> str:
    if reader is None:
        own = Text("The author's own copy: do not pass it on", "Exemplaire de l'auteur : ne pas transmettre")
        return (
            Text("Author's copy", "Exemplaire de l'auteur").in_language(language)
            if short
            else own.in_language(language)
        )
    role = (
        Text("the public", "le public").in_language(language)
        if reader.role == PUBLIC
        else ROLE.label(reader.role, language)
    )
    whom = f"{role} {', '.join(reader.units)}".strip()
    pattern = Text("For: %(whom)s", "Pour : %(whom)s")
    if not short:
        pattern = Text(
            "For: %(whom)s. Worked out with the rights of that role; what is not for it is left out.",
            "Pour : %(whom)s. Calculé avec les droits de ce rôle ; ce qui ne lui est pas destiné est omis.",
        )
    return pattern.in_language(language) % {"whom": whom}


def _handed(values: Any) -> tuple[str, str]:
    for kind in HANDED:
        if kind in values:
            text = values[kind].strip()
            return _of_address(text) if kind == ANSWER else (kind, text.partition("?")[2] or text.lstrip("?"))
    raise BadRequestError("answer, view or comparison: one of them names what goes into a briefing")


def _of_address(text: str) -> tuple[str, str]:
    """What somebody's address shows: a view of the map, a comparison, else an answer."""
    path, _, query = text.partition("?")
    path = re.sub(r"^https?://[^/]*", "", path)
    if path.endswith("/compare"):
        return COMPARISON, query
    if path in {"/", "/table"}:
        return VIEW, query
    name = path.rstrip("/").rpartition("/")[2]
    return ANSWER, f"{name}?{query}" if query else name


def _address() -> str:
    if text := request.form.get("address", "").strip():
        return text
    raise BriefingRefusedError(NO_ANSWER.en, NO_ANSWER.fr)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFoundError(NO_BRIEFING) from None


def _revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1


def _read(connection: Connection, briefing_id: uuid.UUID) -> Paper:
    paper = read_briefing(connection, briefing_id)
    if paper is None:
        raise NotFoundError(NO_BRIEFING)
    return paper


def _to(briefing_id: uuid.UUID, anchor: str = "") -> Response:
    return make_response(
        redirect(url_for("briefings.one", briefing_id=briefing_id, lang=g.language, _anchor=anchor or None), 303)
    )


def _when(moment: dt.datetime) -> str:
    settings: Settings = current_app.extensions["geoapp.settings"]
    return str(format_datetime(moment.astimezone(ZoneInfo(settings.time_zone)), "medium", locale=g.language))


def _list(*, wrong: str = "", status: int = 200) -> Response:
    with reading() as connection:
        listed = list_briefings(connection)
    shown = render_template(
        "briefings.html",
        briefings=listed,
        wrong=wrong,
        title=request.form.get("title", "") if wrong else "",
        longest=LONGEST_TITLE,
        when=_when,
    )
    return unstored(make_response(shown, status))


def _chosen(kind: str, query: str, *, wrong: str = "", status: int = 200) -> Response:
    with reading() as connection:
        listed = list_briefings(connection)
    shown = render_template(
        "briefing_add.html",
        kind=kind,
        query=query,
        handed=query,
        briefings=listed,
        wrong=wrong,
        form=request.form,
        longest=LONGEST_TITLE,
        longest_note=LONGEST_NOTE,
    )
    return unstored(make_response(shown, status))


def _shown(briefing_id: uuid.UUID, *, wrong: str = "", clash: Clash | None = None) -> Response:
    with reading_one_version() as (connection, _):
        paper = _read(connection, briefing_id)
        seconds = math.inf if request.args.get("all") == "1" else PAGE_SECONDS
        parts = work_out(connection, paper.items, g.language, drawn=False, seconds=seconds)
        units = list_units(connection)
        version = read_version(connection)
    page = render_template(
        "briefing.html",
        paper=paper,
        parts=parts,
        title_of=title_of,
        wrong=wrong,
        clash=clash,
        said=clash.said.in_language(g.language) if clash else "",
        units=[each for each in units if _readable(each.code)],
        readers=[
            (role, translate("the public") if role == PUBLIC else ROLE.label(role, g.language)) for role in READERS
        ],
        version=version,
        in_words=lambda period: in_words(period, g.language),
        synthetic=any(part.synthetic for part in parts),
        longest=LONGEST_TITLE,
        longest_note=LONGEST_NOTE,
        when=_when,
    )
    return unstored(make_response(page, 409 if clash else 422 if wrong else 200))


def _readable(code: str) -> bool:
    """Whether the viewer sees something of a unit, so that a reader of theirs can."""
    held = {unit for units in current_viewer().rights.values() for unit in units}
    return code in held or code.partition("-")[0] in held or any(each.startswith(f"{code}-") for each in held)
