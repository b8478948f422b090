"""Adding and mending by hand: the checks of an import, its history, its rights, and its undo."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from importing import ask
from releasing import ClientOf
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from geoapp.access.acting import acting_engine
from geoapp.desk.undo import Undone, undo_batch
from geoapp.settings import Settings

# In South Kivu, by the lake, and in Rwanda across it.
HERE, THERE = (28.84, -2.50), (29.75, -2.0)
LINE = "28.80 -2.50\n28.84 -2.52\n28.88 -2.54\n28.92 -2.56"


@pytest.fixture
def client(client_of: ClientOf) -> FlaskClient:
    """The GIS officer of DR Congo."""
    return client_of("gis-cd")


def site(engine: Engine, key: str = "S1", name: str = "Kongo", place: tuple[float, float] = HERE) -> None:
    """A mine site that is there already."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO mine_site (site_id, name, minerals, workers_est, geom)"
                " VALUES (:key, :name, '{gold}', 12, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))"
            ),
            {"key": key, "name": name, "lon": place[0], "lat": place[1]},
        )


def route(engine: Engine, key: str, line: str, mode: str = "truck") -> str:
    """A route that is there already; its id."""
    wkt = ", ".join(line.splitlines())
    with engine.begin() as connection:
        made = connection.scalar(
            text(
                "INSERT INTO route (route_id, name, mode, geom)"
                " VALUES (:key, :key, :mode, ST_GeomFromText(:wkt, 4326)) RETURNING id::text"
            ),
            {"key": key, "mode": mode, "wkt": f"MULTILINESTRING(({wkt}))"},
        )
    return str(made)


def form_of(client: FlaskClient, path: str) -> dict[str, Any]:
    """What a browser would send of a form as it stands."""
    page = client.get(f"{path}?lang=en")
    assert page.status_code == 200, page.text
    return fields(page)


def fields(page: TestResponse) -> dict[str, Any]:
    """The fields of the form on a page."""
    body = page.text[page.text.index('class="mend"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", body):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or (name[1] == "csrf_token") or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, inside in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inside) or re.search(r'<option value="([^"]*)"', inside)
        found[name] = unescape(chosen[1]) if chosen else ""
    for name, inside in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', body, re.DOTALL):
        found[name] = unescape(inside)
    return found


def send(client: FlaskClient, path: str, form: dict[str, Any], step: str = "save") -> TestResponse:
    """Send a form by one of its buttons."""
    return client.post(f"{path}?lang=en", data={**form, "step": step})


def batch_in(answer: TestResponse) -> str:
    """The batch that an answer leads to."""
    assert answer.status_code == 303, answer.text
    found = re.search(r"[0-9a-f-]{36}", answer.location.partition("saved=")[2] or answer.location)
    assert found is not None, answer.location
    return found[0]


def undo(settings: Settings, batch: str, name: str = "gis-cd") -> Undone:
    """Undo a batch with somebody's rights."""
    with acting_engine(settings, name) as engine, engine.begin() as connection:
        return undo_batch(connection, UUID(batch))


SITES = "SELECT site_id, name, workers_est, minerals, round(ST_X(geom)::numeric, 6)::text FROM mine_site ORDER BY 1"


def test_a_site_is_mended_told_and_undone(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    site(engine)
    before = ask(engine, "SELECT * FROM mine_site")
    form = form_of(client, "/import/rows/mine_sites/S1")
    form |= {"c-name": "Kongo 2", "c-workers_est": "1 250", "c-minerals": ["gold", "coltan"], "longitude": "28°51'E"}
    answer = send(client, "/import/rows/mine_sites/S1", form)
    batch = batch_in(answer)
    assert ask(engine, SITES) == [("S1", "Kongo 2", 1250, ["coltan", "gold"], "28.850000")] or ask(engine, SITES) == [
        ("S1", "Kongo 2", 1250, ["gold", "coltan"], "28.850000")
    ]
    assert "Saved." in client.get(answer.location).text
    told = client.get("/import/history?table=mine_sites&key=S1&lang=en").text
    assert "gis-cd" in told
    assert "Kongo 2" in told
    assert "by hand</a>" in told
    assert ask(engine, "SELECT kind, rows_updated, columns, private FROM import_batch") == [
        ("edit", 1, ["geom", "minerals", "name", "site_id", "workers_est"], False)
    ]
    assert undo(settings, batch).stays == []
    assert ask(engine, "SELECT * FROM mine_site") == before


def test_a_row_is_added_with_the_checks_of_an_import(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    path = "/import/rows/checkpoints/new"
    form = form_of(client, path)
    assert form_of(client, path) == form
    wrong = send(client, path, form | {"c-first_seen": "2999-01-01", "longitude": "28.84", "latitude": "abc"})
    assert wrong.status_code == 422
    assert "Its coordinates cannot be read: abc" in unescape(wrong.text)
    assert 'value="2999-01-01"' in wrong.text
    wrong = send(client, path, form | {"c-first_seen": "2999-01-01", "longitude": "28.84", "latitude": "-2.5"})
    assert "2999-01-01 is after today" in wrong.text
    wrong = send(client, path, form)
    assert "Has no position; give it one" in wrong.text
    assert ask(engine, "SELECT count(*) FROM import_batch") == [(0,)]
    sent = form | {"c-name": "Barrière", "c-levy": "cash", "longitude": "28.84", "latitude": "-2.5"}
    answer = send(client, path, sent)
    batch = batch_in(answer)
    assert ask(engine, "SELECT name, levy, country, created_by, synthetic FROM checkpoint") == [
        ("Barrière", "cash", "CD", "gis-cd", False)
    ]
    assert undo(settings, batch).removed == 1
    assert ask(engine, "SELECT count(*) FROM checkpoint") == [(0,)]


def test_a_key_that_is_taken_is_refused_and_nothing_typed_is_lost(client: FlaskClient, engine: Engine) -> None:
    site(engine)
    form = form_of(client, "/import/rows/mine_sites/new")
    form |= {"c-site_id": "S1", "c-name": "Another", "longitude": "28.85", "latitude": "-2.51"}
    answer = send(client, "/import/rows/mine_sites/new", form)
    assert answer.status_code == 409, re.findall("field-fault[^>]*>([^<]*)", answer.text)
    assert "There is a row with the key S1 already." in answer.text
    typed = {name: value if isinstance(value, str) else value[0] for name, value in fields(answer).items()}
    assert typed == {name: value if isinstance(value, str) else value[0] for name, value in form.items()}
    assert ask(engine, SITES) == [("S1", "Kongo", 12, ["gold"], "28.840000")]


def test_a_stale_form_is_refused_with_what_changed(
    client: FlaskClient, client_of: ClientOf, engine: Engine, settings: Settings
) -> None:
    site(engine)
    path = "/import/rows/mine_sites/S1"
    mine = form_of(client, path) | {"c-name": "Mine", "c-territory": "Kalehe"}
    theirs = form_of(client, path) | {"c-name": "Theirs", "c-workers_est": "99"}
    assert send(client, path, theirs).status_code == 303
    refused = send(client, path, mine)
    assert refused.status_code == 409
    assert "Somebody else changed this row" in refused.text
    listed = r'<tr><th scope="row">([^<]*)</th><td class="was">([^<]*)</td><td class="becomes">([^<]*)</td><td>([^<]*)<'
    assert re.findall(listed, refused.text) == [
        ("Name", "Kongo", "Theirs", "Mine"),
        ("Workers, estimated", "12", "99", "12"),
    ]
    again = fields(refused)
    # What was typed stays, and what was not is as it is now.
    assert (again["c-name"], again["c-territory"], again["c-workers_est"]) == (["Mine"], ["Kalehe"], ["99"])
    assert send(client, path, again).status_code == 303
    assert ask(engine, "SELECT name, territory, workers_est FROM mine_site") == [("Mine", "Kalehe", 99)]


def test_a_row_that_was_removed_meanwhile_can_be_saved_as_a_new_one(client: FlaskClient, engine: Engine) -> None:
    site(engine)
    path = "/import/rows/mine_sites/S1"
    form = form_of(client, path) | {"c-name": "Mine"}
    assert batch_in(send(client, path, form_of(client, path), "remove"))
    refused = send(client, path, form)
    assert refused.status_code == 409
    assert "Somebody else removed this row" in refused.text
    assert 'action="/import/rows/mine_sites/new' in refused.text
    assert send(client, "/import/rows/mine_sites/new", fields(refused)).status_code == 303
    assert ask(engine, "SELECT site_id, name FROM mine_site") == [("S1", "Mine")]


def test_a_gis_officer_of_rwanda_cannot_write_to_the_drc(client_of: ClientOf, engine: Engine) -> None:
    site(engine)
    client = client_of("gis-rw")
    path = "/import/rows/mine_sites/S1"
    assert client.get(path).status_code == 404
    form = form_of(client_of("gis-cd"), path)
    assert send(client, path, form | {"c-name": "Mine"}).status_code == 404
    for step in ("remove", "save"):
        assert send(client, path, form, step).status_code == 404
    # Nor can they add there, or move a row of theirs there.
    new = form_of(client, "/import/rows/mine_sites/new") | {"c-name": "New", "c-site_id": "S2"}
    refused = send(client, "/import/rows/mine_sites/new", new | {"longitude": "28.84", "latitude": "-2.5"})
    assert refused.status_code == 422
    assert "you may import into RW alone" in refused.text
    assert (
        send(
            client, "/import/rows/mine_sites/new", new | {"longitude": str(THERE[0]), "latitude": str(THERE[1])}
        ).status_code
        == 303
    )
    own = form_of(client, "/import/rows/mine_sites/S2")
    refused = send(client, "/import/rows/mine_sites/S2", own | {"longitude": "28.84", "latitude": "-2.5"})
    assert "you may import into RW alone" in refused.text
    assert ask(engine, "SELECT site_id, country FROM mine_site ORDER BY 1") == [("S1", "CD"), ("S2", "RW")]


@pytest.mark.parametrize("name", ["public", "committee-sk", "coordinator-sk", "analyst", "admin"])
def test_it_is_for_gis_officers(client_of: ClientOf, engine: Engine, name: str) -> None:
    site(engine)
    client = client_of(name)
    # Trainings and movements are a coordinator's, too, on a map with the routes they see.
    for path in ("", "/network?bbox=28,-3,29,-2"):
        assert client.get(f"/import/rows{path}").status_code == (200 if name == "coordinator-sk" else 403)
    for path in ("/mine_sites/new", "/mine_sites/S1"):
        assert client.get(f"/import/rows{path}").status_code == 403
    assert client.post("/import/rows/mine_sites/S1", data={"step": "remove"}).status_code == 403
    assert client.get("/import/doubles").status_code == 403


# === Routes ===========================================================================================================


def shape_of(engine: Engine, key: str) -> list[str]:
    """A route's parts as text."""
    asked = "SELECT ST_AsText((ST_Dump(geom)).geom) FROM route WHERE route_id = :key"
    return [row[0] for row in ask(engine, asked, key=key)]


def test_a_line_is_redrawn(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    path = f"/import/rows/routes/{route(engine, 'R1', LINE)}"
    form = form_of(client, path)
    assert form["line"].split() == [str(float(each)) for each in LINE.split()]
    for typed, said in (
        ("28.8 -2.5\nx y", "Line 2 of the coordinates cannot be read"),
        ("28.8 -2.5", "is a Point, but a MultiLineString is needed"),
        ("28.8 -2.5\n28.8 -2.5", "one place alone"),
        ("", "Has no position"),
    ):
        refused = send(client, path, form | {"line": typed})
        assert refused.status_code == 422, typed
        assert said.casefold() in unescape(refused.text).casefold(), typed
        assert fields(refused)["line"] == typed
    batch = batch_in(send(client, path, form | {"line": "28.8 -2.5\n28.9, -2.6\n\n28.91\t-2.61\n28.95 -2.65"}))
    assert shape_of(engine, "R1") == ["LINESTRING(28.8 -2.5,28.9 -2.6)", "LINESTRING(28.91 -2.61,28.95 -2.65)"]
    undo(settings, batch)
    assert shape_of(engine, "R1") == ["LINESTRING(28.8 -2.5,28.84 -2.52,28.88 -2.54,28.92 -2.56)"]


def test_a_route_is_split_and_both_are_one_again(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    path = f"/import/rows/routes/{route(engine, 'R1', LINE)}"
    before = ask(engine, "SELECT * FROM route")
    form = form_of(client, path)
    for corner in ("", "1", "4", "99", "x"):
        assert send(client, path, form | {"corner": corner}, "split").status_code == 422
    batch = batch_in(send(client, path, form | {"corner": "2"}, "split"))
    assert ask(engine, "SELECT name, mode, ST_NPoints(geom) FROM route ORDER BY 3") == [
        ("R1", "truck", 2),
        ("R1, second part", "truck", 3),
    ]
    undo(settings, batch)
    assert ask(engine, "SELECT * FROM route") == before


def test_routes_are_joined_with_all_that_refers_to_them(
    client: FlaskClient, engine: Engine, settings: Settings
) -> None:
    one, other = route(engine, "R1", "28.80 -2.50\n28.84 -2.52"), route(engine, "R2", "28.88 -2.54\n28.8401 -2.5201")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (occurred_from, route_ref, sealed, handlers, geom) VALUES"
                " ('2024-03-01', CAST(:other AS uuid), true, '{coordinator-sk}', 'SRID=4326;POINT(28.85 -2.53)')"
            ),
            {"other": other},
        )
        connection.execute(
            text(
                "INSERT INTO deployment (force, route_ref, valid_from)"
                " VALUES ('army', CAST(:other AS uuid), '2024-01-01')"
            ),
            {"other": other},
        )
    path = f"/import/rows/routes/{one}"
    form = form_of(client, path)
    for named in ("", "R1", "none"):
        assert send(client, path, form | {"other": named}, "join").status_code == 422
    batch = batch_in(send(client, path, form | {"other": "R2"}, "join"))
    assert shape_of(engine, "R1") == ["LINESTRING(28.8 -2.5,28.84 -2.52,28.88 -2.54)"]
    refers = "SELECT route_ref::text FROM incident UNION ALL SELECT route_ref::text FROM deployment"
    assert ask(engine, refers) == [(one,), (one,)]
    assert ask(engine, "SELECT count(*) FROM route") == [(1,)]
    done = undo(settings, batch)
    assert (done.brought_back, done.stays) == (1, [])
    assert ask(engine, refers) == [(other,), (other,)]
    assert ask(engine, "SELECT route_id, ST_NPoints(geom) FROM route ORDER BY 1") == [("R1", 2), ("R2", 2)]


def test_ends_are_snapped_to_the_network(client: FlaskClient, engine: Engine) -> None:
    route(engine, "R1", LINE)
    route(engine, "AIR", "28.7999 -2.5\n29.0 -2.9", mode="air")
    path = "/import/rows/routes/new"
    form = form_of(client, path) | {"line": "28.7997 -2.5003\n28.7 -2.4\n28.8605 -2.5308", "c-name": "New"}
    near = send(client, path, form | {"reach": "25"}, "snap")
    assert "Nothing of the network is within 25 m" in near.text
    snapped = send(client, path, form | {"reach": "100"}, "snap")
    corners = fields(snapped)["line"].splitlines()
    assert corners[0] == "28.8 -2.5"
    assert corners[1] == "28.7 -2.4"
    lon, lat = (float(each) for each in corners[2].split())
    assert abs((lon - 28.84) / 2 + (lat + 2.52)) < 1e-6
    assert ask(engine, "SELECT count(*) FROM route") == [(2,)]
    answer = client.get("/import/rows/network?bbox=28.7,-2.6,29,-2.4")
    assert answer.json == {"lines": [[[28.8, -2.5], [28.84, -2.52], [28.88, -2.54], [28.92, -2.56]]]}
    for box in ("", "1,2,3", "x,y,z,a", "29,-2,28,-3"):
        assert client.get(f"/import/rows/network?bbox={box}").status_code == 400


def test_what_others_need_is_not_removed(client: FlaskClient, engine: Engine) -> None:
    site(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES ('S1', '2024-03-01')"))
    path = "/import/rows/mine_sites/S1"
    refused = send(client, path, form_of(client, path), "remove")
    assert refused.status_code == 409
    assert "Other rows refer to this one" in refused.text


def test_a_removed_row_comes_back(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    site(engine)
    before = ask(engine, "SELECT site_id, name, units, created_by, workers_est FROM mine_site")
    path = "/import/rows/mine_sites/S1"
    batch = batch_in(send(client, path, form_of(client, path), "remove"))
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]
    assert undo(settings, batch).brought_back == 1
    after = ask(engine, "SELECT site_id, name, units, created_by, workers_est FROM mine_site")
    assert [row[:3] for row in after] == [row[:3] for row in before]


def test_an_import_that_is_being_written_is_waited_for_a_while_only(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoapp.desk.editing.PATIENCE", 0.2)
    site(engine)
    path = "/import/rows/mine_sites/S1"
    form = form_of(client, path) | {"c-name": "Mine"}
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(6318005, hashtext('mine_sites'))"))
        refused = send(client, path, form)
    assert refused.status_code == 409
    assert "An import into this table is being written" in refused.text
    assert fields(refused)["c-name"] == ["Mine"]


def test_a_deployment_takes_its_place_from_what_it_guards(client: FlaskClient, engine: Engine) -> None:
    site(engine)
    path = "/import/rows/deployments/new"
    form = form_of(client, path) | {"c-force": "mining_police", "c-valid_from": "2024-01-01"}
    refused = send(client, path, form)
    assert refused.status_code == 422
    assert "Names no place" in refused.text
    refused = send(client, path, form | {"c-site_id": "S9"})
    assert "Nothing has the key 'S9'" in unescape(refused.text)
    refused = send(client, path, form | {"c-site_id": "S1", "c-strength": "3", "c-vps_trained": "9"})
    assert refused.status_code == 422
    answer = send(client, path, form | {"c-site_id": "S1", "c-strength": "9", "c-vps_trained": "3"})
    assert answer.status_code == 303
    assert ask(engine, "SELECT site_id, strength, country FROM deployment") == [("S1", 9, "CD")]
    own = form_of(client, answer.location.partition("?")[0])
    moved = send(client, answer.location.partition("?")[0], own | {"line": "28.85 -2.51\n28.86 -2.52"})
    assert moved.status_code == 303
    assert ask(engine, "SELECT GeometryType(geom) FROM deployment") == [("LINESTRING",)]
