"""Reading text tables: CSV with commas, semicolons or tabs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd

from geoapp.errors import ImportRefusedError
from geoapp.ingest import encoding
from geoapp.ingest.sheet import Sheet, distinct_names

SEPARATORS = ",;\t|"
LONGEST_HEADING = 100_000


def read_delimited(path: Path, given_encoding: str | None) -> Sheet:
    """Read a text table whose first line names the columns; every value stays the text that it is.

    Raises ImportRefusedError for a table without a heading or rows, or with a line that does not fit the heading.
    """
    data = path.read_bytes()
    found = encoding.of_bytes(data, given_encoding)
    text = data.decode(found.used or "utf-8")
    # Excel's own way of naming the separator.
    text = re.sub(r"\Asep=.\r?\n", "", text)
    separator = _separator(text)
    try:
        frame = pd.read_csv(
            io.StringIO(text.replace("\x00", "")),
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
        )
    except pd.errors.EmptyDataError:
        raise ImportRefusedError(
            "The file is empty. Export it again with a heading and rows.",
            "Le fichier est vide. Exportez-le de nouveau avec un en-tête et des lignes.",
        ) from None
    except (pd.errors.ParserError, OverflowError) as error:
        en, fr, row = _line_fault(str(error))
        raise ImportRefusedError(
            f"{en} Mend that line, or export the file again.",
            f"{fr} Corrigez cette ligne, ou exportez le fichier de nouveau.",
            row=row,
        ) from None
    names = distinct_names([_text(name) for name in frame.iloc[0]])
    rows = frame.iloc[1:]
    columns = {name: rows.iloc[:, place].to_numpy(dtype=object) for place, name in enumerate(names)}
    return Sheet(columns, len(rows), found)


def _separator(text: str) -> str:
    """The separator that the heading has most of, outside quotes."""
    heading = next((line for line in text[:LONGEST_HEADING].splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", heading)
    best = max(SEPARATORS, key=bare.count)
    return best if bare.count(best) else ","


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _line_fault(message: str) -> tuple[str, str, int | None]:
    match = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if match:
        expected, line, seen = match.groups()
        return (
            f"Line {line} has {seen} values, but the heading has {expected}.",
            f"La ligne {line} a {seen} valeurs, mais l'en-tête en a {expected}.",
            int(line) - 1,
        )
    reason = message.strip()
    return (
        f"The file is not a table of text with one separator ({reason}).",
        f"Le fichier n'est pas un tableau de texte avec un séparateur ({reason}).",
        None,
    )
