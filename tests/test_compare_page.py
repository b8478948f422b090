"""Two periods compared: counts equal to those counted one by one, without scripts, on maps that agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from browser import Visit, serving
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import expect
from releasing import ClientOf
from risk_rows import write_rows
from sqlalchemy import Engine, text
from test_map_filters import ROWS

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

EARLIER, LATER = ("2024-01-01", "2024-12-31"), ("2025-01-01", "2025-12-31")
QUERY = f"since2={EARLIER[0]}&until2={EARLIER[1]}&since={LATER[0]}&until={LATER[1]}"


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


def table_of(page: str) -> dict[str, tuple[str, ...]]:
    """The table's rows by their names."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    return {name: tuple(re.findall(r"<td[^>]*>(.*?)</td>", cells)) for name, cells in rows}


def test_the_table_counts_what_is_there(client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        write_rows(connection, 400)
    for name, where in (
        ("analyst", "true"),
        ("analyst-rw", "'RW' = ANY (units)"),
        ("coordinator-sk", "'CD-SK' = ANY (units)"),
    ):
        counted: list[Counter[Any]] = []
        for since, until in (EARLIER, LATER):
            with engine.begin() as connection:
                rows = connection.execute(
                    text(
                        "SELECT level, category FROM incident WHERE geom IS NOT NULL AND level IN (1, 2)"
                        f" AND occurred_from BETWEEN :since AND :until AND {where}"
                    ),
                    {"since": since, "until": until},
                ).all()
            counted.append(Counter({"All": len(rows)}) + Counter(f"Level {row.level}" for row in rows)
                           + Counter(str(row.category).replace("_", " ") for row in rows))  # fmt: skip
        shown = table_of(client_of(name).get(f"/compare?{QUERY}&level=1,2&lang=en").text)
        assert counted[0]["All"] + counted[1]["All"] > 0
        for row, begin in (
            ("All", "All"),
            ("Level 1", "Level 1 (highest)"),
            ("Level 2", "Level 2"),
            ("violence", "violence"),
        ):
            assert shown[begin][:2] == (str(counted[0][row]), str(counted[1][row])), (name, row)
            difference = counted[1][row] - counted[0][row]
            assert shown[begin][2] == (f"+{difference}" if difference > 0 else f"−{-difference}" if difference else "0")


def test_what_an_address_leaves_out_or_gets_wrong(client: FlaskClient) -> None:
    answer = client.get("/compare?until=2026-02-28&since=2026-02-01&lang=en")
    assert answer.status_code == 200 and "Feb 1, 2025 – Feb 28, 2025" in answer.text
    assert client.get("/compare?lang=fr").status_code == 200
    longer = client.get("/compare?since=2026-01-01&until=2026-01-31&since2=2025-01-01&until2=2025-03-31&lang=en")
    assert "90 and 31 days" in longer.text
    for bad in ("since=2026-13-01", "since=2026-02-01&until=2026-01-01", "since2=x", "level=9", "since=0001-01-01"):
        wrong = client.get(f"/compare?{bad}&lang=fr")
        assert wrong.status_code == (200 if bad.startswith("since=0001") else 400), bad
        assert ('role="alert"' in wrong.text) == (wrong.status_code == 400)


def test_it_is_for_those_who_see_incidents(client_of: ClientOf) -> None:
    answers = {
        name: client_of(name).get("/compare").status_code for name in ("public", "admin", "committee-sk", "gis-cd")
    }
    assert answers == {"public": 403, "admin": 403, "committee-sk": 200, "gis-cd": 200}


def test_the_maps_move_together_and_the_address_keeps_the_place(visit: Visit) -> None:
    page = visit.open("/?lang=en&unit=CD-NK&at=9/-1.6/29.1&since=2025-01-01&until=2025-12-31")
    page.locator("[data-share] summary").click()
    page.get_by_role("link", name="Compare two periods").click()
    page.wait_for_url(re.compile("/compare"))
    expect(page.locator(".compare-map")).to_have_count(2)
    places = (
        "[...document.querySelectorAll('.compare-map .folium-map')].map(({id}) => window[id])"
        ".map((map) => [map.getZoom(), map.getCenter().lng.toFixed(3), map.getCenter().lat.toFixed(3)].join())"
    )
    agree = f"() => new Set({places}).size === 1"
    page.wait_for_function(agree)
    first = page.locator(".compare-map").first
    box = first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 150, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: "at=9%2F" in url and "29.1000" not in url)
    page.wait_for_function(agree)
    page.get_by_role("link", name="Into a briefing").click()
    page.wait_for_url(re.compile("/briefings/add"))
    page.locator("input[name=new]").fill("Goma")
    page.get_by_role("button", name="Add to the briefing").click()
    expect(page.locator("h1")).to_have_text("Goma")
    expect(page.locator(".changes caption")).to_have_text("Incidents in both periods")
    assert visit.complaints == []
