"""QGIS itself, from the distribution, reads projects and packs, and edits exports (`script/test --clients`)."""

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
from importing import ask, bring, rules
from ogc_rows import insert_incidents
from sqlalchemy import Engine, text
from test_mending import LINE, route, site

from geoapp.access.tokens import make_token
from geoapp.cli.context import acting_database
from geoapp.database.engine import open_engine
from geoapp.publish.exports.export import export
from geoapp.publish.exports.pack import write_pack
from geoapp.publish.features import MOST, Question
from geoapp.settings import Settings
from layers.catalogue import LAYERS

pytestmark = pytest.mark.clients
# The Python that Debian's packages are for, whatever else is first on the PATH.
PYTHON = "/usr/bin/python3"
CLIENT = Path(__file__).with_name("qgis_client.py")
EDITOR = Path(__file__).with_name("qgis_edit.py")
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
    command = [PYTHON, str(CLIENT), str(project), str(SCREENSHOTS / picture), AREA, *who]
    done = subprocess.run(command, env=_environment(home), capture_output=True, text=True, timeout=180, check=False)
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
    environment = _environment(tmp_path)
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


def edit(path: Path, layer: str, edits: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Edit a layer of a GeoPackage as somebody does in QGIS."""
    command = [PYTHON, str(EDITOR), str(path), layer, json.dumps(edits)]
    done = subprocess.run(command, env=_environment(tmp_path), capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["saved"], found
    return found


SITES = "SELECT site_id, name, workers_est, ST_X(geom), ST_Y(geom) FROM mine_site WHERE site_id LIKE 'Q%' ORDER BY 1"


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_edited_in_qgis_comes_back(settings: Settings, engine: Engine, tmp_path: Path, packed: bool) -> None:
    for number in range(4):
        site(engine, f"Q{number}", f"Site {number}", (28.80 + number / 100, -2.50))
    route(engine, "R1", LINE)
    with acting_database(settings, "gis-cd") as acting:
        one_version = acting.execution_options(isolation_level="REPEATABLE READ")
        with one_version.begin() as connection:
            if packed:
                write_pack(connection, Question(MOST), tmp_path / "p.zip", language="en", base_map=b"")
                subprocess.run(["unzip", "-q", str(tmp_path / "p.zip"), "-d", str(tmp_path)], check=True)
                path = tmp_path / "geoapp/geoapp.gpkg"
            else:
                path = tmp_path / "mine_sites.gpkg"
                export(connection, LAYERS["mine_sites"], Question(MOST), path, language="en")
    changes: list[dict[str, Any]] = [
        {"where": "site_id = 'Q0'", "set": {"name": "Édité"}, "place": "POINT (28.801 -2.501)"},
        {"where": "site_id = 'Q1'", "set": {"name": "Mine"}},
    ]
    add = {"like": "site_id = 'Q0'", "set": {"site_id": "Q9", "name": "New"}, "place": "POINT (28.7 -2.3)"}
    done = edit(path, "mine_sites", {"change": changes, "add": [add], "delete": "site_id = 'Q3'"}, tmp_path)
    assert done["rows"] == 4
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET name = 'Theirs' WHERE site_id = 'Q1'"))
        connection.execute(text("UPDATE mine_site SET workers_est = 99 WHERE site_id IN ('Q0', 'Q2')"))
    with acting_database(settings, "gis-cd") as acting:
        report = bring(acting, path, "mine_sites", layer="mine_sites")
        # The conflict waits, what others alone changed stays, and nothing goes by itself.
        assert report["rows"] == {"read": 4, "inserted": 1, "updated": 1, "unchanged": 1, "rejected": 1}
        assert [column for _, column, rule in rules(report) if rule == "changed_meanwhile"] == ["name"]
        bring(acting, path, "mine_sites", layer="mine_sites", conflicts="mine", removing=frozenset({"Q3"}))
    assert [(*row[:3], round(row[3], 6), round(row[4], 6)) for row in ask(engine, SITES)] == [
        ("Q0", "Édité", 99, 28.801, -2.501),
        ("Q1", "Mine", 12, 28.81, -2.5),
        ("Q2", "Site 2", 99, 28.82, -2.5),
        ("Q9", "New", 12, 28.7, -2.3),
    ]
    if packed:
        line = "MULTILINESTRING ((28.8 -2.5, 28.85 -2.44, 28.9 -2.4))"
        edit(path, "routes", {"change": [{"where": "route_id = 'R1'", "place": line}]}, tmp_path)
        assert bring(engine, path, "routes", layer="routes")["rows"]["updated"] == 1
        assert ask(engine, "SELECT ST_NPoints(geom) FROM route") == [(3,)]


def _environment(home: Path) -> dict[str, str]:
    names = ("HOME", "XDG_RUNTIME_DIR", "QGIS_AUTH_DB_DIR_PATH")
    return {"PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "offscreen", **dict.fromkeys(names, str(home))}


def _project(address: str, folder: Path, name: str | None) -> Path:
    """The project that a browser downloads as somebody."""
    headers = {"Cookie": "=".join(cookie(name))} if name else {}
    with urlopen(Request(f"{address}/export/geoapp.qgs?lang=en", headers=headers), timeout=20) as answer:  # noqa: S310
        file = folder / "geoapp.qgs"
        file.write_bytes(answer.read())
    return file
