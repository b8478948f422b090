"""Reading vector files through GDAL: shapefile, GeoPackage, GeoJSON."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from geoapp.errors import ImportRefusedError
from geoapp.ingest import encoding
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Sheet, Values, distinct_names

READ_ERRORS = (
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
    UnicodeError,
    ValueError,
)

# Reads every byte as the character of the same number, so that texts can be decoded here.
BYTES = "ISO-8859-1"


def layers_of(path: Path, shown: str) -> list[tuple[str, bool]]:
    """The layers of a GeoPackage, and whether each has geometries; raises ImportRefusedError."""
    _require_beginning(path, b"SQLite format 3", shown, "a GeoPackage")
    with _readable(path, shown), warnings.catch_warnings():
        # What is odd about the file is told when the chosen layer is read.
        warnings.simplefilter("ignore")
        return [(str(name), kind is not None) for name, kind in pyogrio.list_layers(path)]


def read_shapefile(path: Path, shown: str, given_encoding: str | None) -> Sheet:
    """Read a shapefile whose parts lie beside `path` with suffixes in lower case; a missing .shx is rebuilt."""
    if not path.with_suffix(".dbf").exists():
        raise ImportRefusedError(
            f"{shown}: the .dbf with the attributes is missing. Put it beside the .shp, or zip all parts together."
        )
    _require_beginning(path, b"\x00\x00\x27\x0a", shown, "a shapefile")
    rebuilt = not path.with_suffix(".shx").exists()
    with _readable(path, shown), _config("SHAPE_RESTORE_SHX", "YES" if rebuilt else None):
        sheet = _read(path, None, BYTES)
    sheet.encoding = _decode(sheet, path.with_suffix(".cpg"), given_encoding)
    if rebuilt:
        sheet.notes.append(("index_rebuilt", None))
    return sheet


def read_geopackage(path: Path, layer: str, shown: str, given_encoding: str | None) -> Sheet:
    """Read one layer of a GeoPackage, whose texts are UTF-8 by its standard."""
    with _readable(path, shown):
        sheet = _read(path, layer, None)
    sheet.encoding = Found("UTF-8", "utf-8", "GeoPackage is UTF-8 by its standard")
    if given_encoding and encoding.required_codec(given_encoding) != "utf-8":
        sheet.notes.append(("encoding_ignored", given_encoding))
    return sheet


def read_geojson(path: Path, shown: str, given_encoding: str | None, folder: Path) -> Sheet:
    """Read GeoJSON; a file that is not in UTF-8 is first written anew to `folder`."""
    data = path.read_bytes()
    found = encoding.of_bytes(data, given_encoding)
    text = data.decode(found.used or "utf-8")
    # As below: content of another kind could name other files.
    if not text.lstrip().startswith("{"):
        raise ImportRefusedError(f"{shown} is not GeoJSON. Export it again and import that.")
    if found.used != "utf-8":
        path = folder / "recoded.geojson"
        path.write_text(text, encoding="utf-8")
    with _readable(path, shown):
        sheet = _read(path, None, None)
    sheet.encoding = found
    return sheet


def _require_beginning(path: Path, expected: bytes, shown: str, kind: str) -> None:
    """GDAL opens by content: without this look, a file of this name could be of a format that names other files."""
    with path.open("rb") as opened:
        if opened.read(len(expected)) != expected:
            raise ImportRefusedError(f"{shown} is not {kind}. Export it again and import that.")


def _read(path: Path, layer: str | None, codec: str | None) -> Sheet:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, encoding=codec, datetime_as_string=True)
    names = distinct_names([str(name) for name in meta["fields"]])
    geometry = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    count = len(geometry) if geometry is not None else len(values[0]) if values else 0
    columns = {name: _plain(array) for name, array in zip(names, values, strict=True)}
    sheet = Sheet(columns, count, Found(), geometry, meta["crs"])
    if geometry is not None:
        sheet.has_heights = shapely.has_z(geometry)
    for warning in caught:
        message = str(warning.message)
        if message.startswith("Measured (M) geometry types"):
            sheet.has_heights = np.full(count, True)
        else:
            sheet.notes.append(("reader_warning", message))
    return sheet


def _plain(values: Values) -> Values:
    """Lists, which GeoJSON and GeoPackage may hold, become JSON, so that every value is a scalar."""
    if values.dtype != object:
        return values
    plain: Values = np.array([_scalar(value) for value in values] + [None], dtype=object)[:-1]
    return plain


def _scalar(value: Any) -> Any:
    return json.dumps(value.tolist(), ensure_ascii=False) if isinstance(value, np.ndarray) else value


def _decode(sheet: Sheet, page: Path, given: str | None) -> Found:
    """Decode names and texts that were read as bytes, and say how."""
    texts = {
        value.encode(BYTES)
        for values in sheet.columns.values()
        if values.dtype == object
        for value in values
        if isinstance(value, str)
    }
    texts |= {name.encode(BYTES) for name in sheet.columns}
    found = encoding.of_shapefile(sorted(texts), page, given)
    codec = found.used or "utf-8"

    def decoded(value: Any) -> Any:
        return encoding.decode(value.encode(BYTES), codec) if isinstance(value, str) else value

    names = distinct_names([decoded(name) for name in sheet.columns])
    sheet.columns = {
        name: np.array([*map(decoded, values), None], dtype=object)[:-1] if values.dtype == object else values
        for name, values in zip(names, sheet.columns.values(), strict=True)
    }
    if found.found and found.how not in {".cpg", "--encoding"}:
        sheet.notes.append(("encoding_overridden", found.found))
    return found


@contextmanager
def _readable(path: Path, shown: str) -> Iterator[None]:
    try:
        yield
    except READ_ERRORS as error:
        reason = str(error).replace(str(path), shown).partition(";")[0].partition("\n")[0].strip()
        raise ImportRefusedError(
            f"{shown} cannot be read: {reason}. Check that the file is whole, or export it again."
        ) from None


@contextmanager
def _config(name: str, value: str | None) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
