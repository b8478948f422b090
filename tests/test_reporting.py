"""A report from a form: filed once, as nobody, followed by its number alone."""

from __future__ import annotations

import re
from html import unescape

from flask.testing import FlaskClient
from releasing import ClientOf
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

REPORT = {
    "unit": "CD-SK",
    "place_text": "Kalimbi, below the market",
    "occurred_from": "2026-03-12",
    "date_precision": "1",
    "category": "roadblock_extortion",
    "actor_kind": "mining_police",
    "words": "Two officers of the mining police asked for ore at a bar across the road.",
    "injured": "1",
}


def key_of(page: TestResponse) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


def send(client: FlaskClient, key: str, lang: str = "en", **changes: str) -> TestResponse:
    return client.post(f"/incidents/report?lang={lang}", data=REPORT | {"key": key} | changes)


def number_in(page: TestResponse) -> str:
    found = re.search(r"data-number>(R-[0-9A-Z-]{14})<", page.text)
    assert found, page.text
    return found[1]


def test_it_works(client_of: ClientOf, engine: Engine) -> None:
    member = client_of("committee-sk")
    page = member.get("/incidents/report?lang=en")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "Name no witness" in page.text
    number = number_in(send(member, key_of(page)))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM incident")).one()
        assert (row.status, row.channel, row.level, row.injured, row.killed) == ("reported", "committee", None, 1, None)
        assert row.units == ["CD", "CD-SK"]
        assert row.due_on is not None
        assert row.summary_en == REPORT["words"]
    assert "reported" in follow(member, number).text
    # Those who handle it find it on their list, and not the member's committee on theirs.
    assert str(row.incident_id) in client_of("coordinator-sk").get("/incidents?lang=en").text
    assert str(row.incident_id) not in member.get("/incidents?lang=en").text


def follow(client: FlaskClient, number: str, lang: str = "en") -> TestResponse:
    return client.post(f"/incidents/report/follow?lang={lang}", data={"number": number})


def test_nothing_keeps_who_sent_it(client_of: ClientOf, engine: Engine) -> None:
    member = client_of("committee-sk")
    send(member, key_of(member.get("/incidents/report")))
    with engine.connect() as connection:
        for table in ("incident", "incident_report", "row_change", "incident_step"):
            rows = connection.scalars(text(f"SELECT row_to_json({table})::text FROM {table}")).all()
            assert "committee-sk" not in "".join(rows), table
        told = text(
            "SELECT user_name, what FROM audit_event WHERE object LIKE 'incident%' OR user_name = 'committee-sk'"
        )
        events = connection.execute(told).all()
    assert [(event.user_name, event.what) for event in events] == [("geoapp_web", "insert")]


def test_the_same_form_sent_twice_is_one_report(client_of: ClientOf, engine: Engine) -> None:
    member = client_of("committee-sk")
    key = key_of(member.get("/incidents/report"))
    first = number_in(send(member, key))
    again = send(member, key)
    assert number_in(again) == first
    assert "It was not filed a second time." in again.text
    changed = send(member, key, words="Something else altogether.")
    assert number_in(changed) == first
    assert "what you changed since was not taken" in changed.text
    assert "Il avait déjà été reçu." in send(member, key, "fr").text
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 1


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"unit": "CD-NK"}, "Choisissez où cela s’est passé."),
    ({"unit": "zz"}, "Choisissez où cela s’est passé."),
    ({"words": "court"}, "Écrivez ce qui s’est passé"),
    ({"occurred_from": "2199-01-01"}, "Ce jour n’est pas encore venu."),
    ({"occurred_from": "hier"}, "Écrivez un jour comme"),
    ({"place_text": ""}, "Écrivez le lieu"),
    ({"killed": "beaucoup"}, "Écrivez un nombre entier"),
    ({"longitude": "28.8"}, "Il faut les deux, ou aucune."),
    ({"longitude": "30.06", "latitude": "-1.94"}, "hors de vos provinces"),
    ({"longitude": "28.84", "latitude": "150"}, "Écrivez des degrés"),
    ({"category": "gossip"}, "Choisissez dans la liste."),
)


def test_what_is_wrong_is_said_and_nothing_is_lost(client_of: ClientOf, engine: Engine) -> None:
    member = client_of("committee-sk")
    key = key_of(member.get("/incidents/report"))
    for changes, said in WRONG:
        page = send(member, key, "fr", **changes)
        assert page.status_code == 422
        assert said in page.text, changes
        assert key_of(page) == key
        if "words" not in changes:
            assert REPORT["words"] in page.text
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 0


def test_a_coordinator_says_how_it_came(client_of: ClientOf, engine: Engine) -> None:
    coordinator = client_of("coordinator-sk")
    key = key_of(coordinator.get("/incidents/report"))
    send(coordinator, key, channel="whistleblower", longitude="28,8437", latitude="-2,5021")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT channel, created_by, location_precision, geom FROM incident")).one()
    assert (row.channel, row.created_by, row.location_precision) == ("whistleblower", "geoapp_web", 2)
    assert row.geom is not None


def test_no_other_number_is_followed(client_of: ClientOf) -> None:
    member = client_of("committee-sk")
    for typed in ("", "R-1", "R-AAAA-BBBB-CCCC", "' OR 1=1 --", "\0"):
        page = follow(member, typed, "fr")
        assert page.status_code == 422
        assert "numéro" in page.text


def test_the_public_signs_in_first(client_of: ClientOf) -> None:
    for path in ("/incidents", "/incidents/report", "/incidents/report/follow", "/committees"):
        answer = client_of("public").get(path)
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]
        assert client_of("admin").get(path).status_code == 403
