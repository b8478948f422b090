"""QGIS itself, from the distribution, reads the project, the layers and the pack (`script/test --clients`)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from browser import SCREENSHOTS, serving
from cast import cookie
from conftest import a_database, environment_for
from export_rows import insert_rows
from ogc_rows import insert_incidents
from sqlalchemy import Engine

from geoapp.access.tokens import make_token
from geoapp.cli.context import acting_database
from geoapp.database.engine import open_engine
from geoapp.publish.exports.pack import write_pack
from geoapp.publish.features import MOST, Question
from geoapp.settings import Settings
from layers.catalogue import LAYERS

pytestmark = pytest.mark.clients
# The Python that Debian's packages are for, whatever else is first on the PATH.
PYTHON = "/usr/bin/python3"
CLIENT = Path(__file__).with_name("qgis_client.py")
# Around the rows, near enough for single incidents, in EPSG:3857.
AREA = "3190000,-310000,3240000,-270000"
PUBLIC = {"mine_sites", "provinces", "countries"}
RED, LAKE, NAVY = "#9d1c20", "#c9dfec", "#1f3a68"


@pytest.fixture(scope="module")
def made(cluster: Any, template: str) -> Iterator[tuple[Settings, Engine]]:
    """A database with rows in every layer."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_rows(engine)
        insert_incidents(engine, 150)
        yield settings, engine
        engine.dispose()


@pytest.fixture(scope="module")
def address(made: tuple[Settings, Engine]) -> Iterator[str]:
    """A server on it."""
    with serving(environment_for(made[0])) as address:
        yield address


def look(project: Path, picture: str, tmp_path: Path, *who: str) -> dict[str, Any]:
    """What QGIS finds in a project."""
    SCREENSHOTS.mkdir(exist_ok=True)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QGIS_AUTH_DB_DIR_PATH": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [PYTHON, str(CLIENT), str(project), str(SCREENSHOTS / picture), AREA, *who]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["opened"]
    assert found["crs"] == "EPSG:3857"
    assert found["errors"] == []
    assert all(layer["valid"] for layer in found["layers"].values()), found
    return found


def rows(found: dict[str, Any]) -> dict[str, int]:
    """How many rows each layer has there."""
    counted: dict[str, int] = {}
    for key, layer in found["layers"].items():
        if "rows" in layer:
            name = key.removeprefix("geoapp_").rpartition("_")[0]
            counted[name] = counted.get(name, 0) + layer["rows"]
    return counted


def test_a_project_shows_an_analyst_their_layers(made: Any, address: str, tmp_path: Path) -> None:
    with made[1].begin() as connection:
        token = make_token(connection, "analyst")
    project = _project(address, tmp_path, "analyst")
    found = look(project, "qgis-analyst.png", tmp_path, "analyst", token)
    counted = rows(found)
    assert set(counted) == set(LAYERS)
    assert counted["deployments"] == 5
    assert counted["incidents"] == 10 + 150 * 9 // 10
    assert {RED, LAKE, NAVY} <= set(found["colors"])


def test_a_wrong_token_shows_nothing(address: str, tmp_path: Path) -> None:
    project = _project(address, tmp_path, "analyst")
    command = [PYTHON, str(CLIENT), str(project), str(tmp_path / "none.png"), AREA, "analyst", "no-such-token"]
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "QGIS_AUTH_DB_DIR_PATH": str(tmp_path)}
    environment = {"PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "offscreen", **home}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    assert not any(each["valid"] for each in found["layers"].values() if each["provider"] == "OAPIF")
    assert RED not in found["colors"]


def test_a_project_shows_the_public_what_is_public(address: str, tmp_path: Path) -> None:
    found = look(_project(address, tmp_path, None), "qgis-public.png", tmp_path)
    assert set(rows(found)) == PUBLIC
    assert LAKE in found["colors"]
    assert RED not in found["colors"]


def test_a_pack_needs_no_server(made: Any, tmp_path: Path) -> None:
    packed = tmp_path / "pack.zip"
    with acting_database(made[0], "analyst") as acting, acting.begin() as connection:
        write_pack(connection, Question(MOST), packed, language="fr")
    subprocess.run(["unzip", "-q", str(packed), "-d", str(tmp_path)], check=True)
    found = look(tmp_path / "geoapp/geoapp.qgs", "qgis-pack.png", tmp_path)
    counted = rows(found)
    # A layer without rows is left out: no network was built of the routes.
    assert set(counted) == LAYERS.keys() - {"network_edges"}
    assert counted["incidents"] == 10 + 150 * 9 // 10
    assert counted["deployments"] == 5
    assert {RED, LAKE, NAVY} <= set(found["colors"])


def _project(address: str, folder: Path, name: str | None) -> Path:
    """The project that a browser downloads as somebody."""
    headers = {"Cookie": "=".join(cookie(name))} if name else {}
    with urlopen(Request(f"{address}/export/geoapp.qgs?lang=en", headers=headers), timeout=20) as answer:  # noqa: S310
        file = folder / "geoapp.qgs"
        file.write_bytes(answer.read())
    return file
