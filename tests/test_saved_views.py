"""Views of the map that people keep under a name: theirs alone, kept, opened, renamed, replaced and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text
from test_map_filters import NEAR_GOMA, ROWS, expect_rows, query

from geoapp.access.saved_views import LONGEST_NAME, MOST_VIEWS
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

ClientOf = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def server(cluster: Cluster, template: str) -> Iterator[str]:
    """A server on a database with rows near Goma."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def sent(client: FlaskClient, path: str, **form: str) -> tuple[int, str]:
    """What a form answers with: the status and the list in English."""
    answer = client.post(f"{path}?part=list&lang=en", data=form)
    return answer.status_code, answer.text


def id_of(page: str, name: str) -> str:
    """The id of a view in the list."""
    found = re.search(rf'value="{re.escape(name)}"', page)
    assert found, page
    return re.findall(r"/views/([0-9a-f-]{36})", page[: found.start()])[-1]


def test_a_view_is_kept_opened_renamed_replaced_and_deleted(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&level=1&sort=level")
    expect_rows(page, 15)
    page.locator("[data-views] summary").first.click()
    page.get_by_label("Keep what the map shows under a name").fill("Goma, level 1")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".views-said")).to_have_text("The view is kept.")
    expect(page.locator(".views-kept")).to_contain_text("Incidents: Level 1 (highest)")
    visit.keep("views-en")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name=re.compile("^Level 1")).uncheck()
    expect_rows(page, 58)
    page.locator("[data-views] summary").first.click()
    page.get_by_role("link", name=re.compile("Goma, level 1")).click()
    page.wait_for_url(re.compile("level=1"))
    visit.rest()
    expect_rows(page, 15)
    assert query(page) == {"level": "1", "at": "11/-1.6/29.1", "sort": "level", "lang": "en"}

    page.get_by_role("checkbox", name=re.compile("^Level 2")).check()
    expect_rows(page, 30)
    page.locator("[data-views] summary").first.click()
    page.locator(".views-more summary").click()
    page.get_by_role("button", name="Put what the map shows now in its place").click()
    expect(page.locator(".views-said")).to_have_text("The view is what the map shows now.")
    expect(page.locator(".views-kept")).to_contain_text("Level 1 (highest) or Level 2")
    page.locator(".views-more summary").click()
    page.get_by_label("Name", exact=True).fill("Goma")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".views-kept strong")).to_have_text("Goma")
    page.locator(".views-more summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".views-none")).to_be_visible()
    assert visit.complaints == []


def test_they_work_without_javascript(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "coordinator-sk", java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{server}/table?lang=fr&level=2&unit=CD-SK")
        page.get_by_role("link", name="Vos vues").click()
        page.get_by_label("Garder sous un nom ce que montre la carte").fill("Sud-Kivu")
        page.get_by_role("button", name="Garder").click()
        page.wait_for_url(re.compile("/views.lang=fr$"))
        visit.keep("views-page-fr")
        page.get_by_role("link", name=re.compile("Sud-Kivu")).click()
        page.wait_for_url(re.compile("/table.*level=2"))
        expect(page.locator("[data-sentence]")).to_contain_text("Niveau 2")


def test_nobody_else_sees_them(client_of: ClientOf, engine: Engine) -> None:
    status, page = sent(client_of("analyst"), "/views", name="Mine alone", query="level=1")
    assert status == 200
    view = id_of(page, "Mine alone")
    for name in ("coordinator-sk", "gis-cd", "admin"):
        other = client_of(name)
        assert "Mine alone" not in other.get("/views?lang=en").text
        for deed in ("rename", "replace", "delete"):
            assert sent(other, f"/views/{view}", deed=deed, name="x", query="level=2")[0] == 404
    assert client_of("public").get("/views").status_code == 303
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, query FROM saved_view")).all() == [("Mine alone", "level=1")]


def test_what_a_view_holds_is_what_the_map_understands(client: FlaskClient, engine: Engine) -> None:
    sent(client, "/views", name="<b>odd</b>", query="level=1,9&foo=bar&since=yesterday&at=9/-1.6/29.1&lang=fr")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT query FROM saved_view")) == "level=1&at=9%2F-1.6%2F29.1"
    page = client.get("/views?lang=en").text
    assert "<b>odd" not in page
    assert "&lt;b&gt;odd" in page


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("  ", f"A view has a name of 1 to {LONGEST_NAME} characters."),
        ("x" * (LONGEST_NAME + 1), f"A view has a name of 1 to {LONGEST_NAME} characters."),
        ("GOMA ", "You have a view called “GOMA” already."),
    ],
)
def test_a_name_that_cannot_be_given_is_refused(client: FlaskClient, name: str, says: str) -> None:
    sent(client, "/views", name="Goma", query="level=1")
    status, page = sent(client, "/views", name=name, query="level=2")
    assert status == 422
    assert says in page
    # What was typed is still there.
    assert f'value="{name}"' in page


def test_there_is_a_most(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO saved_view (user_name, name, query)"
                " SELECT 'analyst', 'view ' || n, '' FROM generate_series(1, :most) AS n"
            ),
            {"most": MOST_VIEWS},
        )
    status, page = sent(client, "/views", name="one more", query="")
    assert status == 422
    assert f"You keep {MOST_VIEWS} views" in page


def test_a_view_that_is_gone_and_a_deed_that_is_none_say_so(client: FlaskClient) -> None:
    gone = "/views/00000000-0000-4000-8000-000000000000"
    assert sent(client, gone, deed="delete")[0] == 404
    answer = client.post(f"{gone}?lang=en", data={"deed": "burn"})
    assert answer.status_code == 400
    assert "rename, replace and delete" in answer.text
    long = "unit=" + ",".join(f"CD-{n:05}" for n in range(99))
    status, page = sent(client, "/views", name="long", query=long)
    assert status == 200, page
