"""Rows on their way into the database: columns of a table, streamed by COPY."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from psycopg import Cursor, sql
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB

from layers.tables import Base

SOURCE = "demo"
SRID = 4326
# Rows between two steps of the progress bar.
STEP = 5_000

Columns = Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]
Progress = Callable[[int], object]


class Writer:
    """Streams columns into tables within the caller's transaction, and counts what it wrote."""

    def __init__(self, cursor: Cursor[Any], progress: Progress):
        self._cursor = cursor
        self._progress = progress
        self.written: dict[str, int] = {}

    def write(self, model: type[Base], columns: Columns) -> None:
        """Append rows to the table of `model`, marked synthetic; the columns are of one length.

        Geometries are shapely's, in EPSG:4326; None is NULL.
        """
        table = Base.metadata.tables[model.__tablename__]
        marks: dict[str, Any] = {"synthetic": True}
        if "source_id" in table.columns:
            marks["source_id"] = SOURCE
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, [*columns, *marks]))
        )
        values = [_values(name, column, table.columns[name].type) for name, column in columns.items()]
        number = len(values[0])
        constant = tuple(marks.values())
        with self._cursor.copy(statement) as copy:
            for start in range(0, number, STEP):
                part = [column[start : start + STEP] for column in values]
                for row in zip(*part, strict=True):
                    copy.write_row(row + constant)
                self._progress(len(part[0]))
        self.written[table.name] = self.written.get(table.name, 0) + number


def _values(name: str, column: Any, kind: Any) -> list[Any]:
    if name == "geom":
        return _hexadecimal(column)
    if isinstance(kind, JSONB):
        return [Jsonb(value) for value in column]
    listed: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return listed


def _hexadecimal(shapes: Any) -> list[str | None]:
    marked = shapely.set_srid(np.asarray(shapes, dtype=object), SRID)
    listed: list[str | None] = shapely.to_wkb(marked, hex=True, include_srid=True).tolist()
    return listed
