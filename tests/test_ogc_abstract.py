"""The abstract test suite of OGC API - Features - Part 1: Core (OGC 17-069r4, Annex A), for every collection.

Each test names the abstract test that it is of. What needs a plain look at all rows is compared with one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from cast import cookie
from conftest import a_database
from export_rows import insert_rows
from flask import Flask
from flask.testing import FlaskClient
from ogc_rows import insert_incidents, read_all
from openapi_spec_validator import validate
from shapely.geometry import box, shape

from geoapp.database.engine import open_engine
from geoapp.risk.network import build_network
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from layers.catalogue import LAYERS

ROOT = "/ogc"
CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
# The first and the last day that a feature speaks of, by its properties; the last may be missing while it goes on.
DAYS = {
    "incidents": ("occurred_from", "occurred_to"),
    "deployments": ("valid_from", "valid_to"),
    "provinces": ("valid_from", "valid_to"),
    "countries": ("valid_from", "valid_to"),
    "trainings": ("held_on", "held_on"),
}
INTERVALS = (
    "2024-02-10",
    "2024-02-10T12:00:00Z",
    "2024-02-01/2024-03-01",
    "../2024-02-10",
    "2025-03-01/..",
    "2025-03-01/",
)
BOXES = ((28.5, -2.6, 28.9, -2.3), (28.84, -2.5, 28.84, -2.5), (28.8, -2.5, 28.9, -2.5), (-180, -90, 180, 90))

pytestmark = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(scope="module")
def served(cluster: Any, template: str) -> Iterator[Flask]:
    """An application on rows in every layer; nothing here writes to them."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_rows(engine)
        insert_incidents(engine, 60)
        with engine.begin() as connection:
            build_network(connection, lambda _: None)
        engine.dispose()
        made = create_app(settings)
        yield made
        made.extensions[ENGINE].dispose()


@pytest.fixture
def client(served: Flask) -> FlaskClient:
    """The analyst's client."""
    made = served.test_client()
    made.set_cookie(*cookie("analyst"))
    return made


@pytest.fixture(scope="module")
def everything(served: Flask) -> dict[str, list[dict[str, Any]]]:
    """All features of all collections."""
    client = served.test_client()
    client.set_cookie(*cookie("analyst"))
    return {name: read_all(client, "limit=1000", name) for name in LAYERS}


@pytest.fixture
def all_of_it(everything: dict[str, list[dict[str, Any]]], name: str) -> list[dict[str, Any]]:
    """All features of the collection."""
    return everything[name]


def links(document: dict[str, Any], rel: str) -> list[dict[str, str]]:
    """The links of one relation."""
    return [link for link in document["links"] if link["rel"] == rel]


def ids(features: list[dict[str, Any]]) -> set[str]:
    """The ids of features."""
    return {feature["id"] for feature in features}


def test_the_api_is_defined_and_names_the_collection(client: FlaskClient, name: str) -> None:
    """A.2.2: /conf/core/root-op, root-success, api-definition-op, api-definition-success; /conf/oas30."""
    landing = client.get(f"{ROOT}/").get_json()
    assert links(landing, "service-desc")
    assert links(landing, "conformance")
    assert links(landing, "data")
    definition = client.get(links(landing, "service-desc")[0]["href"])
    assert definition.headers["Content-Type"] == links(landing, "service-desc")[0]["type"]
    document = definition.get_json(force=True)
    validate(document)
    parameters = document["paths"]["/collections/{collection}/items"]["get"]["parameters"]
    assert name in str(document)
    assert {"bbox", "limit", "datetime"} <= {each["name"] for each in parameters}


def test_the_parameters_are_defined_as_the_standard_says(client: FlaskClient, name: str) -> None:
    """A.2.7: /conf/core/fc-bbox-definition, fc-limit-definition, fc-time-definition."""
    document = client.get(f"{ROOT}/api").get_json(force=True)
    given = {each["name"]: each for each in document["paths"]["/collections/{collection}/items"]["get"]["parameters"]}
    bbox, limit, when = given["bbox"], given["limit"], given["datetime"]
    assert (bbox["in"], bbox.get("required", False), bbox["style"], bbox["explode"]) == ("query", False, "form", False)
    assert bbox["schema"]["type"] == "array"
    assert bbox["schema"]["items"]["type"] == "number"
    assert (limit["in"], limit["schema"]["type"], limit["schema"]["minimum"]) == ("query", "integer", 1)
    assert limit["schema"]["maximum"] >= limit["schema"]["default"] >= 1
    assert (when["in"], when["schema"]["type"]) == ("query", "string")


def test_it_conforms_and_speaks_http(client: FlaskClient, name: str) -> None:
    """A.2.1, A.2.3: /conf/core/http, conformance-op, conformance-success."""
    assert CORE in client.get(f"{ROOT}/conformance").get_json()["conformsTo"]
    assert client.head(f"{ROOT}/collections/{name}/items").status_code == 200
    assert client.delete(f"{ROOT}/collections/{name}/items").status_code == 405
    assert client.get(f"{ROOT}/collections/{name}x/items").status_code == 404
    assert client.get(f"{ROOT}/collections/{name}/items", headers={"Accept": "application/geo+json"}).status_code == 200


def test_the_collection_is_listed_and_described(client: FlaskClient, name: str) -> None:
    """A.2.4, A.2.5: /conf/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, fc-md-extent, sfc-md-op."""
    listed = client.get(f"{ROOT}/collections").get_json()
    assert links(listed, "self")
    assert links(listed, "alternate")
    (found,) = [each for each in listed["collections"] if each["id"] == name]
    described = client.get(f"{ROOT}/collections/{name}").get_json()
    for part in ("id", "title", "extent", "crs", "itemType"):
        assert described[part] == found[part]
    items = links(found, "items")
    assert items
    assert all(link["type"] for link in items)
    assert client.get(items[0]["href"]).status_code == 200
    (bbox,) = found["extent"]["spatial"]["bbox"]
    assert len(bbox) == 4


def test_coordinates_are_longitude_and_latitude(
    client: FlaskClient, name: str, all_of_it: list[dict[str, Any]]
) -> None:
    """A.2.1: /conf/core/crs84; the extent of the collection holds all its features."""
    answer = client.get(f"{ROOT}/collections/{name}/items?limit=1")
    assert answer.headers["Content-Crs"] == f"<{CRS84}>"
    (bbox,) = client.get(f"{ROOT}/collections/{name}").get_json()["extent"]["spatial"]["bbox"]
    # Borders that reach beyond are those of the parts that no mine site of the programmes lies in.
    assert all(shape(each["geometry"]).intersects(box(*bbox)) for each in all_of_it)


def test_features_are_in_a_collection(client: FlaskClient, name: str, all_of_it: list[dict[str, Any]]) -> None:
    """A.2.7: /conf/core/fc-op, fc-response, fc-links, fc-rel-type, fc-numberMatched, fc-numberReturned."""
    answer = client.get(f"{ROOT}/collections/{name}/items?limit=3")
    document = answer.get_json()
    assert (answer.status_code, document["type"]) == (200, "FeatureCollection")
    (own,) = links(document, "self")
    assert own["type"] == answer.mimetype == "application/geo+json"
    assert {link["type"] for link in links(document, "alternate")} == {"text/html"}
    assert all(link["rel"] and link["type"] for link in document["links"])
    assert document["numberReturned"] == len(document["features"]) == min(3, len(all_of_it))
    assert document["numberMatched"] == len(all_of_it)
    assert len(ids(all_of_it)) == len(all_of_it)
    if "timeStamp" in document:
        dt.datetime.fromisoformat(document["timeStamp"])


@pytest.mark.parametrize("limit", [1, 2, 10_000, 1_000_000_000])
def test_a_page_has_at_most_the_limit(
    client: FlaskClient, name: str, all_of_it: list[dict[str, Any]], limit: int
) -> None:
    """A.2.7: /conf/core/fc-limit-response."""
    document = client.get(f"{ROOT}/collections/{name}/items?limit={limit}").get_json()
    assert len(document["features"]) == min(limit, len(all_of_it))
    assert bool(links(document, "next")) == (len(all_of_it) > limit)


@pytest.mark.parametrize("sides", BOXES)
def test_a_box_selects_what_meets_it(
    client: FlaskClient, name: str, all_of_it: list[dict[str, Any]], sides: tuple[float, ...]
) -> None:
    """A.2.7: /conf/core/fc-bbox-response; with heights, as six numbers, too."""
    area = shapely.LineString([sides[:2], sides[2:]]).envelope
    expected = {each["id"] for each in all_of_it if shape(each["geometry"]).intersects(area)}
    flat = ",".join(map(str, sides))
    high = ",".join(map(str, (*sides[:2], 0, *sides[2:], 9000)))
    for given in (flat, high):
        assert ids(read_all(client, f"limit=1000&bbox={given}", name)) == expected


@pytest.mark.parametrize("interval", INTERVALS)
def test_an_interval_selects_what_meets_it(
    client: FlaskClient, name: str, all_of_it: list[dict[str, Any]], interval: str
) -> None:
    """A.2.7: /conf/core/fc-time-response; features without a time are always in."""
    first, slash, last = interval.partition("/")
    since, until = (None if each in {"", ".."} else each[:10] for each in (first, last if slash else first))

    def meets(feature: dict[str, Any]) -> bool:
        if name not in DAYS:
            return True
        start, end = (feature["properties"][each] for each in DAYS[name])
        if end is None and name == "incidents":
            end = start
        return (until is None or start <= until) and (since is None or end is None or end >= since)

    assert ids(read_all(client, f"limit=1000&datetime={interval}", name)) == {x["id"] for x in all_of_it if meets(x)}


def test_a_feature_by_its_id(client: FlaskClient, name: str, all_of_it: list[dict[str, Any]]) -> None:
    """A.2.8: /conf/core/f-op, f-success, f-links."""
    answer = client.get(f"{ROOT}/collections/{name}/items/{all_of_it[0]['id']}")
    document = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (200, "application/geo+json")
    assert (document["type"], document["id"]) == ("Feature", all_of_it[0]["id"])
    assert links(document, "self")
    assert links(document, "alternate")
    (collection,) = links(document, "collection")
    assert client.get(collection["href"]).get_json()["id"] == name
    assert client.get(f"{ROOT}/collections/{name}/items/none").status_code == 404


@pytest.mark.parametrize("query", ["unknown=1", "limit=0", "limit=ten", "bbox=1,2,3", "datetime=2024-13-01"])
def test_unknown_and_invalid_parameters_are_refused(client: FlaskClient, name: str, query: str) -> None:
    """A.2.7: /conf/core/query-param-unknown, query-param-invalid."""
    assert client.get(f"{ROOT}/collections/{name}/items?{query}").status_code == 400
