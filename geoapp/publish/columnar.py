"""Rows of a layer in columns, a batch at a time, as Arrow has them: what files are written from."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection, Select, func
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.publish.cql import GEOMETRY
from geoapp.publish.features import KEY, Question, queryables, select_matching
from layers.layer import MapLayer

BATCH = 5_000
# What an import takes for the end of an element of a list.
SEPARATOR = re.compile(r"[;,/|]")
TYPES: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int32(),
    float: pa.float64(),
    dt.date: pa.date32(),
    dt.datetime: pa.timestamp("ms", tz="UTC"),
}


def schema_of(layer: MapLayer) -> pa.Schema:
    """The columns of a layer's files: its attributes, lists as texts, and the geometry as WKB in EPSG:4326."""
    fields = [
        pa.field(name, pa.string() if isinstance(column.type, ARRAY) else TYPES.get(column.type.python_type, pa.string()))
        for name, column in queryables(layer).items()
    ]
    marked = {b"ARROW:extension:name": b"geoarrow.wkb"}
    return pa.schema([*fields, pa.field(GEOMETRY, pa.binary(), metadata=marked)])


def read_batches(
    connection: Connection, layer: MapLayer, question: Question, advance: Callable[[int], Any]
) -> Iterator[pa.RecordBatch]:
    """The rows that the transaction's viewer may see, in the order of their keys; `advance` is told of each batch.

    They are fetched as they are asked for, so that a million rows need no more memory than a thousand.
    """
    schema = schema_of(layer)
    for part in select_matching(layer, question):
        rows: Select[Any] = part.order_by(KEY).subquery("row").select()
        shaped = rows.with_only_columns(
            *[each for each in rows.selected_columns if each.key not in {KEY, GEOMETRY}],
            func.ST_AsBinary(rows.selected_columns[GEOMETRY]),
        )
        streamed = connection.execution_options(stream_results=True, yield_per=BATCH).execute(shaped)
        for piece in streamed.partitions(BATCH):
            columns = [_array([row[place] for row in piece], each) for place, each in enumerate(schema)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
            advance(len(piece))


def _array(values: Sequence[Any], column: pa.Field) -> pa.Array:
    if column.type == pa.string():
        return pa.array([_as_text(value) for value in values], pa.string())
    if column.type == pa.binary():
        return pa.array([None if value is None else bytes(value) for value in values], pa.binary())
    return pa.array(values, column.type)


def _as_text(value: Any) -> str | None:
    if isinstance(value, list):
        if not value:
            return None
        return json.dumps(value, ensure_ascii=False) if any(map(SEPARATOR.search, value)) else "; ".join(value)
    return str(value) if isinstance(value, UUID) else value
