"""Reading sheets of workbooks: Excel and OpenDocument."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from geoapp.errors import ImportRefusedError
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Sheet, Values, distinct_names

# A heading stands below at most so many lines of titles.
TITLE_LINES = 15
# Those of a sheet, which Excel itself ends at 1,048,576 rows; cells beyond are a mistake or meant to fill memory.
MOST_CELLS = 60_000_000


def layers_of(path: Path, shown: str) -> list[tuple[str, str | None, int | None]]:
    """The sheets that hold something: name, and number of lines below the first; raises ImportRefusedError."""
    book = _open(path, shown)
    names = [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    counted = [(name, _sheet(book, name, shown).height) for name in names]
    return [(name, "Unknown", height - 1) for name, height in counted if height > 0]


def read_sheet(path: Path, name: str, shown: str) -> Sheet:
    """Read a sheet whose heading is its first line with as many cells as the table is wide.

    Merged cells of the heading name the columns below them. Raises ImportRefusedError where there is no heading.
    """
    sheet = _sheet(_open(path, shown), name, shown)
    if sheet.height * sheet.width > MOST_CELLS:
        raise ImportRefusedError(
            f"{shown} has {sheet.height} x {sheet.width} cells. Keep the table alone, or save it as CSV.",
            f"{shown} a {sheet.height} x {sheet.width} cellules. Ne gardez que le tableau, ou enregistrez-le en CSV.",
        )
    lines = sheet.to_python(skip_empty_area=True)
    first = _heading(lines)
    if first is None:
        raise ImportRefusedError(
            f"{shown} is empty. Export it again with a heading and rows.",
            f"{shown} est vide. Exportez-le de nouveau avec un en-tête et des lignes.",
        )
    below = _merged_below(sheet, first)
    heading, rows = _names(lines, first, below), lines[first + 1 + below :]
    rows = [row for row in rows if any(cell != "" for cell in row)]
    used = [place for place in range(len(heading)) if heading[place] or any(row[place] != "" for row in rows)]
    names = distinct_names([heading[place] for place in used])
    columns = {name: _column([row[place] for row in rows]) for name, place in zip(names, used, strict=True)}
    return Sheet(columns, len(rows), Found("UTF-8", "utf-8", "workbooks are UTF-8 by their standard"))


def _open(path: Path, shown: str) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(shown, error) from None


def _sheet(book: CalamineWorkbook, name: str, shown: str) -> CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(shown, error) from None


def _unreadable(shown: str, error: Exception) -> ImportRefusedError:
    return ImportRefusedError(
        f"{shown} cannot be read as a workbook ({error}). Open it, save it as .xlsx without a password, import that.",
        f"{shown} ne peut être lu comme un classeur ({error}). Ouvrez-le, enregistrez-le en .xlsx sans mot de passe.",
    )


def _heading(lines: Sequence[Sequence[Any]]) -> int | None:
    """The line of the heading: of the first lines the earliest that names most columns, titles being narrower."""
    filled = [sum(cell != "" for cell in line) for line in lines[:TITLE_LINES]]
    if not any(filled):
        return None
    texts = [sum(isinstance(cell, str) and cell != "" for cell in line) for line in lines[:TITLE_LINES]]
    widest = max(filled)
    return next(place for place, count in enumerate(texts) if count >= min(widest, max(1, widest // 2 + 1)))


def _merged_below(sheet: CalamineSheet, first: int) -> int:
    """How many lines below its first the heading has, as cells that are merged across columns tell."""
    start = sheet.start or (0, 0)
    row = first + start[0]
    ranges = sheet.merged_cell_ranges or []
    across = any(top == row == bottom and right > left for (top, left), (bottom, right) in ranges)
    return 1 if across else 0


def _names(lines: Sequence[Sequence[Any]], first: int, below: int) -> list[str]:
    """The names of the columns: those under a merged cell, where there are any, else the cell itself."""
    if not below:
        return [_text(cell) for cell in lines[first]]
    return [_text(under) or _text(over) for over, under in zip(lines[first], lines[first + 1], strict=True)]


def _column(cells: list[Any]) -> Values:
    """Numbers where all are numbers, else texts as the cells show them."""
    if cells and all((isinstance(cell, int | float) and not isinstance(cell, bool)) or cell == "" for cell in cells):
        return np.array([np.nan if cell == "" else float(cell) for cell in cells])
    return np.array([*(None if cell == "" else _text(cell) for cell in cells), None], dtype=object)[:-1]


def _text(cell: Any) -> str:
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
