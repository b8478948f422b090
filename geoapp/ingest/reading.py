"""Opening a file that somebody brings: its format, its layers, and the rows of the chosen one."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geoapp.errors import ImportRefusedError
from geoapp.ingest import vector
from geoapp.ingest.archive import Found, collect_shapefile, collect_single, unpack
from geoapp.ingest.delimited import read_delimited
from geoapp.ingest.sheet import Sheet
from geoapp.naming import nearest

FORMATS = "Shapefile (.shp or zipped), GeoPackage (.gpkg), GeoJSON (.geojson) or CSV (.csv)"
PARTS_OF_A_SHAPEFILE = {"dbf", "shx", "prj", "cpg"}
CODEBOOK = "codebook"
TEXT_TABLES = {"csv", "tsv", "txt"}


@dataclass(frozen=True)
class Layer:
    """One layer of what was brought; `inner` is its name inside a GeoPackage."""

    file: Found
    name: str
    inner: str | None = None
    spatial: bool = True


@contextmanager
def open_layers(path: Path) -> Iterator[tuple[list[Layer], Path]]:
    """The layers of `path`, and a folder of their own that is removed at the end.

    Raises ImportRefusedError for a file that is missing, may not be read, or is of no format that is known.
    """
    _require_file(path)
    with tempfile.TemporaryDirectory(prefix="geoapp-import-") as name:
        folder = Path(name)
        try:
            yield [layer for file in _files(path, folder) for layer in _layers(file)], folder
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImportRefusedError(f"{path.name} cannot be read: {reason}. Check the file and its rights.") from None


def choose_layer(layers: list[Layer], wanted: str | None, shown: str, needs_geometry: bool) -> Layer:
    """The layer that is meant.

    Raises ImportRefusedError, listing the layers, where `wanted` is none of them or there are several to choose from.
    """
    # The codebook of a template describes the other layer, and is none to import.
    layers = [layer for layer in layers if layer.inner != CODEBOOK]
    names = [layer.name for layer in layers]
    if wanted is not None:
        for layer in layers:
            if wanted in {layer.name, layer.name.rpartition("/")[2]}:
                return layer
        raise ImportRefusedError(
            f"{shown} has no layer {wanted}. Its layers are: {', '.join(names)}.{_like(wanted, names)}"
        )
    if needs_geometry and any(layer.spatial for layer in layers):
        layers = [layer for layer in layers if layer.spatial]
    if not layers:
        raise ImportRefusedError(f"{shown} holds nothing that can be read. Put a {FORMATS} into it.")
    if len(layers) > 1:
        raise ImportRefusedError(f"{shown} holds several layers: {', '.join(names)}. Choose one with --layer NAME.")
    return layers[0]


def read_layer(layer: Layer, folder: Path, encoding: str | None) -> Sheet:
    """The rows of `layer`; raises ImportRefusedError, saying why, where they cannot be read or there are none."""
    path, shown = layer.file.path, layer.name
    if layer.file.suffix in TEXT_TABLES:
        sheet = read_delimited(path, encoding)
    elif layer.file.suffix == "shp":
        sheet = vector.read_shapefile(path, shown, encoding)
    elif layer.file.suffix == "gpkg":
        sheet = vector.read_geopackage(path, layer.inner or "", shown, encoding)
    else:
        sheet = vector.read_geojson(path, shown, encoding, folder)
    if sheet.count == 0:
        raise ImportRefusedError(f"{shown} holds no rows. Check that the right file was exported.")
    return sheet


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _require_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise ImportRefusedError(f"{path} is a folder. Name a file in it, or zip it and import the zip.")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise ImportRefusedError(f"{path} does not exist. Check the name and the folder.") from None
    except OSError as error:
        raise ImportRefusedError(f"{path} cannot be opened: {error.strerror}. Check the file's rights.") from None


def _files(path: Path, folder: Path) -> list[Found]:
    suffix = path.suffix.lower().lstrip(".")
    if suffix == "zip":
        return unpack(path, folder)
    if suffix == "shp":
        return [collect_shapefile(path, folder)]
    if suffix in PARTS_OF_A_SHAPEFILE:
        raise ImportRefusedError(f"{path.name} is a part of a shapefile. Name its .shp instead.")
    if suffix in {"gpkg", "geojson", "json", *TEXT_TABLES}:
        return [collect_single(path, folder)]
    raise ImportRefusedError(f"{path.name} is of no format that is known. Bring a {FORMATS}.")


def _layers(file: Found) -> list[Layer]:
    if file.suffix == "gpkg":
        return [Layer(file, name, name, spatial) for name, spatial in vector.layers_of(file.path, file.name)]
    return [Layer(file, file.name)]


def _like(wanted: str, names: list[str]) -> str:
    like = nearest(wanted, names, count=1)
    return f" Did you mean {like[0]}?" if like else ""
