"""Exports: what somebody may see of a layer as one file, with what it holds and where it comes from inside."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from geoapp.access.audit import record
from geoapp.errors import BadRequestError
from geoapp.publish.exports.about import About, describe
from geoapp.publish.exports.columnar import read_batches
from geoapp.publish.exports.gdal import write_flatgeobuf, write_geopackage, write_shapefile
from geoapp.publish.exports.geojson import write_geojson
from geoapp.publish.exports.parquet import write_parquet
from geoapp.publish.exports.tables import write_csv, write_xlsx
from geoapp.publish.exports.versions import add_versions, bears_versions
from geoapp.publish.exports.writing import Content, ExportError, Write
from geoapp.publish.features import Question
from layers.layer import MapLayer

NOTHING = "No row matches, or none is for you, so there is nothing to write. Ask for more, or for another layer."


@dataclass(frozen=True)
class Form:
    """A format: its name for people, how a file of it ends, its media type, and what writes it."""

    title: str
    suffix: str
    mimetype: str
    write: Write


@dataclass(frozen=True)
class Export:
    """What was written; `cut` texts were longer than the format holds."""

    about: About
    rows: int
    cut: int


def form_of(name: str) -> Form:
    """The format of a file's name; BadRequestError, with those that there are, for another."""
    for suffix in sorted(FORMS, key=len, reverse=True):
        if name.lower().endswith(f".{suffix}"):
            return FORMS[suffix]
    known = ", ".join(f".{each}" for each in FORMS)
    raise BadRequestError(f"{name[:80]}: is no file that can be written. Let its name end in one of {known}.")


def export(
    connection: Connection,
    layer: MapLayer,
    question: Question,
    target: Path,
    *,
    language: str,
    progress: Callable[[int], Callable[[int], Any]] = lambda _total: lambda _count: None,
) -> Export:
    """Write the rows that the transaction's viewer may see to `target`, whose name says the format.

    The file is there whole or not at all, and the audit has its number of rows. `progress` is told how many rows there
    are to be, and what it gives, how many came. All statements of the transaction have to see the same. Raises
    ExportError where there is nothing to write or no place for it, and BadRequestError for a name of no known format.
    """
    form = form_of(target.name)
    about = describe(connection, layer, question, language)
    if not about.rows:
        raise ExportError(NOTHING)
    read = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal read
        read, advance = 0, progress(about.rows)
        for batch in read_batches(connection, layer, question, advance):
            read += batch.num_rows
            yield batch

    try:
        with tempfile.TemporaryDirectory(prefix=".geoapp-export-", dir=target.absolute().parent) as folder:
            made = Path(folder) / f"{layer.name}.{form.suffix}"
            cut = form.write(made, Content(layer, about, batches))
            if form.suffix == "gpkg" and bears_versions(connection, layer):
                add_versions(connection, made, layer)
            record(connection, "export", f"layer/{layer.name}", after={"rows": read})
            made.replace(target)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}. Choose another place.") from None
    return Export(about, read, cut)


FORMS: dict[str, Form] = {
    form.suffix: form
    for form in (
        Form("GeoPackage", "gpkg", "application/geopackage+sqlite3", write_geopackage),
        Form("XLSX", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
        Form("CSV", "csv", "text/csv", write_csv),
        Form("GeoJSON", "geojson", "application/geo+json", write_geojson),
        Form("Shapefile", "shp.zip", "application/zip", write_shapefile),
        Form("FlatGeobuf", "fgb", "application/vnd.flatgeobuf", write_flatgeobuf),
        Form("GeoParquet", "parquet", "application/vnd.apache.parquet", write_parquet),
    )
}
