"""GeoParquet 1.1."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from geoapp.publish.cql import GEOMETRY
from geoapp.publish.exports.columnar import schema_of
from geoapp.publish.exports.writing import Content

VERSION = "1.1.0"


def write_parquet(path: Path, content: Content) -> int:
    """A GeoParquet file in OGC:CRS84, its key-value metadata saying what it is about."""
    about, kind = content.about, content.geometry_type
    geo = {
        "version": VERSION,
        "primary_column": GEOMETRY,
        "columns": {GEOMETRY: {"encoding": "WKB", "geometry_types": [] if kind == "Unknown" else [kind]}},
    }
    described = {"geo": json.dumps(geo), "title": about.title, "description": about.text}
    bare = schema_of(content.layer)
    schema = bare.set(bare.get_field_index(GEOMETRY), bare.field(GEOMETRY).remove_metadata()).with_metadata(described)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in content.batches():
            writer.write_batch(batch.cast(schema))
    return 0
