"""The steps of an incident: which follow which, who takes them, what they need; the database refuses the rest."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask.testing import FlaskClient
from releasing import ClientOf, release, report
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

WHY = "The digging co-operative and the division of mines confirm it."


@pytest.fixture
def incident(engine: Engine) -> str:
    return report(engine, status="reported", reported_on="2026-03-14", due_on="2026-03-21")


def step(client: FlaskClient, incident: str, way: str, seen: str, lang: str = "en", **given: str) -> TestResponse:
    form = {"way": way, "seen": seen, "taken_on": "2026-04-01", "reason": "", **given}
    return client.post(f"/incidents/{incident}/step?lang={lang}", data=form)


def standing(engine: Engine, incident: str) -> tuple[object, ...]:
    asked = text("SELECT status, opened_on::text, closed_on::text, outcome FROM incident WHERE incident_id = :id")
    with engine.connect() as connection:
        return tuple(connection.execute(asked, {"id": incident}).one())


def test_it_works(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    assert "Begin to verify it" in coordinator.get(f"/incidents/{incident}/step?lang=en").text
    assert step(coordinator, incident, "verifying", "reported").status_code == 303
    assert step(coordinator, incident, "open", "verifying", taken_on="2026-04-02").status_code == 303
    with engine.connect() as connection:
        due = connection.scalar(text("SELECT due_on::text FROM incident"))
    assert due == "2026-04-03", "one day for level 1"
    assert step(coordinator, incident, "mitigating", "open", taken_on="2026-04-03").status_code == 303
    closed = step(coordinator, incident, "closed", "mitigating", taken_on="2026-05-01", reason=WHY, outcome="resolved")
    assert closed.status_code == 303
    assert standing(engine, incident) == ("closed", "2026-04-02", "2026-05-01", "resolved")
    again = step(coordinator, incident, "reopened", "closed", taken_on="2026-05-02", reason="It has come back again.")
    assert again.status_code == 303
    assert standing(engine, incident) == ("reopened", "2026-04-02", None, None)
    page = coordinator.get(f"/incidents/{incident}?lang=en").text
    told = re.findall(r"<strong>([a-z ]+ → [a-z ]+)</strong>", page)
    assert told == [
        "closed → reopened",
        "being mitigated → closed",
        "open → being mitigated",
        "being verified → open",
        "reported → being verified",
    ]
    assert WHY in page
    # The audit knows as many steps as the history, each by whom.
    with engine.connect() as connection:
        events = text("SELECT user_name FROM audit_event WHERE what = 'step' AND object = 'incident/' || :id")
        assert connection.scalars(events, {"id": incident}).all() == ["coordinator-sk"] * 5
    # An analyst reads the history, and takes no step.
    assert WHY in client_of("analyst").get(f"/incidents/{incident}?lang=en").text
    for other in ("analyst", "gis-cd"):
        assert client_of(other).get(f"/incidents/{incident}/step").status_code == 403
        assert step(client_of(other), incident, "monitoring", "reopened").status_code == 403
        assert client_of(other).post(f"/incidents/{incident}/assess", data={"level": "3"}).status_code == 403
    assert client_of("committee-sk").get(f"/incidents/{incident}/step").status_code == 404


WRONG: tuple[tuple[str, dict[str, str], str], ...] = (
    ("closed", {}, "Choisissez une des étapes."),
    ("rejected", {}, "cette étape demande un motif"),
    ("rejected", {"reason": "non"}, "cette étape demande un motif"),
    ("verifying", {"taken_on": "2026-03-01"}, "Ce jour précède l’incident, survenu le 2026-03-12."),
    ("verifying", {"taken_on": "2026-03-13"}, "L’étape précédente date du 2026-03-14"),
    ("verifying", {"taken_on": "2199-03-01"}, "Ce jour n’est pas encore venu."),
    ("verifying", {"taken_on": "31/03/2026"}, "Écrivez un jour comme"),
    ("due", {"due_on": "2199-01-01"}, "cette étape demande un motif"),
    ("due", {"due_on": "2026-01-01", "reason": "Nobody could go there."}, "Écrivez aujourd’hui ou un jour à venir."),
)


def test_what_is_wrong_is_said(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    for way, given, said in WRONG:
        page = step(coordinator, incident, way, "reported", "fr", **given)
        assert page.status_code == 422
        assert said in page.text, (way, given)
    assert standing(engine, incident) == ("reported", None, None, None)
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET level = NULL, status = 'verifying'"))
    page = step(coordinator, incident, "open", "verifying", "fr")
    assert "Donnez-lui d’abord un niveau et une catégorie" in page.text
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET level = 2, status = 'open', opened_on = '2026-03-20'"))
    page = step(coordinator, incident, "closed", "open", "fr", reason=WHY)
    assert "Choisissez l’issue." in page.text
    assert (
        "cette étape demande un motif" in step(coordinator, incident, "closed", "open", "fr", outcome="resolved").text
    )


def test_who_comes_second_sees_it(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    step(coordinator, incident, "verifying", "reported")
    page = step(coordinator, incident, "rejected", "reported", "fr", reason="Mes mots, longs et réfléchis.")
    assert page.status_code == 409
    assert "Quelqu’un d’autre a fait avancer cet incident" in page.text
    assert "coordinator-sk" in page.text
    assert "Mes mots, longs et réfléchis." in page.text
    assert standing(engine, incident)[0] == "verifying"


def facts_of(page: TestResponse) -> dict[str, str]:
    return dict(re.findall(r'name="(was-[a-z0-9_]+)" value="([^"]*)"', page.text))


def test_two_who_assess_at_once_lose_nothing(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    path = f"/incidents/{incident}/assess?lang=fr"
    opened = facts_of(coordinator.get(path))
    mine = {name.removeprefix("was-"): value for name, value in opened.items()}
    assert (
        coordinator.post(path, data=opened | mine | {"level": "2", "summary_fr": "De la première."}).status_code == 303
    )
    # Another field is saved beside what the first wrote.
    assert coordinator.post(path, data=opened | mine | {"place_text": "Kalimbi"}).status_code == 303
    page = coordinator.post(path, data=opened | mine | {"summary_fr": "De la seconde.", "injured": "4"})
    assert page.status_code == 409
    assert "De la première." in page.text
    assert "De la seconde." in page.text
    assert "Niveau 2" in page.text
    # What was looked at once more is saved.
    again = facts_of(page) | mine | {"level": "2", "place_text": "Kalimbi", "summary_fr": "Des deux.", "injured": "4"}
    assert coordinator.post(path, data=again).status_code == 303
    with engine.connect() as connection:
        row = connection.execute(text("SELECT level, summary_fr, place_text, injured FROM incident")).one()
    assert tuple(row) == (2, "Des deux.", "Kalimbi", 4)
    page = coordinator.post(path, data=again | {"occurred_to": "2026-01-01", "killed": "x"})
    assert page.status_code == 422
    assert "Ce jour précède celui où cela a commencé." in page.text
    history = coordinator.get(f"/incidents/{incident}?lang=fr").text
    assert "De la première." in history
    assert "coordinator-sk" in history


def refused(connection: Connection, statement: str, **values: object) -> None:
    with pytest.raises(DBAPIError), connection.begin_nested():
        connection.execute(text(statement), values)


STEP = "INSERT INTO incident_step (incident_id, deed, from_status, to_status, taken_on, outcome, reason) VALUES "


def test_the_database_refuses_what_the_page_would(settings: Settings, engine: Engine, incident: str) -> None:
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        for change in ("status = 'closed'", "outcome = 'resolved'", "closed_on = today()", "due_on = today()"):
            refused(connection, f"UPDATE incident SET {change}")
        jump = f"{STEP} (:id, 'step', 'reported', 'closed', today(), 'resolved', :why)"
        refused(connection, jump, id=incident, why=WHY)
        silent = f"{STEP} (:id, 'step', 'reported', 'rejected', today(), NULL, NULL)"
        refused(connection, silent, id=incident)
        early = f"{STEP} (:id, 'step', 'reported', 'verifying', '2026-03-01', NULL, NULL)"
        refused(connection, early, id=incident)
        own = f"{STEP} (:id, 'release', NULL, NULL, today(), NULL, NULL)"
        refused(connection, own, id=incident)
        connection.execute(
            text(f"{STEP} (:id, 'step', 'reported', 'verifying', today(), NULL, NULL)"), {"id": incident}
        )
        refused(connection, "UPDATE incident_step SET reason = 'another'")
        refused(connection, "DELETE FROM incident_step")
        refused(connection, "SELECT * FROM incident_report")
        refused(
            connection,
            "INSERT INTO incident (occurred_from, status, geom) SELECT occurred_from, 'closed', geom FROM incident",
        )
        for other in ("analyst", "gis-cd", "committee-sk"):
            set_viewer(connection, other)
            step_on = f"{STEP} (:id, 'step', 'verifying', 'open', today(), NULL, NULL)"
            refused(connection, step_on, id=incident)
        connection.rollback()
    web.dispose()


def test_the_list_tells_what_is_due(client_of: ClientOf, engine: Engine, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    report(
        engine,
        incident_no="SOON",
        level=3,
        status="open",
        opened_on="2026-03-12",
        due_on=dt.datetime.now(tz=dt.UTC).date(),
    )
    report(engine, incident_no="DONE", level=2, status="closed", opened_on="2026-03-12", closed_on="2026-04-01")
    far = report(engine, incident_no="FAR", geom="SRID=4326;POINT(30.06 -1.94)")
    late = coordinator.get("/incidents?due=late&lang=fr").text
    assert incident in late
    assert "jours de retard" in late
    assert "Niveau 1 (le plus élevé)" in late
    assert "SOON" not in late
    assert "SOON" in coordinator.get("/incidents?due=soon&lang=en").text
    everything = coordinator.get("/incidents?status=all&lang=en").text
    assert "DONE" in everything
    assert far not in everything
    assert "DONE" not in coordinator.get("/incidents").text
    assert "SOON" not in coordinator.get("/incidents?level=1").text
    assert incident not in coordinator.get("/incidents?mine=1").text
    step(coordinator, incident, "verifying", "reported")
    assert incident in coordinator.get("/incidents?mine=1").text
    for nonsense in ("?status=x&level=77&due=y&after=zz", "?after=none_0&list=released&page=x", "?after=2026-01-01_no"):
        assert coordinator.get(f"/incidents{nonsense}").status_code == 200


def test_a_committee_lists_what_was_released(client_of: ClientOf, incident: str) -> None:
    member = client_of("committee-sk")
    assert incident not in member.get("/incidents?lang=fr").text
    release(client_of("coordinator-sk"), incident)
    page = member.get("/incidents?lang=fr").text
    assert incident in page
    assert "Des creuseurs ont signalé" in page
    assert "SK-2026-0001-1" not in page
    history = client_of("coordinator-sk").get(f"/incidents/{incident}?lang=en").text
    assert "released to the committee" in history
