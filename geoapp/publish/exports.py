"""Exports: what somebody may see of a layer as one file, with what it holds and where it comes from inside."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import shapely
from sqlalchemy import Connection, select

from geoapp.errors import BadRequestError, GeoappError
from geoapp.publish.columnar import read_batches, schema_of
from geoapp.publish.cql import GEOMETRY
from geoapp.publish.features import Question
from geoapp.publish.hxl import tags_of
from geoapp.publish.spreadsheet import neutral
from layers.layer import MapLayer
from layers.tables import Source
from layers.text import Text

SYNTHETIC = Text(
    "Synthetic data: made up for demonstration.", "Données synthétiques\u00a0: inventées pour la démonstration."
)
# The same by which an import finds positions in a table.
LON, LAT, WKT, ABOUT = "longitude", "latitude", "wkt", "about"
# A Shapefile's texts are cut at so many bytes.
LONGEST_IN_DBF = 254


class ExportError(GeoappError):
    """An export that cannot be written, or that has nothing in it."""


@dataclass
class Export:
    """What was written: the rows, how many of them are synthetic, and where they come from."""

    layer: str
    rows: int = 0
    synthetic: int = 0
    sources: set[str] = field(default_factory=set)
    cut: int = 0


@dataclass(frozen=True)
class About:
    """What stands inside a file beside its rows."""

    title: str
    sentence: str
    made_on: dt.date
    sources: Mapping[str, str | None]
    synthetic: bool
    language: str

    def lines(self) -> list[str]:
        """The same in words, a line each."""
        french = self.language == "fr"
        licences = [f"{name} ({licence})" if licence else name for name, licence in sorted(self.sources.items())]
        told = ", ".join(licences) or ("inconnues" if french else "unknown")
        return [
            f"{self.title}. {self.sentence}.",
            f"{'Fait le' if french else 'Made on'} {self.made_on.isoformat()} (geoapp).",
            f"{'Sources\u00a0:' if french else 'Sources:'} {told}.",
            *([SYNTHETIC.in_language(self.language)] if self.synthetic else []),
        ]


@dataclass(frozen=True)
class Form:
    """A format: how a file of it ends, its media type, and what writes it."""

    suffix: str
    mimetype: str
    write: Callable[[Path, MapLayer, Iterable[pa.RecordBatch], Callable[[], About]], int]


def form_of(name: str) -> Form:
    """The format of a file's name; BadRequestError, with those that there are, for another."""
    lower = name.lower()
    for suffix in sorted(FORMS, key=len, reverse=True):
        if lower.endswith(f".{suffix}"):
            return FORMS[suffix]
    raise BadRequestError(f"{name}: is no file that can be written. Let its name end in {', '.join('.' + each for each in FORMS)}.")


def export(
    connection: Connection,
    layer: MapLayer,
    question: Question,
    target: Path,
    language: str,
    advance: Callable[[int], Any] = lambda _count: None,
) -> Export:
    """Write the rows that the transaction's viewer may see to `target`, whose name says the format.

    The file is there whole or not at all. Raises ExportError where there is nothing to write or no place for it, and
    BadRequestError for a name of no format that is known.
    """
    form = form_of(target.name)
    licences: dict[str, str | None] = dict(connection.execute(select(Source.source_id, Source.licence)).all())
    done = Export(layer.name)

    def about() -> About:
        return About(
            title=layer.title.in_language(language),
            sentence=question.chosen.sentence(language),
            made_on=dt.datetime.now(dt.UTC).date(),
            sources={name: licences.get(name) for name in done.sources},
            synthetic=done.synthetic > 0,
            language=language,
        )

    batches = _noted(read_batches(connection, layer, question, advance), done)
    first = next(batches, None)
    if first is None:
        raise ExportError("No row matches, so there is nothing to write. Ask for more, or for another layer.")
    try:
        with tempfile.TemporaryDirectory(prefix=".geoapp-export-", dir=target.absolute().parent) as folder:
            made = Path(folder) / f"{layer.name}.{form.suffix}"
            done.cut = form.write(made, layer, _chain(first, batches), about)
            os.replace(made, target)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}. Choose another place.") from None
    return done


def _noted(batches: Iterator[pa.RecordBatch], done: Export) -> Iterator[pa.RecordBatch]:
    """The batches, with what they hold noted in `done`."""
    for batch in batches:
        done.rows += batch.num_rows
        names = batch.schema.names
        done.synthetic += sum(bool(each) for each in batch.column(names.index("synthetic")).to_pylist())
        done.sources |= {each for each in batch.column(names.index("source_id")).to_pylist() if each}
        yield batch


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


# === Written by GDAL ==================================================================================================


def _by_gdal(driver: str, **options: Any) -> Callable[..., int]:
    def write(path: Path, layer: MapLayer, batches: Iterable[pa.RecordBatch], about: Callable[[], About]) -> int:
        reader = pa.RecordBatchReader.from_batches(schema_of(layer), batches)
        pyogrio.write_arrow(
            reader,
            path,
            layer=layer.name,
            driver=driver,
            geometry_name=GEOMETRY,
            geometry_type=_geometry_type(layer),
            crs="OGC:CRS84" if driver == "GeoJSON" else "EPSG:4326",
            **options,
        )
        _describe(path, driver, layer, about())
        return 0

    return write


def _geometry_type(layer: MapLayer) -> str:
    kinds = {place.geom.type.geometry_type for place in layer.feature_places or layer.places}  # type: ignore[attr-defined]
    names = {"POINT": "Point", "MULTILINESTRING": "MultiLineString", "MULTIPOLYGON": "MultiPolygon"}
    (kind,) = kinds if len(kinds) == 1 else ("GEOMETRY",)
    return names.get(kind, "Unknown")


def _describe(path: Path, driver: str, layer: MapLayer, about: About) -> None:
    """Put what the file is about into it, which is known once its rows are."""
    told = " ".join(about.lines())
    if driver == "GPKG":
        import sqlite3  # noqa: PLC0415 - needed for this format alone.

        with sqlite3.connect(path) as opened:
            statement = "UPDATE gpkg_contents SET identifier = ?, description = ? WHERE table_name = ?"
            opened.execute(statement, (about.title, told, layer.name))
        opened.close()
    elif driver == "GeoJSON":
        text = path.read_text(encoding="utf-8")
        head = '{\n"type": "FeatureCollection",\n'
        path.write_text(f'{head}"description": {json.dumps(told, ensure_ascii=False)},\n{text.removeprefix(head)}', "utf-8")


def _shapefile(path: Path, layer: MapLayer, batches: Iterable[pa.RecordBatch], about: Callable[[], About]) -> int:
    """A zipped Shapefile with its codebook: what the ten letters of each column stand for."""
    cut = 0

    def watched() -> Iterator[pa.RecordBatch]:
        nonlocal cut
        for batch in batches:
            texts = [column for column in batch.columns if column.type == pa.string()]
            cut += sum(len((each or "").encode()) > LONGEST_IN_DBF for column in texts for each in column.to_pylist())
            yield batch

    folder = path.parent / "shapefile"
    folder.mkdir()
    _by_gdal("ESRI Shapefile", encoding="UTF-8")(folder / f"{layer.name}.shp", layer, watched(), about)
    names = pyogrio.read_info(folder / f"{layer.name}.shp")["fields"]
    whole = [name for name in schema_of(layer).names if name != GEOMETRY]
    with (folder / "codebook.csv").open("w", encoding="utf-8", newline="") as book:
        rows = csv.writer(book)
        rows.writerow(["column_in_file", "column"])
        rows.writerows(zip(names, whole, strict=True))
    told = about().lines()
    if cut:
        told.append(f"{cut} texts were longer than a Shapefile holds ({LONGEST_IN_DBF} bytes) and are cut.")
    (folder / "about.txt").write_text("\n".join(told) + "\n", "utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, each.name)
    return cut


# === Tables ===========================================================================================================


def _table_names(layer: MapLayer) -> tuple[list[str], bool]:
    """The columns of a table: the attributes, the position as longitude and latitude or as WKT, and what it is about."""
    names = [name for name in schema_of(layer).names if name != GEOMETRY]
    points = _geometry_type(layer) == "Point"
    return [*names, *([LON, LAT] if points else [WKT]), ABOUT], points


def _table_rows(batches: Iterable[pa.RecordBatch], points: bool) -> Iterator[list[Any]]:
    for batch in batches:
        *columns, shapes = [column.to_pylist() for column in batch.columns]
        geometry = shapely.from_wkb(shapes)
        if points:
            placed: list[list[Any]] = [[shapely.get_x(geometry).tolist()], [shapely.get_y(geometry).tolist()]]
            position = [placed[0][0], placed[1][0]]
        else:
            position = [shapely.to_wkt(geometry, rounding_precision=9).tolist()]
        for row in zip(*columns, *position, strict=True):
            yield [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return neutral(value) if isinstance(value, str) else value


def _csv(path: Path, layer: MapLayer, batches: Iterable[pa.RecordBatch], about: Callable[[], About]) -> int:
    names, points = _table_names(layer)
    body = path.with_suffix(".rows")
    with body.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        for row in _table_rows(batches, points):
            rows.writerow([*row, ""])
    # The first row says what the file is about, which is known once all rows are.
    with path.open("w", encoding="utf-8-sig", newline="") as opened, body.open(encoding="utf-8", newline="") as written:
        rows = csv.writer(opened)
        rows.writerow(names)
        rows.writerow(tags_of(names))
        first = next(csv.reader(written))
        rows.writerow([*first[:-1], " ".join(about().lines())])
        rows.writerows(csv.reader(written))
    return 0


FORMS: dict[str, Form] = {
    form.suffix: form
    for form in (
        Form("gpkg", "application/geopackage+sqlite3", _by_gdal("GPKG")),
        Form("geojson", "application/geo+json", _by_gdal("GeoJSON", layer_options={"COORDINATE_PRECISION": 9})),
        Form("fgb", "application/vnd.flatgeobuf", _by_gdal("FlatGeobuf")),
        Form("shp.zip", "application/zip", _shapefile),
        Form("csv", "text/csv", _csv),
    )
}
