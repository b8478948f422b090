"""axe-core finds nothing to object to: on every kind of page, in both languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from playwright.sync_api import Browser, Page
from sqlalchemy import text
from test_map_filters import ROWS

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

AXE = Path(__file__).parents[1] / "assets/node_modules/axe-core/axe.min.js"
RUN = "() => axe.run(document, {resultTypes: ['violations']})"
DEPLOYMENT_ID = "5f0c1f6e-3f63-4f0c-9f5e-000000000001"
DEPLOYMENT = text("UPDATE deployment SET id = :id WHERE deployment_id = 'D-1'")
BRIEFING_ID = "5f0c1f6e-3f63-4f0c-9f5e-000000000002"
BRIEFING = text(
    "WITH made AS (INSERT INTO briefing (briefing_id, user_name, title) VALUES (:id, 'analyst', 'For us') RETURNING *),"
    " watched AS (INSERT INTO watch (user_name, name, kind, row_key, km, seen_at)"
    " VALUES ('analyst', 'Site', 'site', 'COD-NK-1', 5, '2000-01-01'))"
    " INSERT INTO briefing_item (briefing_id, user_name, place, kind, query, note)"
    " SELECT briefing_id, user_name, place, kind, query, 'note' FROM made,"
    " (VALUES (1, 'answer', 'corridor?route=RT-1'), (2, 'comparison', ''), (3, 'note', ''), (4, 'answer', 'none'))"
    " AS item (place, kind, query)"
)
SYNTHETIC = text("INSERT INTO source (source_id, name) VALUES ('demo', 'synthetic')")

PAGES = {
    "analyst": (
        "/?at=11/-1.6/29.1",
        "/?at=11/-1.6/29.1&table=mine_sites&open=mine_sites:COD-NK-1&level=1&unit=CD-NK&since=2024-01-01",
        "/?level=9&category=none&theme=dark",
        "/?since=2030-01-01",
        "/?at=11/-1.6/29.1&table=charts",
        "/table?level=1&unit=CD-NK&foo=bar",
        "/table?table=charts",
        "/views?level=1",
        "/compare?unit=CD-NK",
        "/briefings",
        "/briefings/add?answer=sites",
        "/briefings/{briefing}",
        "/watches?geojson=x",
        "/provinces",
        "/incidents/NK-012",
        "/sites/COD-NK-1",
        "/routes/RT-1",
        "/deployments/{deployment}",
        "/quality",
        "/quality/visits?quality=no_workers",
        "/codebook",
        "/account",
        "/docs",
        "/ogc/",
        "/ogc/collections",
        "/ogc/collections/incidents",
        "/ogc/collections/incidents/items",
        "/no/such/page",
    ),
    "public": ("/", "/sign-in", "/table"),
    "gis-cd": (
        "/import",
        "/export?level=1",
        "/import/rows?table=mine_sites&q=a",
        "/import/rows/mine_sites/COD-NK-1",
        "/import/rows/routes/RT-1",
        "/import/rows/deployments/new",
        "/import/doubles",
    ),
    "admin": ("/admin", "/admin/audit"),
}


@pytest.fixture(scope="module")
def server(cluster: Cluster, template: str) -> Iterator[str]:
    """A server on a database with rows of every kind, marked as holding synthetic ones."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
            connection.execute(SYNTHETIC)
            connection.execute(DEPLOYMENT, {"id": DEPLOYMENT_ID})
            connection.execute(BRIEFING, {"id": BRIEFING_ID})
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def objections(visit: Visit, path: str) -> list[str]:
    """What axe-core finds on a page, by day and by night."""
    page = visit.open(path)
    if "open=" in path:
        page.locator(".popup dd").first.wait_for()
    page.evaluate(AXE.read_text())
    return found_on(page, path)


def found_on(page: Page, name: str) -> list[str]:
    """What axe-core finds on what is shown, by day and by night."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        answer: dict[str, Any] = page.evaluate(RUN)
        found += [
            f"{name} {scheme}: {v['id']} at {node['target']}" for v in answer["violations"] for node in v["nodes"]
        ]
    return found


@pytest.mark.parametrize("language", ["en", "fr"])
def test_axe_finds_nothing(chromium_browser: Browser, server: str, language: str) -> None:
    found: list[str] = []
    for name, paths in PAGES.items():
        with visiting(chromium_browser, server, name) as visit:
            for path in paths:
                address = path.format(deployment=DEPLOYMENT_ID, briefing=BRIEFING_ID)
                found += objections(visit, f"{address}{'&' if '?' in address else '?'}lang={language}")
    assert found == []


def test_axe_finds_nothing_in_the_menus(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst") as visit:
        page = visit.open("/?lang=en&at=11/-1.6/29.1")
        page.evaluate(AXE.read_text())
        page.locator("[data-views] summary").first.click()
        page.locator("#view-name").fill("Kept")
        page.locator(".views-save button").click()
        page.locator(".views-more summary").click()
        assert found_on(page, "views") == []
        page.locator("[data-share] summary").click()
        assert found_on(page, "share") == []


def test_axe_finds_nothing_on_a_phone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": 360, "height": 740}) as visit:
        assert objections(visit, "/?lang=fr&at=11/-1.6/29.1") == []
        visit.page.locator("[data-panel-toggle]").click()
        visit.page.locator("[data-panel-close]").wait_for()
        assert found_on(visit.page, "panel") == []
