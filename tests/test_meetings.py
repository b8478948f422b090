"""Meetings: an agenda that every seat may read, decisions within the committee's unit, minutes that stay as closed."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from releasing import FORM, ClientOf, release, report
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

ROWS = text(
    "INSERT INTO committee (committee_id, kind, name, unit_code, meeting_period_days)"
    " VALUES ('C-SK', 'CPS', 'CPS Sud-Kivu', 'CD-SK', 90), ('C-NK', 'CPS', 'CPS Nord-Kivu', 'CD-NK', 90);"
    'INSERT INTO committee_seat (committee_id, "group", organisation, function) VALUES'
    " ('C-SK', 'public_security', 'Police des mines', 'membre'),"
    " ('C-SK', 'civil_society', 'Organisations locales', NULL);"
    "INSERT INTO meeting (meeting_id, committee_id, held_on) VALUES ('M-SK', 'C-SK', '2026-04-10'),"
    " ('M-NK', 'C-NK', '2026-04-10');"
    "INSERT INTO mine_site (site_id, name, geom) VALUES ('S-SK', 'Kalimbi', 'SRID=4326;POINT(28.84 -2.50)'),"
    " ('S-NK', 'Rubaya', 'SRID=4326;POINT(29.00 -1.55)');"
    "INSERT INTO facility (facility_id, kind, name, geom)"
    " VALUES ('MAG', 'explosives_magazine', 'Magasin', 'SRID=4326;POINT(28.85 -2.52)');"
    "INSERT INTO deployment (deployment_id, provider_class, force, function, geom, valid_from)"
    " VALUES ('D-1', 'public', 'mining_police', 'site_guard', 'SRID=4326;POINT(28.85 -2.51)', '2020-01-01');"
)


@pytest.fixture
def incident(engine: Engine) -> str:
    """A released incident of South Kivu, beside the rows of two committees."""
    with engine.begin() as connection:
        connection.execute(ROWS)
    return report(engine, status="open", opened_on="2026-03-13", due_on="2026-03-14")


def decide(client: FlaskClient, lang: str = "fr", meeting: str = "M-SK", **given: str) -> TestResponse:
    form = {"action": "Vérifier sur place", "responsible": "Division des mines", "due_on": "2026-05-01", **given}
    return client.post(f"/meetings/{meeting}/decisions?lang={lang}", data=form)


def form_of(page: TestResponse) -> dict[str, str]:
    """What the form of the minutes holds, with what it held when it was opened."""
    held = dict(re.findall(r'name="was-([a-z0-9-]+)" value="([^"]*)"', page.text))
    return {name: unescape(value) for name, value in held.items()} | {
        f"was-{name}": unescape(value) for name, value in held.items()
    }


def one(engine: Engine, asked: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(asked)).one()


def test_it_works(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator, member = client_of("coordinator-sk"), client_of("committee-sk")
    hidden = report(engine, incident_no="HIDDEN", status="open", opened_on="2026-03-13")
    release(coordinator, incident)
    page = coordinator.get("/committees/C-SK?lang=fr").text
    for group in ("gouvernement provincial", "entreprises minières", "sécurité privée"):
        assert re.search(rf"Groupes sans siège.*{group}", page), group
    assert "Proposée pour le" in page
    assert coordinator.post("/meetings/M-SK/agenda?lang=fr", data={"any": "x"}).status_code == 303
    assert coordinator.post("/meetings/M-SK/agenda", data={"topic": "Formation des gardiens"}).status_code == 303
    for person in (coordinator, member):
        agenda = person.get("/meetings/M-SK?lang=fr").text
        assert FORM["summary_fr"] in agenda
        assert "Formation des gardiens" in agenda
        assert hidden not in agenda
        assert "HIDDEN" not in agenda
    assert decide(coordinator, about=f"incident:{incident}").status_code == 303
    assert decide(coordinator, about="site", key="kalimbi", action="Marquer les puits").status_code == 303
    assert decide(coordinator, about="deployment", key="D-1", action="Rappeler les agents").status_code == 303
    assert decide(coordinator, about="facility", key="MAG", action="Compter les caisses").status_code == 303
    told = member.get("/meetings/M-SK?lang=fr").text
    assert "Vérifier sur place" in told
    assert "Marquer les puits" in told
    assert "Rappeler les agents" not in told
    assert "Compter les caisses" not in told
    form = form_of(coordinator.get("/meetings/M-SK?lang=fr"))
    police = one(engine, "SELECT id FROM committee_seat WHERE organisation = 'Police des mines'").id
    early = coordinator.post("/meetings/M-SK/close?lang=fr", data={"any": "x"})
    assert early.status_code == 422
    assert "Indiquez d’abord combien sont venus" in early.text
    saved = coordinator.post(
        "/meetings/M-SK?lang=fr", data=form | {f"people-{police}": "2", "minutes": "Le président ouvre la séance."}
    )
    assert saved.status_code == 303
    assert coordinator.post("/meetings/M-SK/close?lang=fr", data={"any": "x"}).status_code == 303
    row = one(engine, "SELECT closed_by, attendees_by_group FROM meeting WHERE meeting_id = 'M-SK'")
    assert tuple(row) == ("coordinator-sk", {"public_security": 2})
    # What is of level 1 is due when the committee meets next.
    assert one(engine, "SELECT due_on FROM incident WHERE incident_no <> 'HIDDEN'").due_on >= dt.date(2026, 7, 9)
    page = member.get("/meetings/M-SK?lang=fr").text
    assert "Le président ouvre la séance." in page
    assert "Le procès-verbal a été clos" in page
    assert "<textarea" not in page
    proposed = coordinator.get("/meetings/M-SK?lang=fr").text
    assert "Proposée pour le 9\u00a0juillet 2026" in proposed.replace("9 juillet", "9\u00a0juillet")
    planned = coordinator.post("/committees/C-SK/meetings?lang=fr", data={"held_on": "2027-07-09", "place": "Bukavu"})
    assert planned.status_code == 303
    agenda = member.get(planned.headers["Location"]).text
    assert "Marquer les puits" in agenda, "what is not done comes back"
    assert "Rappeler les agents" not in agenda
    again = coordinator.post("/committees/C-SK/meetings?lang=fr", data={"held_on": "2027-07-09"})
    assert again.status_code == 422
    assert "Ce comité a déjà une réunion ce jour-là." in again.text


def test_a_decision_is_within_the_committees_unit(client_of: ClientOf, engine: Engine, incident: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO user_scope (user_name, role, unit_code) VALUES ('coordinator-sk', 'coordinator', 'CD-NK')"
            )
        )
    coordinator = client_of("coordinator-sk")
    unreleased = decide(coordinator, about=f"incident:{incident}")
    assert "Cet incident n’est pas communiqué" in unreleased.text
    release(coordinator, incident)
    for given, said in (
        ({"about": "site", "key": "S-NK"}, "hors de l’unité de ce comité"),
        ({"about": "site", "key": "S-NONE"}, "Aucune ligne de ce nom"),
        ({"about": "site"}, "Écrivez sa clé ou son nom."),
        ({"about": ""}, "Choisissez l’objet de la décision."),
        ({"about": "incident:x"}, "Choisissez un incident de l’ordre du jour."),
        ({"about": "site", "key": "S-SK", "due_on": "2026-04-01"}, "Ce jour précède la réunion"),
        ({"about": "site", "key": "S-SK", "responsible": ""}, "Écrivez quelle organisation"),
        ({"about": "site", "key": "S-SK", "action": ""}, "Écrivez ce qui doit être fait."),
    ):
        page = decide(coordinator, **given)
        assert page.status_code == 422
        assert said in page.text, given
    other = decide(coordinator, meeting="M-NK", about=f"incident:{incident}")
    assert "hors de l’unité de ce comité" in other.text
    with engine.begin() as connection:
        connection.execute(text("UPDATE meeting SET held_on = '2026-03-01' WHERE meeting_id = 'M-SK'"))
    assert "avant que l’incident ne se produise" in decide(coordinator, about=f"incident:{incident}").text
    assert one(engine, "SELECT count(*) AS number FROM action").number == 0
    for name in ("committee-sk", "analyst"):
        assert decide(client_of(name), about="site", key="S-SK").status_code == 403
        assert client_of(name).post("/meetings/M-SK/close", data={"any": "x"}).status_code == 403
    assert decide(client_of("analyst-rw"), about="site", key="S-SK").status_code == 404


def test_closed_minutes_stay(client_of: ClientOf, engine: Engine, settings: Settings, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    release(coordinator, incident)
    coordinator.post("/meetings/M-SK/agenda", data={"any": "x"})
    decide(coordinator, about=f"incident:{incident}")
    form = form_of(coordinator.get("/meetings/M-SK"))
    police = one(engine, "SELECT id FROM committee_seat WHERE organisation = 'Police des mines'").id
    coordinator.post("/meetings/M-SK", data=form | {f"people-{police}": "1", "minutes": "As it was."})
    late = form_of(coordinator.get("/meetings/M-SK"))
    coordinator.post("/meetings/M-SK/close", data={"any": "x"})
    # Somebody who had the form open is told, and shown what they typed.
    page = coordinator.post("/meetings/M-SK?lang=fr", data=late | {"minutes": "Mes mots de la fin."})
    assert page.status_code == 409
    assert "Ce procès-verbal a été clos" in page.text
    assert "Mes mots de la fin." in page.text
    for answer in (
        decide(coordinator, about=f"incident:{incident}"),
        coordinator.post("/meetings/M-SK/agenda?lang=fr", data={"topic": "Encore"}),
        coordinator.post("/meetings/M-SK/close?lang=fr", data={"any": "x"}),
    ):
        assert answer.status_code == 409
        assert "Ajoutez une correction à sa suite." in answer.text
    corrected = coordinator.post("/meetings/M-SK/corrections?lang=fr", data={"words": "Ils étaient deux."})
    assert corrected.status_code == 303
    assert "Ils étaient deux." in client_of("committee-sk").get("/meetings/M-SK?lang=fr").text
    assert one(engine, "SELECT minutes FROM meeting WHERE meeting_id = 'M-SK'").minutes == "As it was."
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        for statement in (
            "UPDATE meeting SET minutes = 'other'",
            "UPDATE meeting SET held_on = held_on + 1",
            "DELETE FROM meeting WHERE meeting_id = 'M-SK'",
            "DELETE FROM committee WHERE committee_id = 'C-SK'",
            "UPDATE meeting_item SET note = 'other'",
            "DELETE FROM meeting_item",
            "UPDATE meeting_attendance SET people = 9",
            "INSERT INTO meeting_item (meeting_id, topic) VALUES ('M-SK', 'other')",
            "UPDATE action SET action = 'other'",
            "UPDATE action SET meeting_id = NULL",
            "UPDATE action SET due_on = due_on + 1",
            "DELETE FROM action",
            "UPDATE minutes_addition SET words = 'other'",
            "DELETE FROM minutes_addition",
        ):
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.execute(text(statement))
        connection.rollback()
    web.dispose()
    # What became of the decision is said all the same, once.
    action = one(engine, "SELECT id FROM action").id
    assert "C’est fait" in coordinator.get(f"/actions/{action}/done?lang=fr").text
    for given, said in (
        ({"done_on": "2026-04-01", "result": "fait"}, "Cela n’a été décidé que le 2026-04-10."),
        ({"done_on": "2199-04-01", "result": "fait"}, "Ce jour n’est pas encore venu."),
        ({"done_on": "2026-04-20", "result": ""}, "Écrivez ce qu’il en est résulté."),
    ):
        assert said in coordinator.post(f"/actions/{action}/done?lang=fr", data=given).text
    done = coordinator.post(f"/actions/{action}/done", data={"done_on": "2026-04-20", "result": "fait"})
    assert done.status_code == 303
    again = coordinator.post(f"/actions/{action}/done?lang=fr", data={"done_on": "2026-04-21", "result": "refait"})
    assert "Quelqu’un d’autre a indiqué entre-temps" in again.text
    assert client_of("committee-sk").get(f"/actions/{action}/done").status_code == 403


def test_two_who_write_the_minutes_at_once_lose_nothing(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    opened = form_of(coordinator.get("/meetings/M-SK?lang=fr"))
    coordinator.post("/meetings/M-SK", data=opened | {"minutes": "De la première.", "place": "Bukavu"})
    page = coordinator.post("/meetings/M-SK?lang=fr", data=opened | {"minutes": "De la seconde."})
    assert page.status_code == 409
    assert "De la première." in page.text
    assert "De la seconde." in page.text
    again = form_of(page) | {"minutes": "Des deux."}
    assert coordinator.post("/meetings/M-SK?lang=fr", data=again).status_code == 303
    row = one(engine, "SELECT minutes, place_text FROM meeting WHERE meeting_id = 'M-SK'")
    assert tuple(row) == ("Des deux.", "Bukavu")
    seat = one(engine, "SELECT id FROM committee_seat WHERE organisation = 'Police des mines'").id
    wrong = coordinator.post("/meetings/M-SK?lang=fr", data=form_of(page) | {f"people-{seat}": "cent"})
    assert wrong.status_code == 422
    assert "Écrivez un nombre de 0 à 99." in wrong.text


def test_a_coordinator_runs_committees_of_their_units(client_of: ClientOf, engine: Engine) -> None:
    coordinator = client_of("coordinator-sk")
    form = {"kind": "CTS", "name": "CTS Kalehe", "unit": "CD-SK", "period": "30"}
    made = coordinator.post("/committees?lang=fr", data=form)
    assert made.status_code == 303
    page = made.headers["Location"]
    seat = {"group": "civil_society", "organisation": "Organisations de femmes", "function": "rapporteure"}
    assert coordinator.post(page.replace("?", "/seats?"), data=seat).status_code == 303
    assert "Organisations de femmes" in client_of("committee-sk").get(page).text
    seat_id = one(engine, "SELECT id FROM committee_seat").id
    assert coordinator.post(page.replace("?", "/seats?"), data={"end": str(seat_id)}).status_code == 303
    assert "CTS Kalehe" in client_of("committee-sk").get("/committees?lang=fr").text
    for given, said in (
        ({"unit": "CD-NK"}, "Choisissez une unité de la liste."),
        ({"name": ""}, "Écrivez son nom."),
        ({"period": "0"}, "Écrivez un nombre de jours"),
        ({"kind": "club"}, "Choisissez un type de la liste."),
    ):
        assert said in coordinator.post("/committees?lang=fr", data=form | given).text
    assert client_of("committee-sk").post(page.replace("?", "/seats?"), data=seat).status_code == 403
    assert client_of("analyst-rw").get(page).status_code == 404
    assert client_of("committee-sk").post("/committees", data=form).status_code == 403
