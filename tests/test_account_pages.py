"""The pages of signing in as people see them: in Chromium, in both languages, on a phone and a desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import serving, visiting
from conftest import a_database, environment_for
from importing import ask
from playwright.sync_api import Browser, Page
from signing_in import PASSWORD
from sqlalchemy import Engine

from geoapp.access.links import make_link
from geoapp.access.people import add_person
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

NEW = "marché-route-pluie-brique"
ROLE = {"en": "coordinator", "fr": "coordinateur"}
SIZES = [("en", 1366), ("en", 360), ("fr", 1366), ("fr", 360)]


@pytest.fixture(scope="module")
def office(cluster: Cluster, template: str) -> Iterator[tuple[str, Engine]]:
    """The address of a server, and its database."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with serving(environment_for(settings)) as address:
            yield address, engine
        engine.dispose()


def is_whole(page: Page) -> bool:
    """Whether nothing is wider than the window, and the way out is within it."""
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    out = page.locator("[data-me] button").bounding_box()
    return fits and out is not None and out["x"] >= 0 and out["x"] + out["width"] <= page.evaluate("window.innerWidth")


def press(page: Page) -> None:
    """Send the form in the middle of the page, and wait for what comes of it."""
    with page.expect_navigation():
        page.locator("main form .buttons button").first.click()


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_invited_in_out_and_in_again(
    chromium_browser: Browser, office: tuple[str, Engine], language: str, width: int
) -> None:
    address, engine = office
    name = f"marie-{language}-{width}"
    with engine.begin() as connection:
        add_person(connection, name, "coordinator", ["CD-SK"])
        link = make_link(connection, name, "invitation")
    size = {"width": width, "height": 780}
    # A form needs no script.
    with visiting(chromium_browser, address, viewport=size, locale=language, java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{address}/sign-in/link/{link}?lang={language}")
        visit.keep(f"account-link-{language}-{width}")
        page.fill("#password", PASSWORD)
        page.fill("#again", PASSWORD)
        press(page)
        assert page.locator("[data-me] strong").inner_text() == name
        assert page.locator("[data-me] a span").inner_text() == ROLE[language]

        page.goto(f"{address}/account?lang={language}")
        page.fill("#old", PASSWORD)
        page.fill("#password", NEW)
        page.fill("#again", NEW)
        press(page)
        assert page.get_by_role("status").count() == 1
        visit.keep(f"account-changed-{language}-{width}")

        page.locator("[data-me] button").click()
        page.locator(".me-sign-in").wait_for()
        assert page.locator("[data-me]").count() == 0
        assert not [each for each in page.context.cookies() if each["name"] == "geoapp_session"]

        page.goto(f"{address}/provinces?lang={language}")
        page.locator(".me-sign-in").click()
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        press(page)
        assert page.locator(".note-fault").count() == 1
        visit.keep(f"account-wrong-{language}-{width}")
        page.fill("#password", NEW)
        press(page)
        assert page.url == f"{address}/provinces?lang={language}"
    assert ask(engine, "SELECT count(*) FROM sign_in_link WHERE user_name = :name", name=name) == [(0,)]


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_the_account_and_a_token_fit_the_window(
    chromium_browser: Browser, office: tuple[str, Engine], language: str, width: int
) -> None:
    address, _ = office
    with visiting(
        chromium_browser, address, "gis-cd", viewport={"width": width, "height": 780}, locale=language
    ) as visit:
        page = visit.open(f"/account?lang={language}")
        page.locator(".account-new summary").click()
        page.fill("#label", "QGIS " + "très-long-nom-de-programme-sans-espace-" * 2)
        page.fill("#units", "Sud-Kivu, CD-NK")
        page.locator(".account-new .buttons button").click()
        assert page.input_value("#made").startswith("geoapp_")
        assert is_whole(page)
        visit.keep(f"account-token-{language}-{width}")
        with page.expect_navigation():
            page.locator("#tokens .listed button").first.click()
        assert page.locator("#tokens .listed button").count() == 0
        visit.open(f"/?lang={language}")
        assert is_whole(page)
        visit.keep(f"account-map-{language}-{width}")
        visit.open(f"/nowhere?lang={language}")
        assert is_whole(page)
        assert [each for each in visit.complaints if "404" not in each] == []


def test_a_link_that_is_gone_and_a_session_that_is_over(chromium_browser: Browser, office: tuple[str, Engine]) -> None:
    address, _ = office
    with visiting(
        chromium_browser, address, "of-another-installation", viewport={"width": 360, "height": 780}
    ) as visit:
        page = visit.open("/sign-in/link/none")
        visit.keep("account-link-gone")
        assert page.locator(".session-over").count() == 1
        page.reload()
        assert page.locator(".session-over").count() == 0


def test_the_browser_drops_what_it_kept(chromium_browser: Browser, office: tuple[str, Engine]) -> None:
    """The button to go back shows nothing of before."""
    address, _ = office
    with visiting(chromium_browser, address, "analyst-rw") as visit:
        page = visit.open("/account?lang=en")
        page.evaluate("localStorage.setItem('left', 'behind')")
        page.locator("[data-me] button").click()
        page.wait_for_url("**/?lang=en")
        assert page.evaluate("localStorage.getItem('left')") is None
        page.go_back()
        assert "analyst-rw" not in page.content()
