"""The page of a unit before its meeting, and its room view: 200 open incidents, none, on a phone and on the wall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from axe import objections
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from meeting_rows import write
from playwright.sync_api import Browser, expect
from releasing import ClientOf

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.settings import Settings

TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)


@pytest.fixture(scope="module")
def settings(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A database with what a committee looks at; nothing here changes it."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        write(engine)
        engine.dispose()
        yield made


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    """A server on it."""
    with serving(environment_for(settings)) as address:
        yield address


def topic(page: str, name: str) -> str:
    """A topic of the page."""
    found = re.search(rf'<section class="panel topic" [^>]*data-section="{name}">.*?</section>', page, re.DOTALL)
    assert found, name
    return unescape(found[0]).replace("\u00a0", " ").replace("\u202f", " ")


def figures(row: str) -> list[str]:
    """The words of the cells of a row."""
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    return [re.sub(r"<svg.*?</svg>|<[^>]+>", "", cell, flags=re.DOTALL).strip() for cell in cells]


def test_open_incidents_stand_by_level_and_age_those_over_six_months_on_top(client_of: ClientOf) -> None:
    page = client_of("coordinator-sk").get("/provinces/CD-SK?lang=en").text
    incidents = topic(page, "incidents")
    assert "200 incidents are open. 40 have been open for over six months." in incidents
    by_age, each = TABLE.findall(incidents)
    rows = [figures(row) for row in ROW.findall(by_age)]
    assert rows[0][:6] == ["Open for", "Level 1", "Level 2", "Level 3", "Level unknown", "All"]
    assert rows[1][:6] == ["over six months", "10", "10", "10", "10", "40"]
    assert sum(int(row[5]) for row in rows[1:]) == 200
    # A bar has the parts of its row, in the proportion of its figures, and says in words what it shows.
    parts = re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"', ROW.findall(by_age)[1])
    longest = max(int(row[5]) for row in rows[1:])
    assert [float(width) for _, width in parts] == pytest.approx([1000 / longest] * 4, abs=0.01)
    assert "<title>over six months: 40</title>" in by_age
    listed = [figures(row) for row in ROW.findall(each)[1:]]
    assert len(listed) == 20 and "the first 20 of 200" in each
    assert all("over six months" in row[3] for row in listed)
    assert [row[0] for row in listed[:11]] == ["Level 1"] * 10 + ["Level 2"]
    days = [int(re.match(r"\d+", row[3])[0]) for row in listed[:10]]  # type: ignore[index]
    assert days == sorted(days, reverse=True)
    assert "SK-NO-" in each


def test_a_member_reads_what_was_released(client_of: ClientOf) -> None:
    page = client_of("committee-sk").get("/provinces/CD-SK?lang=fr").text
    incidents = topic(page, "incidents")
    assert (
        "190 incidents sont ouverts." in incidents and "Des paiements exigés par des hommes en uniforme." in incidents
    )
    decisions = topic(page, "decisions")
    assert "CPS Sud-Kivu s’est réuni le" in decisions and "La prochaine réunion est prévue le" in decisions
    assert [figures(row)[0].split("\n")[0] for row in ROW.findall(decisions)[1:]]
    for words in ("Marquer les puits", "personne de désigné", "rappelé", "en retard", "échéance cette semaine"):
        assert words in decisions, words
    assert "Sans visite" not in page
    for secret in ("SK-NO", "Lieu secret", "Bataillon", "4321"):
        assert secret not in page, secret
    changes = topic(page, "changes")
    assert [figures(row) for row in ROW.findall(TABLE.findall(changes)[0])[1:]][-2:] == [
        ["Formations tenues", "1"],
        ["Personnes formées", "12"],
    ]
    sites = topic(page, "sites")
    assert [figures(row)[:2] for row in ROW.findall(sites)[1:]] == [
        ["vert", "4"],
        ["rouge", "4"],
        ["bleu (pas encore vérifié)", "4"],
    ]
    coordinator = topic(client_of("coordinator-sk").get("/provinces/CD-SK?lang=en").text, "sites")
    assert "11 had no visit in 183 days." in coordinator and coordinator.count("no visit recorded") == 10
    public = client_of("public").get("/provinces/CD-SK?lang=en").text
    assert 'data-section="sites"' in public
    assert not re.search(r'data-section="(incidents|decisions|actions|changes|deployments|papers)"', public)


def test_a_unit_with_nothing_and_one_of_an_old_vintage(client_of: ClientOf) -> None:
    page = client_of("analyst").get("/provinces/CD-BU?lang=en").text
    assert "No incident is open here." in topic(page, "incidents")
    assert "No committee is recorded in this unit." in topic(page, "decisions")
    assert "Nothing is recorded in this time." in topic(page, "changes")
    old = client_of("analyst").get("/provinces/CD-OLD?lang=en").text
    assert "There has been no Old Kivu since July 1, 2015." in old


def test_the_room_view_is_stepped_through_by_keys(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "coordinator-sk", viewport={"width": 1280, "height": 720}) as visit:
        page = visit.page
        page.goto(f"{server}/provinces/CD-SK/room?lang=fr")
        shown = page.locator("[data-screen].is-shown")
        expect(shown).to_have_count(1)
        expect(shown.locator("h2")).to_have_text("Décisions de la dernière réunion")
        expect(shown).to_contain_text("Pour la réunion du")
        count = page.locator("[data-screen]").count()
        expect(page.locator("[data-at]")).to_have_text(f"1 / {count}")
        seen = []
        for number in range(2, count + 1):
            page.keyboard.press("ArrowRight")
            expect(page.locator("[data-at]")).to_have_text(f"{number} / {count}")
            seen.append(shown.get_attribute("data-section"))
            # What is on the wall is read without scrolling, and large.
            assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 1, seen[-1]
            assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 17, seen[-1]
        assert list(dict.fromkeys(seen)) == [
            "changes",
            "incidents",
            "actions",
            "recorded",
            "sites",
            "deployments",
            "trainings",
            "map",
        ]
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-at]")).to_have_text(f"{count} / {count}")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        expect(page.locator("[data-at]")).to_have_text(f"2 / {count}")
        # The screen stays when the language changes, and when the page is loaded anew.
        page.get_by_role("link", name="EN", exact=True).click()
        expect(shown.locator("h2")).to_have_text("What changed since the last meeting")
        assert objections(page, "room view") == []
        visit.keep("room-view")


def test_it_fits_a_phone_and_a_room_without_scripts(chromium_browser: Browser, server: str) -> None:
    with visiting(
        chromium_browser, server, "coordinator-sk", viewport={"width": 360, "height": 740}, java_script_enabled=False
    ) as visit:
        page = visit.page
        for path in ("CD-SK", "CD-SK/room", "CD-BU"):
            page.goto(f"{server}/provinces/{path}?lang=fr")
            assert page.locator("body").bounding_box()["width"] <= 360  # type: ignore[index]
            expect(page.locator("[data-section=sites] h2").first).to_be_visible()
        page.goto(f"{server}/provinces/CD-SK/room?lang=fr")
        expect(page.locator("[data-section=map]")).to_be_visible()
        expect(page.locator("[data-steps]")).to_be_hidden()


def test_the_paper_is_made_from_the_page(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.address}/provinces/CD-SK?lang=en")
    assert objections(page, "page") == []
    page.get_by_text("For other days, or restricted").click()
    page.get_by_label("For whom").fill("Ana Kahindo")
    with page.expect_response(lambda each: each.url.endswith("/provinces/CD-SK/pack.pdf?lang=en")) as made:
        page.get_by_role("button", name="Restricted edition").click()
    assert made.value.status == 200 and made.value.headers["content-type"] == "application/pdf"
