"""The base map as a file of tiles (MBTiles 1.3), for a computer without a line."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from geoapp.publish.tiles import Tile, base_tile, tile_at
from layers import base_map

# What the four countries fit in: west, south, east, north.
BOUNDS = (12.0, -13.6, 35.1, 5.5)
# Further in the tiles of this zoom are drawn larger.
MAX_BASE_ZOOM = 8


def write_base_map(
    connection: Connection, target: Path, language: str, advance: Callable[[int], Any] = lambda _count: None
) -> int:
    """Write the tiles of the base map, all zooms of them; how many there are."""
    written = 0
    layers = sorted({rule.sublayer or "" for rule in base_map.RULES})
    described = {
        "name": "geoapp",
        "format": "pbf",
        "type": "baselayer",
        "version": "1",
        "minzoom": "0",
        "maxzoom": str(MAX_BASE_ZOOM),
        "bounds": ",".join(str(side) for side in BOUNDS),
        "center": "29,-2,7",
        "attribution": base_map.ATTRIBUTION.in_language(language),
        "json": json.dumps({"vector_layers": [{"id": name, "fields": {}} for name in layers]}),
    }
    with closing(sqlite3.connect(target)) as opened, opened:
        opened.execute("CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT)")
        opened.execute(
            "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB,"
            " PRIMARY KEY (zoom_level, tile_column, tile_row))"
        )
        opened.executemany("INSERT INTO metadata VALUES (?, ?)", described.items())
        for tile in tiles_within(MAX_BASE_ZOOM):
            content = base_tile(connection, tile)
            if content:
                # Rows are counted from the south there.
                row = 2**tile.z - 1 - tile.y
                values = (tile.z, tile.x, row, gzip.compress(content, mtime=0))
                opened.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", values)
                written += 1
            advance(1)
    return written


def tiles_within(most: int) -> Iterator[Tile]:
    """The tiles that meet the bounds, from zoom 0 to `most`."""
    west, south, east, north = BOUNDS
    for zoom in range(most + 1):
        first, last = tile_at(west, north, zoom), tile_at(east, south, zoom)
        yield from (Tile(zoom, x, y) for x in range(first.x, last.x + 1) for y in range(first.y, last.y + 1))
