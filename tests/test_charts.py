"""The charts beside the map count what the filter and the map show, and a bar chooses what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text
from test_map_filters import NEAR_GOMA, ROWS, query

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine


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


def bars(page: str, part: str) -> dict[str, int]:
    """The bars of one chart, by label."""
    chart = page[page.index(f'data-chart="{part}"') :]
    chart = chart[: chart.index("</figure>")]
    found = re.findall(r"<li>.*?>([^<>]+)</(?:a|span)>.*?<b>([\d,]+)</b>", chart, re.DOTALL)
    return {label: int(number.replace(",", "")) for label, number in found}


def test_they_follow_the_filter_and_the_map(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&table=charts")
    category = page.locator("[data-chart=category]")
    expect(category.locator("li").filter(has_text="smuggling").locator("b")).to_have_text("19")
    expect(page.locator(".chart-time li").first).to_contain_text("Level 1 (highest) 15")
    category.get_by_role("link", name="bribery").click()
    page.wait_for_url(re.compile("category=bribery"))
    expect(category.locator("li")).to_have_count(1)
    expect(page.get_by_role("checkbox", name=re.compile("^bribery"))).to_be_checked()
    visit.keep("charts-en")
    category.get_by_role("link", name="bribery").click()
    expect(category.locator("li")).to_have_count(3)
    assert "category" not in query(page)
    # The one that is far away.
    visit.look_at(25.2, 0.5, 12)
    expect(category.locator("li")).to_have_count(1)
    assert visit.complaints == []


def test_they_count_as_sql_does(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ROWS)
    page = client.get("/table?lang=en&table=charts&level=1,2&icglr_status=red").text
    with engine.connect() as connection:
        asked = "SELECT category, count(*) FROM incident WHERE level IN (1, 2) AND units <> '{}' GROUP BY 1"
        counted = {row.category: row.count for row in connection.execute(text(asked))}
    assert bars(page, "category") == counted
    assert bars(page, "actor_kind") == {"armed group": 10, "trader": 10, "unknown": 10}
    assert bars(page, "icglr_status") == {"red": 1}
    assert bars(page, "mineral") == {"coltan (tantalum)": 1, "cassiterite (tin)": 1}
    assert bars(page, "force") == {"army": 1, "mining police": 1}
    provinces = bars(page, "unit")
    assert sum(provinces.values()) == sum(counted.values())


def test_years_take_the_place_of_many_months(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ROWS)
        connection.execute(
            text("INSERT INTO incident (occurred_from, geom) VALUES ('2009-05-01', 'SRID=4326;POINT(29.0 -1.5)')")
        )
    page = client.get("/table?lang=en&table=charts").text
    titles = re.findall(r"<g><title>([^<]*)</title>", page)
    assert titles[0] == "2009: 1"
    assert len(titles) == 2025 - 2009 + 1


def test_weeks_take_the_place_of_few_months(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(ROWS)
        connection.execute(
            text(
                "INSERT INTO incident (occurred_from, geom) VALUES"
                " ('2024-02-26', 'SRID=4326;POINT(29 -1.5)'), ('2024-03-03', 'SRID=4326;POINT(29 -1.5)'),"
                " ('2024-03-04', 'SRID=4326;POINT(29 -1.5)'), ('2024-03-17', 'SRID=4326;POINT(29 -1.5)')"
            )
        )
    page = client.get("/table?lang=en&table=charts&since=2024-02-26&until=2024-03-31").text
    # Three more lie on the 15th of March.
    assert re.findall(r"<g><title>([^<]*)</title>", page) == [
        "week of February 26, 2024: 2",
        "week of March 4, 2024: 1",
        "week of March 11, 2024: 4",
    ]


def test_the_public_sees_sites_alone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server) as visit:
        page = visit.open(f"/?lang=fr&{NEAR_GOMA}&table=charts")
        expect(page.locator("[data-chart=icglr_status] li")).to_have_count(2)
        expect(page.locator("[data-chart=category], .chart-time, [data-chart=force]")).to_have_count(0)
        assert visit.complaints == []


def test_nothing_to_count_says_so(client: FlaskClient) -> None:
    assert "No row passes these filters." in client.get("/table?lang=en&table=charts&since=2030-01-01").text
