"""Columns of a file that may be columns of a table, told from their values and from names that are nearly right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import pandas as pd

from geoapp.ingest import dates, numbers, words
from geoapp.ingest.columns import Matching
from geoapp.ingest.report import Proposed
from geoapp.ingest.sheet import Values
from geoapp.ingest.synonyms import SYNONYMS
from geoapp.ingest.targets import FileColumn, Target
from geoapp.ingest.values import is_missing, plain_text
from geoapp.naming import squeeze
from layers.text import Text

# Values are looked at until a column has shown this many different ones.
LOOKED_AT = 5_000
DISTINCT = 300
SAMPLES = 3
# Below this a likeness is chance.
LEAST = 0.5
# A name with one letter wrong in eight, as nearly right as typing errors are.
NAME_LIKENESS = 0.8
# Where the four countries lie, in degrees: longitude, latitude.
DEGREES = {"longitude": (12.0, 35.2), "latitude": (-13.7, 5.5)}
CODED = Text("its words are of this list", "ses mots sont de cette liste")
KEYS = Text("its values are keys that are known here", "ses valeurs sont des clés connues ici")
UNITS = Text("its values are names of units", "ses valeurs sont des noms d'unités")
DATES = Text("its values are dates", "ses valeurs sont des dates")
NAMED = Text("its name is nearly this one", "son nom est presque celui-ci")
TEXTS = Text(
    "it is the column with a text of its own for each row", "c'est la colonne qui a un texte propre à chaque ligne"
)
COORDINATES = Text(
    "its numbers are degrees inside the four countries", "ses nombres sont des degrés dans les quatre pays"
)


@dataclass(frozen=True)
class Known:
    """What the database knows that values of a file may name.

    `keys` tells how many of some texts are keys that a column refers to; `unit_names` are squeezed names of units.
    """

    keys: Callable[[FileColumn, Sequence[str]], int]
    unit_names: frozenset[str]


def propose(
    target: Target, sheet: Mapping[str, Values], matched: Matching, free: Iterable[str], known: Known
) -> list[Proposed]:
    """For each free column of the file the column of the table that it most likely is, the surest first.

    Only columns of the table that nothing matches yet are proposed, each once.
    """
    open_columns = [column for column in target.columns.values() if column.name not in matched]
    looked = {source: _distinct(sheet[source]) for source in free}
    found = [
        Proposed(column.name, source, confidence, why, tuple(values[:SAMPLES]))
        for source, values in looked.items()
        if values
        for column in open_columns
        for confidence, why in [_likeness(column, source, values, open_columns, known)]
        if confidence >= LEAST
    ]
    return _one_to_one(found)


def propose_coordinates(sheet: Mapping[str, Values], free: Iterable[str]) -> list[Proposed]:
    """The two columns that hold longitude and latitude, where exactly two can."""
    found: dict[str, list[Proposed]] = {name: [] for name in DEGREES}
    for source in free:
        values = _distinct(sheet[source])
        degrees = [_decimal(value) for value in values]
        exact = [value for value in degrees if value is not None and value != int(value)]
        for name, (low, high) in DEGREES.items():
            if values and len(exact) == len(values) and all(low <= value <= high for value in exact):
                found[name].append(Proposed(name, source, 0.7, COORDINATES, tuple(values[:SAMPLES])))
    return [each[0] for each in found.values()] if all(len(each) == 1 for each in found.values()) else []


def _distinct(values: Values) -> list[str]:
    seen: dict[str, None] = {}
    for value in pd.unique(pd.Series(values[:LOOKED_AT], dtype=object)):
        if not is_missing(value) and (text := plain_text(value)):
            seen[text] = None
        if len(seen) == DISTINCT:
            break
    return list(seen)


def _likeness(
    column: FileColumn, source: str, values: list[str], columns: Sequence[FileColumn], known: Known
) -> tuple[float, Text]:
    name = _name_likeness(column.name, source)
    told, why = _told_by_values(column, values, columns, known)
    if told == 0.0 and name > 0.0 and not _fits(column, values, known):
        return 0.0, NAMED
    # Two signs together are surer than the better of them.
    return 1 - (1 - told) * (1 - name), why if told >= name else NAMED


def _name_likeness(name: str, source: str) -> float:
    names = (name, *SYNONYMS.get(name, ()))
    best = max(SequenceMatcher(None, squeeze(source), squeeze(each)).ratio() for each in names)
    return 0.8 * best if best >= NAME_LIKENESS else 0.0


def _told_by_values(
    column: FileColumn, values: list[str], columns: Sequence[FileColumn], known: Known
) -> tuple[float, Text]:
    if column.kind.vocabulary is not None:
        return _told_by_words(column, values, columns), CODED
    if column.refers_to is not None:
        share = known.keys(column, values) / len(values)
        return (0.95 * share if share >= 0.6 else 0.0), KEYS
    if column.name == "stated_unit":
        share = sum(squeeze(value) in known.unit_names for value in values) / len(values)
        return (0.85 * share if share >= 0.6 else 0.0), UNITS
    if column.kind.name in {"date", "time"}:
        share = sum(_is_date(value) for value in values) / len(values)
        others = [each for each in columns if each.kind.name in {"date", "time"} and each.required and each != column]
        sure = 0.8 if column.required else 0.3 if others else 0.55
        return (sure * share if share >= 0.9 else 0.0), DATES
    if column.name == "name" and column.required:
        own = len(values) >= 2 and all(any(each.isalpha() for each in value) for value in values)
        return (0.5 if own else 0.0), TEXTS
    return 0.0, NAMED


def _told_by_words(column: FileColumn, values: list[str], columns: Sequence[FileColumn]) -> float:
    """The share of words of the column's vocabulary; less where another column's explains them as well."""
    share = _share_of_words(column, values)
    # Bare numbers may be anything.
    if share < 0.8 or not any(each.isalpha() for value in values for each in value):
        return 0.0
    rivals = [each for each in columns if each != column and each.kind.vocabulary is not None]
    return (0.5 if any(_share_of_words(each, values) >= share for each in rivals) else 0.9) * share


def _share_of_words(column: FileColumn, values: list[str]) -> float:
    vocabulary = column.kind.vocabulary
    assert vocabulary is not None  # noqa: S101 - the callers looked.
    parts = [
        part.strip() for value in values for part in ([value] if column.kind.name != "texts" else value.split(";"))
    ]
    known = [part for part in parts if part and not words.means_not_known(part)]
    return sum(words.code_of(part, vocabulary) is not None for part in known) / len(known) if known else 0.0


def _fits(column: FileColumn, values: list[str], known: Known) -> bool:
    """Whether the values could be of the column at all, so that a name alone does not propose nonsense."""
    if column.refers_to is not None:
        return known.keys(column, values) > 0
    if column.name == "stated_unit":
        return any(squeeze(value) in known.unit_names for value in values)
    if column.kind.vocabulary is not None:
        return _share_of_words(column, values) >= 0.5
    if column.kind.name in {"whole", "decimal"}:
        return all(_decimal(value) is not None for value in values[:SAMPLES])
    if column.kind.name in {"date", "time"}:
        return all(_is_date(value) for value in values[:SAMPLES])
    return True


def _is_date(value: str) -> bool:
    try:
        dates.day(value, "day first")
    except ValueError:
        return False
    return not value.isdecimal()


def _decimal(value: str) -> float | None:
    try:
        return numbers.decimal(value)
    except (ValueError, OverflowError):
        return None


def _one_to_one(found: list[Proposed]) -> list[Proposed]:
    kept: list[Proposed] = []
    taken: set[Any] = set()
    for each in sorted(found, key=lambda each: (-each.confidence, each.column, each.source)):
        if not {("column", each.column), ("source", each.source)} & taken:
            kept.append(each)
            taken |= {("column", each.column), ("source", each.source)}
    return kept
