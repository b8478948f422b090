"""Long lists of an answer's parts, held as columns: thousands of objects would take longer than the question."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Column = NDArray[Any] | Sequence[Any]


class Listing(Sequence[Part], Generic[Part]):
    """A sequence of the dataclass `kind`, with one column for each of its fields, all of one length.

    A column of 16 bytes a row holds identifiers. The others hold what JSON can hold, and finite numbers only.
    """

    def __init__(self, kind: Callable[..., Part], *columns: Column):
        self._kind = kind
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, place: int) -> Part: ...

    @overload
    def __getitem__(self, place: slice) -> Listing[Part]: ...

    def __getitem__(self, place: int | slice) -> Part | Listing[Part]:
        if isinstance(place, slice):
            return Listing(self._kind, *(column[place] for column in self._columns))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return next(iter(self[place : place + 1 or None]))

    def __iter__(self) -> Iterator[Part]:
        for row in zip(*(_objects(column) for column in self._columns), strict=True):
            yield self._kind(*row)

    def as_json(self) -> list[dict[str, Any]]:
        """What JSON can hold of it."""
        names = [each.name for each in fields(self._kind)]  # type: ignore[arg-type]
        columns = [_identifiers(column) if _identifies(column) else _objects(column) for column in self._columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _objects(column: Column) -> Sequence[Any]:
    if _identifies(column):
        return [uuid.UUID(each) for each in _identifiers(column)]
    return column.tolist() if isinstance(column, np.ndarray) else column


def _identifies(column: Column) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "V"


def _identifiers(column: Column) -> list[str]:
    digits = np.asarray(column).tobytes().hex()
    return [
        f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-{digits[at + 12 : at + 16]}-{digits[at + 16 : at + 20]}"
        f"-{digits[at + 20 : at + 32]}"
        for at in range(0, len(digits), 32)
    ]
