"""Tables for spreadsheets: CSV with HXL tags, and XLSX; no text of theirs is calculated by the spreadsheet."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
import xlsxwriter

from geoapp.formulas import neutral
from geoapp.naming import ABOUT
from geoapp.publish.exports.columnar import flatten
from geoapp.publish.exports.hxl import tag_of
from geoapp.publish.exports.writing import Content, ExportError

# The same by which an import finds positions in a table.
LON, LAT, WKT = "longitude", "latitude", "wkt"
# What a sheet and a cell of a workbook hold.
MOST_ROWS = 1_048_575
LONGEST_CELL = 32_767


def write_csv(path: Path, content: Content) -> int:
    """A CSV that Excel reads as UTF-8: the names, their HXL tags, and the rows."""
    names = _names(content)
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(names)
        rows.writerow([tag_of(name) for name in names])
        rows.writerows([_as_text(cell) for cell in row] for row in _rows(content))
    return 0


def write_xlsx(path: Path, content: Content) -> int:
    """A workbook with one sheet, whose heading stays in view; how many cells did not hold their texts whole."""
    about, names, cut = content.about, _names(content), 0
    if about.rows > MOST_ROWS:
        raise ExportError(
            f"A sheet holds {MOST_ROWS} rows, and these are {about.rows}. Ask for fewer, or choose CSV or GeoPackage."
        )
    # Row by row, so that the rows before need not be kept.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with xlsxwriter.Workbook(path, {**options, "tmpdir": str(path.parent)}) as book:
        book.set_properties({"title": about.sentence, "subject": about.title, "comments": "\n".join(about.lines())})
        sheet = book.add_worksheet(content.layer.name)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(names) - 1, 16)
        for place, name in enumerate(names):
            sheet.write_string(0, place, name, bold)
        for number, row in enumerate(_rows(content), start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, str) and len(cell) > LONGEST_CELL:
                    cut += 1
                    # Half a shape would be another shape.
                    if names[place] != WKT:
                        sheet.write_string(number, place, cell[:LONGEST_CELL])
                else:
                    _write_cell(sheet, number, place, cell, day)
    return cut


class _Exact(float):
    """A number that is written with all its digits, where the library would leave out the seventeenth."""

    def __format__(self, _spec: str) -> str:
        return repr(float(self))


def _write_cell(sheet: Any, row: int, place: int, cell: Any, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, place, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, place, _Exact(cell) if isinstance(cell, float) else cell)
    elif isinstance(cell, dt.datetime):
        sheet.write_string(row, place, cell.isoformat())
    elif isinstance(cell, dt.date):
        if cell.year >= 1900:
            sheet.write_datetime(row, place, cell, day)
        else:
            sheet.write_string(row, place, cell.isoformat())
    else:
        sheet.write_string(row, place, cell)


def _names(content: Content) -> list[str]:
    return [*content.names, *((LON, LAT) if content.geometry_type == "Point" else (WKT,)), ABOUT]


def _rows(content: Content) -> Iterator[list[Any]]:
    """The rows, with texts that no spreadsheet calculates; the first says what the file is about."""
    about: str | None = content.about.text
    for batch in flatten(content.batches()):
        *columns, shapes = [column.to_pylist() for column in batch.columns]
        geometry = shapely.from_wkb(shapes)
        if content.geometry_type == "Point":
            placed = [shapely.get_x(geometry).tolist(), shapely.get_y(geometry).tolist()]
        else:
            placed = [shapely.to_wkt(geometry, rounding_precision=-1).tolist()]
        for row in zip(*columns, *placed, strict=True):
            yield [*(neutral(cell) if isinstance(cell, str) else cell for cell in row), about]
            about = None


def _as_text(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, dt.date | dt.datetime) else cell
