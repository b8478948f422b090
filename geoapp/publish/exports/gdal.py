"""Formats that GDAL writes: GeoPackage, FlatGeobuf and Shapefile."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from geoapp.naming import short_name
from geoapp.publish.cql import GEOMETRY
from geoapp.publish.exports.columnar import flat, flatten, schema_of
from geoapp.publish.exports.hxl import tag_of
from geoapp.publish.exports.styles import add_styles
from geoapp.publish.exports.writing import Content, ExportError
from layers.layer import Field

FAULTS = (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, pa.ArrowException)
# A Shapefile cuts texts at so many bytes.
LONGEST_IN_DBF = 254
# What one Shapefile holds of each kind, where a layer has several; what is left of one kind keeps the layer's name.
FAMILIES = {"points": (0, 4), "lines": (1, 5), "areas": (3, 6)}


def write_geopackage(path: Path, content: Content) -> int:
    """A GeoPackage whose layer is described by what it is about, and styled as on the map."""
    write_layer(path, content)
    add_styles(path, [content.layer], content.about.language)
    return 0


def write_layer(path: Path, content: Content, *, append: bool = False) -> None:
    """Write a layer to a GeoPackage, with `append` to one that is there."""
    about = content.about
    options = {"IDENTIFIER": about.title, "DESCRIPTION": about.text}
    # What programs of some years ago read without a warning.
    version = {} if append else {"dataset_options": {"VERSION": "1.2"}}
    _write(path, "GPKG", content, content.layer.name, layer_options=options, append=append, **version)


def write_flatgeobuf(path: Path, content: Content) -> int:
    """A FlatGeobuf with its index, its header saying what it is about."""
    about = content.about
    options = {"TITLE": about.title, "DESCRIPTION": about.text}
    _write(path, "FlatGeobuf", content, content.layer.name, layer_options=options)
    return 0


def write_shapefile(path: Path, content: Content) -> int:
    """A zipped Shapefile in UTF-8 with a codebook: what the ten letters of each column stand for."""
    folder = path.parent / "shapefile"
    folder.mkdir()
    cut = _Cut()
    mixed = content.geometry_type == "Unknown"
    for family, kinds in FAMILIES.items() if mixed else [("", ())]:
        name = f"{content.layer.name}_{family}" if mixed else content.layer.name
        rows = cut.watch(_of_kinds(flatten(content.batches()), kinds) if mixed else flatten(content.batches()))
        first = next(rows, None)
        if first is not None:
            kind = {"points": "Point", "lines": "MultiLineString", "areas": "MultiPolygon"}.get(family)
            _write_shp(folder / f"{name}.shp", content, _chain(first, rows), kind or content.geometry_type)
    _write_codebook(folder / "codebook.csv", content)
    told = content.about.lines()
    if cut.number:
        french = content.about.language == "fr"
        told.append(
            f"{cut.number} textes dépassaient ce qu'un Shapefile contient ({LONGEST_IN_DBF} octets) et sont coupés."
            if french
            else f"{cut.number} texts were longer than a Shapefile holds ({LONGEST_IN_DBF} bytes) and are cut."
        )
    (folder / "about.txt").write_text("\n".join(told) + "\n", "utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, each.name)
    return cut.number


def _write(path: Path, driver: str, content: Content, name: str, **options: Any) -> None:
    reader = pa.RecordBatchReader.from_batches(flat(schema_of(content.layer)), flatten(content.batches()))
    write_arrow(path, driver, reader, name, content.geometry_type, **options)


def write_arrow(
    path: Path, driver: str, reader: pa.RecordBatchReader, name: str, geometry_type: str, **options: Any
) -> None:
    """Have GDAL write a layer; ExportError where it cannot."""
    try:
        pyogrio.write_arrow(
            reader, path, layer=name, driver=driver, geometry_name=GEOMETRY, geometry_type=geometry_type,
            crs="EPSG:4326", **options,
        )  # fmt: skip
    except FAULTS as error:
        reason = str(error).partition("\n")[0][:200]
        raise ExportError(f"The file cannot be written as {driver} ({reason}). Choose another format.") from None


def _write_shp(path: Path, content: Content, rows: Iterable[pa.RecordBatch], geometry_type: str) -> None:
    schema = flat(schema_of(content.layer))
    short = pa.schema([each.with_name(short_name(each.name)) for each in schema])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=short) for batch in rows)
    reader = pa.RecordBatchReader.from_batches(short, renamed)
    write_arrow(path, "ESRI Shapefile", reader, path.stem, geometry_type, encoding="UTF-8")


class _Cut:
    """Counts the texts that are longer than a Shapefile holds."""

    def __init__(self) -> None:
        self.number = 0

    def watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches."""
        for batch in batches:
            texts = (column for column in batch.columns if column.type == pa.string())
            self.number += sum(
                len(each) * 4 > LONGEST_IN_DBF and len(each.encode()) > LONGEST_IN_DBF
                for column in texts
                for each in column.to_pylist()
                if each
            )
            yield batch


def _of_kinds(batches: Iterable[pa.RecordBatch], kinds: tuple[int, ...]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        found = shapely.get_type_id(shapely.from_wkb(batch.column(batch.num_columns - 1).to_pylist()))
        chosen = batch.filter(pa.array([each in kinds for each in found.tolist()]))
        if chosen.num_rows:
            yield chosen


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _write_codebook(path: Path, content: Content) -> None:
    shown = [*content.layer.fields, *([content.layer.subheading] if content.layer.subheading else [])]
    titles = {getattr(field.column("en"), "key", None): field for field in shown}
    with path.open("w", encoding="utf-8-sig", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["column_in_file", "column", "hxl", "title_en", "title_fr", "codes_en", "codes_fr"])
        for name in content.names:
            field = titles.get(name)
            codes = [_codes(field, language) for language in ("en", "fr")]
            title = [field.title.en, field.title.fr] if field else ["", ""]
            rows.writerow([short_name(name), name, tag_of(name), *title, *codes])


def _codes(field: Field | None, language: str) -> str:
    if field is None or field.vocabulary is None:
        return ""
    return "; ".join(f"{code} = {field.vocabulary.label(code, language)}" for code in field.vocabulary)
