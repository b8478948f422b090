"""Sites and incidents that are there twice: proposed, side by side, merged, and parted again."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from importing import ask, bring, write_csv
from releasing import ClientOf
from sqlalchemy import Engine, text
from test_mending import batch_in, site, undo
from werkzeug.test import TestResponse

from geoapp.access.acting import acting_engine
from geoapp.settings import Settings

DERIVED = "'{geom_3857,created_at,created_by}'::text[]"
EVERYTHING = " UNION ALL ".join(
    f"SELECT '{table}', to_jsonb(each)->>'{key}', to_jsonb(each) - {DERIVED} FROM {table} AS each"
    for table, key in (
        ("mine_site", "site_id"),
        ("site_alias", "id"),
        ("site_visit", "id"),
        ("alias_refusal", "id"),
        ("action", "id"),
        ("incident", "incident_id"),
    )
)
EVERYTHING = f"{EVERYTHING} ORDER BY 1, 2"


@pytest.fixture
def client(client_of: ClientOf) -> FlaskClient:
    """The GIS officer of DR Congo."""
    return client_of("gis-cd")


def form_of(client: FlaskClient, table: str, one: str, other: str) -> dict[str, Any]:
    """What a browser would send of the page of two rows."""
    page = client.get(f"/import/doubles/{table}?one={one}&other={other}&lang=en")
    assert page.status_code == 200, page.text
    return fields(page)


def fields(page: TestResponse) -> dict[str, Any]:
    """The fields of that page."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", page.text[page.text.index('name="one"') - 80 :]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="radio"' not in tag or " checked" in tag) and name[1] != "csrf_token":
            found[name[1]] = unescape(value[1])
    return found


def send(client: FlaskClient, table: str, form: dict[str, Any], step: str = "merge") -> TestResponse:
    """Decide on two rows."""
    return client.post(f"/import/doubles/{table}?lang=en", data={**form, "step": step})


def two_sites(engine: Engine) -> None:
    """Two sites that are one, with all that can hang on the second; S3 was told apart from it."""
    site(engine, "S1", "Carrière Kongo")
    site(engine, "S2", "Kongo", (28.8405, -2.5005))
    site(engine, "S3", "Kongo 3", (28.9, -2.4))
    with engine.begin() as connection:
        for statement in (
            "UPDATE mine_site SET territory = 'Kalehe', minerals = '{coltan}' WHERE site_id = 'S2'",
            "INSERT INTO source (source_id, name) VALUES ('IPIS', 'IPIS')",
            "INSERT INTO site_visit (site_id, visited_on) VALUES ('S2', '2024-03-01')",
            "INSERT INTO alias_refusal (site_id, other_site_id) VALUES ('S2', 'S3')",
            "INSERT INTO action (site_id, decided_on, action) VALUES ('S2', '2024-03-01', 'look')",
            "INSERT INTO incident (occurred_from, site_id, sealed, handlers) VALUES"
            " ('2024-03-01', 'S2', true, '{coordinator-sk}'), ('2024-03-02', 'S2', false, '{}')",
        ):
            connection.execute(text(statement))


def test_two_sites_are_proposed_merged_and_parted(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    two_sites(engine)
    before = ask(engine, EVERYTHING)
    listed = client.get("/import/doubles?lang=en").text
    assert "one=S1&amp;other=S2" in listed
    form = form_of(client, "mine_sites", "S1", "S2")
    # What one of them alone knows is proposed to be kept.
    assert (form["kept"], form["from-name"], form["from-territory"]) == ("0", "S1", "S2")
    batch = batch_in(send(client, "mine_sites", form | {"from-minerals": "S2"}))
    assert ask(engine, "SELECT site_id, name, name_alt, territory, minerals FROM mine_site ORDER BY 1") == [
        ("S1", "Carrière Kongo", ["Kongo"], "Kalehe", ["coltan"]),
        ("S3", "Kongo 3", [], None, ["gold"]),
    ]
    assert ask(engine, "SELECT site_id, code, name FROM site_alias") == [("S1", "S2", "Kongo")]
    assert ask(engine, "SELECT DISTINCT site_id FROM incident") == [("S1",)]
    assert ask(engine, "SELECT site_id FROM action") == [("S1",)]
    page = client.get(f"/import/batches/{batch}?lang=en").text
    assert "Part the two again" in page
    assert "one=S1" not in client.get("/import/doubles?lang=en").text
    done = undo(settings, batch)
    # The site, and that it was told apart from another.
    assert (done.brought_back, done.stays) == (2, [])
    # The sealed incident, which the officer does not see, went along and is back, too.
    assert ask(engine, EVERYTHING) == before
    assert "one=S1&amp;other=S2" in client.get("/import/doubles?lang=en").text


def test_the_second_may_be_the_one_that_stays(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    two_sites(engine)
    before = ask(engine, EVERYTHING)
    form = form_of(client, "mine_sites", "S1", "S2")
    batch = batch_in(send(client, "mine_sites", form | {"kept": "1"}))
    assert ask(engine, "SELECT site_id, name, territory FROM mine_site ORDER BY 1")[0] == (
        "S2",
        "Carrière Kongo",
        "Kalehe",
    )
    undo(settings, batch)
    assert ask(engine, EVERYTHING) == before


def test_what_happened_to_a_merged_site_since_stays(
    client: FlaskClient, engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    two_sites(engine)
    batch = batch_in(send(client, "mine_sites", form_of(client, "mine_sites", "S1", "S2")))
    bring(engine, write_csv(tmp_path / "v.csv", "site_id,visited_on", "S2,2025-05-05"), "visits")
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET workers_est = 77 WHERE site_id = 'S1'"))
    undo(settings, batch)
    assert ask(engine, "SELECT site_id, workers_est FROM mine_site ORDER BY 1") == [("S1", 77), ("S2", 12), ("S3", 12)]
    assert ask(engine, "SELECT site_id, visited_on::text FROM site_visit ORDER BY 2") == [
        ("S2", "2024-03-01"),
        ("S1", "2025-05-05"),
    ]


def test_two_that_are_kept_apart_are_not_proposed_again(client: FlaskClient, engine: Engine) -> None:
    two_sites(engine)
    form = form_of(client, "mine_sites", "S1", "S2")
    assert send(client, "mine_sites", form, "apart").status_code == 303
    assert "one=S1" not in client.get("/import/doubles?lang=en").text
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(3,)]


def test_a_pair_that_changed_meanwhile_is_shown_again(client: FlaskClient, engine: Engine) -> None:
    two_sites(engine)
    form = form_of(client, "mine_sites", "S1", "S2")
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET name = 'Other' WHERE site_id = 'S2'"))
    refused = send(client, "mine_sites", form)
    assert refused.status_code == 409
    assert "Somebody else changed one of the two meanwhile" in refused.text
    assert send(client, "mine_sites", fields(refused)).status_code == 303
    # Once merged there are no longer two.
    assert send(client, "mine_sites", form).status_code == 404


def test_two_visits_of_one_day_are_in_the_way(client: FlaskClient, engine: Engine) -> None:
    two_sites(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES ('S1', '2024-03-01')"))
    refused = send(client, "mine_sites", form_of(client, "mine_sites", "S1", "S2"))
    assert refused.status_code == 409
    assert "both have a visit of the same day" in refused.text
    assert ask(engine, "SELECT count(*) FROM import_batch") == [(0,)]


def test_sites_of_others_are_nobodys_to_merge(client_of: ClientOf, engine: Engine) -> None:
    two_sites(engine)
    form = form_of(client_of("gis-cd"), "mine_sites", "S1", "S2")
    client = client_of("gis-rw")
    assert client.get("/import/doubles/mine_sites?one=S1&other=S2").status_code == 404
    assert send(client, "mine_sites", form).status_code == 404
    assert client.get("/import/doubles/mine_sites?one=S1&other=S1").status_code == 404
    assert client.get("/import/doubles/routes?one=S1&other=S2").status_code == 404
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(3,)]


# === Incidents ========================================================================================================


def two_incidents(engine: Engine, extra: str = "") -> None:
    """Two incidents of one day, place and text."""
    with engine.begin() as connection:
        for number in ("SK-1", "SK-2"):
            connection.execute(
                text(
                    "INSERT INTO incident (incident_no, occurred_from, category, level, killed, summary_en, geom)"
                    " VALUES (:number, today() - 30, 'violence', 2, :killed, 'A fight at the pit.',"
                    " 'SRID=4326;POINT(28.84 -2.50)')"
                ),
                {"number": number, "killed": 1 if number == "SK-2" else None},
            )
        if extra:
            connection.execute(text(extra))


# An officer of the province beside that of the country.
AND_OF_SK = "INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis-rw', 'gis', 'CD-SK')"
FACTS = (
    "SELECT incident_no, status, outcome, killed, closed_on = today(), repeat_of IS NOT NULL FROM incident ORDER BY 1"
)


def test_two_incidents_are_proposed_merged_and_parted(client: FlaskClient, engine: Engine, settings: Settings) -> None:
    two_incidents(engine)
    before = ask(engine, "SELECT * FROM incident ORDER BY incident_no")
    listed = unescape(client.get("/import/doubles?lang=en").text)
    assert "SK-1" in listed
    assert "SK-2" in listed
    form = form_of(client, "incidents", "SK-1", "SK-2")
    batch = batch_in(send(client, "incidents", form))
    assert ask(engine, FACTS) == [
        ("SK-1", "reported", None, 1, None, False),
        ("SK-2", "closed", "merged", 1, True, True),
    ]
    assert "SK-2</bdi>" not in client.get("/import/doubles?lang=en").text
    # One that is merged is not merged again.
    again = send(client, "incidents", form_of(client, "incidents", "SK-1", "SK-2"))
    assert again.status_code == 409
    assert "merged into another already" in again.text
    assert undo(settings, batch).stays == []
    assert ask(engine, "SELECT * FROM incident ORDER BY incident_no") == before


def test_two_incidents_that_are_kept_apart_are_proposed_to_nobody_again(
    client: FlaskClient, client_of: ClientOf, engine: Engine, settings: Settings
) -> None:
    two_incidents(engine, AND_OF_SK)
    form = form_of(client, "incidents", "SK-1", "SK-2")
    assert send(client, "incidents", form, "apart").status_code == 303
    # Somebody else decides the same a moment later.
    assert send(client, "incidents", form, "apart").status_code == 303
    assert ask(engine, "SELECT created_by, units, synthetic FROM repeat_refusal") == [
        ("gis-cd", ["CD", "CD-SK"], False)
    ]
    for name in ("gis-cd", "gis-rw"):
        assert "SK-2" not in client_of(name).get("/import/doubles?lang=en").text
    page = client.get("/import/doubles/incidents?one=SK-1&other=SK-2&lang=en").text
    assert "Somebody told these two apart" in page
    assert 'value="apart"' not in page
    # What one of them is merged with is told apart from the other as well, until it is parted.
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, category, summary_en, geom) SELECT 'SK-3',"
                " occurred_from, category, summary_en, geom FROM incident WHERE incident_no = 'SK-2'"
            )
        )
    assert pairs(client) == {("SK-1", "SK-3"), ("SK-2", "SK-3")}
    batch = batch_in(send(client, "incidents", form_of(client, "incidents", "SK-3", "SK-2")))
    assert pairs(client) == set()
    undo(settings, batch)
    assert pairs(client) == {("SK-1", "SK-3"), ("SK-2", "SK-3")}
    # It stands in nobody's way, and goes with either.
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM incident WHERE incident_no = 'SK-1'"))
    assert ask(engine, "SELECT count(*) FROM repeat_refusal") == [(0,)]


def pairs(client: FlaskClient) -> set[tuple[str, ...]]:
    """The incidents that are proposed, by number."""
    page = client.get("/import/doubles?lang=en").text
    found = re.findall(r"<bdi>([^<]*)</bdi> <span aria-hidden=\"true\">↔</span> <bdi>([^<]*)</bdi>", page)
    return {tuple(sorted(pair)) for pair in found}


def test_incidents_are_told_apart_by_those_who_may_change_both(
    client_of: ClientOf, engine: Engine, settings: Settings
) -> None:
    two_incidents(engine, "UPDATE incident SET sealed = true, handlers = '{gis-cd}' WHERE incident_no = 'SK-2'")
    one, other = (key for (key,) in ask(engine, "SELECT incident_id::text FROM incident ORDER BY incident_no"))
    for name in ("gis-rw", "analyst"):
        answer = send(client_of(name), "incidents", {"one": one, "other": other}, "apart")
        assert answer.status_code == (404 if name == "gis-rw" else 403)
    handler = client_of("gis-cd")
    assert send(handler, "incidents", {"one": one, "other": one}, "apart").status_code == 404
    assert send(handler, "incidents", {"one": one, "other": "x"}, "apart").status_code == 404
    assert ask(engine, "SELECT count(*) FROM repeat_refusal") == [(0,)]
    assert send(handler, "incidents", {"one": one, "other": other}, "apart").status_code == 303
    # That there is such a pair tells of the sealed one.
    seen = {}
    for name in ("gis-cd", "analyst", "gis-rw"):
        with acting_engine(settings, name) as acting, acting.begin() as connection:
            seen[name] = connection.scalar(text("SELECT count(*) FROM repeat_refusal"))
    assert seen == {"gis-cd": 1, "analyst": 0, "gis-rw": 0}


def test_a_sealed_incident_is_merged_by_its_handlers_alone(client_of: ClientOf, engine: Engine) -> None:
    two_incidents(engine, "UPDATE incident SET sealed = true, handlers = '{coordinator-sk}' WHERE incident_no = 'SK-2'")
    ids = dict(ask(engine, "SELECT incident_no, incident_id::text FROM incident"))
    client = client_of("gis-cd")
    assert "SK-2" not in client.get("/import/doubles?lang=en").text
    path = f"/import/doubles/incidents?one={ids['SK-1']}&other={ids['SK-2']}"
    assert client.get(path).status_code == 404
    assert send(client, "incidents", {"one": ids["SK-1"], "other": ids["SK-2"]}).status_code == 404
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET handlers = '{gis-cd}' WHERE incident_no = 'SK-2'"))
    batch = batch_in(send(client, "incidents", form_of(client, "incidents", ids["SK-1"], ids["SK-2"])))
    assert ask(engine, "SELECT private FROM import_batch") == [(True,)]
    assert client.get(f"/import/batches/{batch}").status_code == 200
