"""Tiles are kept for as long as they hold: a commit, a right and a filter make another tag, and nothing else does."""

from __future__ import annotations

import gzip

import pytest
from browser import serving
from conftest import environment_for
from flask import Flask
from flask.testing import FlaskClient
from releasing import ClientOf, report
from shared_cache import ask_server
from sqlalchemy import Connection, Engine, text
from test_caching import INCIDENTS, as_

from geoapp.settings import Settings
from geoapp.web import kept, tiles
from geoapp.web.kept import Keeper, Kept
from layers.catalogue import LAYERS

LOW = "/tiles/incidents/5/18/16.mvt"
SITES = "/tiles/mine_sites/5/18/16.mvt"


def tag(client: FlaskClient, address: str) -> str:
    """The tag of a tile."""
    return client.get(address).headers["ETag"]


def test_only_what_it_depends_on_changes_a_tag(engine: Engine, client: FlaskClient) -> None:
    incident = report(engine)
    before = {address: tag(client, address) for address in (LOW, INCIDENTS, SITES)}
    assert len({*before.values()}) == 3
    assert not any(each.startswith("W/") for each in before.values())
    assert {address: tag(client, address) for address in before} == before
    assert tag(client, LOW + "?level=1") != tag(client, LOW + "?level=2") != before[LOW]
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET level = 3 WHERE incident_id = :id"), {"id": incident})
    assert tag(client, LOW) != before[LOW]
    assert tag(client, SITES) == before[SITES]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S', 's', 'SRID=4326;POINT(29 -2)')")
        )
    assert tag(client, SITES) != before[SITES]


def test_tiles_are_compressed_where_that_is_asked_for(
    engine: Engine, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "SMALLEST", 0)
    report(engine)
    plain, small = client.get(LOW), client.get(LOW, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in small.headers["Vary"]
    assert client.get(LOW, headers={"If-None-Match": small.headers["ETag"]}).status_code == 304


LOGGED = text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid::regproc::text IN ('log_table', 'log_rows')")


def test_what_tiles_are_made_from_is_logged(connection: Connection) -> None:
    """A table without a trigger would leave its tiles' tags as they are for ever."""
    logged = set(connection.scalars(LOGGED))
    used = set().union(*(layer.tables for layer in LAYERS.values()))
    assert {tiles.VIEWS.get(table, table) for table in used} | tiles.BASE_TABLES <= logged


def test_people_of_the_same_rights_share_and_others_do_not(engine: Engine, client_of: ClientOf) -> None:
    report(engine)
    people = ("analyst", "gis-cd", "coordinator-sk", "committee-sk", "public")
    tags = {name: tag(client_of(name), LOW) for name in people}
    assert len({*tags.values()}) == len(tags)
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_scope SET role = 'analyst' WHERE user_name = 'analyst-rw'"))
        connection.execute(
            text(
                "INSERT INTO user_scope (user_name, role, unit_code)"
                " SELECT 'analyst-rw', 'analyst', unit FROM unnest(ARRAY['BI', 'CD', 'UG']) AS unit"
            )
        )
    assert tag(client_of("analyst-rw"), LOW) == tag(client_of("analyst"), LOW)


def test_a_commit_is_in_the_next_answer_of_every_worker(settings: Settings, engine: Engine) -> None:
    with serving({**environment_for(settings), "GEOAPP_WORKERS": "2"}) as server:
        for number in range(4):
            report(engine, incident_no=f"W-{number}")
            bodies = {ask_server(server, INCIDENTS, as_("analyst")).body for _ in range(8)}
            assert len(bodies) == 1
            assert f"W-{number}".encode() in bodies.pop()


def test_what_is_kept_is_bounded() -> None:
    keeper = Keeper(most_bytes=5_000)
    for number in range(100):
        keeper.put(str(number), Kept(b"x" * 300, compressed=False))
        keeper.get("0")
    assert keeper.bytes <= 5_000
    assert keeper.get("0")
    assert keeper.get("99")
    assert keeper.get("50") is None


@pytest.mark.parametrize("query", ["?level=9", "?level=1&level=2", "?level=" + "1," * 10_000, "?x=1"])
def test_what_cannot_be_asks_nobody_and_is_kept_nowhere(
    query: str, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "look", lambda: pytest.fail("the database was asked"))
    answer = client.get(LOW + query)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert "ETag" not in answer.headers
    assert client.get("/tiles/incidents/5/32/0.mvt").status_code == 404
    assert app.extensions.get(tiles.KEEPER, Keeper(0)).bytes == 0
