"""A risk question that cannot be answered as it is asked says what is allowed, in French and English; nothing fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cast import cookie
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

LINE = {"type": "LineString", "coordinates": [[29, -2], [29.1, -2]]}
POINT = "lon=29&lat=-2"
RING = [[29, -2], [30, -2], [30, -1], [29, -2]]


@pytest.fixture(scope="module")
def asker(shared: Settings) -> Iterator[Callable[..., TestResponse]]:
    """Asks on the database without rows, as one of the cast."""
    app = create_app(shared)

    def ask(path: str, name: str = "analyst", body: Any = None) -> TestResponse:
        client: FlaskClient = app.test_client()
        client.set_cookie(*cookie(name))
        address = f"/api/v1/risk/{path}"
        return client.get(address) if body is None else client.post(address, json=body)

    yield ask
    app.extensions[ENGINE].dispose()


Asker = Callable[..., TestResponse]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"pressure?{POINT}&on=2999-01-01", "future"),
        (f"pressure?{POINT}&on=tomorrow", "2026-03-31"),
        ("corridor?route=none", "no route none"),
        ("corridor", "route: is missing"),
        ("corridor?route=R&width_km=0", "0.1 to 50"),
        ("corridor?route=R&width_km=500", "0.1 to 50"),
        ("corridor?route=R&width_km=nan", "0.1 to 50"),
        (f"near?{POINT}&since=2026-02-01&until=2026-01-01", "since"),
        (f"near?{POINT}&on=2026-01-01&until=2026-01-02", "until"),
        (f"near?{POINT}&radius_km=-1", "0.1 to 500"),
        ("near?lon=190&lat=0", "-180 to 180"),
        ("near?lon=29", "lat: is missing"),
        (f"near?{POINT}&level=4", "1, 2, 3, unknown"),
        (f"near?{POINT}&category=storm", "violence"),
        (f"near?{POINT}&unit=sud", "CD-SK"),
        (f"near?{POINT}&colour=red", "there are lon, lat, radius_km, on, since"),
        (f"pressure?{POINT}&since=2026-01-01", "no such parameter"),
        ("sites?limit=0", "1 to 100000"),
        ("sites?limit=1.5", "whole number"),
        ("sites?stability=yes", "1 or 0"),
        ("coverage?radius_km=51", "0.1 to 50"),
    ],
)
def test_a_parameter_is_refused(path: str, says: str, asker: Asker) -> None:
    answer = asker(path)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.json is not None
    assert says in answer.json["detail"]
    french = asker(f"{path}{'&' if '?' in path else '?'}lang=fr").json
    assert french is not None
    assert french["detail"] != answer.json["detail"]
    # No sign of two parts may stand at the start of a line.
    assert re.search(r" [:;?!]", french["detail"]) is None


@pytest.mark.parametrize(
    ("question", "body", "says"),
    [
        ("area", {"type": "Polygon", "coordinates": [[[29, -2], [30, -1], [30, -2], [29, -1], [29, -2]]]}, "crosses"),
        ("area", {"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, -90]]]}, "5 million"),
        (
            "area",
            {"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]},
            "5 million",
        ),
        ("area", {"type": "Polygon", "coordinates": [[[29, -2], [400, -2], [30, -1], [29, -2]]]}, "Earth"),
        ("area", LINE, "not a polygon"),
        ("area", {"type": "Polygon", "coordinates": "x"}, "not GeoJSON"),
        ("area", {"type": "Polygon", "coordinates": [[[1, 2]]]}, "not GeoJSON"),
        ("area", [1], "not GeoJSON"),
        ("corridor", {"type": "Point", "coordinates": [29, -2]}, "not a line"),
        ("corridor", {"type": "LineString", "coordinates": [[29, -2], [29, -2]]}, "not a line"),
        ("corridor", {"type": "LineString", "coordinates": [[-170, 0], [-60, 0], [60, 0]]}, "5,000 km"),
    ],
)
def test_a_geometry_is_refused(question: str, body: Any, says: str, asker: Asker) -> None:
    answer = asker(question, body=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("near?lon=0&lat=0", None),
        (f"near?{POINT}&on=1900-01-01", None),
        (f"pressure?{POINT}&on=0001-01-01", None),
        ("provinces?since=0001-01-01", None),
        ("sites", None),
        ("coverage", None),
        ("escort", None),
        ("corridor", {"type": "Feature", "properties": {}, "geometry": LINE}),
        ("area", {"type": "Polygon", "coordinates": [RING]}),
        ("area", {"type": "MultiPolygon", "coordinates": [[RING]]}),
    ],
)
def test_nothing_recorded_is_an_honest_answer(path: str, body: Any, asker: Asker) -> None:
    answer = asker(path, body=body)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["used"] == 0
    assert "absence" in answer.json["sentence"]["fr"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_at_sea_everything_is_outside(asker: Asker) -> None:
    answer = asker("near?lon=0&lat=0").json
    assert answer is not None
    assert answer["outside_scope"] == 1
    assert "100%" in answer["sentence"]["en"]


@pytest.mark.parametrize("path", ["sites", f"pressure?{POINT}", "provinces", "coverage", "escort", "corridor?route=R"])
def test_who_may_ask(path: str, asker: Asker) -> None:
    assert asker(path, "public").status_code == 401
    assert asker(path, "committee-sk").status_code == 403
    assert asker(path, "admin").status_code == 403
    for name in ("coordinator-sk", "analyst-rw", "gis-cd"):
        assert asker(path, name).status_code in {200, 400}


def test_a_question_is_asked_the_right_way(asker: Asker) -> None:
    assert asker("weather").status_code == 404
    assert asker("weather", body=LINE).status_code == 404
    refused = asker("area")
    assert refused.status_code == 400
    assert "polygon=lon,lat" in refused.json["detail"]
    refused = asker("sites", body=LINE)
    assert refused.status_code == 405
    assert "POST" not in refused.headers["Allow"]
