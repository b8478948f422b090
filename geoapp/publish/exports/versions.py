"""What a GeoPackage bears so that it can be edited and brought back: which rows it held, and their versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

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
MADE = f"CREATE TABLE IF NOT EXISTS {VERSIONS} (fid INTEGER PRIMARY KEY, layer TEXT, row_key TEXT, version TEXT)"
REGISTERED = (
    "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description)"
    " VALUES (?, 'attributes', ?, ?)"
)
ABOUT = (
    "Which rows this file held when it was exported, so that an import can tell what was changed. Leave it as it is."
)
ADD = f"INSERT INTO {VERSIONS} (layer, row_key, version) VALUES (?, ?, ?)"  # noqa: S608 - a constant of ours.


def bears_versions(connection: Connection, layer: MapLayer) -> bool:
    """Whether a file of the layer may be edited by whoever it is for, and so tells the versions of its rows."""
    viewer = acting_viewer(connection)
    return layer.name in KEYS and (viewer is None or viewer.has(ROLE))


def add_versions(connection: Connection, path: Path, layer: MapLayer) -> None:
    """Write the versions of the rows of a layer of a GeoPackage beside it, a piece at a time; it may hold others'.

    Rows that the viewer sees in part alone, such as released incidents, have none.
    """
    table_name, column = KEYS[layer.name]
    table = Base.metadata.tables[table_name]
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute(MADE)
        opened.execute(REGISTERED, (VERSIONS, VERSIONS, ABOUT))
        held = opened.execute(f'SELECT "{column}" FROM "{layer.name}"')  # noqa: S608 - constants of ours.
        while keys := [str(key) for (key,) in held.fetchmany(PIECE)]:
            found = _versions(connection, table, column, keys)
            opened.executemany(ADD, [(layer.name, key, version) for key, version in found])


def _versions(connection: Connection, table: Table, column: str, keys: list[str]) -> Iterator[tuple[str, str]]:
    own = table.c[column]
    wanted = bindparam("keys", keys, type_=ARRAY(Text()))
    among = own == func.any(cast(wanted, ARRAY(own.type)))
    for row in connection.execute(select(cast(own, Text()), version_of(table)).where(among)):
        yield row[0], row[1]
