"""Hot spots: the hexagons, what lies in them, and Gi* as others work it out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import a_database
from esda.getisord import G_Local
from libpysal.weights import W
from pyproj import Transformer
from risk_rows import ROUTES, TODAY, metres, nearest, place_of, read_rows, write_rows
from shapely import Point
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.errors import QuestionError
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask
from geoapp.risk.hotspots import discoveries, getis_ord

PLANE = Transformer.from_crs("EPSG:4326", "+proj=laea +lat_0=-2 +lon_0=29 +datum=WGS84", always_xy=True)


@pytest.fixture(scope="module")
def written(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database with rows."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            write_rows(connection, 700, seed=3)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def answer(written: Engine) -> dict[str, Any]:
    """The answer for all days of the rows."""
    given = {"on": str(TODAY), "since": "2022-01-01", "geometry": "1"}
    with written.connect() as connection:
        made: dict[str, Any] = as_json(ask(connection, "hotspots", given))
    return made


def test_cells_hold_what_lies_in_them(answer: dict[str, Any], written: Engine) -> None:
    with written.connect() as connection:
        rows = [row for row in read_rows(connection) if row.counts(TODAY) and row.mapped]
    assert answer["used"] == len(rows)
    cells = {cell["id"]: (place_of(cell["geometry"]), cell) for cell in answer["cells"]}
    in_cell = dict.fromkeys(cells, 0.0)
    for row in rows:
        # The nearest centre in the plane.
        x, y = PLANE.transform(*row.place)
        near = min(cells, key=lambda at: math.dist((x, y), PLANE.transform(cells[at][1]["lon"], cells[at][1]["lat"])))
        in_cell[near] += row.weight
        assert cells[near][0].buffer(1e-4).contains(Point(row.place))
    assert {name: cell["value"] for name, (_, cell) in cells.items()} == pytest.approx(in_cell)


def test_cells_have_the_area_and_the_origin(answer: dict[str, Any]) -> None:
    side = math.sqrt(2 * 1e8 / (3 * math.sqrt(3)))
    for cell in answer["cells"][:20]:
        q, r = (int(each) for each in cell["id"].split(":"))
        centre = PLANE.transform(cell["lon"], cell["lat"])
        assert centre == pytest.approx((1.5 * side * q, math.sqrt(3) * side * (r + q / 2)), abs=0.01)
        corners = [PLANE.transform(x, y) for x, y in cell["geometry"]["coordinates"][0]]
        assert math.dist(corners[0], centre) == pytest.approx(side)
        # Flat on top: two corners are at the same height as the centre.
        assert sum(abs(y - centre[1]) < 0.01 for _, y in corners[:-1]) == 2


def test_cells_are_those_near_something(answer: dict[str, Any], written: Engine) -> None:
    with written.connect() as connection:
        places = [row.place for row in read_rows(connection) if row.counts(TODAY) and row.mapped and row.place]
        sites = connection.execute(text("SELECT ST_X(geom), ST_Y(geom) FROM mine_site")).all()
    things = [*places, *((x, y) for x, y in sites)]
    have = {cell["id"] for cell in answer["cells"]}
    side = math.sqrt(2 * 1e8 / (3 * math.sqrt(3)))
    numbers = [tuple(int(each) for each in name.split(":")) for name in have]
    (q0, r0), (q1, r1) = (tuple(pick(each) for each in zip(*numbers, strict=True)) for pick in (min, max))
    for q in range(q0 - 1, q1 + 2, 3):
        for r in range(r0 - 1, r1 + 2, 3):
            centre = PLANE.transform(1.5 * side * q, math.sqrt(3) * side * (r + q / 2), direction="INVERSE")
            least = min(metres(centre, each) for each in things)
            if least > 25_000:
                least = min(least, *(nearest(centre, parts)[0] for parts in ROUTES.values()))
            assert (f"{q}:{r}" in have) == (least <= 25_000), (q, r, least)


def test_gi_star_is_what_esda_says_of_the_cells(answer: dict[str, Any]) -> None:
    cells = answer["cells"]
    places = [(cell["lon"], cell["lat"]) for cell in cells]
    near: dict[int, list[int]] = {at: [] for at in range(len(cells))}
    for one, a in enumerate(places):
        for other in range(one + 1, len(places)):
            b = places[other]
            if abs(a[0] - b[0]) < 0.3 and abs(a[1] - b[1]) < 0.3 and metres(a, b) <= 25_000:
                near[one].append(other)
                near[other].append(one)
    value = np.array([cell["value"] for cell in cells])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = G_Local(value, W(near), transform="B", star=True, permutations=9999, seed=12345, n_jobs=1)
    assert [cell["z"] for cell in cells] == pytest.approx(expected.Zs.tolist())
    assert [cell["p"] for cell in cells] == pytest.approx(expected.p_sim.tolist())
    number = len(cells)
    ranked = sorted(cell["p"] for cell in cells)
    limit = max((p for at, p in enumerate(ranked, 1) if p <= 0.05 * at / number), default=-1.0)
    assert [cell["hot"] for cell in cells] == [cell["p"] <= limit and cell["z"] > 0 for cell in cells]
    assert answer["hot"] == sum(cell["hot"] for cell in cells) > 0


def test_it_agrees_with_the_published_example() -> None:
    """That of esda's manual: six points, neighbours within 15."""
    points = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
    near = {
        at: [other for other, b in enumerate(points) if other != at and math.dist(a, b) <= 15]
        for at, a in enumerate(points)
    }
    found = getis_ord(np.array([2, 3, 3.2, 5, 8, 7]), near)
    published = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    assert found.z.tolist() == pytest.approx(published)


def test_discoveries() -> None:
    # The example of Benjamini and Hochberg (1995): 4 of 15 at 5 %.
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    assert discoveries(np.array(p), 0.05).tolist() == [True] * 4 + [False] * 11
    assert not discoveries(np.array([0.9, 0.8]), 0.05).any()


def test_few_cells_are_refused(written: Engine) -> None:
    with pytest.raises(QuestionError, match="from 30 on") as error, written.connect() as connection:
        ask(connection, "hotspots", {"on": str(TODAY), "since": str(TODAY)})
    assert "points chauds" in error.value.said.fr
