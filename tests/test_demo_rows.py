"""The demonstration rows are plausible: where they lie, when they happened, and how they hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import settings_for
from demo_rows import UNTIL
from importing import ask
from shapely import STRtree
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.demo.load import load_demo
from geoapp.demo.plan import Plan
from geoapp.demo.rows import SOURCE
from layers.tables import Base

INCIDENTS = 6_000
DATABASE = "demo_rows"


@pytest.fixture(scope="module")
def engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database with demonstration data that these tests only read."""
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE {DATABASE} TEMPLATE "{template}" STRATEGY FILE_COPY'))
    made = open_engine(settings_for(cluster, DATABASE))
    load_demo(made, Plan(UNTIL, incidents=INCIDENTS, routes=60))
    yield made
    made.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
    admin.dispose()


def one(engine: Engine, question: str) -> Any:
    """The only value that answers a question."""
    return ask(engine, question)[0][0]


def shapes(engine: Engine, question: str) -> np.ndarray:
    """The geometries that answer a question."""
    return shapely.from_wkb([bytes(row[0]) for row in ask(engine, question)])


def test_the_numbers(engine: Engine) -> None:
    for table, number in {
        "mine_site": 1_500, "incident": INCIDENTS, "route": 60, "deployment": 400, "checkpoint": 120,
        "escort_movement": 600, "training": 40,
    }.items():  # fmt: skip
        assert one(engine, f"SELECT count(*) FROM {table}") == number, table
    assert 140 <= one(engine, "SELECT count(*) FROM facility") <= 170
    assert 4_000 <= one(engine, "SELECT count(*) FROM site_visit") <= 5_000
    assert one(engine, "SELECT count(*) FROM action") > 100


def test_every_row_is_marked(engine: Engine) -> None:
    # The tests' own people are no demonstration's.
    others = {"admin_unit", "base_feature", "app_user"}
    for table in Base.metadata.sorted_tables:
        if "synthetic" in table.columns and table.name not in others:
            unmarked = "NOT synthetic" + (
                f" OR source_id IS DISTINCT FROM '{SOURCE}'" if "source_id" in table.columns else ""
            )
            assert one(engine, f"SELECT count(*) FROM {table.name} WHERE {unmarked}") == 0, table.name
    assert "synthetic" in one(engine, f"SELECT name FROM source WHERE source_id = '{SOURCE}'")
    assert one(engine, "SELECT count(*) FROM base_feature WHERE (kind = 'road') <> synthetic") == 0


def test_sites_lie_where_their_number_says_and_on_land(engine: Engine) -> None:
    iso = "CASE country WHEN 'CD' THEN 'COD' WHEN 'RW' THEN 'RWA' WHEN 'UG' THEN 'UGA' ELSE 'BDI' END"
    lost = f"site_id !~ ('^' || {iso} || '-' || split_part(units[2], '-', 2) || '-[0-9]{{5}}$')"
    assert ask(engine, f"SELECT site_id, units FROM mine_site WHERE {lost} OR cardinality(units) <> 2") == []
    wet = "mine_site AS s JOIN base_feature AS lake ON lake.kind = 'lake' AND ST_Intersects(s.geom, lake.geom)"
    assert one(engine, f"SELECT count(*) FROM {wet}") == 0
    provinces = {row[0] for row in ask(engine, "SELECT DISTINCT units[2] FROM mine_site")}
    assert {"CD-NK", "CD-SK", "CD-MA", "CD-TA", "CD-HK", "CD-IT", "RW-03", "RW-04", "UG-W"} <= provinces
    assert len({row[0] for row in ask(engine, "SELECT name FROM mine_site")}) > 1_400
    assert 200 < one(engine, "SELECT count(*) FROM mine_site WHERE workers_est IS NULL") < 400
    assert 50 < one(engine, "SELECT count(*) FROM mine_site WHERE 'gold' = ANY (minerals)") < 500


def test_roads_keep_out_of_lakes_and_meet_in_towns(engine: Engine) -> None:
    roads = shapes(engine, "SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = 'road'")
    lakes = shapely.union_all(shapes(engine, "SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = 'lake'"))
    assert shapely.length(shapely.intersection(roads, lakes)).max() < 4 / 111
    towns = shapes(engine, "SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = 'town'")
    ends = np.concatenate([shapely.get_point(roads, 0), shapely.get_point(roads, -1)])
    known = {tuple(place) for place in np.round(shapely.get_coordinates(towns), 6).tolist()}
    assert {tuple(place) for place in shapely.get_coordinates(ends).tolist()} <= known


def test_routes_follow_the_roads_vertex_by_vertex(engine: Engine) -> None:
    roads = shapes(engine, "SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = 'road'")
    vertices = {tuple(place) for place in shapely.get_coordinates(roads).tolist()}
    routes = ask(engine, "SELECT mode, ST_AsBinary(geom), length_km FROM route")
    modes = [row[0] for row in routes]
    assert {"truck", "light_vehicle", "motorbike", "foot", "boat", "air"} <= set(modes)
    for mode, binary, length in routes:
        parts = shapely.get_parts(shapely.from_wkb(bytes(binary)))
        course = [tuple(place) for place in shapely.get_coordinates(parts[-1]).tolist()]
        assert length > 0.5
        if mode == "foot":
            assert course[-1] in vertices
        elif len(parts) == 2:
            assert set(course) <= vertices
            assert tuple(shapely.get_coordinates(parts[0])[-1].tolist()) == course[0]
        elif mode not in {"boat", "air"}:
            assert set(course[1:-1]) <= vertices
    assert one(engine, "SELECT count(DISTINCT route_id) FROM route") == 60
    assert one(engine, "SELECT count(DISTINCT name) FROM route") == 60
    lakes = shapely.union_all(shapes(engine, "SELECT ST_AsBinary(geom) FROM base_feature WHERE kind = 'lake'"))
    boats = shapes(engine, "SELECT ST_AsBinary(geom) FROM route WHERE mode = 'boat'")
    assert len(boats) == 3
    assert (shapely.length(shapely.intersection(boats, lakes)) > 0.9 * shapely.length(boats)).all()


def test_incidents_cluster_at_sites_and_along_routes(engine: Engine) -> None:
    places = shapes(
        engine,
        "SELECT ST_AsBinary(geom) FROM mine_site UNION ALL SELECT ST_AsBinary(geom) FROM facility"
        " UNION ALL SELECT ST_AsBinary(geom) FROM route WHERE mode <> 'air'",
    )
    points = shapes(engine, "SELECT ST_AsBinary(geom) FROM incident WHERE location_precision <= 2 AND geom IS NOT NULL")
    _, distance = STRtree(places).query_nearest(points, return_distance=True, all_matches=False)
    near = (distance < 1 / 111).mean()
    assert near > 0.85, near
    precisions = dict(ask(engine, "SELECT location_precision, count(*) FROM incident GROUP BY 1"))
    assert set(precisions) == {1, 2, 3, 4, 5}
    pointless = ask(engine, "SELECT count(*), min(location_precision) FROM incident WHERE geom IS NULL")[0]
    assert 0 < pointless[0] < INCIDENTS * 0.04
    assert pointless[1] >= 4
    assert one(engine, "SELECT count(*) FROM incident WHERE cardinality(units) < 2 OR country IS NULL") == 0


def test_levels_and_categories_have_their_shares(engine: Engine) -> None:
    levels = dict(ask(engine, f"SELECT coalesce(level, 0), count(*)::float / {INCIDENTS} FROM incident GROUP BY 1"))
    for level, share in {1: 0.06, 2: 0.27, 3: 0.60, 0: 0.07}.items():
        assert levels[level] == pytest.approx(share, abs=0.02), levels
    assert one(engine, "SELECT count(DISTINCT category) FROM incident") == 18
    in_mines = "SELECT avg((stage = 'mine')::int) FROM incident WHERE category = 'mine_accident'"
    assert one(engine, in_mines) > 0.9
    armed = "SELECT country, avg((actor_kind = 'armed_group')::int)::float FROM incident GROUP BY 1"
    shares = dict(ask(engine, armed))
    assert shares["CD"] > 3 * shares["RW"]
    wet = "SELECT avg((extract(month FROM occurred_from) IN (3, 4, 5, 9, 10, 11, 12))::int)::float FROM incident"
    assert one(engine, f"{wet} WHERE category = 'mine_accident'") > one(engine, wet) + 0.05
    assert one(engine, "SELECT avg((coalesce(killed, 0) = 0)::int) FROM incident") > 0.95
    assert one(engine, "SELECT count(*) FROM incident WHERE killed IS NULL") > 500


def test_nothing_lies_in_the_future(engine: Engine) -> None:
    for table, columns in {
        "incident": "occurred_from, occurred_to, reported_on, opened_on, closed_on",
        "site_visit": "visited_on",
        "mine_site": "workers_on, icglr_status_on",
        "checkpoint": "first_seen, last_seen",
        "deployment": "valid_from, valid_to, mou_on, vps_trained_on",
        "escort_movement": "departed_at, arrived_at",
        "committee_seat": '"from", trained_on',
        "meeting": "held_on",
        "action": "decided_on, done_on",
        "training": "held_on",
    }.items():
        latest = one(
            engine, f"SELECT greatest({', '.join(f'max({each})' for each in columns.split(', '))}) FROM {table}"
        )
        assert str(latest)[:10] <= str(UNTIL), table
    oldest = one(engine, "SELECT min(occurred_from) FROM incident")
    assert 5 * 365 - 30 < (UNTIL - oldest).days < 5 * 366


def test_the_lives_of_incidents_hang_together(engine: Engine) -> None:
    for wrong in (
        "(status IN ('closed', 'rejected')) <> (closed_on IS NOT NULL)",
        "(status IN ('closed', 'rejected')) <> (outcome IS NOT NULL)",
        "status = 'rejected' AND outcome <> 'unfounded'",
        "(status = 'reported') <> (opened_on IS NULL)",
        "(opened_on IS NULL) <> (due_on IS NULL)",
        "opened_on < reported_on",
        "level = 1 AND due_on - opened_on <> 1",
        "sealed <> (cardinality(handlers) > 0)",
        "outcome = 'merged' AND repeat_of IS NULL",
    ):
        assert ask(engine, f"SELECT incident_no FROM incident WHERE {wrong}") == [], wrong
    assert one(engine, "SELECT count(DISTINCT status) FROM incident") == 8
    assert 0 < one(engine, "SELECT count(*) FROM incident WHERE sealed") < 60
    later = "SELECT count(*) FROM incident AS i JOIN incident AS e ON e.incident_id = i.repeat_of"
    assert one(engine, later) > 50
    assert one(engine, f"{later} WHERE e.occurred_from > i.occurred_from OR e.category <> i.category") == 0


def test_numbers_and_summaries_name_place_and_year(engine: Engine) -> None:
    form = "^[A-Z0-9]{2,4}-[0-9]{4}-[0-9]{4,}-[0-9]$"
    assert one(engine, f"SELECT count(*) FROM incident WHERE incident_no ~ '{form}'") == INCIDENTS
    assert one(engine, "SELECT count(DISTINCT incident_no) FROM incident") == INCIDENTS
    year = "split_part(incident_no, '-', 2)::int <> extract(year FROM occurred_from)"
    assert one(engine, f"SELECT count(*) FROM incident WHERE {year}") == 0
    named = (
        "SELECT count(*) FROM incident AS i JOIN mine_site AS s USING (site_id)"
        " WHERE strpos(i.summary_en, s.name) = 0 OR strpos(i.summary_fr, s.name) = 0 OR i.place_text <> s.name"
    )
    assert one(engine, named) == 0
    assert one(engine, "SELECT count(DISTINCT summary_fr) FROM incident") > INCIDENTS / 2


def test_deployments_and_movements(engine: Engine) -> None:
    kinds = dict(ask(engine, "SELECT coalesce(GeometryType(geom), 'none'), count(*) FROM deployment GROUP BY 1"))
    assert set(kinds) == {"POINT", "LINESTRING", "none"}
    ended = one(engine, "SELECT count(*) FROM deployment WHERE valid_to IS NOT NULL")
    assert 50 < ended < 150
    apart = (
        "SELECT max(ST_Distance(d.geom::geography, coalesce(s.geom, f.geom, r.geom)::geography)) FROM deployment AS d"
        " LEFT JOIN mine_site AS s USING (site_id) LEFT JOIN facility AS f ON f.id = d.facility_ref"
        " LEFT JOIN route AS r ON r.id = d.route_ref"
    )
    assert one(engine, apart) < 500
    short = "SELECT count(*) FROM escort_movement WHERE received_kg < 0.99 * dispatched_kg"
    assert 5 < one(engine, short) < 60
    escorts = (
        "SELECT count(*), count(*) FILTER (WHERE d.route_ref <> m.route_ref OR d.valid_from > m.arrived_at::date"
        " OR d.valid_to <= m.arrived_at::date)"
        " FROM escort_movement AS m JOIN deployment AS d ON d.id = m.deployment_ref"
    )
    escorted, wrong = ask(engine, escorts)[0]
    assert escorted > 100
    assert wrong == 0


def test_the_follow_up(engine: Engine) -> None:
    kinds = {row[0] for row in ask(engine, "SELECT DISTINCT kind FROM committee")}
    assert kinds == {"CPS", "CPP", "CTS", "CLS", "DMTF", "NSC", "other"}
    orphans = "SELECT count(*) FROM committee WHERE unit_code <> ALL (units) OR country IS NULL"
    assert one(engine, orphans) == 0
    strays = (
        "SELECT count(*) FROM action AS a JOIN meeting AS m USING (meeting_id) JOIN incident AS i USING (incident_id)"
        " WHERE a.decided_on <> m.held_on OR a.committee_id <> m.committee_id OR a.decided_on < i.opened_on"
    )
    assert one(engine, strays) == 0
    assert one(engine, "SELECT count(*) FROM action WHERE meeting_id IS NULL") == 0
    for people in (row[0] for row in ask(engine, "SELECT participants_by_group FROM training")):
        assert people
        assert all(0 <= group["women"] <= group["total"] for group in people.values())
    visited = "mine_site AS s LEFT JOIN site_visit AS v USING (site_id)"
    visits = ask(engine, f"SELECT site_id, count(v.id), max(visited_on) FROM {visited} GROUP BY 1")
    assert 2.5 < np.mean([row[1] for row in visits]) < 3.5
    unseen = [row for row in visits if row[2] is None or (UNTIL - row[2]).days > 365]
    assert 100 < len(unseen) < 900
