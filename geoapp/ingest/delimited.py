"""Reading text tables: CSV with commas, semicolons or tabs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pandas as pd

from geoapp.errors import ImportRefusedError
from geoapp.ingest import encoding
from geoapp.ingest.sheet import Sheet, distinct_names

SEPARATORS = ",;\t|"
LONGEST_HEADING = 100_000
SEPARATOR_LINE = re.compile(r"\Asep=.\r?\n")
# So many rows at once keep what is held while reading below some hundred megabytes.
PIECE = 200_000
HXL_TAG = re.compile(r"#[a-z][a-z0-9_]*(\s*\+[a-z][a-z0-9_]*)*", re.IGNORECASE)


def read_delimited(path: Path, given_encoding: str | None) -> Iterator[Sheet]:
    """Read a text table whose first line names the columns, piece by piece; every value stays the text that it is.

    Raises ImportRefusedError for a table without a heading or rows, or with a line that does not fit the heading.
    """
    found = encoding.of_bytes(path.read_bytes(), given_encoding)
    with path.open("rb") as opened:
        text = _Text(io.TextIOWrapper(opened, encoding=found.used or "utf-8", newline=""))
        names: list[str] = []
        try:
            frames = pd.read_csv(
                cast(Any, text),
                sep=_separator(text.head),
                header=None,
                dtype=str,
                keep_default_na=False,
                chunksize=PIECE,
            )
            for frame in frames:
                rows = frame
                if not names:
                    names = distinct_names([_text(name) for name in frame.iloc[0]])
                    rows = frame.iloc[2 if _is_tags(frame) else 1 :]
                columns = {name: rows.iloc[:, place].to_numpy(dtype=object) for place, name in enumerate(names)}
                yield Sheet(columns, len(rows), found)
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


class _Text:
    """The text of a table, but for zeros and Excel's own way of naming the separator; `head` is its beginning."""

    def __init__(self, opened: io.TextIOWrapper):
        self.opened = opened
        self.head = SEPARATOR_LINE.sub("", opened.read(LONGEST_HEADING))
        self.waiting = self.head

    def read(self, size: int = -1) -> str:
        """The next of it; empty at the end."""
        read, self.waiting = self.waiting or self.opened.read(size), ""
        while "\x00" in read:
            # What is empty would be taken for the end.
            read = read.replace("\x00", "") or self.opened.read(size)
        return read

    def __iter__(self) -> Iterator[str]:
        """Its lines, by which pandas knows what can be read."""
        return iter(self.opened)


def _is_tags(frame: pd.DataFrame) -> bool:
    """Whether the line below the heading holds HXL tags, which some exports have there."""
    if len(frame) < 2:
        return False
    cells = [_text(cell).strip() for cell in frame.iloc[1]]
    return any(cells) and all(not cell or HXL_TAG.fullmatch(cell) for cell in cells)


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
