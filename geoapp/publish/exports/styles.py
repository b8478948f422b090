"""Styles inside a GeoPackage, where QGIS finds them by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from geoapp.publish.cql import GEOMETRY
from geoapp.publish.qgis.style import style_of
from layers.layer import MapLayer

# As QGIS makes it, but for the time, of which GDAL wants it as GeoPackage has it.
TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
    DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)
"""
REGISTERED = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description)"
    " VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles for QGIS')"
)
STYLE = (
    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,"
    " useAsDefault, description) VALUES ('', '', ?, ?, 'geoapp', ?, 1, ?)"
)


def add_styles(path: Path, layers: Iterable[MapLayer], language: str) -> None:
    """Give layers of a GeoPackage the styles of the map."""
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute(TABLE)
        opened.execute(REGISTERED)
        for layer in layers:
            title = layer.title.in_language(language)
            opened.execute(STYLE, (layer.name, GEOMETRY, style_of(layer, language), title))
