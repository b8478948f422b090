"""Which features a question finds: compared with a plain look through the same rows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cast import cookie
from conftest import a_database
from flask import Flask
from flask.testing import FlaskClient
from ogc_rows import filtered, insert_incidents, numbers, read_all
from pyproj import Transformer
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def served(cluster: Cluster, template: str) -> Iterator[tuple[Flask, Rows]]:
    """An application on incidents that no test of this file changes, and those of them that an analyst sees."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rows = insert_incidents(engine)
        engine.dispose()
        made = create_app(settings)
        yield made, rows
        made.extensions[ENGINE].dispose()


@pytest.fixture
def incidents(served: tuple[Flask, Rows]) -> Rows:
    """The incidents that an analyst sees."""
    return served[1]


@pytest.fixture
def reader(served: tuple[Flask, Rows]) -> FlaskClient:
    """The analyst's client on those incidents."""
    made = served[0].test_client()
    made.set_cookie(*cookie("analyst"))
    return made


def test_pages_together_are_all_of_it_once(reader: FlaskClient, incidents: Rows) -> None:
    for limit in (7, 100, 269, 270, 271):
        found = numbers(read_all(reader, f"limit={limit}"))
        assert len(found) == len(incidents)
        assert set(found) == {row["incident_no"] for row in incidents}


def test_a_page_is_not_moved_by_rows_that_come_meanwhile(client: FlaskClient, engine: Engine) -> None:
    insert_incidents(engine)
    first = client.get("/ogc/collections/incidents/items?limit=100").get_json()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (incident_id, incident_no, occurred_from, geom) VALUES"
                " ('00000000-0000-4000-8000-000000000000', 'new', '2024-01-01', 'SRID=4326;POINT(28.5 -2.5)')"
            )
        )
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = client.get(following).get_json()
    assert not set(numbers(first["features"])) & set(numbers(second["features"]))


def key_of(name: str, descending: bool) -> Callable[[dict[str, Any]], Any]:
    """Nothing known comes last either way, as the database has it."""

    def key(properties: dict[str, Any]) -> Any:
        value = properties[name]
        if value is None:
            return (1, 0)
        number = value if isinstance(value, int) else dt.date.fromisoformat(value).toordinal()
        return (0, -number if descending else number)

    return key


@pytest.mark.parametrize("order", ["level", "-level,occurred_from", "-occurred_to,killed", "+occurred_from"])
@pytest.mark.parametrize("limit", [11, 1000])
def test_an_order_holds_over_all_pages(reader: FlaskClient, incidents: Rows, order: str, limit: int) -> None:
    found = [each["properties"] for each in read_all(reader, f"limit={limit}&sortby={order.replace('+', '%2B')}")]
    assert len(found) == len(incidents)
    keys = [key_of(name.lstrip("+-"), name.startswith("-")) for name in order.split(",")]
    ranks = [[key(properties) for key in keys] for properties in found]
    assert ranks == sorted(ranks)


def like_nya(row: dict[str, Any]) -> bool:
    return row["place_text"] is not None and row["place_text"].startswith("N")


CONDITIONS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "level = 1": lambda row: row["level"] == 1,
    "level <> 1": lambda row: row["level"] not in {1, None},
    "NOT (level = 1)": lambda row: row["level"] not in {1, None},
    "level IS NULL": lambda row: row["level"] is None,
    "level IS NOT NULL AND killed > 0": lambda row: row["level"] is not None and (row["killed"] or 0) > 0,
    "level IN (1, 3) OR category = 'violence'": lambda row: row["level"] in {1, 3} or row["category"] == "violence",
    "level BETWEEN 2 AND 3": lambda row: row["level"] in {2, 3},
    "2 < level": lambda row: row["level"] == 3,
    "place_text LIKE 'N%'": like_nya,
    "CASEI(place_text) LIKE CASEI('n%')": like_nya,
    "ACCENTI(CASEI(place_text)) = ACCENTI(CASEI('BISIE'))": lambda row: row["place_text"] == "Bisié",
    "place_text = 'l''Étang'": lambda row: row["place_text"] == "l'Étang",
    r"place_text LIKE '100 \% s_r'": lambda row: row["place_text"] == "100 % sûr",
    "occurred_from >= DATE('2024-06-01')": lambda row: row["occurred_from"] >= dt.date(2024, 6, 1),
    "occurred_from < '2024-02-01'": lambda row: row["occurred_from"] < dt.date(2024, 2, 1),
    "T_AFTER(occurred_from, DATE('2024-12-01'))": lambda row: row["occurred_from"] > dt.date(2024, 12, 1),
    "T_DURING(occurred_from, INTERVAL('2024-12-01', '..'))": lambda row: row["occurred_from"] > dt.date(2024, 12, 1),
    "occurred_from = occurred_to": lambda row: row["occurred_from"] == row["occurred_to"],
    "S_INTERSECTS(geom, POLYGON((28.4 -3, 28.6 -3, 28.6 -2.5, 28.4 -2.5, 28.4 -3)))": lambda row: (
        28.4 <= row["lon"] <= 28.6 and -3 <= row["lat"] <= -2.5
    ),
    "S_DISJOINT(geom, BBOX(28.4, -3, 28.6, -2.5))": lambda row: (
        not (28.4 <= row["lon"] <= 28.6 and -3 <= row["lat"] <= -2.5)
    ),
    "A_OVERLAPS(units, ('CD', 'RW', 'BI'))": lambda _row: True,
    "A_CONTAINS(units, ('UG'))": lambda _row: False,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_filter_finds_what_a_plain_look_finds(reader: FlaskClient, incidents: Rows, condition: str) -> None:
    expected = {row["incident_no"] for row in incidents if CONDITIONS[condition](row)}
    assert filtered(reader, condition) == expected


@pytest.mark.parametrize("text_of_rows", ["Nyabibwe", "'; DROP TABLE incident; --", "%", "\\"])
def test_values_are_bound(reader: FlaskClient, incidents: Rows, text_of_rows: str) -> None:
    quoted = text_of_rows.replace("'", "''")
    expected = {row["incident_no"] for row in incidents if row["place_text"] == text_of_rows}
    assert filtered(reader, f"place_text = '{quoted}'") == expected


@pytest.mark.parametrize(
    ("interval", "since", "until"),
    [
        ("2024-03-01", "2024-03-01", "2024-03-01"),
        ("2024-03-01/2024-03-31", "2024-03-01", "2024-03-31"),
        ("2024-03-01T00:00:00Z/..", "2024-03-01", "9999-01-01"),
        ("/2024-03-01", "0001-01-01", "2024-03-01"),
    ],
)
def test_an_interval_meets_all_that_went_on_in_it(
    reader: FlaskClient, incidents: Rows, interval: str, since: str, until: str
) -> None:
    low, high = dt.date.fromisoformat(since), dt.date.fromisoformat(until)
    expected = {
        row["incident_no"]
        for row in incidents
        if row["occurred_from"] <= high and (row["occurred_to"] or row["occurred_from"]) >= low
    }
    assert set(numbers(read_all(reader, f"limit=1000&datetime={interval}"))) == expected


BOX = (28.40, -2.90, 28.60, -2.60)


def inside(row: dict[str, Any], box: tuple[float, float, float, float] = BOX) -> bool:
    return box[0] <= row["lon"] <= box[2] and box[1] <= row["lat"] <= box[3]


def test_a_box_in_any_system_and_order_of_axes(reader: FlaskClient, incidents: Rows) -> None:
    expected = {row["incident_no"] for row in incidents if inside(row)}
    assert len(expected) > 5
    west, south, east, north = BOX
    assert set(numbers(read_all(reader, f"limit=1000&bbox={west},{south},{east},{north}"))) == expected
    assert set(numbers(read_all(reader, f"limit=1000&bbox={west},{south},0,{east},{north},9"))) == expected
    epsg = "http://www.opengis.net/def/crs/EPSG/0"
    flipped = f"limit=1000&bbox={south},{west},{north},{east}&bbox-crs={epsg}/4326"
    assert set(numbers(read_all(reader, flipped))) == expected
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform([west, east], [south, north])
    mercator = f"limit=1000&bbox={x[0]},{y[0]},{x[1]},{y[1]}&bbox-crs={epsg}/3857"
    assert set(numbers(read_all(reader, mercator))) == expected


@pytest.mark.parametrize("code", [4326, 3857, 32735, 32635, 21035])
def test_positions_come_in_the_system_that_is_asked_for(reader: FlaskClient, incidents: Rows, code: int) -> None:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    answer = reader.get(f"/ogc/collections/incidents/items?limit=20&crs={uri}")
    assert answer.headers["Content-Crs"] == f"<{uri}>"
    back = Transformer.from_crs(code, 4326, always_xy=True)
    places = {row["incident_no"]: (row["lon"], row["lat"]) for row in incidents}
    for feature in answer.get_json()["features"]:
        first, second = feature["geometry"]["coordinates"]
        lon, lat = (second, first) if code == 4326 else back.transform(first, second)
        known = places[feature["properties"]["incident_no"]]
        # Ten metres: proj has several ways between the datums of East Africa.
        assert math.dist((lon, lat), known) < (1e-4 if code == 21035 else 1e-8)


def test_released_incidents_are_a_committees(client_of: Any, engine: Engine) -> None:
    incidents = insert_incidents(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident_release (incident_id, released_on, released_by, status, level, shown_date,"
                " shown_date_precision, location_precision, summary_fr, summary_en, geom)"
                " SELECT incident_id, '2024-06-01', 'coordinator-sk', 'open', 2, '2024-01-01', 3, 4, 'fr', 'en',"
                " 'SRID=4326;POINT(28.5 -2.5)' FROM incident WHERE incident_no < 'SK-0015'"
            )
        )
    released = read_all(client_of("committee-sk"), "limit=4")
    assert len(released) == 15
    assert {each["geometry"]["coordinates"][0] for each in released} == {28.5}
    properties = released[0]["properties"]
    assert (properties["incident_no"], properties["channel"], properties["place_text"]) == (None, None, None)
    assert len(read_all(client_of("committee-sk"), "filter=level=2")) == 15
    assert read_all(client_of("committee-sk"), "filter=channel IS NOT NULL OR level=1") == []
    # Whoever sees the incident itself sees it once; of a sealed one the release is left.
    seen = read_all(client_of("analyst"), "limit=50")
    assert len(seen) == len(incidents) + 2
    assert len({each["id"] for each in seen}) == len(seen)
