"""A sheet as an Arrow file, in which the process that reads hands it to the one that asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Sheet, Values

GEOMETRY, HEIGHTS = "geometry", "heights"
# Piece by piece, since the parsed geometries of all rows at once would double what is held.
PIECE = 50_000
# Points of two coordinates, of which nothing can break a parser.
FLAT_POINTS = {None, (b"\x01\x01\x00\x00\x00", 21)}


def save_sheet(sheet: Sheet, wkb: Values | None, path: Path) -> None:
    """Write `sheet`, whose geometries are `wkb` (bytes, None where a row has none), to `path`."""
    columns = [_array(values) for values in sheet.columns.values()]
    names = [f"c{place}" for place in range(len(columns))]
    if wkb is not None:
        columns.append(pa.array(wkb, type=pa.large_binary()))
        names.append(GEOMETRY)
        heights = _heights(wkb)
        sheet.has_heights = heights if sheet.has_heights is None else heights | sheet.has_heights
    if sheet.has_heights is not None:
        columns.append(pa.array(sheet.has_heights))
        names.append(HEIGHTS)
    told = {
        "names": list(sheet.columns),
        "count": sheet.count,
        "crs": sheet.crs,
        "encoding": asdict(sheet.encoding),
        "notes": sheet.notes,
    }
    table = pa.table(columns, names=names).replace_schema_metadata({"sheet": json.dumps(told)})
    with pa.OSFile(str(path), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)


def load_sheet(paths: Sequence[Path]) -> Sheet:
    """The sheet in the files at `paths`, one a piece, with geometries that could not be understood as None."""
    with ExitStack() as opened:
        pieces = [pa.ipc.open_file(opened.enter_context(pa.memory_map(str(path)))).read_all() for path in paths]
        # Where a piece has empty cells, its whole numbers have become decimal ones.
        table = pa.concat_tables(pieces, promote_options="permissive")
        told: dict[str, Any] = json.loads(pieces[0].schema.metadata[b"sheet"])
        told["count"] = len(table)
        del pieces
        columns = {name: _values(table.column(f"c{place}")) for place, name in enumerate(told["names"])}
        heights = table.column(HEIGHTS).to_numpy() if HEIGHTS in table.column_names else None
        geometry = None
        if GEOMETRY in table.column_names:
            geometry = np.full(told["count"], None, dtype=object)
            start = 0
            for batch in table.select([GEOMETRY]).to_batches(max_chunksize=PIECE):
                geometry[start : start + len(batch)] = shapely.from_wkb(
                    batch.column(0).to_numpy(zero_copy_only=False), on_invalid="ignore"
                )
                start += len(batch)
            present = len(geometry) - table.column(GEOMETRY).null_count
            lost = present - int((~shapely.is_missing(geometry)).sum())
            if lost:
                told["notes"].append(("geometry_unreadable", str(lost)))
    return Sheet(
        columns,
        told["count"],
        Found(**told["encoding"]),
        geometry,
        told["crs"],
        None if heights is None else heights.astype(bool),
        [(rule, value) for rule, value in told["notes"]],
    )


def _heights(wkb: Values) -> NDArray[np.bool_]:
    """Which geometries have heights or measures. What breaks the parser breaks it here, not where it is asked for."""
    heights = np.zeros(len(wkb), dtype=bool)
    if set(map(_head, wkb.tolist())) <= FLAT_POINTS:
        return heights
    for start in range(0, len(wkb), PIECE):
        parsed = shapely.from_wkb(wkb[start : start + PIECE], on_invalid="ignore")
        heights[start : start + PIECE] = shapely.has_z(parsed) | shapely.has_m(parsed)
    return heights


def _head(wkb: bytes | None) -> tuple[bytes, int] | None:
    """What tells a geometry's kind and dimensions: its first bytes, and how long it is."""
    return None if wkb is None else (wkb[:5], len(wkb))


def _array(values: Values) -> pa.Array:
    if values.dtype != object:
        return pa.array(values, from_pandas=False)
    texts = values.tolist()
    if not set(map(type, texts)) <= {str, type(None)}:
        texts = [value if value is None or isinstance(value, str) else _text(value) for value in texts]
    try:
        encoded = pa.array(texts, type=pa.large_string())
    except UnicodeEncodeError:
        # Halves of characters, as escapes in JSON may write them.
        whole = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        encoded = pa.array(whole, type=pa.large_string())
    return encoded.dictionary_encode()


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _values(column: pa.ChunkedArray) -> Values:
    if not pa.types.is_dictionary(column.type):
        plain: Values = column.to_numpy()
        return plain
    if column.num_chunks == 0:
        return np.empty(0, dtype=object)
    # Equal texts become one object, of which a column of a million rows has few.
    encoded = column.unify_dictionaries().combine_chunks()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    found: Values = words[codes]
    return found
