"""The pack for a computer without a line: the layers with their styles, the base map, and a QGIS project of both."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from geoapp.access.audit import record
from geoapp.access.viewer import acting_viewer
from geoapp.publish.exports.about import About, describe
from geoapp.publish.exports.columnar import read_batches
from geoapp.publish.exports.export import NOTHING
from geoapp.publish.exports.gdal import write_layer
from geoapp.publish.exports.styles import add_styles
from geoapp.publish.exports.versions import add_versions, bears_versions
from geoapp.publish.exports.writing import Content, ExportError
from geoapp.publish.features import Question
from geoapp.publish.mbtiles import MAX_BASE_ZOOM, tiles_within, write_base_map
from geoapp.publish.qgis.project import Addresses, Read, make_project
from layers.catalogue import LAYERS
from layers.layer import MapLayer
from layers.text import Text

MIMETYPE = "application/zip"
LAYERS_FILE, BASE_FILE, PROJECT_FILE, ABOUT_FILE = "geoapp.gpkg", "base.mbtiles", "geoapp.qgs", "about.txt"
# QGIS reads the points and the lines of one table as two layers.
SPLIT = {"Point": Text("points", "points"), "LineString": Text("lines", "lignes")}


def write_pack(
    connection: Connection,
    question: Question,
    target: Path,
    *,
    language: str,
    progress: Callable[[str, int], Callable[[int], Any]] = lambda _step, _total: lambda _count: None,
    base_map: bytes | None = None,
) -> list[About]:
    """Write what the transaction's viewer may see of their units to a zip; what there is of each layer.

    `question` narrows it as for an export; one without units is about those of the viewer. `progress` is told each step
    with its size, and what it gives, how far it is. `base_map` is that of an earlier pack, which is everybody's. Raises
    ExportError where there is nothing to write.
    """
    question = _of_own_units(connection, question)
    with tempfile.TemporaryDirectory(prefix=".geoapp-pack-", dir=target.absolute().parent) as name:
        folder = Path(name)
        told = _write_layers(connection, question, folder / LAYERS_FILE, language, progress)
        if not told:
            raise ExportError(NOTHING)
        if base_map is None:
            advance = progress("base", sum(1 for _ in tiles_within(MAX_BASE_ZOOM)))
            write_base_map(connection, folder / BASE_FILE, language, advance)
        else:
            (folder / BASE_FILE).write_bytes(base_map)
        packed = [layer for layer in LAYERS.values() if layer.name in told]
        project = make_project(packed, _inside(language), "geoapp", language)
        (folder / PROJECT_FILE).write_text(project, "utf-8")
        lines = [line for about in told.values() for line in (*about.lines(), "")]
        (folder / ABOUT_FILE).write_text("\n".join(lines), "utf-8")
        made = folder / "pack.zip"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in (PROJECT_FILE, LAYERS_FILE, BASE_FILE, ABOUT_FILE):
                archive.write(folder / each, f"geoapp/{each}")
        made.replace(target)
    return list(told.values())


def _of_own_units(connection: Connection, question: Question) -> Question:
    viewer = acting_viewer(connection)
    if question.chosen.unit or viewer is None:
        return question
    units = tuple(sorted({unit for units in viewer.rights.values() for unit in units if unit}))
    return replace(question, chosen=replace(question.chosen, unit=units))


def _write_layers(
    connection: Connection,
    question: Question,
    path: Path,
    language: str,
    progress: Callable[[str, int], Callable[[int], Any]],
) -> dict[str, About]:
    viewer = acting_viewer(connection)
    told: dict[str, About] = {}
    for layer in LAYERS.values():
        if layer.roles and viewer is not None and not viewer.has(*layer.roles):
            continue
        about = describe(connection, layer, question, language)
        if about.rows:
            advance = progress(layer.name, about.rows)
            content = Content(layer, about, partial(read_batches, connection, layer, question, advance))
            write_layer(path, content, append=bool(told))
            record(connection, "export", f"layer/{layer.name}", after={"rows": about.rows})
            told[layer.name] = about
    for name in told:
        if bears_versions(connection, LAYERS[name]):
            add_versions(connection, path, LAYERS[name])
    if told:
        add_styles(path, [LAYERS[name] for name in told], language)
    return told


def _inside(language: str) -> Addresses:
    """Where a project finds everything beside itself."""

    def rows(layer: MapLayer) -> Sequence[Read]:
        source = f"./{LAYERS_FILE}|layername={layer.name}"
        kinds = {place.geom.type.geometry_type for place in layer.feature_places or layer.places}  # type: ignore[attr-defined]
        if len(kinds) == 1:
            return [Read("ogr", source)]
        title = layer.title.in_language(language)
        return [
            Read("ogr", f"{source}|geometrytype={kind}", title=f"{title} ({word.in_language(language)})")
            for kind, word in SPLIT.items()
        ]

    return Addresses(f"type=mbtiles&url=./{BASE_FILE}", None, rows)
