"""The fast way along lines agrees with a slow one: distances to a millimetre, measures, ties, and the edge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_rows import GEOD, length, metres, nearest, point_at
from shapely import LineString, MultiLineString

from geoapp.risk.corridor import by_piece, garwood
from geoapp.risk.coverage import longest_gap
from geoapp.risk.earth import cartesian, geodesic
from geoapp.risk.grid import Grid
from geoapp.risk.lines import Chords, Line
from geoapp.risk.stability import ranks

Place = tuple[float, float]
# A tenth of a second of arc, so that hypothesis finds places that coincide.
degrees = st.integers(-3000, 3000).map(lambda each: each / 2000)
places = st.tuples(degrees.map(lambda each: 29 + each), degrees)
lines = st.lists(places, min_size=2, max_size=7, unique=True)


def grid_of(points: list[Place]) -> Grid:
    """The grid of some points."""
    lon, lat = np.array(points, dtype=float).reshape(-1, 2).T
    return Grid.of(lon, lat)


def near(grid: Grid, line: Line, width: float) -> dict[int, tuple[float, float]]:
    """Distance and measure of each point within a width, by its place among the points given."""
    hits = grid.near(line, width, np.ones(len(grid.lon), dtype=bool))
    found = zip(grid.rows[hits.place].tolist(), hits.metres.tolist(), hits.measure.tolist(), strict=True)
    return {row: (distance, measure) for row, distance, measure in found}


@settings(max_examples=25, deadline=None)
@given(parts=st.lists(lines, min_size=1, max_size=2), points=st.lists(places, min_size=1, max_size=12))
def test_it_agrees_with_the_slow_way(parts: list[list[Place]], points: list[Place]) -> None:
    line = Line.of(MultiLineString(parts))
    assert line.length == pytest.approx(length(parts), abs=1e-3)
    found = near(grid_of(points), line, 50_000)
    for row, place in enumerate(points):
        distance, measure = nearest(place, parts)
        assert (row in found) == (distance <= 50_000)
        if row in found:
            assert found[row][0] == pytest.approx(distance, abs=0.002)
            # Between two parts a measure has two points. Where several are nearly as near as each other the slow way
            # may take another of them.
            there = min(metres(place, point_at(parts, found[row][1] + aside)) for aside in (-1e-3, 0, 1e-3))
            assert there == pytest.approx(distance, abs=0.005)
            assert found[row][1] <= measure + 0.5


@settings(max_examples=40, deadline=None)
@given(line=lines, points=st.lists(places, max_size=30), width=st.floats(100, 40_000), more=st.floats(0, 10_000))
def test_more_width_never_counts_less(line: list[Place], points: list[Place], width: float, more: float) -> None:
    grid, made = grid_of(points), Line.of(LineString(line))
    assert near(grid, made, width).keys() <= near(grid, made, width + more).keys()


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(lines, min_size=1, max_size=2),
    points=st.lists(st.tuples(places, st.sampled_from([1.0, 3.0, 9.0, 27.0])), max_size=30),
)
def test_pieces_sum_to_the_whole(parts: list[list[Place]], points: list[tuple[Place, float]]) -> None:
    grid, line = grid_of([place for place, _ in points]), Line.of(MultiLineString(parts))
    hits = grid.near(line, 30_000, np.ones(len(grid.lon), dtype=bool))
    weight = np.array([each for _, each in points])[grid.rows[hits.place]]
    pieces = by_piece(line, hits.measure, weight)
    assert sum(piece.incidents for piece in pieces) == len(hits.place)
    assert sum(piece.weighted for piece in pieces) == weight.sum()
    assert len(pieces) == max(1, math.ceil((line.length - 0.01) / 5000))
    assert [piece.to_km for piece in pieces[:-1]] == [piece.from_km for piece in pieces[1:]]
    assert pieces[-1].to_km == pytest.approx(line.length / 1000)


@settings(max_examples=40, deadline=None)
@given(line=lines, points=st.lists(places, max_size=30))
def test_the_other_direction_finds_the_same(line: list[Place], points: list[Place]) -> None:
    grid = grid_of(points)
    there, back = (near(grid, Line.of(LineString(each)), 20_000) for each in (line, line[::-1]))
    assert there.keys() == back.keys()
    long = length([line])
    for row, (distance, measure) in there.items():
        assert back[row][0] == pytest.approx(distance, abs=1e-4)
        # It is the same place on the line, or another one that is as near.
        x, y = point_at([line], min(max(long - back[row][1], 0), long))
        same = abs(back[row][1] + measure - long) < 0.5
        assert same or metres(points[row], (x, y)) == pytest.approx(distance, abs=0.005)


@settings(max_examples=40, deadline=None)
@given(
    points=st.lists(places, min_size=1, max_size=30),
    at=places,
    weights=st.lists(st.floats(0.5, 27), min_size=30, max_size=30),
)
def test_one_more_incident_never_lowers_pressure(points: list[Place], at: Place, weights: list[float]) -> None:
    x, y = np.array([at[0]]), np.array([at[1]])

    def total(some: list[Place]) -> float:
        grid = grid_of(some)
        return float(grid.sums(x, y, np.array(weights)[grid.rows], 5000, 20_000).total[0])

    assert total(points[:-1]) <= total(points) + 1e-12


@pytest.mark.parametrize("width", [100.0, 5000.0, 50_000.0])
@pytest.mark.parametrize("aside", [-0.02, 0.02])
def test_at_the_edge_the_exact_distance_decides(width: float, aside: float) -> None:
    """Two centimetres from the limit, which is far less than may fall on either side."""
    begin, end = (28.0, -3.0), (30.0, -0.5)
    azimuth, _, long = GEOD.inv(*begin, *end)
    points = []
    for along in np.linspace(0.1, 0.9, 9) * long:
        x, y, _ = GEOD.fwd(*begin, azimuth, along)
        across, _, _ = GEOD.inv(x, y, *end)
        points.append(GEOD.fwd(x, y, across + 90, width + aside)[:2])
    found = near(grid_of(points), Line.of(LineString([begin, end])), width)
    assert len(found) == (0 if aside > 0 else len(points))


def test_of_points_as_near_the_first_along_the_line_counts() -> None:
    # Out and back on the same road.
    parts = [[(29.0, -2.0), (29.1, -2.05)], [(29.1, -2.05), (29.0, -2.0)]]
    line = Line.of(MultiLineString(parts))
    places = [point_at(parts, each) for each in (0.0, 1000.0, 4321.0, line.length / 2)]
    aside = [GEOD.fwd(x, y, 30.0, 2000.0)[:2] for x, y in places[1:3]]
    found = near(grid_of([*places, *aside]), line, 5000)
    assert [found[row][1] for row in range(4)] == pytest.approx([0.0, 1000.0, 4321.0, line.length / 2], abs=0.01)
    assert all(found[row][1] < line.length / 2 for row in (4, 5))


def test_where_a_line_crosses_itself_the_first_crossing_counts() -> None:
    line = Line.of(LineString([(29.0, 0.0), (29.2, 0.0), (29.2, 0.1), (29.1, 0.1), (29.1, -0.1)]))
    crossing = metres((29.0, 0.0), (29.1, 0.0))
    assert near(grid_of([(29.1, 0.0)]), line, 100)[0][1] == pytest.approx(crossing, abs=0.01)


def test_a_point_on_a_vertex_has_one_measure() -> None:
    vertices = [(29.0, 0.0), (29.05, 0.02), (29.1, 0.0)]
    line = Line.of(LineString(vertices))
    found = near(grid_of(vertices), line, 10)
    assert [found[row][1] for row in range(3)] == pytest.approx([*line.start.tolist(), line.length], abs=1e-3)
    assert all(distance < 1e-6 for distance, _ in found.values())


def test_pieces() -> None:
    line = Line.of(LineString([(29.0, 0.0), (29.3, 0.0)]))
    assert line.pieces(line.length) == 1
    assert line.pieces(line.length - 0.009) == 1
    assert line.pieces(line.length / 2 - 0.02) == 3
    assert line.pieces(1e9) == 1
    assert line.middles(4).tolist() == pytest.approx([line.length * part / 8 for part in (1, 3, 5, 7)])


def test_points_anywhere_on_earth_can_be_searched() -> None:
    points = [(-179.0, 80.0), (179.0, -80.0), (29.0, -2.0), (29.0, -2.0)]
    grid = grid_of(points)
    place, distance = grid.around(29.0, -2.0, 1000, np.ones(4, dtype=bool))
    assert sorted(grid.rows[place].tolist()) == [2, 3]
    assert distance.tolist() == [0, 0]
    assert len(Grid.of(np.zeros(0), np.zeros(0)).around(29.0, -2.0, 1000, np.zeros(0, dtype=bool))[0]) == 0


def test_chords_are_never_longer_than_geodesics() -> None:
    rng = np.random.default_rng(7)
    x, y = 20 + 10 * rng.random(500), 10 * rng.random(500) - 8
    centre = cartesian(np.array([25.0]), np.array([-3.0]))[0]
    chords = np.linalg.norm(cartesian(x, y) - centre, axis=1)
    assert (chords <= geodesic(np.array(25.0), np.array(-3.0), x, y) + 1e-6).all()


def test_garwood() -> None:
    assert garwood(0) == (0, pytest.approx(3.689, abs=5e-4))
    # The table of Garwood (1936), as given in later handbooks.
    assert garwood(10) == (pytest.approx(4.795, abs=5e-4), pytest.approx(18.390, abs=5e-4))


def test_ranks_and_gaps() -> None:
    assert ranks(np.array([2.0, 5.0, 2.0, 0.0])).tolist() == [2, 1, 2, 4]
    assert longest_gap(np.array([True, False, False, True, False])) == 2
    assert longest_gap(np.zeros(0, dtype=bool)) == 0
    assert math.isclose(longest_gap(np.array([True])), 0)


def test_many_lines_are_parted_among_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    grid = grid_of([(29 + x, y) for x, y in rng.random((200, 2)).tolist()])
    several = [Line.of(LineString([(29 + x, y) for x, y in rng.random((4, 2)).tolist()])) for _ in range(18)]
    chords = Chords.together([each.chords for each in several])
    counts = np.ones(200, dtype=bool)
    whole = grid.along(chords, 20_000, counts)
    monkeypatch.setattr("geoapp.risk.grid.FEW_PIECES", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    parted = grid.along(chords, 20_000, counts)
    assert len(whole.line) > 50
    for name in ("line", "place", "metres", "measure"):
        assert np.array_equal(getattr(whole, name), getattr(parted, name)), name
