"""`/quality`: how many rows of each table and source want what, each figure leading to its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from sqlalchemy import Connection, String, cast, func, select
from sqlalchemy import Text as TextType

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.ingest.targets import TARGETS
from geoapp.publish.quality import TableQuality, count_quality, source_names, wanting_rows
from geoapp.web.database import current_viewer, read_snapshot, reading, reading_one_version
from geoapp.web.policy import unstored
from layers.catalogue import LAYERS
from layers.quality import CHECKED, Checked, source_of
from layers.text import Text, typeset
from layers.vocabulary import QUALITY, QUALITY_KIND
from layers.vocabulary.quality import NO_SOURCE

quality = Blueprint("quality", __name__, url_prefix="/quality")

NOT_YOURS = "Data quality is for coordinators, analysts and GIS officers, in their units."
NO_SUCH_LIST = "There is no such list of rows. Go back to the page of data quality."
WITHOUT_SOURCE = Text("no source", "sans source")
PAGE = 50


@dataclass(frozen=True)
class Figure:
    """How many rows of a source, or of all for None, fail a check; `share` of 100, `href` shows them."""

    rows: int
    share: float
    href: str


@dataclass(frozen=True)
class Line:
    """A check with its figures: of all sources first, then of each."""

    said: str
    means: list[str]
    figures: list[Figure]


@dataclass(frozen=True)
class Section:
    """A table with what is wanting in it by kind, and the checks that none of its rows fails."""

    name: str
    title: str
    total: int
    sources: list[tuple[str, int]]
    kinds: list[tuple[str, list[Line]]]
    passed: list[str]


@quality.before_request
def _require_role() -> None:
    if not current_viewer().has(*FULL_ROLES):
        raise ForbiddenError(NOT_YOURS)


@quality.get("")
def page() -> Response:
    """The figures of every table of which the viewer sees a row."""
    with reading_one_version() as (connection, started):
        counted = count_quality(connection, read_snapshot(connection, started))
        names = source_names(connection)
        synthetic = "demo" in names
    sections = [_section(each, names, g.language) for each in counted]
    return unstored(make_response(render_template("quality.html", sections=sections, synthetic=synthetic)))


@quality.get("/<name>")
def rows(name: str) -> Response:
    """The rows of a table that is on no map, by the checks and the source of the query."""
    checked = CHECKED.get(name)
    codes = [check.code for check in checked.checks] if checked else []
    chosen = [code for code in request.args.get("quality", "").split(",") if code in codes]
    if checked is None or name in LAYERS or not chosen:
        raise NotFoundError(NO_SUCH_LIST)
    source = request.args.get("source") or None
    given = request.args.get("page", "1")
    number = int(given) if re.fullmatch(r"[1-9]\d{0,5}", given, re.ASCII) else 1
    with reading() as connection:
        total, listed = _read(connection, checked, chosen, source, number)
        names = source_names(connection)
    body = render_template(
        "quality_rows.html",
        name=name,
        title=checked.title.in_language(g.language),
        said=[QUALITY.label(code, g.language) for code in chosen],
        source=_source_in_words(source, names, g.language) if source else None,
        rows=[{**row, "source": _source_in_words(row["source"], names, g.language)} for row in listed],
        headings=list(TARGETS[name].key),
        total=total,
        page=number,
        pages=max(1, -(-total // PAGE)),
        query={"quality": ",".join(chosen), "source": source or "", "lang": g.language},
        synthetic=any(row["synthetic"] for row in listed),
        history=current_viewer().has("gis"),
    )
    return unstored(make_response(body))


def _section(counted: TableQuality, names: Mapping[str, str], language: str) -> Section:
    checked = counted.checked
    kinds = []
    for kind in QUALITY_KIND:
        lines = [
            Line(
                QUALITY.label(check.code, language),
                typeset(check.means.in_language(language), language).split("`"),
                _figures(counted, check.code),
            )
            for check in checked.checks
            if check.kind == kind and check.code in counted.wanting
        ]
        if lines:
            kinds.append((QUALITY_KIND.label(kind, language), lines))
    return Section(
        checked.name,
        checked.title.in_language(language),
        counted.total,
        _sources(counted, names, language),
        kinds,
        [QUALITY.label(check.code, language) for check in checked.checks if check.code not in counted.wanting],
    )


def _sources(counted: TableQuality, names: Mapping[str, str], language: str) -> list[tuple[str, int]]:
    """The sources beside all of them, where there are several, with their rows."""
    shown = counted.sources if len(counted.rows) > 1 else []
    return [(_source_in_words(source, names, language), counted.rows[source]) for source in shown]


def _figures(counted: TableQuality, code: str) -> list[Figure]:
    found = counted.wanting[code]
    whole = sum(found.values())
    figures = [Figure(whole, 100 * whole / counted.total, _rows_of(counted.checked.name, code, None))]
    # Where all are of one source it would say the same.
    for source in counted.sources if len(counted.rows) > 1 else ():
        rows = found.get(source, 0)
        figures.append(Figure(rows, 100 * rows / counted.rows[source], _rows_of(counted.checked.name, code, source)))
    return figures


def _rows_of(name: str, code: str, source: str | None) -> str:
    """Where the rows of a figure are seen: on the map and in its table, or as a list where they are on no map."""
    if name not in LAYERS:
        return url_for("quality.rows", name=name, quality=code, source=source, lang=g.language)
    # Rows without a place are listed too.
    return url_for("map.page", quality=code, source=source, layers=name, table=name, all="1", lang=g.language)


def _source_in_words(source: str, names: Mapping[str, str], language: str) -> str:
    return WITHOUT_SOURCE.in_language(language) if source == NO_SOURCE else names.get(source, source)


def _read(
    connection: Connection, checked: Checked, codes: list[str], source: str | None, page: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows there are, and those of a page."""
    table = checked.table
    asked = wanting_rows(checked, codes, source)
    total = connection.scalar(select(func.count()).select_from(asked.add_columns(table.c.synthetic).subquery())) or 0
    target = TARGETS[checked.name]
    (primary,) = table.primary_key.columns
    keys = [cast(target.columns[name].stored, TextType).label(name) for name in target.key]
    read = asked.add_columns(
        *keys,
        cast(primary, String).label("row"),
        func.array_to_string(table.c.units, ", ").label("units"),
        source_of(table.c).label("source"),
        table.c.synthetic,
    )
    ordered = read.order_by(*keys, primary).offset((page - 1) * PAGE).limit(PAGE)
    return total, [dict(row) for row in connection.execute(ordered).mappings()]
