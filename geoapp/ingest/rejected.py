"""The rejected rows of a file, written as a file of the same kind with the reasons beside them, to be mended."""

from __future__ import annotations

import csv
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from geoapp.errors import ImportRefusedError
from geoapp.formulas import neutral, original
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.values import is_missing
from geoapp.scratch import scratch

# Short enough for a shapefile.
REASON, ROW = "geoapp_why", "geoapp_row"
DRIVERS = {
    "zip": "ESRI Shapefile",
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "json": "GeoJSON",
    "xlsx": "XLSX",
    "csv": "CSV",
}
SPREADSHEETS = {"CSV", "XLSX"}


def require_format(path: Path) -> None:
    """Raise ImportRefusedError where the name of `path` says no format that rejected rows can be written in."""
    if _suffix(path) not in DRIVERS:
        raise ImportRefusedError(
            f"{path.name} is of no format in which rejected rows can be written. Name a file that ends in .zip (for a"
            " shapefile), .gpkg, .geojson, .csv or .xlsx.",
            f"{path.name} n'est pas d'un format dans lequel les lignes refusées peuvent être écrites. Nommez un fichier"
            " qui se termine par .zip (pour un shapefile), .gpkg, .geojson, .csv ou .xlsx.",
        )


def write_rejected(path: Path, sheet: Sheet, findings: Findings, language: str) -> None:
    """Write the rejected rows of `sheet`, as the file had them, to `path`, in the format that its name says.

    The coordinate system, the encoding and the columns are the file's; `geoapp_row` is the row there, `geoapp_why` the
    reasons in `language`.
    """
    part = _rejected_part(sheet, findings, language)
    driver = DRIVERS[_suffix(path)]
    if driver in SPREADSHEETS:
        part = _as_table(part)
    if driver == "CSV":
        _write_csv(path, part)
    elif driver == "ESRI Shapefile":
        _write_zip(path, part)
    else:
        path.unlink(missing_ok=True)
        _write(path, driver, part)


def restore(sheet: Sheet) -> None:
    """Take the columns that `write_rejected` added out of a sheet, and put texts that it made harmless back."""
    if REASON not in sheet.columns:
        return
    for name in (REASON, ROW):
        sheet.columns.pop(name, None)
    sheet.columns = {
        name: values
        if values.dtype != object
        else _texts(original(each) if isinstance(each, str) else each for each in values)
        for name, values in sheet.columns.items()
    }


def _suffix(path: Path) -> str:
    return path.suffix.lower().lstrip(".")


def _rejected_part(sheet: Sheet, findings: Findings, language: str) -> Sheet:
    rows = sorted(findings.rejected)
    reasons: dict[int, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.row is not None and finding.severity == "error":
            reasons[finding.row].append(finding.sentence(language, with_row=False))
    indexes = np.array(rows, dtype=int) - 1
    columns = {name: values[indexes] for name, values in sheet.columns.items()}
    columns[ROW] = np.array(rows, dtype=np.int64)
    columns[REASON] = _texts(" | ".join(reasons[row]) for row in rows)
    geometry = None if sheet.geometry is None else sheet.geometry[indexes]
    return Sheet(columns, len(rows), sheet.encoding, geometry, sheet.crs)


def _as_table(part: Sheet) -> Sheet:
    """The same with its geometries as a column of WKT, and with texts that no spreadsheet calculates."""
    columns = {
        name: values
        if values.dtype != object
        else _texts(neutral(each) if isinstance(each, str) else each for each in values)
        for name, values in part.columns.items()
    }
    if part.geometry is not None:
        columns["geom"] = shapely.to_wkt(part.geometry, rounding_precision=-1)
    return Sheet({neutral(name): values for name, values in columns.items()}, part.count, part.encoding)


def _texts(values: Iterable[Any]) -> Values:
    # A None at the end keeps numpy from making anything else of them.
    return np.array([*values, None], dtype=object)[:-1]


def _write_csv(path: Path, part: Sheet) -> None:
    encoding = part.encoding.used or "utf-8"
    # Excel knows UTF-8 by its mark alone.
    codec = "utf-8-sig" if encoding.startswith("utf-8") else encoding
    # What the encoding lacks can be in a reason only, since the rest was in the file.
    with path.open("w", encoding=codec, newline="", errors="replace") as opened:
        writer = csv.writer(opened, lineterminator="\r\n")
        writer.writerow(part.columns)
        for cells in zip(*part.columns.values(), strict=True):
            writer.writerow(["" if not isinstance(each, str) and is_missing(each) else each for each in cells])


def _write_zip(path: Path, part: Sheet) -> None:
    with scratch("rejected") as folder:
        inner = folder / f"{path.name.split('.')[0]}.shp"
        _write(inner, "ESRI Shapefile", part)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)


def _write(path: Path, driver: str, part: Sheet) -> None:
    options: dict[str, Any] = {}
    if part.geometry is not None:
        options = {"geometry_type": _type(part.geometry, driver), "crs": part.crs}
    if driver == "GeoJSON":
        options["COORDINATE_PRECISION"] = "15"
    if driver == "ESRI Shapefile":
        options["encoding"] = part.encoding.used or "utf-8"
    with warnings.catch_warnings():
        # A shapefile cuts long reasons and names, a file without a system says so; both are as in the original.
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            path,
            None if part.geometry is None else shapely.to_wkb(part.geometry),
            list(part.columns.values()),
            list(part.columns),
            driver=driver,
            **options,
        )


def _type(geometry: Values, driver: str) -> str:
    """The type of the layer: the one that all have, the multiple one for a shapefile of both, else any."""
    there = geometry[~shapely.is_missing(geometry)]
    names = {str(each.geom_type) for each in there}
    heights = " Z" if shapely.has_z(there).any() else ""
    if not names:
        return "Point" if driver == "ESRI Shapefile" else "Unknown"
    if len(names) == 1:
        return names.pop() + heights
    families = {name.removeprefix("Multi") for name in names}
    return f"Multi{families.pop()}{heights}" if len(families) == 1 and driver == "ESRI Shapefile" else "Unknown"
