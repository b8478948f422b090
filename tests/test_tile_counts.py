"""The counts in incident tiles are those of the rows: for any zoom and filter, on the lines between tiles too."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from cast import cookie
from conftest import a_database
from flask.testing import FlaskClient
from hypothesis import strategies as st
from snapshotting import Worker, add_incidents, told_by_sql, transaction
from sqlalchemy import Engine, text
from test_snapshot import FILTERS
from test_tiles import read, tile_of

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.publish import tiles
from geoapp.web.app import create_app
from geoapp.web.database import KEY
from layers.filter import Filter

# Lines between tiles of zooms from 1 on: the equator, and meridians of zoom 7 and 8.
ON_LINES = text("""
    INSERT INTO incident (incident_no, occurred_from, level, category, killed, geom)
    SELECT 'L-' || lon || ' ' || lat, '2024-01-01', 2, 'bribery', 1, ST_SetSRID(ST_Point(lon, lat), 4326)
      FROM unnest(ARRAY[28.125, 29.53125, 30.9375, 29.0]) AS lon, unnest(ARRAY[0, -2.811371193331128, 0.5]) AS lat""")


CHANGED = text("""
    DELETE FROM incident WHERE incident_no LIKE 'N-1_';
    UPDATE incident SET level = 1, killed = 4, geom = 'SRID=4326;POINT(28.9 -2.4)' WHERE incident_no LIKE 'N-2_';
    INSERT INTO incident (occurred_from, level, geom) VALUES ('2024-05-01', 3, 'SRID=4326;POINT(28.7 -2.3)')""")


@pytest.fixture(scope="module")
def served(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, Callable[[str], FlaskClient], Path]]:
    """A process's part and clients on a database with incidents everywhere, and a folder."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        add_incidents(engine, 500)
        with engine.begin() as connection:
            connection.execute(ON_LINES)
        app = create_app(settings)

        def client(name: str) -> FlaskClient:
            made = app.test_client()
            made.set_cookie(*cookie(name))
            return made

        # What changes after the first look stands beside the shared rows.
        for name in ("committee-sk", "coordinator-sk", "analyst"):
            client(name).get("/tiles/incidents/0/0/0.mvt")
        with engine.begin() as connection:
            connection.execute(CHANGED)
        engine.dispose()
        worker = Worker(settings, None)
        yield worker, client, tmp_path_factory.mktemp("tiles")
        worker.web.dispose()
        app.extensions[KEY].dispose()


def query_of(chosen: Filter) -> str:
    """A filter as the address has it."""
    parts = [f"{name}={day}" for name in ("since", "until") if (day := getattr(chosen, name))]
    for name in ("level", "category", "status", "unit", "actor_kind"):
        if values := getattr(chosen, name):
            parts.append(f"{name}={','.join(values)}")
    return "?" + "&".join(parts)


@hypothesis.given(
    chosen=FILTERS | st.just(Filter()),
    z=st.integers(0, 18),
    name=st.sampled_from(["committee-sk", "coordinator-sk", "analyst"]),
    which=st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
)
@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_a_tile_counts_the_rows_that_lie_in_it(
    served: tuple[Worker, Callable[[str], FlaskClient], Path],
    chosen: Filter,
    z: int,
    name: str,
    which: list[int],
) -> None:
    hypothesis.assume(not (chosen.since and chosen.until and chosen.since > chosen.until))
    worker, client_of, folder = served
    with transaction(worker.web, name, worker.watch) as (connection, _):
        rows = told_by_sql(connection, chosen)
    expected, weights = Counter[tuple[int, int, int]](), Counter[tuple[int, int, int]]()
    for *_, weight, lon, lat in rows:
        expected[tile_of(lon, lat, z)] += 1
        weights[tile_of(lon, lat, z)] += weight
    client = client_of(name)
    asked = sorted(expected)
    for place in {asked[each % len(asked)] for each in which} if asked else {tile_of(29, -2, z)}:
        answer = client.get("/tiles/incidents/{}/{}/{}.mvt{}".format(*place, query_of(chosen)))
        assert answer.status_code == 200
        found = read(answer.data, folder, *place).get("incidents", [])
        assert sum(int(str(each.get("count", 1))) for each in found) == expected[place]
        if found and "weighted" in found[0]:
            assert math.isclose(sum(float(str(each["weighted"])) for each in found), weights[place])


def test_a_tile_that_would_hold_too_many_rows_says_that_it_counts(
    client: FlaskClient, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_incidents(engine, 60)
    with engine.connect() as connection:
        lon, lat = connection.execute(
            text("SELECT ST_X(geom), ST_Y(geom) FROM incident WHERE incident_no = 'N-1'")
        ).one()
    place = tile_of(lon, lat, 10)
    address = "/tiles/incidents/{}/{}/{}.mvt".format(*place)
    rows = read(client.get(address).data, tmp_path, *place)["incidents"]
    assert "N-1" in {row["incident_no"] for row in rows}
    monkeypatch.setattr(tiles, "MOST_ROWS", 0)
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET killed = 3 WHERE incident_no = 'N-1'"))
    cells = read(client.get(address).data, tmp_path, *place)["incidents"]
    far = tile_of(lon, lat, 9)
    low = read(client.get("/tiles/incidents/{}/{}/{}.mvt".format(*far)).data, tmp_path, *far)["incidents"]
    assert all(cell["cell"] == 1 and "thinned" not in cell for cell in low)
    assert {(cell["cell"], cell["thinned"]) for cell in cells} == {(1, 1)}
    assert sum(int(str(cell["count"])) for cell in cells) == len(rows)


def test_many_rows_in_one_place_are_one_cell(engine: Engine, client: FlaskClient) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (occurred_from, geom)"
                " SELECT '2024-01-01', 'SRID=4326;POINT(29 -2)' FROM generate_series(1, 2000)"
            )
        )
    for z in (5, 12, 22):
        answer = client.get("/tiles/incidents/{}/{}/{}.mvt".format(*tile_of(29, -2, z)))
        assert answer.status_code == 200
        assert 0 < len(answer.data) < 200
