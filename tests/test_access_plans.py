"""Row-level security leaves the spatial index its work: what the database plans for tiles, features and corridors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import a_database
from sqlalchemy import Connection, text

from geoapp.access.viewer import set_viewer
from geoapp.bench.access import corridor, features, statements
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.publish.tiles import layer_tile, tile_at
from geoapp.settings import Settings
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.tables import Incident

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


def near_route(connection: Connection) -> None:
    """The incidents near a route, as the table beside the map reads them."""
    layer = LAYERS["incidents"]
    rows = layer.rows(layer.places[0], Filter.parse({"route": "R1", "within_km": "5"}))
    connection.execute(rows.add_columns(Incident.incident_id))


QUERIES: dict[str, Callable[[Connection], Any]] = {
    "rows of incidents": tile("incidents", 12),
    "counts of incidents": tile("incidents", 8),
    "rows of sites": tile("mine_sites", 12),
    "features": lambda connection: features(
        connection, PLACE, Filter.parse({"since": "2021-02-01", "until": "2025-11-30"})
    ),
    "corridor": lambda connection: corridor(connection, "R1"),
    "near a route": near_route,
}
# Who works with all of it, who with one province, and who with none of it.
VIEWERS = ("analyst", "coordinator-sk", "committee-sk", "public")


@pytest.fixture(scope="module")
def filled(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Settings for a database with enough rows for an index to be worth its while."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            connection.execute(text(ROWS))
        engine.dispose()
        yield made


@pytest.fixture
def owner(filled: Settings) -> Iterator[Connection]:
    """The owner, in a transaction that is rolled back."""
    engine = open_engine(filled)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def web(filled: Settings) -> Iterator[Connection]:
    """The web role, as which the queries are planned."""
    engine = open_web_engine(filled)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def plan(connection: Connection, ask: Callable[[Connection], Any]) -> list[dict[str, Any]]:
    """The nodes of the plan of what `ask` sends."""
    (statement,) = statements(connection, lambda: ask(connection))
    sent, parameters = statement
    (found,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sent}", parameters).scalars()
    return list(_nodes(found[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def indexes(nodes: list[dict[str, Any]]) -> set[str]:
    """The spatial indexes that a plan reads."""
    return {node.get("Index Name", "") for node in nodes} & SPATIAL


def scanned(nodes: list[dict[str, Any]]) -> set[str]:
    """The tables that a plan reads from the first row to the last."""
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & {"incident", "mine_site"}


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("query", QUERIES)
def test_the_index_is_used(query: str, viewer: str, web: Connection) -> None:
    set_viewer(web, viewer)
    nodes = plan(web, QUERIES[query])
    assert indexes(nodes), query
    assert scanned(nodes) == set()


def test_it_is_the_policy_that_is_planned(web: Connection) -> None:
    """What is planned above filters by units, and so is under row-level security."""
    set_viewer(web, "analyst")
    assert "units &&" in json.dumps(plan(web, QUERIES["features"]))


@pytest.mark.parametrize("query", QUERIES)
def test_without_the_mark_every_row_is_read(query: str, owner: Connection, web: Connection) -> None:
    owner.execute(text("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"))
    # As the web role in the owner's transaction, which alone sees the mark gone; nothing of it is committed.
    owner.execute(text("SET LOCAL ROLE geoapp_web"))
    set_viewer(owner, "analyst")
    nodes = plan(owner, QUERIES[query])
    if query == "rows of sites":
        # Read through a view that is not a barrier, whose owner no policy binds.
        assert indexes(nodes)
    else:
        assert indexes(nodes) == set()
        assert scanned(nodes) == {"incident"}
    set_viewer(web, "analyst")
    assert indexes(plan(web, QUERIES[query]))


def test_the_owner_plans_the_same(owner: Connection) -> None:
    for query in QUERIES.values():
        assert indexes(plan(owner, query))
