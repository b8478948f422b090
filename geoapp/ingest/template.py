"""Empty files with the columns of a table, and the codebook that says what goes into them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyogrio

from geoapp.errors import ImportRefusedError
from geoapp.ingest.codebook import HEADING, as_csv, codebook, position_columns
from geoapp.ingest.kinds import KindName
from geoapp.ingest.reading import CODEBOOK
from geoapp.ingest.targets import Target, target_named

DTYPES: dict[KindName, str] = {
    "text": "object",
    "texts": "object",
    "whole": "int32",
    "decimal": "float64",
    "yes_no": "bool",
    "date": "datetime64[D]",
    "time": "datetime64[ms]",
    "object": "object",
    "people": "object",
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
            _write_new(files[0], as_csv([[*target.columns, *position_columns(target)]]))
            _write_new(files[1], as_csv([list(HEADING), *codebook(target)]))
    except (OSError, pyogrio.errors.DataSourceError) as error:
        reason = getattr(error, "strerror", None) or "the folder is missing or may not be written"
        raise ImportRefusedError(
            f"{path} cannot be written: {reason}. Name another place.",
            f"Impossible d'écrire {path} : {reason}. Indiquez un autre endroit.",
        ) from None
    return files


def _write_new(path: Path, content: bytes) -> None:
    with path.open("xb") as opened:
        opened.write(content)


def _write_geopackage(target: Target, path: Path) -> None:
    columns = list(target.columns.values())
    arrays = [np.array([], dtype=DTYPES[column.kind.name]) for column in columns]
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
