"""Row-level security leaves the spatial index its work: what the database plans for tiles, features and corridors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.bench.access import corridor, features, statements, tile_at
from geoapp.database.engine import open_web_engine
from geoapp.publish.tiles import layer_tile
from geoapp.settings import Settings
from layers.catalogue import LAYERS
from layers.filter import Filter

PLACE = (28.84, -2.50)
SPATIAL = {"ix_incident_geom", "ix_incident_geom_3857", "ix_mine_site_geom_3857"}

# Spread over eastern DR Congo, as the real ones are; the triggers are off, since they would look up 20,000 units.
ROWS = """
    ALTER TABLE incident DISABLE TRIGGER USER;
    INSERT INTO incident (incident_no, occurred_from, level, category, country, units, sealed, geom)
    SELECT 'N' || n, DATE '2021-01-01' + n % 1800, 1 + n % 3, 'violence', 'CD', '{CD,CD-SK}', n % 100 = 0,
           ST_Point(26.5 + 4 * ((n * 0.618034) % 1), -4.5 + 5 * ((n * 0.414214) % 1), 4326)
      FROM generate_series(1, 20000) AS n;
    ALTER TABLE mine_site DISABLE TRIGGER USER;
    INSERT INTO mine_site (site_id, name, country, units, geom)
    SELECT 'S' || n, 'n', 'CD', '{CD,CD-SK}',
           ST_Point(26.5 + 4 * ((n * 0.618034) % 1), -4.5 + 5 * ((n * 0.414214) % 1), 4326)
      FROM generate_series(1, 5000) AS n;
    INSERT INTO route (route_id, name, geom) VALUES
        ('R1', 'r', 'SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52, 28.90 -2.60))');
    ANALYZE incident; ANALYZE mine_site; ANALYZE route;
"""


def tile(layer: str, zoom: int) -> Callable[[Connection], Any]:
    """The query of a tile, as it is sent for the map."""
    return lambda connection: layer_tile(connection, LAYERS[layer], tile_at(*PLACE, zoom), Filter())


QUERIES: dict[str, Callable[[Connection], Any]] = {
    "rows of incidents": tile("incidents", 12),
    "counts of incidents": tile("incidents", 8),
    "rows of sites": tile("mine_sites", 12),
    "features": lambda connection: features(
        connection, PLACE, Filter.parse({"since": "2021-02-01", "until": "2025-11-30"})
    ),
    "corridor": lambda connection: corridor(connection, "R1"),
}
# Who works with all of it, who with one province, and who with none of it.
VIEWERS = ("analyst", "coordinator-sk", "committee-sk", "public")


@pytest.fixture(scope="module")
def filled(cluster: Any, template: str) -> Iterator[Settings]:
    """Settings for a database with enough rows for an index to be worth its while."""
    from conftest import copied

    with copied(cluster, template) as settings:
        yield settings
