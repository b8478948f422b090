"""Empty files with the columns of a table, and the codebook that says what goes into them."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio

from geoapp.errors import ImportRefusedError
from geoapp.ingest.kinds import KindName
from geoapp.ingest.reading import CODEBOOK
from geoapp.ingest.targets import FileColumn, Target, target_named
from layers.text import Text

TYPES: dict[KindName, tuple[str, Text]] = {
    "text": ("object", Text("text", "texte")),
    "texts": ("object", Text("list of texts, with ; between", "liste de textes, séparés par ;")),
    "whole": ("int32", Text("whole number", "nombre entier")),
    "decimal": ("float64", Text("number", "nombre")),
    "yes_no": ("bool", Text("yes or no", "oui ou non")),
    "date": ("datetime64[D]", Text("date, as 2024-03-31", "date, comme 2024-03-31")),
    "time": ("datetime64[ms]", Text("date and time, as 2024-03-31T14:30", "date et heure, comme 2024-03-31T14:30")),
    "object": ("object", Text('JSON object, as {"police": 12}', 'objet JSON, comme {"police": 12}')),
}
UNITS = {"_m": "m", "_km": "km", "_km2": "km2", "_kg": "kg"}
DAYS = {"days": Text("days", "jours")}
HEADING = ("column", "type_en", "type_fr", "unit", "needed", "refers_to", "code", "label_en", "label_fr")
POSITION = {
    "longitude": Text("degrees east, WGS 84, as 28.8431", "degrés est, WGS 84, comme 28.8431"),
    "latitude": Text("degrees north, WGS 84, as -2.5012", "degrés nord, WGS 84, comme -2.5012"),
    "geom": Text("WKT in WGS 84, as {example}", "WKT en WGS 84, comme {example}"),
}
EXAMPLES = {
    ("Point", "LineString"): "LINESTRING (28.84 -2.50, 28.90 -2.51)",
    ("MultiLineString",): "LINESTRING (28.84 -2.50, 28.90 -2.51)",
    ("MultiPolygon",): "POLYGON ((28.8 -2.5, 28.9 -2.5, 28.9 -2.6, 28.8 -2.5))",
}


def write_template(name: str, path: Path) -> list[Path]:
    """Write an empty GeoPackage or CSV file for a table, with its codebook; the files that were written.

    The codebook is a table of the GeoPackage, and a file beside the CSV file. Raises ImportRefusedError for another
    format, for a table that there is not, and where a file is there already.
    """
    target = target_named(name)
    suffix = path.suffix.lower()
    if suffix not in {".gpkg", ".csv"}:
        raise ImportRefusedError(
            f"{path.name}: a template is a GeoPackage or a CSV file. Name one that ends in .gpkg or .csv.",
            f"{path.name} : un modèle est un GeoPackage ou un fichier CSV. Nommez-en un en .gpkg ou .csv.",
        )
    files = [path] if suffix == ".gpkg" else [path, path.with_name(f"{path.stem}-{CODEBOOK}.csv")]
    for file in files:
        if file.exists():
            raise ImportRefusedError(
                f"{file} is there already. Name another file, or move that one away.",
                f"{file} existe déjà. Nommez un autre fichier, ou déplacez celui-ci.",
            )
    try:
        if suffix == ".gpkg":
            _write_geopackage(target, path)
        else:
            _write_csv(files[0], [[*target.columns, *_position_columns(target)]])
            _write_csv(files[1], [list(HEADING), *codebook(target)])
    except (OSError, pyogrio.errors.DataSourceError) as error:
        reason = getattr(error, "strerror", None) or "the folder is missing or may not be written"
        raise ImportRefusedError(
            f"{path} cannot be written: {reason}. Name another place.",
            f"Impossible d'écrire {path} : {reason}. Indiquez un autre endroit.",
        ) from None
    return files


def codebook(target: Target) -> Iterator[list[str]]:
    """The lines of the codebook: one for each column, followed by one for each of its codes."""
    for column in target.columns.values():
        kind = TYPES[column.kind.name][1]
        unit = next((unit for ending, unit in UNITS.items() if column.name.endswith(ending)), "")
        unit = DAYS[column.name].en if column.name in DAYS else unit
        refers_to = f"{column.refers_to.table.name}.{column.refers_to.name}" if column.refers_to is not None else ""
        yield [column.name, kind.en, kind.fr, unit, _needed(target, column), refers_to, "", "", ""]
        for code, label in (column.kind.vocabulary.labels if column.kind.vocabulary else {}).items():
            yield [column.name, "", "", "", "", "", code, label.en, label.fr]
    needed = "yes" if target.needs_geometry else "no"
    for name in _position_columns(target):
        kind = POSITION[name]
        example = EXAMPLES.get(target.geometry_types, "")
        en, fr = kind.en.replace("{example}", example), kind.fr.replace("{example}", example)
        yield [name, en, fr, "" if name == "geom" else "°", needed, "", "", "", ""]


def _needed(target: Target, column: FileColumn) -> str:
    # The key is made from other columns where a row has none.
    return "yes" if column.required and not (target.made_from and column.name in target.key) else "no"


def _position_columns(target: Target) -> tuple[str, ...]:
    if not target.has_geometry:
        return ()
    return ("longitude", "latitude") if target.geometry_types == ("Point",) else ("geom",)


def _write_csv(path: Path, lines: list[list[str]]) -> None:
    # Excel knows UTF-8 by its mark alone.
    with path.open("x", encoding="utf-8-sig", newline="") as opened:
        csv.writer(opened, lineterminator="\r\n").writerows(lines)


def _write_geopackage(target: Target, path: Path) -> None:
    columns = list(target.columns.values())
    arrays = [np.array([], dtype=TYPES[column.kind.name][0]) for column in columns]
    names = [column.name for column in columns]
    lines = list(codebook(target))
    with warnings.catch_warnings():
        # Of a layer for several types of geometries the writer asks whether that is meant.
        warnings.simplefilter("ignore")
        if target.has_geometry:
            types = target.geometry_types
            kind = types[0] if len(types) == 1 else "Unknown"
            empty = np.array([], dtype=object)
            pyogrio.raw.write(
                path, empty, arrays, names, layer=target.name, driver="GPKG", geometry_type=kind, crs="EPSG:4326"
            )
        else:
            pyogrio.raw.write(path, None, arrays, names, layer=target.name, driver="GPKG")
        cells = [np.array([line[place] for line in lines], dtype=object) for place in range(len(HEADING))]
        pyogrio.raw.write(path, None, cells, list(HEADING), layer=CODEBOOK, driver="GPKG", append=True)
