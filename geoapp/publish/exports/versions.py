"""What a GeoPackage bears so that it can be edited and brought back: which rows it held, and their versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.access.viewer import acting_viewer
from geoapp.database.versions import version_of
from geoapp.naming import VERSIONS
from layers.layer import MapLayer
from layers.tables import Base

ROLE = "gis"
PIECE = 5_000
# The tables whose rows an import finds again by these columns of a layer.
KEYS = {
    "mine_sites": ("mine_site", "site_id"),
    "incidents": ("incident", "incident_id"),
    "deployments": ("deployment", "id"),
    "routes": ("route", "id"),
    "facilities": ("facility", "id"),
    "checkpoints": ("checkpoint", "id"),
}
MADE = f"CREATE TABLE {VERSIONS} (fid INTEGER PRIMARY KEY, layer TEXT, row_key TEXT, version TEXT)"
REGISTERED = "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES (?, 'attributes', ?, ?)"
ABOUT = (
    "Which rows this file held when it was exported, so that an import can tell what was changed. Leave it as it is."
)
ADD = f"INSERT INTO {VERSIONS} (layer, row_key, version) VALUES (?, ?, ?)"  # noqa: S608 - a constant of ours.


class Keys:
    """Takes down the keys of a layer's rows as they are written."""

    def __init__(self, layer: MapLayer):
        self.layer = layer
        self.found: list[str] = []

    def watch(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches; those of an earlier reading no longer count."""
        self.found = []
        column = KEYS[self.layer.name][1]
        for batch in batches:
            self.found += [str(key) for key in batch.column(column).to_pylist()]
            yield batch


def bears_versions(connection: Connection, layer: MapLayer) -> bool:
    """Whether a file of the layer may be edited by whoever it is for, and so tells the versions of its rows."""
    viewer = acting_viewer(connection)
    return layer.name in KEYS and (viewer is None or viewer.has(ROLE))


def add_versions(connection: Connection, path: Path, layers: Mapping[str, Iterable[str]]) -> None:
    """Write the versions of the rows of some layers, by their keys, to a GeoPackage.

    Rows that the viewer sees in part alone, such as released incidents, have none.
    """
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute(MADE)
        opened.execute(REGISTERED, (VERSIONS, VERSIONS, ABOUT))
        for name, keys in layers.items():
            table_name, column = KEYS[name]
            table = Base.metadata.tables[table_name]
            listed = list(keys)
            for start in range(0, len(listed), PIECE):
                found = _versions(connection, table, column, listed[start : start + PIECE])
                opened.executemany(ADD, [(name, key, version) for key, version in found])


def _versions(connection: Connection, table: Table, column: str, keys: list[str]) -> Iterator[tuple[str, str]]:
    own = table.c[column]
    wanted = bindparam("keys", keys, type_=ARRAY(Text()))
    among = own == func.any(cast(wanted, ARRAY(own.type)))
    for row in connection.execute(select(cast(own, Text()), version_of(table)).where(among)):
        yield row[0], row[1]
