"""Paths along the network of the routes: how it is cut, and that no other way costs less."""

from __future__ import annotations

import math
import random
import subprocess
import uuid
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import networkx
import pytest
from browser import GEOAPP
from conftest import a_database, environment_for
from risk_rows import GEOD, length, metres, write_rows
from shapely import LineString, MultiLineString
from sqlalchemy import Connection, Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask
from geoapp.risk.network import build_network
from geoapp.risk.noding import Edge, Way, cut
from geoapp.settings import Settings

Parts = list[list[tuple[float, float]]]


def edges_of(*routes: Parts, modes: tuple[str | None, ...] = ()) -> list[Edge]:
    """The edges of some routes, trucks' where nothing else is said."""
    ways = [
        Way(uuid.uuid4(), modes[at] if modes else "truck", False, MultiLineString(parts))
        for at, parts in enumerate(routes)
    ]
    return cut(ways)


def graph_of(edges: list[Edge]) -> networkx.MultiGraph:
    """The same as a graph."""
    graph = networkx.MultiGraph()
    for edge in edges:
        graph.add_edge(edge.from_node, edge.to_node, weight=edge.metres)
    return graph


def junctions(edges: list[Edge]) -> int:
    """How many nodes more than two edges meet at."""
    return sum(degree > 2 for _, degree in graph_of(edges).degree())


EAST: Parts = [[(29.0, 0.0), (29.02, 0.0)]]
NORTH: Parts = [[(29.01, -0.01), (29.01, 0.01)]]


def test_an_edge_has_500_metres_at_most() -> None:
    edges = edges_of(EAST)
    long = length(EAST)
    assert len(edges) == math.ceil(long / 500)
    assert [edge.metres for edge in edges] == pytest.approx([long / len(edges)] * len(edges))
    for edge in edges:
        first, last = edge.points[0], edge.points[-1]
        assert metres(tuple(first), tuple(edge.middle)) == pytest.approx(edge.metres / 2, abs=1e-3)
        assert metres(tuple(first), tuple(last)) == pytest.approx(edge.metres, abs=1e-3)


def test_routes_of_one_mode_meet_where_they_cross() -> None:
    assert junctions(edges_of(EAST, NORTH)) == 1
    crossing = edges_of(EAST, NORTH)
    assert sum(edge.metres for edge in crossing) == pytest.approx(length(EAST) + length(NORTH), abs=0.01)
    assert junctions(edges_of(EAST, NORTH, modes=("truck", "boat"))) == 0


def test_routes_of_any_mode_meet_at_a_shared_vertex() -> None:
    through: Parts = [[(29.0, 0.0), (29.01, 0.0), (29.02, 0.0)]]
    branch: Parts = [[(29.01, 0.0), (29.01, 0.01)]]
    assert junctions(edges_of(through, branch, modes=("truck", "foot"))) == 1


def test_a_vertex_on_another_route_is_a_junction() -> None:
    assert junctions(edges_of(EAST, [[(29.01, 0.0), (29.01, 0.01)]])) == 1


@pytest.mark.parametrize(("gap", "parts"), [(24.0, 1), (26.0, 2)])
def test_ends_are_joined_within_25_metres(gap: float, parts: int) -> None:
    x, y, _ = GEOD.fwd(29.02, 0.0, 90, gap)
    edges = edges_of(EAST, [[(x, y), (29.05, 0.0)]])
    assert networkx.number_connected_components(graph_of(edges)) == parts


def test_a_shared_road_is_there_once() -> None:
    bend: Parts = [[(29.0, 0.0), (29.013, 0.004), (29.02, 0.0)]]
    there = edges_of(bend, bend)
    both = edges_of(bend, [bend[0][::-1]], [[*bend[0], (29.03, 0.0)]])
    assert {edge.edge_id for edge in there} <= {edge.edge_id for edge in both}
    extra = metres((29.02, 0.0), (29.03, 0.0))
    assert sum(edge.metres for edge in both) == pytest.approx(length(bend) + extra, abs=0.01)


def test_flights_are_no_part_of_it() -> None:
    assert edges_of(EAST, modes=("air",)) == []


def test_a_route_that_crosses_itself_can_be_left_at_the_crossing() -> None:
    loop: Parts = [[(29.0, 0.0), (29.02, 0.0), (29.02, 0.01), (29.01, 0.01), (29.01, -0.01)]]
    assert junctions(edges_of(loop)) == 1


# === Paths ============================================================================================================


@pytest.fixture(scope="module")
def made(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A database with a lattice of routes, one apart from them, incidents, and the network."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rng = random.Random(5)
        with engine.begin() as connection:
            write_rows(connection, 150)
            connection.execute(text("DELETE FROM route"))
            for at in range(5):
                wobble = [rng.uniform(-0.004, 0.004) for _ in range(5)]
                across = [(28.85 + 0.05 * step, -2.6 + 0.05 * at + wobble[step]) for step in range(5)]
                down = [(28.86 + 0.045 * at + wobble[step], -2.62 + 0.06 * step) for step in range(5)]
                for name, line in (("across", across), ("down", down)):
                    _insert(connection, f"{name}-{at}", line)
            _insert(connection, "apart", [(29.5, -2.6), (29.6, -2.6)])
            build_network(connection, lambda _: None)
        engine.dispose()
        yield settings


def _insert(connection: Connection, name: str, line: list[tuple[float, float]]) -> None:
    connection.execute(
        text("INSERT INTO route (route_id, name, mode, geom) VALUES (:id, :id, 'truck', ST_Multi(:geom))"),
        {"id": name, "geom": f"SRID=4326;{LineString(line).wkt}"},
    )


@pytest.fixture(scope="module")
def built(made: Settings) -> Iterator[Engine]:
    """An engine for it."""
    engine = open_engine(made)
    yield engine
    engine.dispose()


ON = "2026-06-30"


def path(engine: Engine, begin: tuple[float, float], end: tuple[float, float], **given: str) -> dict[str, Any]:
    """The answer as JSON."""
    asked = {"from": f"{begin[0]},{begin[1]}", "to": f"{end[0]},{end[1]}", "on": ON, **given}
    with engine.connect() as connection:
        answer: dict[str, Any] = as_json(ask(connection, "path", asked))
    return answer


@pytest.fixture(scope="module")
def exported(made: Settings, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, int, float, float]]:
    """The edges as `geoapp network export` writes them: from, to, metres, R."""
    out = tmp_path_factory.mktemp("network") / "edges.csv"
    arguments = [GEOAPP, "network", "export", str(out), "--on", ON]
    subprocess.run(arguments, env=environment_for(made), check=True, capture_output=True)
    header, *lines = out.read_text().splitlines()
    assert header == "edge,from,to,metres,R"
    rows = [line.split(",") for line in lines]
    return [(int(row[1]), int(row[2]), float(row[3]), float(row[4])) for row in rows]


@pytest.mark.parametrize("aversion", [0, 2, 40])
def test_no_other_way_costs_less(aversion: float, built: Engine, exported: list[tuple[int, int, float, float]]) -> None:
    total = sum(long for _, _, long, _ in exported)
    reference = sum(long * pressure for _, _, long, pressure in exported) / total
    graph = networkx.MultiGraph()
    for begin, end, long, pressure in exported:
        graph.add_edge(begin, end, metres=long, cost=long * (1 + aversion * pressure / reference), pressure=pressure)
    rng = random.Random(int(aversion))
    for _ in range(8):
        ends = [(rng.uniform(28.85, 29.05), rng.uniform(-2.6, -2.4)) for _ in range(2)]
        found = path(built, *ends, aversion=str(aversion))
        assert found["reference_pressure"] == pytest.approx(reference, rel=1e-9)
        nodes = found["lower"]["nodes"]
        assert nodes[0] == found["shortest"]["nodes"][0]
        for name, weight in (("shortest", "metres"), ("lower", "cost")):
            best = networkx.dijkstra_path_length(graph, nodes[0], nodes[-1], weight=weight)
            walked = found[name]["nodes"]
            steps = [min(graph[a][b].values(), key=lambda each: each[weight]) for a, b in pairwise(walked)]
            assert sum(step[weight] for step in steps) == pytest.approx(best)
            long = sum(step["metres"] for step in steps)
            assert found[name]["length_km"] * 1000 == pytest.approx(long)
            if long:
                exposure = sum(step["metres"] * step["pressure"] for step in steps) / long
                assert found[name]["exposure"] == pytest.approx(exposure)
                drawn = found[name]["geometry"]["coordinates"]
                assert length([[(x, y) for x, y in drawn]]) == pytest.approx(long, abs=0.1)
        assert found["lower"]["exposure"] <= found["shortest"]["exposure"] + 1e-9 or aversion == 0
        assert found["lower"]["length_km"] >= found["shortest"]["length_km"] - 1e-9


def test_ends_snap_to_the_nearest_node(built: Engine) -> None:
    found = path(built, (28.85, -2.7), (29.0, -2.45))
    first = found["shortest"]["geometry"]["coordinates"][0]
    assert found["snapped_m"][0] == pytest.approx(metres((28.85, -2.7), tuple(first)), abs=1e-3)
    assert found["snapped_m"][0] > 5000


def test_where_there_is_no_way_it_says_how_far_one_comes(built: Engine) -> None:
    found = path(built, (28.9, -2.5), (29.6, -2.6))
    assert (found["shortest"], found["lower"], found["trade_off"]) == (None, None, None)
    reachable = found["reachable"]
    assert reachable["metres"] == pytest.approx(metres((29.6, -2.6), (reachable["lon"], reachable["lat"])), abs=1e-3)
    assert reachable["lon"] > 29.03
    assert "does not connect" in found["sentence"]["en"]
    assert "ne relie pas" in found["sentence"]["fr"]


def test_from_a_place_to_itself(built: Engine) -> None:
    found = path(built, (28.9, -2.5), (28.9, -2.5))
    assert (found["shortest"]["length_km"], len(found["shortest"]["nodes"])) == (0, 1)


def test_without_incidents_cost_is_length(built: Engine) -> None:
    found = path(built, (28.86, -2.6), (29.04, -2.42), on="2001-01-01")
    assert found["reference_pressure"] == 0
    assert found["lower"] == found["shortest"]


@pytest.mark.parametrize(
    ("given", "says"),
    [({"aversion": "-1"}, "0 to 1000"), ({"to": "29"}, "28.84,-2.50"), ({"to": "29,-200"}, "outside the Earth")],
)
def test_it_is_refused(given: dict[str, str], says: str, built: Engine) -> None:
    with pytest.raises(Exception, match=says), built.connect() as connection:
        ask(connection, "path", {"from": "28.9,-2.5", "to": "29,-2.5", "on": ON, **given})


def test_without_a_network_it_says_how_to_build_it(shared_engine: Engine) -> None:
    with pytest.raises(Exception, match="geoapp network build"), shared_engine.connect() as connection:
        ask(connection, "path", {"from": "28.9,-2.5", "to": "29,-2.5"})


def test_building_again_changes_nothing(built: Engine) -> None:
    edges = text("SELECT edge_id, from_node, to_node, metres FROM network_edge ORDER BY edge_id")
    with built.connect() as connection:
        before = connection.execute(edges).all()
        assert build_network(connection, lambda _: None) == len(before) > 50
        assert connection.execute(edges).all() == before


def test_edges_go_with_their_route(built: Engine) -> None:
    with built.connect() as connection:
        connection.execute(text("DELETE FROM route WHERE route_id = 'apart'"))
        left = connection.scalar(text("SELECT count(*) FROM network_edge WHERE ST_XMax(geom) > 29.4"))
        assert left == 0
