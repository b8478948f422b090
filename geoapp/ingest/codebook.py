"""The codebook: every column of every table that files may bring, with its unit, its codes, and what it is called."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import xlsxwriter
from sqlalchemy import Column

from geoapp.ingest.kinds import KindName, kind_of
from geoapp.ingest.targets import TARGETS, FileColumn, Target
from layers.text import Text
from layers.titles import TITLES, title_of

TYPES: dict[KindName, Text] = {
    "text": Text("text", "texte"),
    "texts": Text("list of texts, with ; between", "liste de textes, séparés par ;"),
    "whole": Text("whole number", "nombre entier"),
    "decimal": Text("number", "nombre"),
    "yes_no": Text("yes or no", "oui ou non"),
    "date": Text("date, as 2024-03-31", "date, comme 2024-03-31"),
    "time": Text("date and time, as 2024-03-31T14:30", "date et heure, comme 2024-03-31T14:30"),
    "people": Text(
        'JSON object, as {"civil_society": {"total": 12, "women": 5}}',
        'objet JSON, comme {"civil_society": {"total": 12, "women": 5}}',
    ),
    "object": Text('JSON object, as {"police": 12}', 'objet JSON, comme {"police": 12}'),
}
UNITS = {"_m": "m", "_km": "km", "_km2": "km2", "_kg": "kg"}
DAYS = {"days": Text("days", "jours")}
HEADING = (
    "column",
    "title_en",
    "title_fr",
    "type_en",
    "type_fr",
    "unit",
    "needed",
    "refers_to",
    "code",
    "label_en",
    "label_fr",
)
# Written by the database, and borne by features and exports.
MADE = ("country", "units", "source_id", "length_km", "area_km2", "participants", "women", "created_at")
POSITION = {
    "longitude": Text("degrees east, WGS 84, as 28.8431", "degrés est, WGS 84, comme 28.8431"),
    "latitude": Text("degrees north, WGS 84, as -2.5012", "degrés nord, WGS 84, comme -2.5012"),
    "geom": Text("WKT in WGS 84, as {example}", "WKT en WGS 84, comme {example}"),
}
EXAMPLES = {
    ("Point", "LineString"): "LINESTRING (28.84 -2.50, 28.90 -2.51)",
    ("MultiLineString",): "LINESTRING (28.84 -2.50, 28.90 -2.51)",
    ("MultiPolygon",): "POLYGON ((28.8 -2.5, 28.9 -2.5, 28.9 -2.6, 28.8 -2.5))",
}


def codebook(target: Target) -> Iterator[list[str]]:
    """The lines of a table's codebook: one for each column of a file, followed by one for each of its codes."""
    for column in target.columns.values():
        yield _line(target, column)
        for code, label in (column.kind.vocabulary.labels if column.kind.vocabulary else {}).items():
            yield [column.name, *[""] * 7, code, label.en, label.fr]
    needed = "yes" if target.needs_geometry else "no"
    for name in position_columns(target):
        kind, title = POSITION[name], TITLES[name]
        example = EXAMPLES.get(target.geometry_types, "")
        en, fr = kind.en.replace("{example}", example), kind.fr.replace("{example}", example)
        yield [name, title.en, title.fr, en, fr, "" if name == "geom" else "°", needed, "", "", "", ""]


def made_by_geoapp(target: Target) -> Iterator[list[str]]:
    """The columns that the database writes, and that features and exports bear."""
    brought = {column.stored.name for column in target.columns.values()}
    for column in target.table.columns:
        if column.name in MADE and column.name not in brought:
            title, kind = title_of(column), TYPES[kind_of(target.table, column).name]
            yield [column.name, title.en, title.fr, kind.en, kind.fr, unit_of(column.name), "made", "", "", "", ""]


def whole_codebook() -> Iterator[list[str]]:
    """The lines of all tables, each with its table before it."""
    for target in TARGETS.values():
        for line in (*codebook(target), *made_by_geoapp(target)):
            yield [target.name, *line]


def as_csv(lines: Iterable[list[str]]) -> bytes:
    """Lines as CSV. Excel knows UTF-8 by its mark alone."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Iterable[list[str]]) -> bytes:
    """Lines as a workbook whose heading stays and can be filtered by."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("codebook")
        bold = book.add_format({"bold": True})
        last = 0
        widths = [0] * (1 + len(HEADING))
        for row, line in enumerate(lines):
            for place, text in enumerate(line):
                sheet.write_string(row, place, text, bold if row == 0 else None)
                widths[place] = max(widths[place], min(len(text), 50))
            last = row
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width + 2)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, last, len(HEADING))
    return made.getvalue()


def position_columns(target: Target) -> tuple[str, ...]:
    """The columns by which a file without geometries gives positions."""
    if not target.has_geometry:
        return ()
    return ("longitude", "latitude") if target.geometry_types == ("Point",) else ("geom",)


def unit_of(name: str) -> str:
    """The unit of a column's numbers; "" for none."""
    if name in DAYS:
        return DAYS[name].en
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def _line(target: Target, column: FileColumn) -> list[str]:
    title, kind = title_of(column.stored, column.name), TYPES[column.kind.name]
    referred: Column[Any] | None = column.refers_to
    refers_to = f"{referred.table.name}.{referred.name}" if referred is not None else ""
    # The key is made from other columns where a row has none.
    needed = column.required and not (target.made_from and column.name in target.key)
    return [
        column.name,
        title.en,
        title.fr,
        kind.en,
        kind.fr,
        unit_of(column.name),
        "yes" if needed else "no",
        refers_to,
        "",
        "",
        "",
    ]
