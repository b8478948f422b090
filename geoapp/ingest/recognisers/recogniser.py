"""What a recogniser is: the columns that it knows an export by, and how it reads them for each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geoapp.ingest.sheet import Values
from geoapp.ingest.values import is_missing, plain_text
from geoapp.naming import fold
from layers.text import Text


@dataclass(frozen=True)
class Note:
    """Something that a recogniser decided: a rule of `rules.RULES` with what it says of the whole file."""

    rule: str
    column: str | None = None
    value: object = None
    repair: object = None


@dataclass
class Translation:
    """The rows of an export under the names of a table's columns.

    Every array of `columns` is as long as the export; `used` are the export's columns that were read. `older` are the
    indexes of rows that a newer row of the same thing replaces.
    """

    columns: dict[str, Values]
    used: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    older: set[int] = field(default_factory=set)


class Export:
    """The columns of a file, found whatever the case of their names, with note kept of those that were read."""

    def __init__(self, columns: Mapping[str, Values], count: int):
        self.columns = columns
        self.count = count
        self.used: set[str] = set()
        self.notes: list[Note] = []
        self._names = {name.casefold(): name for name in reversed(list(columns))}

    def has(self, name: str) -> bool:
        """Whether the file has a column of that name."""
        return name.casefold() in self._names

    def raw(self, *names: str) -> list[Any]:
        """The cells of the first of the columns that the file has, None for empty ones and where it has none."""
        for name in names:
            if own := self._names.get(name.casefold()):
                self.used.add(own)
                return [None if is_missing(value) else value for value in self.columns[own]]
        return [None] * self.count

    def texts(self, *names: str) -> list[str | None]:
        """The same as trimmed texts; a cell of blanks alone is empty."""
        return [(plain_text(value) or None) if value is not None else None for value in self.raw(*names)]

    def coded(self, column: str, codes: Mapping[str, Any], *names: str) -> list[Any]:
        """The cells as codes of the table's `column`; a word that has none is left unknown and listed.

        The keys of `codes` are folded words. One that is None is known to have no equal, and is listed too.
        """
        words = self.texts(*names)
        self.list_unknown(column, (word for word in words if word is not None and codes.get(fold(word)) is None))
        return [None if word is None else codes.get(fold(word)) for word in words]

    def list_unknown(self, column: str, words: Iterable[str]) -> None:
        """Note that words were left unknown in `column`, with how many rows have each."""
        for word, count in sorted(Counter(words).items()):
            self.notes.append(Note("left_unknown", column, word, count))

    def translation(self, columns: Mapping[str, Iterable[Any]], older: Iterable[int] = ()) -> Translation:
        """A translation of these columns; those without a single value are left out."""
        arrays = {name: np.array([*values, None], dtype=object)[:-1] for name, values in columns.items()}
        kept = {name: array for name, array in arrays.items() if any(value is not None for value in array)}
        return Translation(kept, self.used, self.notes, set(older))


@dataclass(frozen=True)
class Recogniser:
    """A published export that is known by its columns.

    `signs` are groups of column names, of each of which the file has one at least, in any case of letters. `reads`
    gives the translation for each table that the export feeds. `source` is the name of its publisher, under which its
    rows are kept where no other is given; `decided` says in a sentence what the translation decides.
    """

    name: str
    source: str
    signs: tuple[frozenset[str], ...]
    reads: Mapping[str, Callable[[Export], Translation]]
    decided: Text

    def knows(self, names: Iterable[str]) -> bool:
        """Whether a file with columns of these names is such an export."""
        there = {name.casefold() for name in names}
        return all(group & there for group in self.signs)


def signs(*groups: str) -> tuple[frozenset[str], ...]:
    """Groups of names, each written as one text with blanks between."""
    return tuple(frozenset(group.casefold().split()) for group in groups)
