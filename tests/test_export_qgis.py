"""QGIS projects and packs: whose layers, with which styles and addresses (test_clients_qgis.py opens them)."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cast import signed_in
from conftest import a_database
from export_rows import insert_rows
from flask.testing import FlaskClient
from importing import ask
from sqlalchemy import Engine, text

from geoapp.access.tokens import make_token
from geoapp.database.engine import open_engine
from geoapp.publish.qgis.style import style_of
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from layers.catalogue import LAYERS

PUBLIC = {"mine_sites", "provinces", "countries"}


@pytest.fixture(scope="module")
def made(cluster: Any, template: str) -> Iterator[tuple[Engine, Callable[[str], FlaskClient]]]:
    """A database with rows in every layer, and clients of the cast."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_rows(engine)
        app = create_app(settings)
        yield engine, lambda name: signed_in(app.test_client(), name)
        app.extensions[ENGINE].dispose()
        engine.dispose()


def sources(project: str) -> dict[str, str]:
    """Where a project reads each layer from, by its provider and name."""
    document = ElementTree.fromstring(project.partition("\n")[2])  # noqa: S314 - of geoapp's own.
    found = {}
    for layer in document.iter("maplayer"):
        found[layer.findtext("id", "")] = layer.findtext("datasource", "")
    return found


@pytest.mark.parametrize(("name", "own"), [("public", PUBLIC), ("analyst", set(LAYERS))])
def test_a_project_reads_the_viewers_layers_from_this_server(made: Any, name: str, own: set[str]) -> None:
    answer = made[1](name).get("/export/geoapp.qgs?lang=fr")
    assert answer.headers["Cache-Control"] == "no-store"
    found = sources(answer.text)
    rows = {key: source for key, source in found.items() if "typename=" in source}
    assert {source.split("typename='")[1].split("'")[0] for source in rows.values()} == own
    assert all("url='http://localhost/ogc/'" in source for source in rows.values())
    assert "http://localhost/tiles/base/%7Bz%7D/%7Bx%7D/%7By%7D.mvt" in found["geoapp_base"]
    # Nobody's secret is in a file that is sent around.
    assert all(("authcfg=geoapp1" in source) == (name == "analyst") for source in found.values())


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_style_has_a_symbol_for_each_rule(name: str, language: str) -> None:
    style = ElementTree.fromstring(style_of(LAYERS[name], language).partition("\n")[2])  # noqa: S314 - of geoapp's own.
    rules = list(style.iter("rule"))
    assert len(rules) == len(LAYERS[name].rules)
    symbols = {each.get("name") for each in style.iter("symbol")}
    assert {each.get("symbol") for each in rules} == symbols
    # Of two rules at a zoom a feature meets one.
    for scale in {each.get("scalemaxdenom") for each in rules}:
        filters = [each.get("filter") for each in rules if each.get("scalemaxdenom") == scale]
        assert len(set(filters)) == len(filters)


def test_a_pack_holds_layers_styles_base_map_and_project(made: Any, tmp_path: Path) -> None:
    answer = made[1]("gis-cd").get("/export/geoapp.zip?lang=fr&level=2")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "geoapp"
    assert {each.name for each in folder.iterdir()} == {"about.txt", "base.mbtiles", "geoapp.gpkg", "geoapp.qgs"}
    with closing(sqlite3.connect(folder / "geoapp.gpkg")) as opened:
        styled = {name for (name,) in opened.execute("SELECT f_table_name FROM layer_styles WHERE useAsDefault")}
        # No network was built of the routes.
        assert styled == LAYERS.keys() - {"network_edges"}
        assert opened.execute("SELECT DISTINCT level FROM incidents").fetchall() == [(2,)]
        # Of their units alone, though sites elsewhere are public.
        assert {country for (country,) in opened.execute("SELECT country FROM mine_sites")} == {"CD"}
    with closing(sqlite3.connect(folder / "base.mbtiles")) as opened:
        metadata = dict(opened.execute("SELECT name, value FROM metadata").fetchall())
        assert (metadata["format"], metadata["maxzoom"]) == ("pbf", "8")
        (zooms,) = opened.execute("SELECT count(DISTINCT zoom_level) FROM tiles").fetchone()
        assert zooms == 9
        (tile,) = opened.execute("SELECT tile_data FROM tiles WHERE zoom_level = 0").fetchone()
        assert tile.startswith(b"\x1f\x8b")
    assert all("http" not in source for source in sources((folder / "geoapp.qgs").read_text()).values())
    assert "Incidents\u00a0: Niveau 2; dans CD" in (folder / "about.txt").read_text()
    events = ask(made[0], "SELECT object FROM audit_event WHERE what = 'export' AND user_name = 'gis-cd'")
    assert {f"layer/{name}" for name in styled} <= {each for (each,) in events}


@pytest.mark.parametrize(
    "path", ["/export/mine_sites.csv", "/export/geoapp.qgs", "/ogc/", "/ogc/collections/mine_sites/items"]
)
def test_a_token_that_does_not_hold_is_never_the_public(made: Any, path: str) -> None:
    engine, client_as = made
    with engine.begin() as connection:
        expired = make_token(connection, "analyst", label="expired")
        connection.execute(
            text("UPDATE api_token SET expires_at = now() - interval '1 minute' WHERE label = 'expired'")
        )
    for token in ("no-such-token", expired):
        answer = client_as("public").get(path, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert "Bearer" in answer.headers["WWW-Authenticate"]
