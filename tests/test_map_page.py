"""The map in a real browser: every layer drawn, nothing asked of another host, details on a click."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

SIX = ("provinces", "routes", "mine_sites", "incidents", "deployments", "facilities")
HOSTILE = (
    """</script><script>document.title='cracked'</script><img src=x onerror="document.title='cracked'">${7*7}`'\\"""
)


@pytest.fixture(scope="module")
def server(cluster: Cluster, template: str) -> Iterator[str]:
    """A server on a database with one row of each kind near Goma, with texts that would like to be code."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        plant(engine)
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def plant(engine: Engine) -> None:
    """Insert the rows."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO source (source_id, name) VALUES ('demo', 'synthetic');"
                "INSERT INTO mine_site (site_id, name, icglr_status, synthetic, geom)"
                " VALUES ('COD-NK-00001', 'Bisié', 'green', true, 'SRID=4326;POINT(29.00 -1.50)');"
                "INSERT INTO route (route_id, name, mode, geom)"
                " VALUES ('RT-1', 'Goma – Sake', 'truck', 'SRID=4326;MULTILINESTRING((29.22 -1.66, 29.04 -1.57))');"
                "INSERT INTO facility (facility_id, kind, name, geom)"
                " VALUES ('F-1', 'depot', 'Dépôt de Goma', 'SRID=4326;POINT(29.25 -1.60)');"
                "INSERT INTO deployment (deployment_id, force, provider_class, strength, valid_from, geom)"
                " VALUES ('D-1', 'mining_police', 'public', 1200, '2020-01-01', 'SRID=4326;POINT(29.10 -1.70)')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, level, category, summary_fr, place_text, geom)"
                " VALUES (:number, '2024-04-08', 1, 'roadblock_extortion', :hostile, 'Sake',"
                " 'SRID=4326;POINT(29.10 -1.50)')"
            ),
            {"number": "NK-2024-0001-1", "hostile": HOSTILE},
        )


def test_it_works(visit: Visit) -> None:
    page = visit.open("/?lang=fr")
    visit.look_at(29.1, -1.6, 11)
    visit.keep("map-fr")
    drawn = visit.drawn()
    assert all(drawn[name] > 0 for name in SIX), drawn
    assert visit.complaints == []
    assert {address.split("/")[2] for address in visit.requests} == {visit.address.split("/")[2]}
    expect(page.locator("[data-synthetic]")).to_contain_text("Données synthétiques")
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_click_shows_the_main_fields_in_the_language(visit: Visit) -> None:
    page = visit.open("/?lang=fr")
    visit.look_at(29.1, -1.6, 11)
    page.mouse.click(*visit.point_of(29.00, -1.50))
    popup = page.locator(".popup")
    expect(popup).to_contain_text("Bisié")
    expect(popup).to_contain_text("COD-NK-00001")
    expect(popup).to_contain_text("Statut CIRGL")
    expect(popup).to_contain_text("vert")
    visit.keep("popup-fr")
    visit.open("/?lang=en")
    visit.look_at(29.1, -1.6, 11)
    page.mouse.click(*visit.point_of(29.10, -1.70))
    expect(popup).to_contain_text("mining police")
    expect(popup).to_contain_text("1,200")
    assert visit.complaints == []


def test_texts_of_rows_stay_texts(visit: Visit) -> None:
    page = visit.open("/?lang=fr")
    visit.look_at(29.1, -1.6, 11)
    page.mouse.click(*visit.point_of(29.10, -1.50))
    expect(page.locator(".popup")).to_contain_text(HOSTILE)
    expect(page).to_have_title(re.compile("geoapp"))
    assert page.locator(".popup img, .popup script").count() == 0
    assert visit.complaints == []


def test_a_layer_can_be_switched_off_and_on(visit: Visit) -> None:
    page = visit.open("/?lang=en")
    visit.look_at(29.1, -1.6, 11)
    box = page.get_by_role("checkbox", name="Mine sites")
    box.uncheck()
    visit.rest()
    assert visit.drawn()["mine_sites"] == 0
    box.check()
    visit.rest()
    assert visit.drawn()["mine_sites"] == 1


def test_it_fits_a_phone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": 360, "height": 740}, has_touch=True) as visit:
        page = visit.open("/?lang=fr")
        visit.keep("map-phone")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        assert visit.complaints == []


def test_an_empty_map_says_so(visit: Visit) -> None:
    page = visit.open("/?lang=en")
    visit.look_at(20, 3, 9)
    page.get_by_role("checkbox", name="Provinces").uncheck()
    visit.rest()
    expect(page.locator("[data-map-status]")).to_have_attribute("data-state", "empty")
    visit.keep("map-empty")


def test_the_language_follows_the_browser(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, locale="fr-CD") as visit:
        expect(visit.open("/").locator("html")).to_have_attribute("lang", "fr")
        visit.page.get_by_role("link", name="English").click()
        expect(visit.page.locator("html")).to_have_attribute("lang", "en")


def test_an_unknown_page_says_where_to_go(visit: Visit) -> None:
    page = visit.open("/nothing/here?lang=fr")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main").get_by_role("link", name="carte")).to_be_visible()
    visit.keep("not-found-fr")
