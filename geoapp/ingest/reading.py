"""Opening a file that somebody brings: its format, its layers, and the rows of the chosen one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geoapp.errors import ImportRefusedError, is_full
from geoapp.ingest import confined
from geoapp.ingest.archive import ARCHIVES, SINGLE_FILES, Found, collect_shapefile, collect_single, no_room, unpack
from geoapp.ingest.sheet import Sheet
from geoapp.naming import STYLES, VERSIONS, nearest
from geoapp.scratch import scratch

FORMATS = (
    "Shapefile (.shp or zipped), GeoPackage (.gpkg), GeoJSON (.geojson), KML (.kml, .kmz), GPX (.gpx),"
    " FlatGeobuf (.fgb), GeoParquet (.parquet), Excel (.xlsx) or CSV (.csv)"
)
FORMATS_FR = FORMATS.replace(".shp or zipped", ".shp ou zippé").replace(" or CSV", " ou CSV")
PARTS_OF_A_SHAPEFILE = {"dbf", "shx", "prj", "cpg"}
# The layers that GDAL makes of the vertices of a GPX; asked for by name alone.
VERTICES = {"route_points", "track_points"}
CODEBOOK = "codebook"
DESCRIPTIONS = {CODEBOOK, "about", VERSIONS, STYLES}


@dataclass(frozen=True)
class Layer:
    """One layer of what was brought; `inner` is its name inside a file of several.

    `geometry` is its type, such as "Point" or "Unknown", None where it has none; `rows` their number where it is
    known without reading them.
    """

    file: Found
    name: str
    inner: str | None = None
    geometry: str | None = "Unknown"
    rows: int | None = None

    @property
    def spatial(self) -> bool:
        """Whether the layer may have geometries."""
        return self.geometry is not None

    def fits(self, types: tuple[str, ...]) -> bool:
        """Whether its geometries may be stored as one of `types`; nothing speaks against a type that is not known."""
        if self.geometry is None or self.inner in VERTICES:
            return False
        bare = self.geometry.removesuffix(" M").removesuffix(" Z").removesuffix("25D").removeprefix("3D ").strip()
        plain = {each.removeprefix("Multi") for each in types}
        return bare in {"Unknown", "GeometryCollection"} or bare.removeprefix("Multi") in plain

    def shown(self, rows: str = "rows", bare: str = "no geometry") -> str:
        """The layer in a list to choose from, with the words for its rows and for having no geometry."""
        facts = [f"{self.rows} {rows}"] if self.rows is not None else []
        facts += [self.geometry or bare] if self.geometry != "Unknown" else []
        return f"{self.name} ({', '.join(facts)})" if facts else self.name


@contextmanager
def open_layers(path: Path) -> Iterator[tuple[list[Layer], Path]]:
    """The layers of `path`, and a folder of their own that is removed at the end.

    Raises ImportRefusedError for a file that is missing, may not be read, or is of no format that is known.
    """
    _require_file(path)
    with scratch("import") as folder:
        try:
            yield [layer for file in _files(path, folder) for layer in _layers(file)], folder
        except OSError as error:
            if is_full(error):
                raise ImportRefusedError(*no_room(path.name)) from None
            reason = error.strerror or str(error)
            raise ImportRefusedError(
                f"{path.name} cannot be read: {reason}. Check the file and its rights.",
                f"{path.name} ne peut être lu : {reason}. Vérifiez le fichier et ses droits.",
            ) from None


def choose_layer(
    layers: list[Layer], wanted: str | None, shown: str, needs_geometry: bool, types: tuple[str, ...] = ()
) -> Layer:
    """The layer that is meant: the one of that name, else the only one that may hold rows of the geometry `types`.

    Raises ImportRefusedError, listing the layers, where `wanted` is none of them or there are several to choose from.
    """
    # The codebook of a template or an export describes the other layer, and is none to import.
    layers = [each for each in layers if not {each.inner, each.name.rpartition("/")[2]} & DESCRIPTIONS] or layers
    if wanted is not None:
        return _layer_named(layers, wanted, shown)
    if needs_geometry and any(layer.spatial for layer in layers):
        layers = [layer for layer in layers if layer.spatial]
    if len(layers) > 1 and any(layer.fits(types) for layer in layers):
        layers = [layer for layer in layers if layer.fits(types)]
    if len(layers) > 1 and any(layer.rows for layer in layers):
        layers = [layer for layer in layers if layer.rows != 0]
    if not layers:
        raise ImportRefusedError(
            f"{shown} holds nothing that can be read. Put a {FORMATS} into it.",
            f"{shown} ne contient rien qui puisse être lu. Mettez-y un {FORMATS_FR}.",
        )
    if len(layers) > 1:
        names = ", ".join(layer.shown() for layer in layers)
        names_fr = ", ".join(layer.shown("lignes", "sans géométrie") for layer in layers)
        raise ImportRefusedError(
            f"{shown} holds several layers: {names}. Choose one with --layer NAME.",
            f"{shown} contient plusieurs couches : {names_fr}. Choisissez-en une avec --layer NOM.",
        )
    return layers[0]


def read_layer(layer: Layer, folder: Path, encoding: str | None) -> Sheet:
    """The rows of `layer`; raises ImportRefusedError, saying why, where they cannot be read or there are none."""
    sheet = confined.read(layer.file, layer.inner, layer.name, encoding, folder)
    if sheet.count == 0:
        raise ImportRefusedError(
            f"{layer.name} holds no rows. Check that the right file was exported.",
            f"{layer.name} n'a aucune ligne. Vérifiez que le bon fichier a été exporté.",
        )
    return sheet


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _require_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise ImportRefusedError(
                f"{path} is a folder. Name a file in it, or zip it and import the zip.",
                f"{path} est un dossier. Nommez un fichier qu'il contient, ou zippez-le et importez le zip.",
            )
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise ImportRefusedError(
            f"{path} does not exist. Check the name and the folder.",
            f"{path} n'existe pas. Vérifiez le nom et le dossier.",
        ) from None
    except OSError as error:
        raise ImportRefusedError(
            f"{path} cannot be opened: {error.strerror}. Check the file's rights.",
            f"{path} ne peut être ouvert : {error.strerror}. Vérifiez les droits du fichier.",
        ) from None


def _files(path: Path, folder: Path) -> list[Found]:
    suffix = path.suffix.lower().lstrip(".")
    if suffix in ARCHIVES:
        return unpack(path, folder)
    if suffix == "shp":
        return [collect_shapefile(path, folder)]
    if suffix in PARTS_OF_A_SHAPEFILE:
        raise ImportRefusedError(
            f"{path.name} is a part of a shapefile. Name its .shp instead.",
            f"{path.name} est une partie d'un shapefile. Nommez plutôt son .shp.",
        )
    if suffix in SINGLE_FILES:
        return [collect_single(path, folder)]
    raise ImportRefusedError(
        f"{path.name} is of no format that is known. Bring a {FORMATS}.",
        f"{path.name} n'est d'aucun format connu. Apportez un {FORMATS_FR}.",
    )


def _layers(file: Found) -> list[Layer]:
    inner = confined.layers_of(file)
    alone = len(inner) == 1 and file.suffix != "gpkg"
    return [Layer(file, file.name if alone else name, name, kind, rows) for name, kind, rows in inner]


def _layer_named(layers: list[Layer], wanted: str, shown: str) -> Layer:
    for layer in layers:
        if wanted in {layer.name, layer.name.rpartition("/")[2], layer.inner}:
            return layer
    names = [layer.name for layer in layers]
    like = nearest(wanted, names, count=1)
    raise ImportRefusedError(
        f"{shown} has no layer {wanted}. Its layers are: {', '.join(names)}."
        + (f" Did you mean {like[0]}?" if like else ""),
        f"{shown} n'a pas de couche {wanted}. Ses couches sont : {', '.join(names)}."
        + (f" Vouliez-vous dire {like[0]} ?" if like else ""),
    )
