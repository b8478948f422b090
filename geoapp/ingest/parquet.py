"""Reading GeoParquet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyproj import CRS

from geoapp.errors import ImportRefusedError
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Sheet, Values, distinct_names

DEFAULT_CRS = "OGC:CRS84"
POSSIBLE_NAMES = ("geometry", "geom", "wkb_geometry")


def layers_of(path: Path, shown: str) -> list[tuple[str, str | None, int | None]]:
    """The one layer of a file: its geometry type, None where it has none, and its number of rows."""
    opened = _open(path, shown)
    geo = _described(opened)
    kinds = set(geo["kinds"]) if geo else set()
    kind = kinds.pop() if len(kinds) == 1 else "Unknown"
    return [("", kind, opened.metadata.num_rows)]


def read_parquet(path: Path, shown: str) -> tuple[Sheet, Values | None]:
    """The rows of a file, and the WKB of its main geometry; raises ImportRefusedError."""
    opened = _open(path, shown)
    try:
        table = opened.read()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(shown, error) from None
    geo = _described(opened)
    wkb, crs = None, None
    if geo is not None and geo["column"] in table.column_names:
        if geo["encoding"] != "WKB":
            raise ImportRefusedError(
                f"{shown} holds its geometries as {geo['encoding']}. Export it with geometries as WKB.",
                f"{shown} tient ses géométries en {geo['encoding']}. Exportez-le avec des géométries en WKB.",
            )
        wkb = table.column(geo["column"]).to_numpy(zero_copy_only=False)
        table = table.drop_columns([geo["column"]])
        crs = geo["crs"]
    names = distinct_names(table.column_names)
    columns = {name: _values(table.column(place)) for place, name in enumerate(names)}
    encoding = Found("UTF-8", "utf-8", "Parquet is UTF-8 by its standard")
    return Sheet(columns, table.num_rows, encoding, None, crs), wkb


def _open(path: Path, shown: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(shown, error) from None


def _unreadable(shown: str, error: Exception) -> ImportRefusedError:
    reason = str(error).partition("\n")[0][:200]
    return ImportRefusedError(
        f"{shown} cannot be read as Parquet ({reason}). Check that the file is whole, or export it again.",
        f"{shown} ne peut être lu comme du Parquet ({reason}). Vérifiez qu'il est entier, ou exportez-le de nouveau.",
    )


def _described(opened: pq.ParquetFile) -> dict[str, Any] | None:
    """The main geometry as the file's own description has it, or as its column's name and type suggest."""
    metadata = opened.schema_arrow.metadata or {}
    try:
        geo = json.loads(metadata[b"geo"])
        name = geo["primary_column"]
        column = geo["columns"][name]
        system = column.get("crs", DEFAULT_CRS)
        crs = None if system is None else system if isinstance(system, str) else CRS.from_json_dict(system).to_string()
        kinds = [str(kind).removesuffix(" Z") for kind in column.get("geometry_types", [])]
        return {"column": name, "encoding": column.get("encoding", "WKB"), "crs": crs, "kinds": kinds}
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    for field in opened.schema_arrow:
        if field.name.lower() in POSSIBLE_NAMES and (
            pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
        ):
            return {"column": field.name, "encoding": "WKB", "crs": None, "kinds": []}
    return None


def _values(column: pa.ChunkedArray) -> Values:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.cast(kind.value_type))
    if pa.types.is_nested(kind):
        texts = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        ]
        return np.array([*texts, None], dtype=object)[:-1]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        numbers: Values = column.to_numpy()
        return numbers
    if pa.types.is_temporal(kind):
        texts = [None if value is None else value.isoformat() for value in column.to_pylist()]
        return np.array([*texts, None], dtype=object)[:-1]
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        column = pc.cast(column, pa.large_string(), safe=False)
    texts_found: Values = column.to_numpy()
    return texts_found
