"""OGC API - Features, Core (OGC 17-069r4): what its abstract tests ask of every server, for each collection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cast import cookie
from conftest import a_database
from flask import Flask
from flask.testing import FlaskClient
from ogc_rows import insert_incidents
from sqlalchemy import text

from geoapp.database.engine import open_engine
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from layers.catalogue import LAYERS

COLLECTIONS = tuple(LAYERS)
OTHERS = """
    INSERT INTO mine_site (site_id, name, minerals, operator_name, geom)
    VALUES ('S1', 'Bisié', '{cassiterite,gold}', 'secret', 'SRID=4326;POINT(28.9 -1.6)');
    INSERT INTO facility (facility_id, kind, name, geom)
    VALUES ('F1', 'depot', 'Dépôt', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO checkpoint (checkpoint_id, lawful, geom) VALUES ('C1', 'no', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO route (route_id, name, geom)
    VALUES ('R1', 'a', 'SRID=4326;MULTILINESTRING((28.84 -2.50, 28.86 -2.52))');
    INSERT INTO network_edge (edge_id, from_node, to_node, metres, middle_lon, middle_lat, route_ref, geom)
    SELECT 1, 2, 3, 3139, 28.85, -2.51, id, 'SRID=4326;LINESTRING(28.84 -2.50, 28.86 -2.52)' FROM route;
    INSERT INTO training (training_id, topic, held_on, place_text, geom)
    VALUES ('T1', 'other', '2024-05-02', 'Bukavu', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO deployment (deployment_id, force, valid_from, route_ref)
    SELECT 'D1', 'police', '2020-01-01', id FROM route;
    INSERT INTO deployment (deployment_id, force, valid_from, geom)
    VALUES ('D2', 'army', '2020-01-01', 'SRID=4326;POINT(28.84 -2.50)');
"""


@pytest.fixture(scope="module")
def served(cluster: Any, template: str) -> Any:
    """An application on rows in every layer; nothing here writes to them."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_incidents(engine, 40)
        with engine.begin() as connection:
            connection.execute(text(OTHERS))
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


def links(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Links by their relation."""
    return {link["rel"]: link for link in document["links"]}


def test_the_landing_page_leads_everywhere(client: FlaskClient) -> None:
    document = client.get("/ogc/").get_json()
    found = links(document)
    assert {"self", "alternate", "service-desc", "conformance", "data"} <= set(found)
    for link in document["links"]:
        answer = client.get(link["href"])
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(link["type"].split(";")[0])


def test_it_says_what_it_keeps(client: FlaskClient) -> None:
    kept = client.get("/ogc/conformance").get_json()["conformsTo"]
    for needed in (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
        "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
        # What QGIS looks for before it sends its filters.
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
        "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
        "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    ):
        assert needed in kept


def test_the_description_names_every_path_and_parameter(client: FlaskClient, served: Flask) -> None:
    answer = client.get("/ogc/api")
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    described = json.loads(answer.data)
    rules = {rule.rule.removeprefix("/ogc") for rule in served.url_map.iter_rules() if rule.endpoint.startswith("ogc.")}
    paths = {path.replace("{collection}", "<name>").replace("{key}", "<key>") for path in described["paths"]}
    assert paths == rules
    parameters = {each["name"] for each in described["paths"]["/collections/{collection}/items"]["get"]["parameters"]}
    assert {"bbox", "limit", "datetime", "filter", "sortby", "crs"} <= parameters


def test_every_layer_is_a_collection(client: FlaskClient) -> None:
    document = client.get("/ogc/collections").get_json()
    assert [each["id"] for each in document["collections"]] == [*COLLECTIONS]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_describes_itself(client: FlaskClient, name: str) -> None:
    described = client.get(f"/ogc/collections/{name}").get_json()
    listed = {each["id"]: each for each in client.get("/ogc/collections").get_json()["collections"]}
    assert described["id"] == name
    assert described["title"] == listed[name]["title"]
    west, south, east, north = described["extent"]["spatial"]["bbox"][0]
    assert west < east
    assert south < north
    assert described["storageCrs"] in described["crs"]
    for link in described["links"]:
        assert client.get(link["href"]).status_code == 200, link


@pytest.mark.parametrize("name", COLLECTIONS)
def test_features_are_geojson_with_links_to_themselves(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/ogc/collections/{name}/items?limit=2")
    assert answer.mimetype == "application/geo+json"
    document = answer.get_json()
    assert document["type"] == "FeatureCollection"
    assert 1 <= document["numberReturned"] == len(document["features"]) <= 2
    assert document["numberMatched"] >= document["numberReturned"]
    assert {"self", "alternate"} <= set(links(document))
    assert ("next" in links(document)) == (document["numberMatched"] > 2)
    feature = document["features"][0]
    one = client.get(f"/ogc/collections/{name}/items/{feature['id']}").get_json()
    assert {"self", "alternate", "collection"} <= set(links(one))
    one.pop("links")
    assert one == feature


@pytest.mark.parametrize("name", COLLECTIONS)
def test_its_properties_are_those_that_filters_may_name(client: FlaskClient, name: str) -> None:
    schema = client.get(f"/ogc/collections/{name}/queryables")
    assert schema.mimetype == "application/schema+json"
    properties = json.loads(schema.data)["properties"]
    feature = client.get(f"/ogc/collections/{name}/items?limit=1").get_json()["features"][0]
    assert set(feature["properties"]) == set(properties) - {"geom"}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_people_read_the_same_as_pages(client: FlaskClient, name: str) -> None:
    key = client.get(f"/ogc/collections/{name}/items?limit=1").get_json()["features"][0]["id"]
    for path in ("", "/queryables", "/items", f"/items/{key}"):
        for language in ("en", "fr"):
            address = f"/ogc/collections/{name}{path}?lang={language}"
            answer = client.get(address, headers={"Accept": "text/html,application/xhtml+xml"})
            assert answer.mimetype == "text/html"
            assert answer.status_code == 200
            assert "<h1>" in answer.text
    assert client.get("/ogc/collections/routes/items?f=html&bbox=1,1,2,2").status_code == 200


def test_a_deployment_along_a_route_lies_where_the_route_does(client: FlaskClient) -> None:
    found = client.get("/ogc/collections/deployments/items").get_json()["features"]
    kinds = {each["properties"]["deployment_id"]: each["geometry"]["type"] for each in found}
    assert kinds == {"D1": "MultiLineString", "D2": "Point"}
    assert {each["properties"]["route_id"] for each in found} == {"R1", None}


def test_the_public_has_the_public_part(served: Flask) -> None:
    public = served.test_client()
    listed = [each["id"] for each in public.get("/ogc/collections").get_json()["collections"]]
    assert listed == ["mine_sites", "provinces", "countries"]
    site = public.get("/ogc/collections/mine_sites/items/S1").get_json()["properties"]
    assert (site["name"], site["minerals"], site["operator_name"]) == ("Bisié", ["cassiterite", "gold"], None)
    hidden = public.get("/ogc/collections/incidents/items")
    unknown = public.get("/ogc/collections/none/items")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.get_json()["detail"] == unknown.get_json()["detail"]
