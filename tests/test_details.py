"""A row in words, in the reader's language, for the map's popup."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text


@pytest.fixture
def incident(engine: Engine) -> str:
    """The id of an incident at a site, on a route."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO mine_site (site_id, name, minerals, geom)"
                " VALUES ('S1', 'Bisié', '{cassiterite,gold}', 'SRID=4326;POINT(28.9 -1.6)');"
                "INSERT INTO route (route_id, name, geom) VALUES"
                " ('R1', 'Goma – Sake', 'SRID=4326;MULTILINESTRING((29.22 -1.66, 29.04 -1.57))');"
            )
        )
        found = connection.scalar(
            text(
                "INSERT INTO incident (incident_no, occurred_from, level, category, killed, site_id, route_ref,"
                " summary_en, summary_fr, channel, geom) SELECT 'NK-2016-0001-1', '2016-04-08', 1,"
                " 'roadblock_extortion', 0, 'S1', id, 'In English.', 'En français.', 'whistleblower',"
                " 'SRID=4326;POINT(28.9 -1.6)' FROM route RETURNING incident_id"
            )
        )
    return str(found)


def fields(client: FlaskClient, address: str) -> dict[str, str]:
    """The labelled values of a detail."""
    return {each["label"]: each["value"] for each in client.get(address).get_json()["fields"]}


def test_it_works(client: FlaskClient, incident: str) -> None:
    answer = client.get(f"/api/v1/layers/incidents/{incident}?lang=en")
    document = answer.get_json()
    assert (document["title"], document["subtitle"]) == ("NK-2016-0001-1", "extortion at a roadblock")
    assert document["synthetic"] is False
    said = fields(client, f"/api/v1/layers/incidents/{incident}?lang=en")
    assert said["Level"] == "Level 1 (highest)"
    assert said["Occurred"] == "April 8, 2016"
    assert said["What happened"] == "In English."
    assert (said["Site"], said["Route"]) == ("Bisié", "Goma – Sake")


def test_french_is_french_throughout(client: FlaskClient, incident: str) -> None:
    said = fields(client, f"/api/v1/layers/incidents/{incident}?lang=fr")
    assert said["Niveau"] == "Niveau 1 (le plus élevé)"
    assert said["Survenu le"] == "8 avril 2016"
    assert said["Ce qui s'est passé"] == "En français."


def test_none_known_is_shown_and_not_known_is_left_out(client: FlaskClient, incident: str) -> None:
    said = fields(client, f"/api/v1/layers/incidents/{incident}?lang=en")
    assert said["Killed"] == "0"
    assert "Injured" not in said


def test_numbers_are_written_as_the_reader_writes_them(client: FlaskClient) -> None:
    assert fields(client, "/api/v1/layers/provinces/CD-NK?lang=en")["Area"].split(" ")[0].count(",") == 1
    assert "\u202f" in fields(client, "/api/v1/layers/provinces/CD-NK?lang=fr")["Superficie"]


def test_several_codes_are_all_named(client: FlaskClient, incident: str) -> None:
    assert incident
    assert fields(client, "/api/v1/layers/mine_sites/S1?lang=fr")["Minerais"] == "cassitérite (étain), or"


def test_it_does_not_stay_on_the_computer(client: FlaskClient, incident: str) -> None:
    answer = client.get(f"/api/v1/layers/incidents/{incident}")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", ["no-such-id", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --", "%00"])
def test_an_unknown_key_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.get(f"/api/v1/layers/incidents/{key}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
