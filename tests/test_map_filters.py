"""The map's filters, counts and table as an analyst uses them: always the same rows, all of it in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

# 60 incidents near Goma, of every level, over 24 months; one of them far away, one without a place.
ROWS = text("""
    INSERT INTO mine_site (site_id, name, icglr_status, minerals, geom) VALUES
        ('COD-NK-1', 'Bisié', 'green', '{coltan}', 'SRID=4326;POINT(29.00 -1.50)'),
        ('COD-NK-2', 'Rubaya', 'red', '{coltan,cassiterite}', 'SRID=4326;POINT(29.05 -1.52)');
    INSERT INTO route (route_id, name, mode, geom)
        VALUES ('RT-1', 'Goma – Sake', 'truck', 'SRID=4326;MULTILINESTRING((29.22 -1.66, 29.04 -1.57))');
    INSERT INTO deployment (deployment_id, force, provider_class, function, strength, valid_from, geom) VALUES
        ('D-1', 'mining_police', 'public', 'site_guard', 1200, '2020-01-01', 'SRID=4326;POINT(29.10 -1.70)'),
        ('D-2', 'army', 'public', 'patrol', 30, '2020-01-01', 'SRID=4326;POINT(29.00 -1.50)');
    INSERT INTO incident (incident_no, occurred_from, level, category, status, actor_kind, geom)
    SELECT 'NK-' || lpad(n::text, 3, '0'), date '2024-01-15' + (n % 24) * interval '1 month', nullif(n % 4, 0),
           (ARRAY['violence', 'bribery', 'smuggling'])[1 + n % 3], (ARRAY['open', 'closed'])[1 + n % 2],
           (ARRAY['armed_group', 'trader', NULL])[1 + n % 3],
           CASE WHEN n = 60 THEN NULL WHEN n = 59 THEN 'SRID=4326;POINT(25.2 0.5)'::geometry
                ELSE ST_SetSRID(ST_Point(29.0 + n / 500.0, -1.5 - n / 500.0), 4326) END
      FROM generate_series(1, 60) AS n""")
NEAR_GOMA = "at=11/-1.6/29.1"


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


def query(page: Page) -> dict[str, str]:
    """The state in the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def count(page: Page, part: str, code: str) -> str:
    """The number beside a choice."""
    return page.locator(f'[data-count="{part}:{code}"]').inner_text()


def expect_rows(page: Page, number: int) -> None:
    """Wait until the table says how many rows pass."""
    expect(page.locator("[data-rows-total]")).to_have_attribute("data-rows-total", str(number))


def assert_rows(page: Page, number: int) -> None:
    """That the table says now how many rows pass."""
    assert page.locator("[data-rows-total]").get_attribute("data-rows-total") == str(number)


def latitudes(page: Page) -> tuple[float, float]:
    """The lowest and the highest latitude that the map shows."""
    edges = """() => {
        const bounds = Object.values(geoapp.maps)[0].map.getBounds();
        return [bounds.getSouth(), bounds.getNorth()];
    }"""
    low, high = page.evaluate(edges)
    return low, high


def drawn_incidents(visit: Visit) -> int:
    """The incidents that the map draws, those in bubbles each counted."""
    return int(
        visit.page.evaluate("""() => {
            const {map, layers} = Object.values(geoapp.maps)[0];
            const {x, y} = map.getSize();
            const found = new Map();
            const tiles = layers.find(({name}) => name === 'incidents').tiles();
            for (const tile of tiles) for (const feature of tile.features) {
                found.set(feature.identity ?? feature, feature.cell ? feature.properties.count : 1);
            }
            return [...found.values()].reduce((sum, each) => sum + each, 0);
        }""")
    )


def test_filters_counts_map_and_table_show_the_same_rows(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    expect_rows(page, 58)
    assert count(page, "level", "1") == "15"
    assert drawn_incidents(visit) == 58
    page.get_by_role("checkbox", name=re.compile("^Level 1")).check()
    expect_rows(page, 15)
    visit.rest()
    assert drawn_incidents(visit) == 15
    assert query(page)["level"] == "1"
    # The other levels still say what choosing them would bring; the other lists what is left.
    assert count(page, "level", "2") == "15"
    expect(page.locator('[data-count="category:violence"]')).to_have_text("5")
    expect(page.locator('[data-total="incidents"]')).to_have_text("15")
    page.get_by_role("checkbox", name=re.compile("^violence")).check()
    expect_rows(page, 5)
    expect(page.locator("[data-sentence]")).to_have_text("Incidents: Level 1 (highest); violence")
    visit.keep("filters-en")
    assert visit.complaints == []


def test_sites_and_deployments_are_filtered_by_what_they_have(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&table=mine_sites&icglr_status=red&force=army&level=2")
    expect_rows(page, 1)
    expect(page.locator(".rows-table tbody tr")).to_contain_text("Rubaya")
    assert visit.drawn()["mine_sites"] == 1
    assert visit.drawn()["deployments"] == 1
    assert drawn_incidents(visit) == 15
    page.get_by_role("link", name="Security deployments").click()
    expect(page.locator(".rows-table tbody tr")).to_contain_text("army")
    assert query(page)["table"] == "deployments"


def test_near_a_route_is_what_lies_along_it(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    page.locator("[data-facet=route] summary").click()
    page.get_by_label("Route", exact=True).select_option("RT-1")
    expect(page.locator("[data-sentence]")).to_contain_text("within 5 km of Goma – Sake")
    page.wait_for_url(re.compile("route=RT-1"))
    # The route is brought into view.
    expect(page.locator("[data-rows-total]")).not_to_have_attribute("data-rows-total", "58")
    few = int(page.locator('[data-total="incidents"]').inner_text())
    page.get_by_label("within").fill("30")
    page.get_by_label("within").press("Tab")
    page.wait_for_url(re.compile("within_km=30"))
    # All but the one that is far away.
    expect(page.locator('[data-total="incidents"]')).to_have_text("58")
    assert 0 < few < 58
    visit.rest()
    shown = int(page.locator("[data-rows-total]").get_attribute("data-rows-total") or 0)
    assert shown <= drawn_incidents(visit)


def test_dragging_over_the_months_chooses_a_period(visit: Visit) -> None:
    page = visit.open(f"/?lang=fr&{NEAR_GOMA}")
    bars = page.locator("[data-month]")
    expect(bars).to_have_count(24)
    first, last = (page.locator(f'[data-month="{month}"]').bounding_box() for month in ("2024-03", "2024-05"))
    assert first and last
    chart = page.locator("[data-histogram]").bounding_box()
    assert chart
    page.mouse.move(first["x"] + 2, chart["y"] + 30)
    page.mouse.down()
    page.mouse.move(last["x"] + 2, chart["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("since=2024-03-01&until=2024-05-31"))
    expect(page.locator(".month-inside")).to_have_count(3)
    expect(page.locator("[data-sentence]")).to_have_text("Incidents\u00a0: du 1er mars 2024 au 31 mai 2024")
    # Every month keeps its bar: the counts of a part of the filter do not go by that part.
    assert bars.count() == 24
    expect(page.get_by_label("Du", exact=True)).to_have_value("2024-03-01")
    visit.keep("months-fr")


def test_time_can_be_played_by_month(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&since=2024-03-01&until=2024-05-31")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_url(re.compile("since=2024-03-01&until=2024-03-31"))
    page.wait_for_url(re.compile("since=2024-04-01&until=2024-04-30"))
    expect(page.locator(".month-inside")).to_have_count(1)
    expect(page.locator("[data-sentence]")).to_contain_text("April 1, 2024 to April 30, 2024")
    page.wait_for_url(re.compile("since=2024-05-01&until=2024-05-31"))
    # The range is at its end.
    expect(page.get_by_role("button", name="Play", exact=True)).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="One step back").click()
    page.wait_for_url(re.compile("since=2024-04-01&until=2024-04-30"))
    page.locator(".player select").select_option("week")
    page.get_by_role("button", name="One step on").click()
    page.wait_for_url(re.compile("since=2024-04-29&until=2024-05-05"))
    expect_rows(page, 0)
    assert visit.complaints == []


def test_the_table_sorts_and_turns_pages_with_the_keyboard(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    expect_rows(page, 58)
    first = page.locator(".rows-table tbody tr").first
    expect(first).to_contain_text("Dec 15, 2025")
    page.locator("[data-sort=level]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Level")
    expect(first).to_contain_text("Level 1")
    expect(page.locator("[data-sort=-level]")).to_be_focused()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager")).to_contain_text("Page 2 of 3")
    assert query(page)["page"] == "2"
    page.go_back()
    expect(page.locator(".pager")).to_contain_text("Page 1 of 3")
    assert query(page)["sort"] == "level"


def test_incidents_sort_by_number_and_by_province(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ROWS)
        connection.execute(
            text("INSERT INTO incident (occurred_from, geom) VALUES ('2024-01-01', 'SRID=4326;POINT(29.0 -1.5)')")
        )

    def column(sort: str, place: int, page: int = 1) -> list[str]:
        shown = client.get(f"/map/rows?lang=en&all=1&sort={sort}&page={page}").text
        rows = re.findall(r"<tr data-key.*?</tr>", shown, re.DOTALL)
        return [re.sub(r"<[^>]+>", "", re.findall(r"<td.*?</td>", row, re.DOTALL)[place]).strip() for row in rows]

    numbers = [f"NK-{n:03}" for n in range(1, 60)]
    assert column("incident_no", 5) == numbers[:25]
    assert column("incident_no", 5, 2) == numbers[25:50]
    # Who has no number comes last, whichever way.
    assert column("incident_no", 5, 3) == [*numbers[50:], ""]
    assert column("-incident_no", 5) == numbers[:-26:-1]
    assert column("-incident_no", 5, 3) == [*numbers[8::-1], ""]
    provinces = [name for page in (1, 2, 3) for name in column("units", 4, page)]
    assert len(provinces) == 60
    assert provinces == sorted(provinces)
    assert len(set(provinces)) > 1
    assert [name for page in (1, 2, 3) for name in column("-units", 4, page)] == provinces[::-1]


def test_the_table_follows_the_map_and_the_map_the_table(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    expect_rows(page, 58)
    visit.look_at(25.2, 0.5, 12)
    expect_rows(page, 1)
    row = page.locator(".rows-table tbody tr")
    expect(row).to_contain_text("NK-059")
    row.hover()
    expect(page.locator(".map-ring")).to_be_visible()
    row.get_by_role("link").click()
    expect(page.locator(".popup")).to_contain_text("NK-059")
    expect(row).to_have_attribute("aria-current", "true")
    assert query(page)["open"].startswith("incidents:")
    # Without the view every row is there that the analyst may see: one has no place, and so no unit of theirs.
    page.get_by_label("Only what the map shows").uncheck()
    expect_rows(page, 59)
    assert query(page)["all"] == "1"


def test_a_link_brings_all_of_it_back(visit: Visit, chromium_browser: Browser, server: str) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    page.get_by_role("checkbox", name=re.compile("^bribery")).check()
    expect_rows(page, 20)
    page.get_by_role("checkbox", name="Mine sites").uncheck()
    page.locator("[data-sort=level]").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Level")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("[data-share] summary").click()
    page.locator("[data-copy]").click()
    expect(page.locator("[data-copy]")).to_have_text("Link copied")
    link = page.evaluate("() => navigator.clipboard.readText()")
    with visiting(chromium_browser, server, "analyst") as other:
        shown = other.open(link.removeprefix(server))
        expect_rows(shown, 20)
        expect(shown.get_by_role("checkbox", name=re.compile("^bribery"))).to_be_checked()
        expect(shown.locator("th[aria-sort=ascending]")).to_contain_text("Level")
        expect(shown.get_by_role("checkbox", name="Mine sites")).not_to_be_checked()
        assert other.drawn()["mine_sites"] == 0
        assert abs(shown.evaluate("() => Object.values(geoapp.maps)[0].map.getCenter().lat") + 1.6) < 0.001


def test_back_and_forward_go_through_the_filters(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    expect_rows(page, 58)
    page.get_by_role("checkbox", name=re.compile("^Level 1")).check()
    expect_rows(page, 15)
    page.get_by_role("checkbox", name=re.compile("^Level 2")).check()
    expect_rows(page, 30)
    page.go_back()
    expect_rows(page, 15)
    expect(page.get_by_role("checkbox", name=re.compile("^Level 2"))).not_to_be_checked()
    page.go_back()
    expect_rows(page, 58)
    visit.rest()
    assert drawn_incidents(visit) == 58
    page.go_forward()
    expect_rows(page, 15)
    page.get_by_role("link", name="Clear all").click()
    expect_rows(page, 58)


def test_the_layers_are_a_tree_that_follows_the_map(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    branch = page.get_by_role("checkbox", name="Places")
    expect(branch).to_be_checked()
    page.get_by_role("checkbox", name="Mine sites").uncheck()
    page.wait_for_url(re.compile("layers="))
    visit.rest()
    assert branch.evaluate("(box) => box.indeterminate")
    branch.check()
    expect(page.get_by_role("checkbox", name="Mine sites")).to_be_checked()
    visit.rest()
    # What the view has none of steps back.
    expect(page.locator(".legend-absent").filter(has_text="ICGLR blue")).to_have_count(1)
    expect(page.locator(".legend-absent").filter(has_text="ICGLR red")).to_have_count(0)
    page.locator(".legend-fold summary").nth(1).click()
    expect(page.get_by_role("checkbox", name="Mine sites")).to_be_hidden()


def test_choices_are_the_viewers_and_kept_while_they_stay(client_of: Callable[[str], FlaskClient]) -> None:
    analyst = client_of("analyst")
    address = "/map/choices?lang=en&parts=unit,status"
    first = analyst.get(address)
    assert 'value="CD-NK"' in first.text
    assert 'name="status" value="closed"' in first.text
    assert {"private", "no-cache"} == set(first.headers["Cache-Control"].split(", "))
    again = analyst.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    for name, parts in (("public", "status"), ("committee-sk", "force"), ("analyst", "colour"), ("analyst", "")):
        refused = client_of(name).get(f"/map/choices?lang=en&parts={parts}")
        assert refused.status_code == 400
        assert "parts: there are unit" in refused.text


def test_the_export_follows_the_filter(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&unit=CD-NK")
    page.get_by_role("checkbox", name=re.compile("^Level 1")).check()
    expect_rows(page, 15)
    link = page.locator(".panel-export [data-export]")
    expect(link).to_have_attribute("href", "/export?level=1&unit=CD-NK&lang=en")
    link.click()
    expect(page.locator("#incidents + p")).to_contain_text("Level 1")


def test_an_edited_address_shows_what_could_be_understood(visit: Visit) -> None:
    page = visit.open(
        "/?lang=fr&level=1,9&since=hier&at=99/x/y&table=people&foo=%3Cb%3E&page=-1&layers=incidents,moon&unit=XX&route=RT-9"
    )
    note = page.locator("[data-faults]")
    for word in ("level", "since", "at", "table", "foo", "page", "layers", "unit", "route"):
        expect(note).to_contain_text(f"{word}\u00a0:")
    expect(page.get_by_role("checkbox", name=re.compile("^Niveau 1"))).to_be_checked()
    # What could not be understood is gone from the address, which says what is shown.
    assert query(page) == {"lang": "fr", "level": "1", "layers": "incidents"}
    expect(page.locator('[data-total="incidents"]')).to_have_text("15")
    assert visit.drawn()["mine_sites"] == 0
    visit.keep("edited-address-fr")
    note.get_by_role("button", name="Fermer").click()
    expect(note).to_have_count(0)
    assert visit.complaints == []


def test_it_works_without_javascript(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{server}/?lang=fr")
        # The map sends such a browser on, with the state that it was asked for.
        page.wait_for_url(re.compile("/table.lang=fr"))
        expect(page.locator(".plain-hint")).to_contain_text("Les filtres et le tableau fonctionnent sans lui.")
        page.get_by_role("checkbox", name=re.compile("^Niveau 1")).check()
        page.get_by_role("checkbox", name=re.compile("^Niveau 2")).check()
        page.locator(".apply button").click()
        expect_rows(page, 30)
        page.get_by_role("link", name="Niveau").click()
        expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Niveau")
        page.get_by_role("link", name="Suivant").click()
        expect(page.locator(".pager")).to_contain_text("Page 2 sur 2")
        expect(page.get_by_role("checkbox", name=re.compile("^Niveau 2"))).to_be_checked()
        visit.keep("filters-without-script-fr")


def test_the_public_filters_sites_alone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server) as visit:
        page = visit.open(f"/?lang=en&{NEAR_GOMA}")
        expect_rows(page, 2)
        expect(page.locator("[data-facet=level], [data-histogram], select[name=route]")).to_have_count(0)
        page.get_by_role("checkbox", name=re.compile("^red")).check()
        expect_rows(page, 1)
        visit.keep("filters-public-en")
        assert visit.complaints == []


def test_what_could_not_be_loaded_says_so(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    expect_rows(page, 58)
    page.context.set_offline(True)
    page.get_by_role("checkbox", name=re.compile("^Level 1")).check()
    expect(page.locator("[data-sentence]")).to_contain_text("The counts could not be loaded")
    expect(page.locator(".rows-fault")).to_contain_text("The table could not be loaded")
    visit.keep("filters-offline-en")
    page.context.set_offline(False)
    page.locator(".rows-fault button").click()
    expect_rows(page, 15)


@pytest.mark.parametrize("width", [360, 1024])
def test_it_fits_a_phone_and_a_projector(chromium_browser: Browser, server: str, width: int) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": width, "height": 740}) as visit:
        page = visit.open(f"/?lang=fr&{NEAR_GOMA}")
        visit.keep(f"filters-{width}-fr")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        if width == 360:
            page.get_by_role("button", name="Filtres").click()
            page.get_by_role("checkbox", name=re.compile("^Niveau 1")).check()
            page.wait_for_url(re.compile("level=1"))
            visit.keep("filters-panel-360-fr")
            page.get_by_role("button", name="Voir la carte").click()
            rows = page.locator("[data-rows]")
            expect(rows).to_have_attribute("aria-busy", "false")
            expect_rows(page, 15)
            page.get_by_role("button", name="Tableau").click()
            # The table takes half of the map's height, keeps its middle, and counts what the rest of it shows.
            expect(rows).to_have_attribute("aria-busy", "false")
            low, high = latitudes(page)
            shown = [n for n in range(1, 59, 4) if low < -1.5 - n / 500 < high]
            assert 0 < len(shown) < 15
            assert_rows(page, len(shown))
            assert (low + high) / 2 == pytest.approx(-1.6, abs=0.001)
            visit.keep("filters-table-360-fr")
            page.get_by_role("button", name="Tableau").click()
            expect(rows).to_have_attribute("aria-busy", "false")
            assert_rows(page, 15)
        assert visit.complaints == []
