"""Every layer of the list has its tile, its part of the legend and its collection, by being in the list alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cast import cookie
from conftest import a_database
from export_rows import insert_rows
from flask import Flask
from flask.testing import FlaskClient
from jinja2.utils import htmlsafe_json_dumps
from ogc_rows import insert_incidents, read_all
from shapely.geometry import shape
from test_tiles import read, tile_of

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk.network import build_network
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from layers.catalogue import LAYERS

ZOOM = 14

pytestmark = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(scope="module")
def served(cluster: Cluster, template: str) -> Iterator[Flask]:
    """An application on rows of every table that has a layer; nothing here writes to them."""
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


def test_its_tiles_hold_the_rows_of_its_collection(name: str, client: FlaskClient, tmp_path: Path) -> None:
    feature = next(each for each in read_all(client, "limit=1000", name) if each["geometry"])
    place = shape(feature["geometry"]).representative_point()
    tile = tile_of(place.x, place.y, ZOOM)
    answer = client.get("/tiles/{}/{}/{}/{}.mvt".format(name, *tile))
    assert answer.status_code == 200
    key = LAYERS[name].key.key
    rows = read(answer.data, tmp_path, *tile)[name]
    assert feature["id"] in {str(row[key]) for row in rows}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_legend_names_it_and_each_of_its_symbols(name: str, language: str, client: FlaskClient) -> None:
    page = client.get(f"/?lang={language}").text
    titles = [LAYERS[name].title, *(rule.title for rule in LAYERS[name].rules if rule.title)]
    assert not [
        title for title in titles if htmlsafe_json_dumps(title.in_language(language), ensure_ascii=False) not in page
    ]


def test_its_collection_has_its_title_and_address(name: str, client: FlaskClient) -> None:
    listed = {each["id"]: each for each in client.get("/ogc/collections?f=json&lang=fr").get_json()["collections"]}
    assert listed[name]["title"] == LAYERS[name].title.fr
    assert client.get(f"/ogc/collections/{name}?f=json").status_code == 200
    assert client.get(f"/tiles/{name}.json").get_json()["vector_layers"][0]["id"] == name


def test_it_is_not_for_strangers_unless_it_is_for_everybody(name: str, served: Flask) -> None:
    """The database decides about rows; this is what a page may name."""
    page = served.test_client().get("/ogc/collections?f=json").get_json()["collections"]
    assert (name in {each["id"] for each in page}) == (not LAYERS[name].roles)
