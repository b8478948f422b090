"""The risk register, trainings and movements by form: what is kept, and what is refused in the reader's language."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from importing import ask
from pypdf import PdfReader
from releasing import ClientOf
from sqlalchemy import Engine, text
from test_mending import LINE, form_of, route, send, site
from werkzeug.test import TestResponse

from geoapp.followup.durations import median_duration

RISK = {"item": "violence", "risk": "Heurts à la fermeture d’un puits", "likelihood": "4", "consequence": "5"}
TRAINING = {"c-topic": "human_rights", "c-held_on": "2024-05-02", "c-unit_code": "CD-SK", "c-place_text": "Bukavu"}
POLICE, SOCIETY = "c-participants_by_group-public_security_police", "c-participants_by_group-civil_society"


def said(answer: TestResponse) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)).replace("\u00a0", " "))


def mark_of(page: TestResponse) -> str:
    """What the form of a page remembers."""
    found = re.search(r'name="was" value="([^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


def incident(engine: Engine, number: str, *, sealed: bool = False) -> str:
    """An incident at the site S1; its id."""
    with engine.begin() as connection:
        return str(
            connection.scalar(
                text(
                    "INSERT INTO incident (incident_no, occurred_from, site_id, sealed, handlers)"
                    " VALUES (:number, '2026-01-05', 'S1', :sealed, '{nobody}') RETURNING incident_id"
                ),
                {"number": number, "sealed": sealed},
            )
        )


def test_a_risk_is_entered_shown_changed_and_removed(client_of: ClientOf, engine: Engine) -> None:
    site(engine)
    seen, hidden = incident(engine, "SK-1"), incident(engine, "SK-2", sealed=True)
    client = client_of("coordinator-sk")
    form = RISK | {"site": "S1", "measure": "Médiation", "owner": "Police des mines", "review_on": "2026-02-01"}
    unknown = client.post("/register/new?lang=fr", data=form | {"numbers": "SK-1, SK-2"})
    assert (unknown.status_code, ask(engine, "SELECT count(*) FROM risk_item")) == (422, [(0,)])
    # One that is sealed from the reader is unknown as one that there is not.
    assert "Aucun incident unique que vous pouvez voir ne porte le numéro SK-2." in said(unknown)
    made = client.post("/register/new?lang=fr", data=form | {"incident": seen})
    assert made.status_code == 303, said(made)
    key = str(ask(engine, "SELECT id::text FROM risk_item")[0][0])
    # Somebody else linked what this one may not see.
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO risk_incident (risk_id, incident_id) SELECT id, :id FROM risk_item"), {"id": hidden}
        )
    page = client.get(f"/register/{key}?lang=fr")
    assert "SK-1" in page.text and hidden not in page.text
    for path in ("/sites/S1?lang=fr", "/provinces/CD-SK?lang=fr", "/register?lang=fr&due=1"):
        assert RISK["risk"] in unescape(client.get(path).text), path
    matrix = client.get("/register?lang=fr")
    assert re.search(
        r'data-band="extreme"[^>]*><a href="[^"]*likelihood=4[^"]*consequence=5', matrix.text.replace("&amp;", "&")
    )
    saved = client.post(f"/register/{key}?lang=fr", data=form | {"was": mark_of(page), "likelihood": "2"})
    assert saved.status_code == 303, said(saved)
    linked = (
        "SELECT likelihood, risk_incident.incident_id::text FROM risk_item JOIN risk_incident ON risk_id = risk_item.id"
    )
    assert ask(engine, linked) == [(2, hidden)]
    # Who took which link away is kept, as of any row.
    kept = "SELECT before ->> 'incident_id', changed_by FROM row_change WHERE table_name = 'risk_incident'"
    assert ask(engine, kept) == [(seen, "coordinator-sk")]
    told = "SELECT what, user_name FROM audit_event WHERE object LIKE 'risk_incident/%' ORDER BY audit_event_id"
    by_operator = ask(engine, "SELECT session_user")[0][0]
    assert ask(engine, told) == [
        ("insert", "coordinator-sk"), ("insert", by_operator), ("delete", "coordinator-sk"),
    ]  # fmt: skip
    page = client.get(f"/register/{key}?lang=fr")
    gone = client.post(f"/register/{key}?lang=fr", data={"was": mark_of(page), "step": "remove"})
    assert (gone.status_code, ask(engine, "SELECT count(*) FROM risk_item")) == (303, [(0,)])
    assert ask(engine, "SELECT count(*) FROM risk_incident") == [(0,)]


def test_two_people_change_a_risk(client_of: ClientOf, engine: Engine) -> None:
    site(engine)
    client = client_of("coordinator-sk")
    client.post("/register/new", data=RISK | {"site": "S1"})
    key = ask(engine, "SELECT id::text FROM risk_item")[0][0]
    was = mark_of(client.get(f"/register/{key}"))
    client.post(f"/register/{key}", data=RISK | {"was": was, "consequence": "1", "owner": "Division des mines"})
    second = client.post(f"/register/{key}?lang=fr", data=RISK | {"was": was, "measure": "Médiation"})
    assert second.status_code == 409
    assert "Quelqu’un d’autre a modifié ce risque" in said(second)
    assert "Conséquence 5 extrême 1 négligeable 5 extrême" in said(second)
    assert ask(engine, "SELECT consequence, measure FROM risk_item") == [(1, None)]
    # Nothing is lost: what was typed stands there, and can be saved now.
    assert "Médiation</textarea>" in second.text and 'value="Division des mines"' in second.text
    form = RISK | {"was": mark_of(second), "measure": "Médiation", "consequence": "1", "owner": "Division des mines"}
    assert client.post(f"/register/{key}", data=form).status_code == 303
    was = mark_of(client.get(f"/register/{key}"))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM risk_item"))
    late = client.post(f"/register/{key}?lang=fr", data=form | {"was": was, "site": "S1"})
    assert late.status_code == 409 and "supprimé ce risque" in said(late) and "Médiation" in late.text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"risk": ""}, "Remplissez ce champ."),
        ({"item": "none"}, "Choisissez dans la liste."),
        ({"likelihood": "9"}, "Choisissez dans la liste."),
        ({"review_on": "31/02/2027"}, "Ce n’est pas une date"),
        ({"site": "S9"}, "Il n’y a pas de tel site"),
        ({"site": "ELSEWHERE"}, "Il n’y a pas de tel site"),
        ({"measure": "x" * 2_001}, "Plus de 2000 caractères"),
    ],
)
def test_a_bad_risk_is_refused(given: dict[str, str], says: str, client_of: ClientOf, engine: Engine) -> None:
    site(engine)
    site(engine, "ELSEWHERE", place=(30.06, -1.94))
    answer = client_of("coordinator-sk").post("/register/new?lang=fr", data=RISK | {"site": "S1"} | given)
    assert (answer.status_code, ask(engine, "SELECT count(*) FROM risk_item")) == (422, [(0,)])
    assert says in said(answer)


@pytest.mark.parametrize("name", ["analyst", "gis-cd", "committee-sk", "public"])
def test_others_enter_no_risk(name: str, client_of: ClientOf, engine: Engine) -> None:
    site(engine)
    answer = client_of(name).post("/register/new", data=RISK | {"site": "S1"})
    assert (answer.status_code, ask(engine, "SELECT count(*) FROM risk_item")) == (403, [(0,)])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({f"{POLICE}-total": "-4"}, "police : les personnes se comptent en nombres entiers"),
        ({f"{POLICE}-total": "quatre"}, "police : les personnes se comptent en nombres entiers"),
        ({f"{POLICE}-women": "4"}, "police : les personnes se comptent en nombres entiers"),
        ({f"{POLICE}-total": "4", f"{POLICE}-women": "5"}, "plus de femmes que de personnes : police, 5 > 4"),
        ({"c-held_on": "2999-01-01"}, "2999-01-01 est après aujourd'hui"),
        ({"c-unit_code": "RW"}, "est dans RW"),
        ({"c-unit_code": ""}, "ne nomme aucun lieu"),
        ({"c-topic": ""}, "est vide"),
    ],
)
def test_a_bad_training_is_refused(given: dict[str, str], says: str, client_of: ClientOf, engine: Engine) -> None:
    answer = client_of("coordinator-sk").post("/import/rows/trainings/new?lang=fr", data=TRAINING | given)
    assert (answer.status_code, ask(engine, "SELECT count(*) FROM training")) == (422, [(0,)]), said(answer)
    assert says.casefold() in said(answer).casefold()


def test_two_people_change_a_training(client_of: ClientOf, engine: Engine) -> None:
    client = client_of("coordinator-sk")
    form = TRAINING | {f"{POLICE}-total": "12", f"{SOCIETY}-total": "8", f"{SOCIETY}-women": "3"}
    made = client.post("/import/rows/trainings/new?lang=en", data=form)
    assert made.status_code == 303, said(made)
    counted = "SELECT participants, women FROM training"
    assert ask(engine, counted) == [(20, 3)]
    path = made.location.partition("?")[0]
    first, second = form_of(client, path), form_of(client_of("gis-cd"), path)
    assert send(client, path, first | {f"{POLICE}-total": "14"}).status_code == 303
    stale = send(client_of("gis-cd"), path, second | {f"{POLICE}-women": "2"})
    assert stale.status_code == 409
    assert "Somebody else changed this row" in stale.text and ask(engine, counted) == [(22, 3)]
    # A coordinator reaches the forms of trainings and movements alone.
    refused = [client.get(f"/import/rows/{name}/new").status_code for name in ("routes", "trainings", "movements")]
    assert refused == [403, 200, 200]
    assert client_of("committee-sk").get("/import/rows/trainings/new").status_code == 403


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"c-received_kg": "510"}, "510 kg dépasse les 500 kg expédiés"),
        ({"c-arrived_at": "2999-01-01T10:00"}, "après aujourd'hui"),
        ({"c-departed_at": "2026-03-02T10:00"}, "arrivé avant d'être parti"),
        ({"c-route_id": "none"}, "rien n'a la clé"),
    ],
)
def test_a_bad_movement_is_refused(given: dict[str, str], says: str, client_of: ClientOf, engine: Engine) -> None:
    route(engine, "R1", LINE)
    form = {"c-route_id": "R1", "c-cargo": "explosives", "c-dispatched_kg": "500", "c-arrived_at": "2026-03-01T10:00"}
    answer = client_of("coordinator-sk").post("/import/rows/movements/new?lang=fr", data=form | given)
    assert (answer.status_code, ask(engine, "SELECT count(*) FROM escort_movement")) == (422, [(0,)])
    assert says.casefold() in said(answer).casefold()


def test_a_shortfall_is_reported_once(client_of: ClientOf, engine: Engine) -> None:
    route(engine, "R1", LINE)
    with engine.begin() as connection:
        key = connection.scalar(
            text(
                "INSERT INTO escort_movement (movement_id, route_ref, cargo, dispatched_kg, received_kg, arrived_at)"
                " SELECT 'M-1', id, 'minerals', 500, 480, '2026-03-01' FROM route RETURNING id::text"
            )
        )
        taken = (
            "INSERT INTO incident (incident_no, occurred_from, route_ref) SELECT 'TAKEN', '2026-01-01', id FROM route"
        )
        connection.execute(text(taken))
    client, path = client_of("coordinator-sk"), f"/movements/{key}/incident?lang=fr"
    form = {
        "incident_no": "SK-2026-9",
        "occurred_from": "2026-03-01",
        "occurred_to": "2026-03-01",
        "category": "smuggling",
    }
    for given, says in (
        ({"incident_no": ""}, "Remplissez ce champ."),
        ({"occurred_to": "2999-01-01"}, "C’est après aujourd’hui"),
        ({"occurred_to": "2026-02-01"}, "C’est avant le premier jour"),
        ({"incident_no": "TAKEN"}, "Un autre incident porte déjà ce numéro"),
    ):
        wrong = client.post(path, data=form | given)
        assert wrong.status_code == 422 and says in said(wrong), said(wrong)
    first, second = client.post(path, data=form), client.post(path, data=form | {"incident_no": "SK-2026-10"})
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert ask(engine, "SELECT incident_no FROM escort_movement") == [("SK-2026-9",)]
    assert ask(engine, "SELECT category, explosives_involved FROM incident WHERE incident_no LIKE 'SK%'") == [
        ("smuggling", False)
    ]
    # Analysts look, and report none.
    assert "SK-2026-9" in client_of("analyst").get(f"/movements/{key}").text
    assert client_of("committee-sk").get("/movements").status_code == 403


REPORTED = """
    INSERT INTO training (topic, held_on, unit_code, place_text, funder, participants_by_group)
    VALUES ('other', '2026-01-10', 'CD-SK', 'Bukavu', 'F', '{"police": 4, "other": {"total": 6, "women": 2}}'),
           ('other', '2026-01-11', 'CD-SK', 'Uvira', 'F', '{}'),
           ('other', '2026-01-12', 'CD-SK', 'Uvira', 'G', '{"other": 9}'),
           ('other', '2026-01-13', 'RW', 'Kigali', 'F', '{"other": 100}');
    INSERT INTO incident (incident_no, occurred_from, reported_on, opened_on, closed_on, status, outcome, stated_unit)
    SELECT no, '2026-01-01', '2026-01-01', '2026-01-01', closed, status, outcome, 'CD-SK' FROM (VALUES
        ('1', DATE '2026-01-11', 'closed', 'resolved'), ('2', '2026-01-21', 'closed', 'mitigated'),
        ('3', '2026-01-31', 'closed', 'unresolved'), ('4', NULL, 'open', NULL),
        ('5', '2026-03-20', 'closed', 'resolved'),
        ('6', '2026-01-05', 'closed', 'unfounded')) AS each (no, closed, status, outcome);
    INSERT INTO incident (incident_no, occurred_from, opened_on, sealed, stated_unit)
    VALUES ('7', '2026-01-01', '2026-01-02', true, 'CD-SK');
    INSERT INTO deployment (force, valid_from, valid_to, vetted, strength, vps_trained, vps_trained_on, geom)
    SELECT 'police', '2020-01-01', ended, vetted, 10, trained, day, ST_SetSRID(ST_MakePoint(28.84, -2.5), 4326)
      FROM (VALUES
        (NULL::date, 'yes', 5, DATE '2025-01-01'), (NULL, 'no', 10, '2023-01-01'), (NULL, NULL, NULL, NULL),
        ('2025-01-01', 'yes', 10, '2024-12-01')) AS each (ended, vetted, trained, day);
"""
ASKED = "funder=F&since=2026-01-01&until=2026-02-28"


def test_the_report_counts_censors_and_says_how(client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(REPORTED.replace(":", r"\:")))
    answer: Any = client_of("coordinator-sk").get(f"/reports/funder.json?{ASKED}").json
    found = {each["name"]: each for each in answer["figures"]}
    assert {name: each["value"] for name, each in found.items()} == {
        "trainings": 2,
        "participants": 10,
        "women": 2,
        "meetings": 0,
        "incidents_opened": 5,
        "incidents_resolved": 2,
        # 10, 20 and 30 days of five, two of them open for 58 days and more.
        "days_to_close": 30,
        "vetted": pytest.approx(1 / 3),
        "trained": pytest.approx(1 / 3),
        "people_trained": pytest.approx(5 / 30),
    }
    left_out = {name: each["left_out"] for name, each in found.items()}
    assert left_out["trainings"] == {"other_funder": 1, "no_funder": 0}
    assert left_out["participants"] == {"not_counted": 1}
    assert left_out["women"] == {"women_not_counted": 4}
    assert left_out["incidents_opened"] == {"unfounded": 1, "not_opened": 0}
    assert left_out["incidents_resolved"] == {"otherwise_closed": 1, "unfounded": 1}
    assert left_out["trained"] == {"unknown": 1, "before": 1}
    assert found["days_to_close"]["note"]["fr"] == "3 clos, 2 encore ouverts"
    assert found["trained"]["parameters"] == {"until": "2026-02-28", "trained_after": "2024-02-28"}
    lines = list(csv.reader(io.StringIO(client_of("coordinator-sk").get(f"/reports/funder.csv?{ASKED}&lang=fr").text)))
    assert ["figure", "participants", "Participants", "10"] in [line[:4] for line in lines]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("funder=Nobody", "aucune formation que vous pouvez voir n'indique « Nobody »"),
        ("funder=F&until=2999-01-01", "est après aujourd'hui"),
        ("funder=F&since=2026-03-01&until=2026-01-01", "est après until"),
        ("funder=F&since=hier", "n'est pas une date"),
        ("funder=F&unit=XX", "il n'y a pas d'unité XX"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(asked: str, says: str, client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(REPORTED.replace(":", r"\:")))
    answer = client_of("coordinator-sk").get(f"/reports/funder?{asked}&lang=fr")
    assert answer.status_code == 400
    assert says in said(answer)
    assert client_of("committee-sk").get("/reports/funder").status_code == 403


def test_the_command_writes_a_paper(engine: Engine, environment: dict[str, str], tmp_path: Path) -> None:
    from geoapp.cli import cli  # noqa: PLC0415 - after the environment is set.

    with engine.begin() as connection:
        connection.execute(text(REPORTED.replace(":", r"\:")))
    out = tmp_path / "report.pdf"
    given = ["report", "--kind", "funder", "--funder", "F", "--since", "2026-01-01", "--until", "2026-02-28"]
    runner = CliRunner(env=environment)
    done = runner.invoke(cli, [*given, "--lang", "fr", "--user", "coordinator-sk", str(out)])
    assert done.exit_code == 0, done.output
    words = " ".join(PdfReader(out).pages[0].extract_text().split())
    assert "Rapport au bailleur : F" in words.replace("\u00a0", " ")
    assert "30 jours" in words
    assert runner.invoke(cli, [*given, str(tmp_path / "report.doc")]).exit_code == 2
    assert runner.invoke(cli, [*given, "CD-SK", str(out)]).exit_code == 2
    assert "coordinators" in str(runner.invoke(cli, [*given, "--user", "committee-sk", str(out)]).exception)


def test_the_median_of_what_has_not_ended() -> None:
    assert (median_duration([10, 20, 30, 40], [50, 60]).days, median_duration([5], [9, 9]).days) == (30, None)
    # Censored before half has ended they count no longer: of 4, 3, 1 that remain 1/4, 1/3 and all end.
    assert median_duration([1, 3, 9], [2, 5]).days == 9
    assert (median_duration([], []).days, median_duration([3, 3], []).days) == (None, 3)
