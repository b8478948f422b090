"""Reading vector files through GDAL: shapefile, GeoPackage, GeoJSON, KML, GPX, FlatGeobuf."""

from __future__ import annotations

import json
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from geoapp.errors import ImportRefusedError
from geoapp.ingest import encoding, geojson, surfaces
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
# What a file of each format begins with; GDAL opens by content, and other content could name other files.
BEGINNINGS = {
    "shp": (b"\x00\x00\x27\x0a", "a shapefile", "un shapefile"),
    "gpkg": (b"SQLite format 3\x00", "a GeoPackage", "un GeoPackage"),
    "fgb": (b"fgb\x03fgb", "a FlatGeobuf", "un FlatGeobuf"),
}
# By the last digit of the code: 1, 11 and 21 are points, with heights and with measures.
SHAPE_TYPES = {0: None, 1: "Point", 3: "LineString", 5: "Polygon", 8: "MultiPoint"}
XML_ROOTS = {"kml": (b"<kml", "KML"), "gpx": (b"<gpx", "GPX")}
# How far into a file of XML its root may stand behind comments and declarations.
HEAD = 8192
FULL_TURN = 360
# So many rows at once keep what is held while reading below some hundred megabytes.
PIECE = 200_000
# Virtual tables of other kinds could read other files.
HARMLESS_VIRTUAL = ("rtree", "fts3", "fts4", "fts5")
# Columns that LIBKML makes of every KML, beside the document's own.
KML_COLUMNS = {
    "Name",
    "description",
    "id",
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
    "snippet",
}

# What GDAL takes for the system of a GeoJSON that says none, and the names by which files say it.
DEGREES = "EPSG:4326"
OF_DEGREES = re.compile(r"4326|CRS84|WGS ?84", re.IGNORECASE)

# A read layer, with its geometries as WKB.
Read = tuple[Sheet, Values | None]


def layers_of(path: Path, suffix: str, shown: str) -> list[tuple[str, str | None, int | None]]:
    """The layers of a file: name, geometry type (None where it has none), number of rows; raises ImportRefusedError."""
    require_content(path, suffix, shown)
    with _readable(path, shown), warnings.catch_warnings():
        # What is odd about the file is told when the chosen layer is read.
        warnings.simplefilter("ignore")
        return [
            (str(name), None if kind is None else str(kind), _count(path, str(name)))
            for name, kind in pyogrio.list_layers(path)
        ]


def shapefile_layer(path: Path) -> list[tuple[str, str | None, int | None]]:
    """What the headers of a shapefile say: its geometry type and its number of rows, without reading them."""
    with path.open("rb") as opened:
        kind = int.from_bytes(opened.read(36)[32:36], "little")
    table = path.with_suffix(".dbf")
    rows = None
    if table.exists():
        with table.open("rb") as opened:
            rows = int.from_bytes(opened.read(8)[4:8], "little")
    # A MultiPatch, code 31, is read as polygons.
    return [("", "Polygon" if kind == 31 else SHAPE_TYPES.get(kind % 10, "Unknown"), rows)]


def require_content(path: Path, suffix: str, shown: str) -> None:
    """Raise ImportRefusedError for content that is not what the suffix says, or that names other files."""
    with path.open("rb") as opened:
        head = opened.read(HEAD)
    if suffix in BEGINNINGS:
        beginning, kind, kind_fr = BEGINNINGS[suffix]
        if not head.startswith(beginning):
            raise _not_a(shown, kind, kind_fr)
    if suffix in XML_ROOTS:
        root, kind = XML_ROOTS[suffix]
        # In UTF-16 every second byte is zero.
        if root not in head.replace(b"\x00", b"").lower():
            raise _not_a(shown, kind, kind)
        _refuse_entities(path, shown)
    if suffix == "gpkg":
        _refuse_virtual_tables(path, shown)


def read_shapefile(path: Path, shown: str, given_encoding: str | None) -> Read:
    """Read a shapefile whose parts lie beside `path` with suffixes in lower case; a missing .shx is rebuilt."""
    if not path.with_suffix(".dbf").exists():
        raise ImportRefusedError(
            f"{shown}: the .dbf with the attributes is missing. Put it beside the .shp, or zip all parts together.",
            f"{shown} : le .dbf avec les attributs manque. Mettez-le à côté du .shp, ou zippez toutes les parties.",
        )
    rebuilt = not path.with_suffix(".shx").exists()
    with _readable(path, shown), _config("SHAPE_RESTORE_SHX", "YES" if rebuilt else None):
        sheet, wkb = _read(path, None, BYTES)
    sheet.encoding = _decode(sheet, path, given_encoding)
    if wkb is not None:
        wkb = np.array([*map(surfaces.as_polygons, wkb), None], dtype=object)[:-1]
    if rebuilt:
        sheet.notes.append(("index_rebuilt", None))
    return sheet, wkb


def read_pieces(path: Path, suffix: str, layer: str | None, shown: str, given_encoding: str | None) -> Iterator[Read]:
    """Read one layer of a GeoPackage, KML, GPX or FlatGeobuf, a large one of tables piece by piece.

    Raises ImportRefusedError where it cannot be read.
    """
    count = _count(path, layer) if suffix in BEGINNINGS else None
    if count is None or count <= PIECE:
        yield read_layer(path, suffix, layer, shown, given_encoding)
        return
    for start in range(0, count, PIECE):
        yield read_layer(path, suffix, layer, shown, given_encoding, piece=slice(start, PIECE))


def read_layer(
    path: Path,
    suffix: str,
    layer: str | None,
    shown: str,
    given_encoding: str | None,
    *,
    piece: slice | None = None,
) -> Read:
    """Read one layer, whose texts are UTF-8 or say what they are; of a `piece` so many rows from its start."""
    with _readable(path, shown):
        sheet, wkb = _read(path, layer, None, piece)
    how = {
        "gpkg": "GeoPackage is UTF-8 by its standard",
        "fgb": "FlatGeobuf is UTF-8 by its standard",
    }.get(suffix, "as the XML declares it")
    sheet.encoding = Found("UTF-8", "utf-8", how) if suffix not in XML_ROOTS else Found(None, "utf-8", how)
    if given_encoding and encoding.required_codec(given_encoding) != "utf-8":
        sheet.notes.append(("encoding_ignored", given_encoding))
    if suffix in XML_ROOTS:
        _drop(sheet, lambda name, values: _says_nothing(values) and (suffix == "gpx" or name in KML_COLUMNS))
    return sheet, wkb


def geojson_layers(path: Path, shown: str) -> list[tuple[str, str | None, int | None]]:
    """The layers of a TopoJSON, one an object; of a GeoJSON, which is not looked into, one that may hold anything."""
    with path.open(encoding="utf-8", errors="replace") as opened:
        head = opened.read(geojson.HEAD)
    if geojson.is_topology(head):
        found = layers_of(path, "topojson", shown)
        return found if len(found) > 1 else [("", *layer[1:]) for layer in found]
    return [("", "Unknown", None)]


def read_geojson(path: Path, layer: str | None, shown: str, given_encoding: str | None) -> Read:
    """Read GeoJSON, or a layer of TopoJSON.

    What is not in UTF-8, or whose types are misspelt, is first written anew beside it.
    """
    data = path.read_bytes()
    found = encoding.of_bytes(data, given_encoding)
    text = data.decode(found.used or "utf-8")
    del data
    if not text.lstrip().startswith("{"):
        raise ImportRefusedError(
            f"{shown} is not GeoJSON. Export it again and import that.",
            f"{shown} n'est pas du GeoJSON. Exportez-le de nouveau et importez cela.",
        )
    mended = geojson.with_types_mended(text)
    if mended is not None or found.used != "utf-8":
        path = path.with_name("recoded.geojson")
        path.write_text(mended or text, encoding="utf-8")
    system, is_topology = geojson.stated_system(text), geojson.is_topology(text)
    with _readable(path, shown):
        sheet, wkb = _read(path, layer or None, None)
    if is_topology:
        _drop(sheet, lambda name, values: name == "id" and _says_nothing(values))
    if system is not None and sheet.crs in {None, DEGREES} and not OF_DEGREES.search(system):
        # A name that GDAL does not know is passed over by it.
        sheet.crs = system
    if system is None and wkb is not None:
        # By its standard it is in degrees then; files in metres exist all the same.
        reach = np.abs(shapely.bounds(shapely.from_wkb(wkb, on_invalid="ignore")))
        if (reach > FULL_TURN).any():
            sheet.crs = None
    sheet.encoding = found
    if mended is not None:
        sheet.notes.append(("type_mended", None))
    return sheet, wkb


def _count(path: Path, layer: str | None) -> int | None:
    try:
        count = int(pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"])
    except READ_ERRORS:
        return None
    return count if count >= 0 else None


def _not_a(shown: str, kind: str, kind_fr: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"{shown} is not {kind}. Export it again and import that.",
        f"{shown} n'est pas {kind_fr}. Exportez-le de nouveau et importez cela.",
    )


def _refuse_entities(path: Path, shown: str) -> None:
    """No KML or GPX declares entities, but for those that would blow it up or open another file."""
    with path.open("rb") as opened:
        kept = b""
        while chunk := opened.read(1024 * 1024):
            if b"<!ENTITY" in (kept + chunk).replace(b"\x00", b""):
                raise ImportRefusedError(
                    f"{shown} declares XML entities, which no KML or GPX needs. Export it again and import that.",
                    f"{shown} déclare des entités XML, dont aucun KML ou GPX n'a besoin. Exportez-le de nouveau.",
                )
            kept = chunk[-32:]


def _refuse_virtual_tables(path: Path, shown: str) -> None:
    with _sqlite(path, shown) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'").fetchall()
    for (sql,) in made:
        module = str(sql).lower().partition(" using ")[2].strip()
        if not module.startswith(HARMLESS_VIRTUAL):
            raise ImportRefusedError(
                f"{shown} has virtual tables, which could read other files. Export its layers to a new GeoPackage.",
                f"{shown} a des tables virtuelles, qui pourraient lire d'autres fichiers. Exportez ses couches dans un"
                " nouveau GeoPackage.",
            )


@contextmanager
def _sqlite(path: Path, shown: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise ImportRefusedError(
            f"{shown} cannot be read: {error}. Check that the file is whole, or export it again.",
            f"{shown} ne peut être lu : {error}. Vérifiez que le fichier est entier, ou exportez-le de nouveau.",
        ) from None


def _read(path: Path, layer: str | None, codec: str | None, piece: slice | None = None) -> Read:
    part = {} if piece is None else {"skip_features": piece.start, "max_features": piece.stop}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, encoding=codec, datetime_as_string=True, **part)
    names = distinct_names([str(name) for name in meta["fields"]])
    count = len(wkb) if wkb is not None else len(values[0]) if values else 0
    columns = {name: _plain(array) for name, array in zip(names, values, strict=True)}
    sheet = Sheet(columns, count, Found(), None, meta["crs"])
    for warning in caught:
        message = str(warning.message)
        if message.startswith("Measured (M) geometry types"):
            sheet.has_heights = np.full(count, True)
        else:
            sheet.notes.append(("reader_warning", message))
    return sheet, wkb


def _plain(values: Values) -> Values:
    """Lists, which GeoJSON and GeoPackage may hold, become JSON, so that every value is a scalar."""
    if values.dtype != object or np.ndarray not in set(map(type, values.tolist())):
        return values
    plain: Values = np.array([_scalar(value) for value in values] + [None], dtype=object)[:-1]
    return plain


def _scalar(value: Any) -> Any:
    return json.dumps(value.tolist(), ensure_ascii=False) if isinstance(value, np.ndarray) else value


def _says_nothing(values: Values) -> bool:
    """Whether all cells are empty, or are the -1, 0 and false by which GDAL fills what a KML does not say."""
    return all(value is None or value != value or value in ("", -1, 0, False) for value in values)  # noqa: PLR0124


def _drop(sheet: Sheet, useless: Callable[[str, Values], bool]) -> None:
    sheet.columns = {name: values for name, values in sheet.columns.items() if not useless(name, values)}


def _decode(sheet: Sheet, path: Path, given: str | None) -> Found:
    """Decode names and texts that were read as bytes, and say how."""
    texts: dict[str, bytes] = {}
    for values in sheet.columns.values():
        if values.dtype == object:
            for value in values:
                if value is not None and value not in texts:
                    texts[value] = value.encode(BYTES)
    texts |= {name: name.encode(BYTES) for name in sheet.columns}
    try:
        found = encoding.of_shapefile(sorted(texts.values()), path, given)
    except ImportRefusedError as refusal:
        codec = encoding.codec_named(given) if given else None
        refusal.row, refusal.column = _first_not_in(sheet, codec or "ascii")
        raise
    codec = found.used or "utf-8"
    decoded = {text: encoding.decode(raw, codec) for text, raw in texts.items()}
    names = distinct_names([decoded[name] for name in sheet.columns])
    sheet.columns = {
        name: np.array([*(None if value is None else decoded[value] for value in values), None], dtype=object)[:-1]
        if values.dtype == object
        else values
        for name, values in zip(names, sheet.columns.values(), strict=True)
    }
    if found.found and found.how not in {".cpg", "--encoding", encoding.LANGUAGE_BYTE}:
        sheet.notes.append(("encoding_overridden", found.found))
    return found


def _first_not_in(sheet: Sheet, codec: str) -> tuple[int | None, str | None]:
    """The first cell, by row and column, whose bytes are not in `codec`."""
    broken: list[tuple[int, str]] = []
    for name, values in sheet.columns.items():
        if values.dtype == object:
            broken += [(index, name) for index, each in enumerate(values) if each and not _is_in(each, codec)][:1]
    if not broken:
        return None, None
    index, name = min(broken)
    return index + 1, name.encode(BYTES).decode("ascii", "replace")


def _is_in(text: str, codec: str) -> bool:
    return encoding.decodes([text.encode(BYTES)], codec)


@contextmanager
def _readable(path: Path, shown: str) -> Iterator[None]:
    try:
        yield
    except READ_ERRORS as error:
        reason = str(error).replace(str(path), shown).partition(";")[0].partition("\n")[0].strip()
        raise ImportRefusedError(
            f"{shown} cannot be read: {reason}. Check that the file is whole, or export it again.",
            f"{shown} ne peut être lu : {reason}. Vérifiez que le fichier est entier, ou exportez-le de nouveau.",
        ) from None


@contextmanager
def _config(name: str, value: str | None) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
