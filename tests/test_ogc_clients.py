"""The clients that people bring: GDAL's OAPIF driver, which QGIS's own is like, on a real server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pyogrio
import pytest
from browser import serving
from conftest import a_database, environment_for
from ogc_rows import insert_incidents
from owslib.ogcapi.features import Features
from owslib.util import Authentication
from pyogrio.errors import DataSourceError
from sqlalchemy import text
from test_ogc_abstract import CORE
from test_ogc_core import OTHERS
from test_tiles import tile_of

from geoapp.access.tokens import make_token
from geoapp.database.engine import open_engine
from geoapp.settings import Settings

VISIBLE = {
    "analyst": {
        "incidents", "deployments", "mine_sites", "checkpoints", "facilities", "routes", "network_edges", "provinces",
        "countries", "trainings",
    },
    "public": {"mine_sites", "provinces", "countries"},
}  # fmt: skip


Served = tuple[str, list[dict[str, Any]], Settings]
# How GDAL signs in, as each way has it.
SIGNED_IN: dict[str, Callable[[str], dict[str, str]]] = {
    "bearer": lambda token: {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": token},
    "basic": lambda token: {"GDAL_HTTP_AUTH": "BASIC", "GDAL_HTTP_USERPWD": f"analyst:{token}"},
}
NONE = dict.fromkeys(["GDAL_HTTP_COOKIE", "GDAL_HTTP_AUTH", "GDAL_HTTP_BEARER", "GDAL_HTTP_USERPWD"])


@pytest.fixture(scope="module")
def served(cluster: Any, template: str) -> Iterator[Served]:
    """The address of a server, the incidents that an analyst sees there, and the settings."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rows = insert_incidents(engine, 120)
        with engine.begin() as connection:
            connection.execute(text(OTHERS))
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address, rows, settings


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """A token of the analyst's."""
    engine = open_engine(served[2])
    with engine.begin() as connection:
        made = make_token(connection, "analyst")
    engine.dispose()
    return made


@pytest.fixture
def signed_in() -> None:
    """GDAL, as the analyst."""
    pyogrio.set_gdal_config_options({"GDAL_HTTP_COOKIE": "geoapp_session=analyst"})


@pytest.fixture(autouse=True)
def anonymous_afterwards() -> Iterator[None]:
    """No header of one test in the next."""
    yield
    pyogrio.set_gdal_config_options(NONE)


@pytest.mark.usefixtures("signed_in")
def test_gdal_reads_every_layer(served: Served) -> None:
    address = f"OAPIF:{served[0]}/ogc/"
    assert {name for name, _ in pyogrio.list_layers(address)} == VISIBLE["analyst"]
    for name in VISIBLE["analyst"]:
        frame = pyogrio.read_dataframe(address, layer=name, PAGE_SIZE="50")
        assert len(frame) > 0
        assert frame.crs is not None


@pytest.mark.usefixtures("signed_in")
def test_gdal_reads_positions_and_texts_to_the_letter(served: Served) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{served[0]}/ogc/", layer="incidents", PAGE_SIZE="25")
    rows = {row["incident_no"]: row for row in served[1]}
    assert set(frame["incident_no"]) == set(rows)
    assert len(frame) == len(rows)
    for each in frame.replace({float("nan"): None}).itertuples():
        row = rows[each.incident_no]
        assert (each.geometry.x, each.geometry.y) == pytest.approx((row["lon"], row["lat"]), abs=1e-9)
        assert each.place_text == row["place_text"]


@pytest.mark.usefixtures("signed_in")
def test_gdal_asks_the_server_for_a_box(served: Served) -> None:
    box = (28.4, -2.9, 28.6, -2.6)
    frame = pyogrio.read_dataframe(f"OAPIF:{served[0]}/ogc/", layer="incidents", bbox=box)
    expected = [row for row in served[1] if box[0] <= row["lon"] <= box[2] and box[1] <= row["lat"] <= box[3]]
    assert set(frame["incident_no"]) == {row["incident_no"] for row in expected}


def test_without_a_session_gdal_sees_the_public_part(served: Served) -> None:
    address = f"OAPIF:{served[0]}/ogc/"
    assert {name for name, _ in pyogrio.list_layers(address)} == VISIBLE["public"]
    assert set(pyogrio.read_dataframe(address, layer="mine_sites")["operator_name"]) == {None}


@pytest.mark.parametrize("way", SIGNED_IN)
def test_a_token_opens_every_layer(served: Served, token: str, way: str) -> None:
    pyogrio.set_gdal_config_options(SIGNED_IN[way](token))
    address = f"OAPIF:{served[0]}/ogc/"
    assert {name for name, _ in pyogrio.list_layers(address)} == VISIBLE["analyst"]
    for name in VISIBLE["analyst"]:
        assert len(pyogrio.read_dataframe(address, layer=name, PAGE_SIZE="500")) > 0
    assert len(pyogrio.read_dataframe(address, layer="incidents", PAGE_SIZE="50")) == len(served[1])


@pytest.mark.parametrize("way", SIGNED_IN)
def test_a_wrong_token_opens_nothing_of_the_publics_either(served: Served, way: str) -> None:
    pyogrio.set_gdal_config_options(SIGNED_IN[way]("no-such-token"))
    with pytest.raises(DataSourceError):
        pyogrio.list_layers(f"OAPIF:{served[0]}/ogc/")
    with pytest.raises(DataSourceError):
        pyogrio.list_layers(f"MVT:{served[0]}/tiles/provinces/6/37/32.mvt")


# Tiles that hold what the rows of the tests are, of each layer.
TILE = dict.fromkeys(VISIBLE["analyst"], tile_of(28.84, -2.50, 11)) | {"mine_sites": tile_of(28.9, -1.6, 11)}


@pytest.mark.parametrize("way", [*SIGNED_IN, None])
def test_gdal_reads_the_tiles_of_every_layer(served: Served, token: str, way: str | None) -> None:
    pyogrio.set_gdal_config_options(SIGNED_IN[way](token) if way else {})
    for name, (z, x, y) in TILE.items():
        address = f"MVT:{served[0]}/tiles/{name}/{z}/{x}/{y}.mvt"
        if name in VISIBLE["analyst" if way else "public"]:
            assert len(pyogrio.read_dataframe(address, layer=name)) > 0, name
        else:
            # A tile of nothing has no layer.
            with pytest.raises(DataSourceError):
                pyogrio.list_layers(address)


@pytest.mark.parametrize("way", ["bearer", "basic", None])
def test_owslib(served: Served, token: str, way: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    # It puts the headers of each client into one dictionary for all of them.
    monkeypatch.setattr("owslib.ogcapi.REQUEST_HEADERS", {})
    told = {
        "bearer": {"headers": {"Authorization": f"Bearer {token}"}},
        "basic": {"auth": Authentication("analyst", token)},
        None: {},
    }[way]
    client = Features(f"{served[0]}/ogc/", **told)
    who = "analyst" if way else "public"
    assert CORE in client.conformance()["conformsTo"]
    assert client.api()["openapi"].startswith("3.0")
    assert set(client.feature_collections()) == VISIBLE[who]
    for name in VISIBLE[who]:
        assert client.collection(name)["id"] == name
        assert client.collection_queryables(name)["properties"]
        page = client.collection_items(name, limit=2)
        assert 0 < len(page["features"]) <= 2
        key = page["features"][0]["id"]
        assert client.collection_item(name, key)["id"] == key
    if way:
        box = (28.4, -2.9, 28.6, -2.6)
        found = client.collection_items("incidents", bbox=list(box), limit=1000, filter="level = 1")
        expected = {
            row["incident_no"]
            for row in served[1]
            if row["level"] == 1 and box[0] <= row["lon"] <= box[2] and box[1] <= row["lat"] <= box[3]
        }
        assert {each["properties"]["incident_no"] for each in found["features"]} == expected


@pytest.mark.parametrize("path", ["/ogc/collections/incidents/items?limit=10000", "/export/provinces.geojson"])
def test_who_stops_reading_keeps_no_connection(served: Served, token: str, path: str) -> None:
    engine = open_engine(served[2])
    host, port = served[0].removeprefix("http://").split(":")
    busy = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND state <> 'idle'"
    )
    with ExitStack() as stack:
        for _ in range(6):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect((host, int(port)))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
        # All threads of the server could wait for their readers now, and none for the database.
        with engine.connect() as connection:
            assert connection.scalar(busy) == 0
    engine.dispose()
