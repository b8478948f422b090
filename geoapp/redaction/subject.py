"""What is to be redacted: one text column of one row, found by the row's key or id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Table, Text, and_, cast, select, update
from sqlalchemy.exc import ProgrammingError

from geoapp.errors import ForbiddenError, NotFoundError, RedactionError
from geoapp.ingest.targets import TARGETS, Target

NO_SUCH_ROW = "There is no such row, or it is not for you."
REDACTED = "[redacted]"
# Names of people that decide who sees the row.
RULING = {"handlers"}
# Between the parts of a key, such as a site and the day of a visit.
SEPARATOR = "/"


@dataclass(frozen=True)
class Subject:
    """A column of a row: its table under its public name, the row's primary key, and the texts that it holds."""

    target: Target
    column: Column[Any]
    row: tuple[Any, ...]
    texts: tuple[str, ...]

    @property
    def table(self) -> Table:
        """The table of the row."""
        return self.target.table

    @property
    def where(self) -> ColumnElement[bool]:
        """The condition that means this row alone."""
        return _is_row(self.table, self.row)

    @property
    def replacement(self) -> str | list[str] | None:
        """What stands there afterwards: a mark, and nothing at all in a column that names the row."""
        if self.column.name in self.target.key:
            return None
        return [REDACTED] if isinstance(self.column.type, ARRAY) else REDACTED


def text_columns(target: Target) -> list[str]:
    """The columns of a table, as files name them, that hold words of people, and so can be redacted."""
    return [
        name
        for name, column in target.columns.items()
        if name not in RULING
        and column.kind.name in {"text", "texts"}
        and column.kind.vocabulary is None
        and column.refers_to is None
        and (name not in target.key or column.stored.nullable)
    ]


def find_subject(connection: Connection, table: str, key: str, column: str) -> Subject:
    """The text of `column` in the row of `table` that `key` means: its id, or its key as files bear it.

    RedactionError where the column holds no text of people, or several rows bear the key; NotFoundError where there is
    no such row for the transaction's viewer.
    """
    target = TARGETS[table]
    columns = text_columns(target)
    if column not in columns:
        raise RedactionError(
            f"{column} is no column of {table} that holds a text which can be taken out. These are:"
            f" {', '.join(columns)}. A key is changed by an import, a code by an edit."
        )
    stored = target.columns[column].stored
    asked = select(*target.table.primary_key, stored.label("redacted")).where(_means(target, key))
    found = connection.execute(asked).all()
    if not found:
        raise NotFoundError(NO_SUCH_ROW)
    if len(found) > 1:
        ids = ", ".join(SEPARATOR.join(map(str, row[:-1])) for row in found)
        raise RedactionError(f"Several rows of {table} bear the key {key}. Give the id of one: {ids}.")
    value = found[0].redacted
    texts = value if isinstance(value, list) else [value]
    return Subject(target, stored, tuple(found[0][:-1]), tuple(text for text in texts if text and text != REDACTED))


def require_change(connection: Connection, subject: Subject) -> None:
    """Raise ForbiddenError unless the transaction's viewer may change the row; the transaction is to be rolled back."""
    same = update(subject.table).where(subject.where).values({subject.column.name: subject.column})
    try:
        changed = connection.execute(same).rowcount
    except ProgrammingError:
        changed = 0
    if changed != 1:
        raise ForbiddenError("This person sees the row, but may not change it. Have a GIS officer of its units do it.")


def _means(target: Target, key: str) -> ColumnElement[bool]:
    identity = target.random_id
    if identity is not None:
        try:
            return identity == UUID(key)
        except ValueError:
            pass
    parts: Sequence[str] = key.rsplit(SEPARATOR, len(target.key) - 1)
    if len(parts) != len(target.key) or "\0" in key:
        raise NotFoundError(
            f"{key} is no key of {target.name}. Give {SEPARATOR.join(name.upper() for name in target.key)}"
            f"{', or the id of the row' if identity is not None else ''}."
        )
    stored = [target.columns[name].stored for name in target.key]
    # Compared as text, so that a day which is none is found nowhere, in place of an error.
    return and_(*(cast(column, Text) == part for column, part in zip(stored, parts, strict=True)))


def _is_row(table: Table, row: tuple[Any, ...]) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(table.primary_key, row, strict=True)))
