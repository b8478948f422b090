"""Tiles hold the rows that lie in them, with the names of the data dictionary."""

from __future__ import annotations

import math
from pathlib import Path

import pyogrio
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from layers.catalogue import LAYERS

GOMA = (29.2228, -1.6585)


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    """The tile that holds a point, by the textbook's formula."""
    x = (lon + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return z, int(x * 2**z), int(y * 2**z)


def read(content: bytes, folder: Path, z: int, x: int, y: int) -> dict[str, list[dict[str, object]]]:
    """The features of a tile by layer, read by GDAL's own driver; `lon` and `lat` are their place."""
    file = folder / f"{z}-{x}-{y}.mvt"
    file.write_bytes(content)
    found: dict[str, list[dict[str, object]]] = {}
    for name, _kind in pyogrio.list_layers(file) if content else []:
        frame = pyogrio.read_dataframe(file, layer=name, X=x, Y=y, Z=z).to_crs(4326)
        places = frame.geometry.representative_point()
        rows = frame.drop(columns="geometry").to_dict("records")
        found[name] = [
            {str(key): value for key, value in row.items()} | {"lon": place.x, "lat": place.y}
            for row, place in zip(rows, places, strict=True)
        ]
    return found


@pytest.fixture
def some_rows(engine: Engine) -> None:
    """A site, three incidents of which two are near each other, and deployments at a place and at a site."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO mine_site (site_id, name, icglr_status, synthetic, geom)"
                " VALUES ('S1', 'Bisié', 'green', true, 'SRID=4326;POINT(29.2228 -1.6585)');"
                "INSERT INTO incident (incident_no, occurred_from, level, category, killed, geom) VALUES"
                " ('A', '2024-01-10', 1, 'violence', 5, 'SRID=4326;POINT(29.22 -1.66)'),"
                " ('B', '2024-02-10', 3, 'violence', NULL, 'SRID=4326;POINT(29.221 -1.661)'),"
                " ('C', '2024-03-10', NULL, 'bribery', NULL, 'SRID=4326;POINT(27.5 -3)'),"
                " ('nowhere', '2024-03-10', 2, NULL, NULL, NULL);"
                "INSERT INTO deployment (deployment_id, force, valid_from, valid_to, site_id, geom) VALUES"
                " ('D1', 'police', '2020-01-01', NULL, NULL, 'SRID=4326;POINT(29.2 -1.6)'),"
                " ('D2', 'army', '2020-01-01', NULL, 'S1', NULL),"
                " ('D3', 'army', '2020-01-01', '2021-01-01', 'S1', NULL);"
            )
        )


def fetch(client: FlaskClient, folder: Path, name: str, z: int, query: str = "") -> list[dict[str, object]]:
    """The features of one layer in the tile at `z` that holds Goma."""
    place = tile_of(*GOMA, z)
    answer = client.get("/tiles/{}/{}/{}/{}.mvt{}".format(name, *place, query))
    assert answer.status_code == 200
    return read(answer.data, folder, *place).get(name, [])


@pytest.mark.usefixtures("some_rows")
def test_it_works(client: FlaskClient, tmp_path: Path) -> None:
    (site,) = fetch(client, tmp_path, "mine_sites", 12)
    assert (site["site_id"], site["name"], site["icglr_status"], site["synthetic"]) == (
        "S1",
        "Bisié",
        "green",
        1,
    )
    assert site["lon"] == pytest.approx(29.2228, abs=1e-4)
    assert site["lat"] == pytest.approx(-1.6585, abs=1e-4)


@pytest.mark.usefixtures("some_rows")
def test_incidents_are_rows_when_one_is_near(client: FlaskClient, tmp_path: Path) -> None:
    rows = fetch(client, tmp_path, "incidents", 12)
    assert {row["incident_no"] for row in rows} == {"A", "B"}
    first = next(row for row in rows if row["incident_no"] == "A")
    assert (first["level"], first["category"], str(first["occurred_from"])[:10]) == (
        1,
        "violence",
        "2024-01-10",
    )


@pytest.mark.usefixtures("some_rows")
def test_incidents_are_counted_when_one_is_far(client: FlaskClient, tmp_path: Path) -> None:
    cells = fetch(client, tmp_path, "incidents", 5)
    assert sorted(int(str(cell["count"])) for cell in cells) == [1, 2]
    both = next(cell for cell in cells if cell["count"] == 2)
    assert (both["level"], both["category"], both["cell"]) == (1, "violence", 1)
    # 9 for level 1 times 1 + 5/5, and 1 for level 3.
    assert both["weighted"] == pytest.approx(9 * 2 + 1)


@pytest.mark.usefixtures("some_rows")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?since=2024-01-11", {"B"}),
        ("?until=2024-01-10", {"A"}),
        ("?since=2024-01-10&until=2024-02-10", {"A", "B"}),
        ("?level=1", {"A"}),
        ("?level=2,unknown", set()),
        ("?category=bribery", set()),
        ("?unit=CD-NK", {"A", "B"}),
        ("?unit=RW,CD-SK", set()),
    ],
)
def test_filters_are_exact(client: FlaskClient, tmp_path: Path, query: str, found: set[str]) -> None:
    assert {row["incident_no"] for row in fetch(client, tmp_path, "incidents", 12, query)} == found
    counted = sum(int(str(cell["count"])) for cell in fetch(client, tmp_path, "incidents", 9, query))
    assert counted == len(found)


@pytest.mark.usefixtures("some_rows")
def test_deployments_stand_where_they_are_and_only_while_they_last(client: FlaskClient, tmp_path: Path) -> None:
    rows = {row["deployment_id"]: row for row in fetch(client, tmp_path, "deployments", 10)}
    assert set(rows) == {"D1", "D2"}
    assert rows["D2"]["lon"] == pytest.approx(29.2228, abs=1e-3)


def test_provinces_and_the_base_map_are_there(visitor: FlaskClient, tmp_path: Path) -> None:
    assert "CD-NK" in {row["unit_code"] for row in fetch(visitor, tmp_path, "provinces", 7)}
    place = tile_of(*GOMA, 7)
    answer = visitor.get("/tiles/base/{}/{}/{}.mvt".format(*place))
    found = read(answer.data, tmp_path, *place)
    assert {"countries", "borders", "lakes", "towns"} <= set(found)
    assert "Goma" in {row["name_en"] for row in found["towns"]}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_answers_everywhere(visitor: FlaskClient, name: str) -> None:
    for z, x, y in ((0, 0, 0), (14, 9522, 8268), (22, 0, 0)):
        answer = visitor.get(f"/tiles/{name}/{z}/{x}/{y}.mvt")
        assert answer.status_code == 200
        assert answer.mimetype == "application/vnd.mapbox-vector-tile"


def test_an_unchanged_tile_is_not_sent_again(visitor: FlaskClient) -> None:
    first = visitor.get("/tiles/provinces/5/18/16.mvt")
    assert "private" in first.headers["Cache-Control"]
    again = visitor.get("/tiles/provinces/5/18/16.mvt", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", LAYERS)
def test_tilejson_names_the_properties(visitor: FlaskClient, name: str) -> None:
    document = visitor.get(f"/tiles/{name}.json").get_json()
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == [f"http://localhost/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt"]
    assert document["vector_layers"][0]["id"] == name
    assert LAYERS[name].key.key in document["vector_layers"][0]["fields"]
    assert ("count" in document["vector_layers"][0]["fields"]) is (name == "incidents")


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/tiles/gold/5/18/16.mvt", 404, ""),
        ("/tiles/incidents/5/32/16.mvt", 404, "no tile 5/32/16"),
        ("/tiles/incidents/23/0/0.mvt", 404, "no tile"),
        ("/tiles/incidents/99999999999/0/0.mvt", 404, "no tile"),
        ("/tiles/incidents/5/18/16.mvt?since=yesterday", 400, "since: is not a day"),
        ("/tiles/incidents/5/18/16.mvt?since=2024-02-30", 400, "since: is not a day"),
        ("/tiles/incidents/5/18/16.mvt?since=2024-03-01&until=2024-02-01", 400, "after until"),
        ("/tiles/incidents/5/18/16.mvt?level=4", 400, "there are 1, 2, 3, unknown"),
        ("/tiles/incidents/5/18/16.mvt?category=' OR 1=1", 400, "category"),
        ("/tiles/incidents/5/18/16.mvt?unit=CD-SK';--", 400, "unit"),
        ("/tiles/incidents/5/18/16.mvt?colour=red", 400, "no such filter"),
        ("/tiles/incidents/5/18/16.mvt?level=" + "1," * 10_000, 400, "more than 100"),
    ],
)
def test_what_cannot_be_is_refused(visitor: FlaskClient, address: str, status: int, said: str) -> None:
    answer = visitor.get(address)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert said in answer.get_json()["detail"]
    assert answer.headers["Cache-Control"] == "no-store"
