"""What OGC API - Features is asked in vain: a problem document that says what is allowed, and nothing else."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

ITEMS = "/ogc/collections/provinces/items?"
BAD = {
    "limit=0": "limit",
    "limit=-1": "limit",
    "limit=x": "limit",
    "limit=%D9%A1": "limit",
    "bbox=1,2,3": "bbox",
    "bbox=NaN,1,2,3": "bbox",
    "bbox=inf,1,2,3": "bbox",
    "bbox=a,b,c,d": "bbox",
    "bbox=28,-2,29,-3": "south",
    "bbox=29,-3,28,-2": "west",
    "bbox=28,-300,29,300": "bbox-crs",
    "bbox=1,2,3,4&bbox-crs=EPSG:4326": "bbox-crs",
    "bbox=1e8,1e8,2e8,2e8&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/32735": "bbox",
    "crs=http://www.opengis.net/def/crs/EPSG/0/2154": "crs",
    "datetime=yesterday": "datetime",
    "datetime=2024-02-30": "datetime",
    "datetime=2024-03-01/2024-01-01": "datetime",
    "unknown=1": "unknown",
    "limit=1&limit=2": "limit",
    "f=xml": "f:",
    "sortby=none": "sortby",
    "sortby=units": "sortby",
    "after=garbage": "after",
    "after=W10": "after",
    "filter-lang=cql2-json": "filter-lang",
    "filter-crs=http://www.opengis.net/def/crs/EPSG/0/4326": "filter-crs",
}
FILTERS = (
    "level =",
    "'; DROP TABLE incident; --",
    "levle = 1",
    "level = 'high'",
    "level = 1e300",
    "valid_from = 'soon'",
    "name_en LIKE '%%%%%%%%%%%%%a'",
    "name_en LIKE 'a\\'",
    "units = 'CD'",
    "pg_sleep(10) = 1",
    "level + 1 = 2",
    "S_INTERSECTS(geom, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))",
    "S_INTERSECTS(name_en, POINT(0 0))",
    "T_DURING(valid_from, DATE('2024-01-01'))",
    "1",
    "(" * 500 + "level = 1" + ")" * 500,
    "NOT " * 500 + "level = 1",
    "level = " + "-" * 500 + "1",
    "level = 1 OR " * 80_000 + "level = 1",
    "name_en = '\0'",
)


@pytest.mark.parametrize("query", BAD)
def test_a_parameter_that_cannot_be_understood(visitor: FlaskClient, query: str) -> None:
    answer = visitor.get(ITEMS + query)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert BAD[query] in answer.get_json()["detail"]


@pytest.mark.parametrize("condition", FILTERS, ids=range(len(FILTERS)))
def test_a_filter_that_cannot_be_understood(visitor: FlaskClient, condition: str) -> None:
    answer = visitor.get(f"{ITEMS}filter={quote(condition)}")
    assert answer.status_code == 400, condition[:50]
    assert answer.get_json()["detail"].startswith("filter: ")


@pytest.mark.parametrize(
    "path", ["provinces/items/none", "provinces/items/%00", "none", "none/items", "none/queryables"]
)
def test_what_is_not_there(visitor: FlaskClient, path: str) -> None:
    answer = visitor.get(f"/ogc/collections/{path}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_limit_beyond_the_most_is_the_most(visitor: FlaskClient) -> None:
    answer = visitor.get(f"{ITEMS}limit=1000000000")
    assert answer.status_code == 200
    assert answer.get_json()["numberReturned"] == answer.get_json()["numberMatched"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_for_reading_alone(visitor: FlaskClient, method: str) -> None:
    assert getattr(visitor, method)("/ogc/collections/provinces/items").status_code == 405
