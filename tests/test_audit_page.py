"""`/admin/audit`: an administrator sees who did what to which row and when, and no content; others see no such page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from browser import visiting
from cast import CAST
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import Engine, text

from geoapp.access.audit import record
from geoapp.access.viewer import set_viewer
from geoapp.settings import Settings

ClientOf = Callable[[str], FlaskClient]
ROW = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def happened(engine: Engine, person: str, what: str, object: str | None, **after: int) -> None:
    """Write one event of a person."""
    with engine.begin() as connection:
        set_viewer(connection, person)
        record(connection, what, object, after=after or None)


def shown(answer_text: str) -> list[str]:
    """The objects that a page lists, from the top."""
    return [part.split("</td>")[0] for part in answer_text.split('<td class="event-object">')[1:]]


@pytest.mark.parametrize("name", [name for name, (role, _) in CAST.items() if role != "admin"] + ["public"])
def test_to_others_it_does_not_exist(client_of: ClientOf, name: str) -> None:
    assert client_of(name).get("/admin/audit").status_code == 404


def test_it_shows_who_when_what_and_object(client_of: ClientOf, engine: Engine) -> None:
    happened(engine, "gis-cd", "export", f"incident/{ROW}", rows=1234)
    answer = client_of("admin").get("/admin/audit?lang=fr")
    assert answer.headers["Cache-Control"] == "no-store"
    first = answer.text.split("<tbody>")[1].split("</tr>")[0]
    for part in ("gis-cd", "export", f"incident/{ROW}", "1\u202f234", f"{dt.datetime.now(dt.UTC).year}"):
        assert part in unescape(first)
    assert "Rien n’a encore été scellé." in answer.text


def test_it_shows_no_content(client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO incident (incident_no, occurred_from, level, summary_en) VALUES ('N1', now(), 1, 'Jean')")
        )
        kept = connection.scalar(text("SELECT after ->> 'summary_en' FROM audit_event WHERE object LIKE 'incident/%'"))
    page = client_of("admin").get("/admin/audit?object=incident").text
    assert len(shown(page)) == 1
    for content in ("Jean", "N1", kept):
        assert content not in page


def test_it_filters_by_person_object_day_and_kind(client_of: ClientOf, engine: Engine, settings: Settings) -> None:
    client = client_of("admin")
    happened(engine, "gis-cd", "read", f"incident/{ROW}")
    happened(engine, "gis-rw", "read", "incident_release")
    happened(engine, "gis-rw", "export", "incident")
    today = dt.datetime.now(ZoneInfo(settings.time_zone)).date()

    def objects(query: str) -> list[str]:
        return [each.split(">")[1].split("<")[0] for each in shown(client.get(f"/admin/audit?{query}").text)]

    assert objects("person=gis-rw") == ["incident", "incident_release"]
    assert objects("object=incident") == ["incident", f"incident/{ROW}"]
    assert objects(f"object=incident/{ROW}") == [f"incident/{ROW}"]
    assert objects("object=inci%25") == []
    assert objects("person=gis-rw&what=export") == ["incident"]
    assert objects(f"person=gis-rw&day={today}") == ["incident", "incident_release"]
    assert objects(f"person=gis-rw&day={today - dt.timedelta(days=1)}") == []


def test_it_pages_by_key(client_of: ClientOf, engine: Engine) -> None:
    client = client_of("admin")
    for number in range(120):
        happened(engine, "gis-cd", "read", f"n/{number}")
    pages, address = [], "/admin/audit?person=gis-cd&lang=en"
    while address:
        page = unescape(client.get(address).text)
        pages.append([each.split(">")[1].split("<")[0] for each in shown(page)])
        # What comes meanwhile moves nothing.
        happened(engine, "gis-rw", "read", "n/new")
        address = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [each for page in pages for each in page] == [f"n/{number}" for number in reversed(range(120))]
    back = page.split('rel="prev" href="')[1].split('"')[0]
    assert [each.split(">")[1].split("<")[0] for each in shown(client.get(back).text)] == pages[1]


@pytest.mark.parametrize("query", ["day=31.12.2026", "day=2026-02-30", "day=9999-12-31", "day=%00x"])
def test_a_day_that_there_is_not(client_of: ClientOf, query: str) -> None:
    answer = client_of("admin").get(f"/admin/audit?{query}&lang=fr")
    assert answer.status_code == 400
    assert 'id="day-fault">Écrivez un jour comme 2026-03-31.' in answer.text


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=99999999999999999999", "before=٣"])
def test_a_page_that_there_is_not(client_of: ClientOf, query: str) -> None:
    assert client_of("admin").get(f"/admin/audit?{query}").status_code == 400


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "a\0b", "%", "\u202e", "x" * 5000])
def test_hostile_filters_are_shown_as_text(client_of: ClientOf, hostile: str) -> None:
    for field in ("person", "object", "what"):
        answer = client_of("admin").get("/admin/audit", query_string={field: hostile})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text


@pytest.mark.parametrize(("width", "language"), [(1366, "en"), (360, "fr")])
def test_in_a_browser_without_scripts(
    chromium_browser: Browser, server: str, engine: Engine, width: int, language: str
) -> None:
    happened(engine, "coordinator-sk", "read", f"incident/{ROW}")
    happened(engine, "gis-cd", "import", f"import_batch/{ROW}", rows=98765)
    happened(engine, "committee-sk", "refused", "page/admin.page")
    happened(engine, "a" * 64, "sign_in_failed", None)
    with visiting(
        chromium_browser, server, "admin", viewport={"width": width, "height": 900}, java_script_enabled=False
    ) as visit:
        page = visit.open(f"/admin?lang={language}")
        page.locator("a[href*='/admin/audit']").click()
        page.locator(".events").wait_for()
        visit.keep(f"audit-{width}")
        assert page.locator("html").evaluate("each => each.scrollWidth") <= width
        with page.expect_navigation():
            page.get_by_role("link", name=f"import_batch/{ROW}").click()
        assert page.locator(".events tbody tr").count() == 1
        page.fill("#person", "nobody")
        page.locator(".audit-filter button").click()
        page.locator(".message-next").wait_for()
        visit.keep(f"audit-none-{width}")
        assert visit.complaints == []
