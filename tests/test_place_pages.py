"""The pages of a site, a route and a deployment as an analyst, a committee member and the public see them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

# A route of some 28 km; a deployment at its west end, incidents at its east end.
ROWS = text("""
    INSERT INTO mine_site (site_id, name, icglr_status, minerals, operator_name, geom)
        VALUES ('COD-SK-1', 'Nyabibwe', 'red', '{coltan}', 'Coopérative X', 'SRID=4326;POINT(28.90 -2.30)');
    INSERT INTO site_visit (site_id, visited_on, visitor_org, workers_est, armed_actor_kind, interference)
        VALUES ('COD-SK-1', '2025-02-03', 'CIREF', 120, 'armed_group', '{taxation}');
    INSERT INTO route (route_id, name, mode, geom)
        VALUES ('RT-1', 'Nyabibwe – Kalehe', 'truck', 'SRID=4326;MULTILINESTRING((28.70 -2.30, 28.95 -2.30))');
    INSERT INTO deployment (deployment_id, force, provider_class, function, strength, vps_trained, vetted,
                            valid_from, geom)
        VALUES ('D-1', 'mining_police', 'public', 'site_guard', 40, 12, 'unknown', '2020-01-01',
                'SRID=4326;POINT(28.70 -2.30)');
    INSERT INTO facility (facility_id, name, kind, geom)
        VALUES ('F-1', 'Dépôt Kalehe', 'depot', 'SRID=4326;POINT(28.80 -2.31)');
    INSERT INTO incident (incident_no, occurred_from, reported_on, level, category, geom)
    SELECT 'SK-' || n, current_date - 10, current_date - 9, 1, 'violence',
           ST_SetSRID(ST_Point(28.93, -2.30 + n / 1000.0), 4326)
      FROM generate_series(1, 6) AS n""")


@pytest.fixture(scope="module")
def server(cluster: Cluster, template: str) -> Iterator[str]:
    """A server on a database with these rows."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def test_a_site_shows_what_presses_on_it(visit: Visit) -> None:
    page = visit.open("/sites/COD-SK-1?lang=en")
    expect(page.locator("h1")).to_have_text("Nyabibwe")
    expect(page.get_by_role("region", name="Pressure", exact=True)).to_contain_text(
        "from 6 incidents over three years within 20 km"
    )
    expect(page.get_by_role("region", name="What adds to the pressure").locator("tbody tr")).to_have_count(6)
    near = page.get_by_role("region", name="Nearest deployments")
    expect(near).to_contain_text("22.2\u202fkm")
    expect(page.get_by_role("region", name="Visits").first).to_contain_text("CIREF")
    page.get_by_role("link", name="mining police").click()
    expect(page.locator("h1")).to_have_text("D-1")
    visit.keep("deployment-en")
    assert visit.complaints == []


def test_a_deployment_says_what_the_voluntary_principles_ask(visit: Visit) -> None:
    page = visit.open("/sites/COD-SK-1?lang=fr")
    page.get_by_role("link", name="police des mines").click()
    asked = page.get_by_role("region", name="Ce que demandent les Principes volontaires")
    expect(asked).to_contain_text("12 sur 40")
    # A mandate and a vetting that are not recorded stand out.
    expect(asked.locator(".fact-missing")).to_have_count(4)
    expect(asked.locator(".fact-missing").first).to_contain_text("non noté")
    # Each of it stands there once.
    for words in ("Effectif", "Vérification des antécédents", "Armement"):
        expect(page.locator("dt", has_text=words)).to_have_count(1)
    page.get_by_role("link", name="Voir sur la carte").click()
    expect(page.locator(".popup")).to_contain_text("police des mines")


def test_a_route_is_printed_with_its_map(visit: Visit) -> None:
    page = visit.open("/routes/RT-1?lang=en")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator(".print-sheet canvas")).to_be_visible()
    expect(page.locator(".route-map")).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".print-sheet canvas")).to_have_count(0)
    expect(page.locator(".route-map")).to_be_visible()
    assert visit.complaints == []


def test_the_strip_of_a_route_lights_up_the_map_and_the_other_way_round(visit: Visit) -> None:
    page = visit.open("/routes/RT-1?lang=en")
    strip = page.locator("[data-strip]")
    steps = strip.locator("[data-step]").count()
    assert steps == 56
    assert strip.locator(".step-covered").count() < steps
    # 5 km of 27.8 are near the deployment at the beginning.
    expect(page.locator(".strip .plain-list li").first).to_contain_text("km 5 to 27.8")
    readout = page.locator("[data-strip-readout]")
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 20)
    expect(readout).to_contain_text("km 27.3 to 27.8")
    expect(readout).to_contain_text("no deployment within 5 km")
    expect(page.locator("path.map-piece")).to_have_count(1)
    visit.keep("route-en")
    page.locator(".route-map").scroll_into_view_if_needed()
    page.mouse.move(*visit.point_of(28.701, -2.30))
    expect(readout).to_contain_text("km 0 to 0.5")
    expect(strip.locator(".step-now")).to_have_attribute("data-step", "0")
    strip.focus()
    page.keyboard.press("End")
    expect(readout).to_contain_text("km 27.3 to 27.8")
    expect(strip).to_have_attribute("aria-valuenow", str(steps - 1))
    assert visit.complaints == []


def test_the_pieces_of_a_route_are_a_table_tied_to_the_map(visit: Visit) -> None:
    page = visit.open("/routes/RT-1?lang=en")
    told = page.request.get(f"{visit.address}/api/v1/risk/corridor?route=RT-1").json()
    rows = page.locator("tr[data-piece]")
    expect(rows).to_have_count(len(told["pieces"]))
    shown = rows.evaluate_all("all => all.map(row => [...row.cells].map(cell => Number(cell.textContent)))")
    assert [row[2] for row in shown] == [piece["incidents"] for piece in told["pieces"]]
    # Of each level as many as the whole corridor has.
    by_level = [sum(row[column] for row in shown) for column in range(3, 7)]
    assert by_level == [told["by_level"][name] for name in ("1", "2", "3", "level_unknown")]
    assert by_level[0] == 6
    assert page.locator("[data-strip] .piece-incidents[data-level='1']").count() >= 1
    rows.last.hover()
    expect(page.locator("path.map-piece")).to_have_count(1)
    expect(rows.last).to_have_class("piece-now")
    # A kilometre of the strip marks its row.
    page.locator("[data-strip]").focus()
    page.keyboard.press("Home")
    expect(rows.first).to_have_class("piece-now")
    expect(page.locator(".strip .plain-list").last).to_contain_text("Dépôt Kalehe")
    expect(page.locator("[data-strip] .stop-facility")).to_have_count(1)
    page.emulate_media(media="print")
    expect(page.locator("[data-strip-readout]")).to_be_hidden()
    expect(rows.first).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Ask along this route on the map").click()
    page.locator("[data-answer=A][data-drawn]").wait_for()
    expect(page.locator("[data-answer=A]")).to_contain_text("6 incidents within 5 km of Nyabibwe")
    assert visit.complaints == []


def test_a_popup_leads_to_the_page(visit: Visit) -> None:
    page = visit.open("/?lang=en&at=12/-2.3/28.9&table=mine_sites")
    page.locator(".rows-table tbody tr").get_by_role("link").click()
    page.locator(".popup-open").click()
    page.wait_for_url(re.compile("/sites/COD-SK-1"))
    expect(page.locator("h1")).to_have_text("Nyabibwe")


def test_a_committee_member_sees_the_route_without_its_strip(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "committee-sk") as visit:
        page = visit.open("/routes/RT-1?lang=fr")
        expect(page.locator("h1")).to_have_text("Nyabibwe – Kalehe")
        expect(page.locator("[data-strip]")).to_have_count(0)
        assert visit.drawn()["routes"] == 1
        visit.keep("route-committee-fr")
        assert visit.complaints == []


def test_it_fits_a_phone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": 360, "height": 740}) as visit:
        for path in ("/routes/RT-1?lang=fr", "/sites/COD-SK-1?lang=fr"):
            page = visit.open(path)
            visit.page.screenshot(path=f".screenshots/place-360{path[:4].replace('/', '-')}.png", full_page=True)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.fixture
def rows(engine: Engine) -> None:
    """The rows in this test's own database."""
    with engine.begin() as connection:
        connection.execute(ROWS)


@pytest.mark.usefixtures("rows")
def test_the_public_sees_of_a_site_what_is_public(client_of: Callable[[str], FlaskClient]) -> None:
    page = client_of("public").get("/sites/COD-SK-1?lang=en").text
    assert "Nyabibwe" in page
    for hidden in ("Coopérative X", "CIREF", ">SK-1<", "Pressure", "mining police"):
        assert hidden not in page


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("name", ["public", "committee-sk", "analyst-rw"])
def test_who_may_not_see_a_deployment_is_told_what_a_wrong_address_is(
    name: str, client_of: Callable[[str], FlaskClient], engine: Engine
) -> None:
    with engine.connect() as connection:
        key = connection.scalar(text("SELECT id FROM deployment"))
    client = client_of(name)
    hidden, wrong = (client.get(f"/deployments/{each}") for each in (key, "00000000-0000-4000-8000-000000000000"))
    assert hidden.status_code == wrong.status_code == 404
    for path in ("/routes/none", "/sites/none", "/deployments/none", "/routes/%00"):
        assert client.get(path).status_code == 404
