"""Exports: the page on which to choose one, and the files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, send_file, url_for
from sqlalchemy import Connection, func, select

from geoapp.database.engine import take_time
from geoapp.errors import NotFoundError
from geoapp.publish.box import read_box
from geoapp.publish.exports.about import sentence
from geoapp.publish.exports.export import FORMS, export
from geoapp.publish.exports.pack import MIMETYPE, PROJECT_FILE, write_pack
from geoapp.publish.features import MOST, NO_SUCH_LAYER, Question
from geoapp.publish.mbtiles import write_base_map
from geoapp.publish.qgis.project import make_project, served_addresses
from geoapp.scratch import scratch
from geoapp.web.database import current_viewer, look, reading, writing_one_version
from geoapp.web.filtering import asked_filter
from geoapp.web.policy import unstored
from geoapp.web.tiles import BASE_TABLES
from layers.catalogue import LAYERS
from layers.filter import UNKNOWN, Filter
from layers.layer import MapLayer
from layers.tables import AdminUnit
from layers.vocabulary import CATEGORY, LEVEL, STATUS, Vocabulary

exporting = Blueprint("exporting", __name__)

NO_SUCH_FORM = "There is no such format. Take one of those on the page Data."
PACK, KEPT_BASE = "geoapp.zip", "geoapp.base_map"
# As long as the proxy waits for the first byte.
EXPORT_SECONDS = 300
# What an address takes beside the filter.
BESIDE = ("lang", "bbox")


@dataclass(frozen=True)
class Offered:
    """A layer on the page: its title, what of it is asked for in words, and the addresses of its files by format."""

    name: str
    title: str
    sentence: str
    files: list[tuple[str, str, str]]


@exporting.get("/export")
def page() -> Response:
    """The layers that there are for the viewer, each in every format, under the filter of the query."""
    # A form without JavaScript sends several values as several parameters.
    joined = {name: ",".join(filter(None, values)) for name, values in request.args.lists()}
    chosen = Filter.parse({name: text for name, text in joined.items() if name not in BESIDE})
    question = Question(MOST, chosen, read_box(joined.get("bbox")))
    kept = {name: text for name, text in joined.items() if text and name != "lang"}
    offered = [_offered(layer, question, kept) for layer in _visible()]
    with reading() as connection:
        units = _units(connection, g.language)
    return unstored(
        make_response(
            render_template(
                "export.html",
                offered=offered,
                chosen=chosen,
                kept=kept,
                choices=_choices(g.language),
                units=units,
                narrowed=bool(kept),
            )
        )
    )


@exporting.get("/export/<file>")
def download(file: str) -> Response:
    """The file of a layer, such as incidents.gpkg, of what the viewer may see under the filter of the query."""
    name, _, suffix = file.partition(".")
    layer = next((each for each in _visible() if each.name == name), None)
    if layer is None:
        raise NotFoundError(NO_SUCH_LAYER)
    if suffix not in FORMS:
        raise NotFoundError(NO_SUCH_FORM)
    question = _question()

    def write(connection: Connection, target: Path) -> None:
        export(connection, layer, question, target, language=g.language)

    return _written(file, FORMS[suffix].mimetype, write)


@exporting.get(f"/export/{PACK}")
def pack() -> Response:
    """The pack for a computer without a line: what the viewer may see of their units, and the base map."""
    question = _question()

    def write(connection: Connection, target: Path) -> None:
        base_map = _base_map(connection, target.with_name("base"))
        write_pack(connection, question, target, language=g.language, base_map=base_map)

    return _written(PACK, MIMETYPE, write)


@exporting.get(f"/export/{PROJECT_FILE}")
def project() -> Response:
    """A QGIS project of the viewer's layers, styled as on the map, with the addresses of this server."""
    viewer = current_viewer()
    tiles = url_for("tiles.tile", name="base", z=0, x=0, y=0, _external=True).replace(
        "/base/0/0/0.mvt", "/{name}/{z}/{x}/{y}.mvt"
    )
    addresses = served_addresses(tiles, url_for("ogc.landing", _external=True), signed_in=viewer.signed_in)
    answer = Response(make_project(_visible(), addresses, "geoapp", g.language), mimetype="application/x-qgis-project")
    answer.headers["Content-Disposition"] = f"attachment; filename={PROJECT_FILE}"
    return unstored(answer)


def _base_map(connection: Connection, target: Path) -> bytes:
    """The base map as a file, which is made anew where what it is made from has changed."""
    made_from = f"{look().version_of(sorted(BASE_TABLES))} {g.language}"
    kept: tuple[str, bytes] | None = current_app.extensions.get(KEPT_BASE)
    if kept is None or kept[0] != made_from:
        write_base_map(connection, target, g.language)
        kept = current_app.extensions[KEPT_BASE] = (made_from, target.read_bytes())
    return kept[1]


def _question() -> Question:
    return Question(MOST, asked_filter(*BESIDE), read_box(request.args.get("bbox")))


def _written(file: str, mimetype: str, write: Callable[[Connection, Path], None]) -> Response:
    """The answer with a file that `write` makes in a transaction of the viewer."""
    with scratch("export") as folder:
        with writing_one_version() as connection:
            take_time(connection, EXPORT_SECONDS)
            write(connection, folder / file)
        # The connection is free again before the first byte is sent: who reads slowly keeps nobody waiting. What is
        # open can be read to its end though its name is gone.
        opened = (folder / file).open("rb")
    answer = send_file(opened, mimetype, as_attachment=True, download_name=file, etag=False)
    answer.content_length = os.fstat(opened.fileno()).st_size
    return unstored(answer)


def _visible() -> list[MapLayer]:
    viewer = current_viewer()
    return [layer for layer in LAYERS.values() if not layer.roles or viewer.has(*layer.roles)]


def _offered(layer: MapLayer, question: Question, kept: dict[str, str]) -> Offered:
    language = g.language
    query = urlencode({**kept, "lang": language})
    files = [
        (form.title, form.suffix, f"{url_for('exporting.download', file=f'{layer.name}.{form.suffix}')}?{query}")
        for form in FORMS.values()
    ]
    return Offered(layer.name, layer.title.in_language(language), sentence(layer, question, language), files)


def _choices(language: str) -> dict[str, list[tuple[str, str]]]:
    def listed(vocabulary: Vocabulary, more: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
        return [*((str(code), vocabulary.label(code, language)) for code in vocabulary), *more]

    unknown = (UNKNOWN, "Niveau inconnu" if language == "fr" else "Level unknown")
    return {"level": listed(LEVEL, [unknown]), "category": listed(CATEGORY), "status": listed(STATUS)}


def _units(connection: Connection, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The units of today with their names, the provinces under their countries."""
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    today = (AdminUnit.valid_from <= func.today()) & func.coalesce(AdminUnit.valid_to > func.today(), True)
    rows = connection.execute(
        select(AdminUnit.country, AdminUnit.level, AdminUnit.unit_code, name)
        .where(today, AdminUnit.level <= 1)
        .order_by(AdminUnit.country, AdminUnit.level, name)
    ).all()
    countries = {row.country: row[3] for row in rows if row.level == 0}
    return [
        (title, [(row.unit_code, row[3]) for row in rows if row.country == country])
        for country, title in countries.items()
    ]
