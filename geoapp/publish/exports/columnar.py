"""Rows of a layer in columns, a batch at a time, as Arrow has them: what files are written from."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection, Select, func
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.publish.cql import GEOMETRY
from geoapp.publish.features import Question, queryables, select_matching
from layers.layer import MapLayer

BATCH = 5_000
# What an import takes for the end of an element of a list.
SEPARATOR = re.compile(r"[;,/|]")
LIST = pa.list_(pa.string())
TYPES: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int32(),
    float: pa.float64(),
    dt.date: pa.date32(),
    dt.datetime: pa.timestamp("ms", tz="UTC"),
}


def schema_of(layer: MapLayer) -> pa.Schema:
    """The columns of a layer's files: its attributes, and the geometry as WKB in EPSG:4326."""
    fields = [
        pa.field(name, LIST if isinstance(column.type, ARRAY) else TYPES.get(column.type.python_type, pa.string()))
        for name, column in queryables(layer).items()
    ]
    marked = {b"ARROW:extension:name": b"geoarrow.wkb"}
    return pa.schema([*fields, pa.field(GEOMETRY, pa.binary(), metadata=marked)])


def read_batches(
    connection: Connection, layer: MapLayer, question: Question, advance: Callable[[int], Any]
) -> Iterator[pa.RecordBatch]:
    """The rows that the transaction's viewer may see; `advance` is told of each batch.

    They are fetched as they are asked for, so that a million rows need no more memory than a thousand.
    """
    schema = schema_of(layer)
    for part in select_matching(layer, question):
        rows: Select[Any] = part.subquery("row").select()
        names = [name for name in schema.names if name != GEOMETRY]
        shaped = rows.with_only_columns(
            *[rows.selected_columns[name] for name in names], func.ST_AsBinary(rows.selected_columns[GEOMETRY])
        )
        streamed = connection.execution_options(stream_results=True, yield_per=BATCH).execute(shaped)
        for piece in streamed.partitions(BATCH):
            columns = [_array(values, each.type) for values, each in zip(zip(*piece, strict=True), schema, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
            advance(len(piece))


def flat(schema: pa.Schema) -> pa.Schema:
    """The same columns with texts for lists."""
    return pa.schema([each.with_type(pa.string()) if each.type == LIST else each for each in schema])


def flatten(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows with texts for lists, as an import reads them."""
    for batch in batches:
        columns = [
            pa.array([as_text(each) for each in column.to_pylist()], pa.string()) if column.type == LIST else column
            for column in batch.columns
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=flat(batch.schema))


def as_text(values: Sequence[str] | None) -> str | None:
    """A list as one text; None for an empty one."""
    if not values:
        return None
    return json.dumps(values, ensure_ascii=False) if any(map(SEPARATOR.search, values)) else "; ".join(values)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        return pa.array([_plain(value) for value in values], kind)
    return pa.array(values, kind)


def _plain(value: Any) -> str | None:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, UUID) else value
