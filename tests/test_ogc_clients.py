"""The clients that people bring: GDAL's OAPIF driver, which QGIS's own is like, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyogrio
import pytest
from browser import serving
from conftest import a_database, environment_for
from ogc_rows import insert_incidents
from sqlalchemy import text
from test_ogc_core import OTHERS

from geoapp.database.engine import open_engine

VISIBLE = {
    "analyst": {
        "incidents", "deployments", "mine_sites", "checkpoints", "facilities", "routes", "provinces", "countries",
    },
    "public": {"mine_sites", "provinces", "countries"},
}  # fmt: skip


@pytest.fixture(scope="module")
def served(cluster: Any, template: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server, and the incidents that an analyst sees there."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rows = insert_incidents(engine, 120)
        with engine.begin() as connection:
            connection.execute(text(OTHERS))
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address, rows


@pytest.fixture
def signed_in() -> None:
    """GDAL, as the analyst."""
    pyogrio.set_gdal_config_options({"GDAL_HTTP_COOKIE": "geoapp_session=analyst"})


@pytest.fixture(autouse=True)
def anonymous_afterwards() -> Iterator[None]:
    """No header of one test in the next."""
    yield
    pyogrio.set_gdal_config_options({"GDAL_HTTP_COOKIE": None})


@pytest.mark.usefixtures("signed_in")
def test_gdal_reads_every_layer(served: tuple[str, list[dict[str, Any]]]) -> None:
    address = f"OAPIF:{served[0]}/ogc/"
    assert {name for name, _ in pyogrio.list_layers(address)} == VISIBLE["analyst"]
    for name in VISIBLE["analyst"]:
        frame = pyogrio.read_dataframe(address, layer=name, PAGE_SIZE="50")
        assert len(frame) > 0
        assert frame.crs is not None


@pytest.mark.usefixtures("signed_in")
def test_gdal_reads_positions_and_texts_to_the_letter(served: tuple[str, list[dict[str, Any]]]) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{served[0]}/ogc/", layer="incidents", PAGE_SIZE="25")
    rows = {row["incident_no"]: row for row in served[1]}
    assert set(frame["incident_no"]) == set(rows)
    assert len(frame) == len(rows)
    for each in frame.replace({float("nan"): None}).itertuples():
        row = rows[each.incident_no]
        assert (each.geometry.x, each.geometry.y) == pytest.approx((row["lon"], row["lat"]), abs=1e-9)
        assert each.place_text == row["place_text"]


@pytest.mark.usefixtures("signed_in")
def test_gdal_asks_the_server_for_a_box(served: tuple[str, list[dict[str, Any]]]) -> None:
    box = (28.4, -2.9, 28.6, -2.6)
    frame = pyogrio.read_dataframe(f"OAPIF:{served[0]}/ogc/", layer="incidents", bbox=box)
    expected = [row for row in served[1] if box[0] <= row["lon"] <= box[2] and box[1] <= row["lat"] <= box[3]]
    assert set(frame["incident_no"]) == {row["incident_no"] for row in expected}


def test_without_a_session_gdal_sees_the_public_part(served: tuple[str, list[dict[str, Any]]]) -> None:
    address = f"OAPIF:{served[0]}/ogc/"
    assert {name for name, _ in pyogrio.list_layers(address)} == VISIBLE["public"]
    assert set(pyogrio.read_dataframe(address, layer="mine_sites")["operator_name"]) == {None}
