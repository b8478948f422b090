"""The page of an incident: by number for those who handle it, by its id alone for a committee."""

from __future__ import annotations

import re

import pytest
from browser import visiting
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from releasing import FORM, LAT, LON, ClientOf, release, report
from sqlalchemy import Engine, text


@pytest.fixture
def incident(engine: Engine) -> str:
    return report(engine, incident_no="SK/2026 0001", summary_en="What the report says.", place_text="Kalimbi")


def test_it_works(client: FlaskClient, incident: str) -> None:
    for address in (f"/incidents/{incident}", "/incidents/SK/2026%200001", "/incidents/SK%2F2026%200001"):
        page = client.get(f"{address}?lang=en")
        assert page.status_code == 200
        assert page.headers["Cache-Control"] == "no-store"
        assert "What the report says." in page.text
        assert "interference by security forces" in page.text
    assert "ingérence des forces de sécurité" in client.get(f"/incidents/{incident}?lang=fr").text


def test_it_tells_the_life_of_the_incident(client: FlaskClient, engine: Engine, incident: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES ('ngo', 'An observatory')"))
        connection.execute(
            text(
                "UPDATE incident SET status = 'mitigating', reported_on = occurred_from + 2,"
                " opened_on = occurred_from + 5, due_on = occurred_from + 90, source_id = 'ngo', channel = 'ngo'"
                " WHERE incident_id = :id"
            ),
            {"id": incident},
        )
        connection.execute(
            text(
                "INSERT INTO action (incident_id, decided_on, action, responsible_org, due_on)"
                " VALUES (:id, '2024-02-01', 'Mark the road', 'Mining division', '2024-03-01')"
            ),
            {"id": incident},
        )
        again = connection.scalar(
            text(
                "INSERT INTO incident (incident_no, occurred_from, repeat_of, geom)"
                " SELECT 'SK-AGAIN', occurred_from + 9, incident_id, geom FROM incident WHERE incident_id = :id"
                " RETURNING incident_id"
            ),
            {"id": incident},
        )
    page = client.get(f"/incidents/{incident}?lang=en").text
    steps = re.findall(r'<li class="step-(\w+)"[^>]*><span>([^<]+)</span>', page)
    assert steps == [
        ("done", "reported"),
        ("done", "being verified"),
        ("done", "open"),
        ("now", "being mitigated"),
        ("ahead", "monitored"),
        ("ahead", "closed"),
    ]
    for words in (
        "Mark the road",
        "Mining division",
        "March 1, 2024",
        "An observatory",
        "NGO",
        "South Kivu",
        "Kalimbi",
    ):
        assert words in page
    assert page.count("overdue") == 2
    assert f"/incidents/{again}?lang=en" in page
    # What is told in the steps is not told again among the facts.
    assert page.count("<dt>Status</dt>") == 0
    assert f"/incidents/{incident}?lang=en" in client.get(f"/incidents/{again}?lang=en").text


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        ("reopened", ["reported", "being verified", "reopened"]),
        ("rejected", ["reported", "being verified", "rejected"]),
    ],
)
def test_its_way_may_end_early_or_begin_again(
    client: FlaskClient, engine: Engine, incident: str, status: str, steps: list[str]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET status = :status"), {"status": status})
    page = client.get(f"/incidents/{incident}?lang=en").text
    shown = re.findall(r'<li class="step-(?:done|now)"[^>]*><span>([^<]+)</span>', page)
    assert shown == steps


def test_a_number_of_several_sources_is_a_choice(engine: Engine, client_of: ClientOf) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES ('a', 'Source A'), ('b', 'Source B')"))
    first, second = (report(engine, source_id=source) for source in ("a", "b"))
    far = report(engine, source_id=None, geom="SRID=4326;POINT(30.06 -1.94)")
    page = client_of("coordinator-sk").get("/incidents/SK-2026-0001-1?lang=en").text
    assert first in page
    assert second in page
    assert "Source B" in page
    assert far not in page
    theirs = client_of("analyst-rw").get("/incidents/SK-2026-0001-1?lang=en").text
    assert "What the committee sees" in theirs, "the only one that they see is shown at once"


@pytest.mark.parametrize("key", ["NO-SUCH-1", "%00", "' OR 1=1 --", "00000000-0000-0000-0000-000000000000"])
def test_what_is_not_there_is_not_found(client: FlaskClient, key: str) -> None:
    answer = client.get(f"/incidents/{key}?lang=en")
    assert answer.status_code == 404
    assert "There is no such row, or it is not for you." in answer.text


def test_a_committee_finds_it_by_its_id_alone(client_of: ClientOf, incident: str) -> None:
    release(client_of("coordinator-sk"), incident)
    committee = client_of("committee-sk")
    page = committee.get(f"/incidents/{incident}?lang=en")
    assert FORM["summary_en"] in page.text
    for secret in ("SK/2026 0001", "What the report says.", "Kalimbi", "whistleblower", str(LON), str(LAT), "/release"):
        assert secret not in page.text
    assert committee.get("/incidents/SK/2026%200001").status_code == 404
    assert client_of("public").get(f"/incidents/{incident}").status_code == 404


def test_the_popup_leads_to_it(chromium_browser: Browser, server: str, client: FlaskClient, incident: str) -> None:
    detail = client.get(f"/api/v1/layers/incidents/{incident}?lang=fr").get_json()
    assert detail["href"] == f"/incidents/{incident}?lang=fr"
    assert "href" not in client.get("/api/v1/layers/provinces/CD-SK").get_json()
    with visiting(chromium_browser, server, "analyst") as visit:
        page = visit.open("/?lang=fr")
        visit.look_at(LON, LAT, 12)
        page.mouse.click(*visit.point_of(LON, LAT))
        link = page.locator(".popup").get_by_role("link", name="Ouvrir")
        expect(link).to_be_visible()
        visit.keep("popup-incident-fr")
        link.click()
        expect(visit.page.locator("h1")).to_have_text("SK/2026 0001")
        assert visit.complaints == []


@pytest.mark.parametrize("name", ["coordinator-sk", "committee-sk"])
def test_it_fits_a_phone(chromium_browser: Browser, server: str, client_of: ClientOf, incident: str, name: str) -> None:
    release(client_of("coordinator-sk"), incident)
    with visiting(chromium_browser, server, name, viewport={"width": 360, "height": 740}) as visit:
        for language in ("en", "fr"):
            page = visit.open(f"/incidents/{incident}?lang={language}")
            visit.keep(f"incident-{name}-{language}-phone")
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        assert visit.complaints == []
