"""axe-core finds nothing to object to: on every kind of page, in both languages, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import axe
import pytest
from browser import Visit, serving, visiting
from conftest import a_database, environment_for
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from test_map_filters import ROWS

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

DEPLOYMENT_ID = "5f0c1f6e-3f63-4f0c-9f5e-000000000001"
DEPLOYMENT = text("UPDATE deployment SET id = :id WHERE deployment_id = 'D-1'")
FOLLOW_UP = {
    "training": "INSERT INTO training (topic, held_on, unit_code, place_text, funder, participants_by_group) VALUES"
    """ ('human_rights', '2024-05-02', 'CD-SK', 'Bukavu', 'F', '{"other": {"total"\\: 6, "women"\\: 2}}')""",
    "risk": "INSERT INTO risk_item (item, risk, likelihood, consequence, review_on, route_ref)"
    " SELECT 'violence', 'Heurts', 4, 5, '2026-01-01', id FROM route WHERE route_id = 'RT-SK'",
    "movement": "INSERT INTO escort_movement (movement_id, route_ref, cargo, dispatched_kg, received_kg, arrived_at)"
    " SELECT 'M-1', id, 'explosives', 500, 480, '2026-03-01' FROM route WHERE route_id = 'RT-SK'",
}
ROUTE = text(
    "INSERT INTO route (route_id, name, geom)"
    " VALUES ('RT-SK', 'Bukavu', ST_GeomFromText('MULTILINESTRING((28.84 -2.50, 28.80 -2.45))', 4326))"
)
BRIEFING_ID = "5f0c1f6e-3f63-4f0c-9f5e-000000000003"
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

INCIDENT_ID = "5f0c1f6e-3f63-4f0c-9f5e-000000000002"
FOLLOWED = text(
    "INSERT INTO incident (incident_id, occurred_from, level, category, status, reported_on, due_on, geom)"
    f" VALUES ('{INCIDENT_ID}', '2026-03-12', 1, 'violence', 'open', '2026-03-13', '2026-03-14',"
    "  'SRID=4326;POINT(28.84 -2.5)');"
    "INSERT INTO incident_step (incident_id, deed, from_status, to_status, taken_on, reason)"
    f" VALUES ('{INCIDENT_ID}', 'step', 'verifying', 'open', '2026-03-13', 'Seen on the spot.');"
    "INSERT INTO incident_release (incident_id, released_on, released_by, level, status, shown_date,"
    "  shown_date_precision, location_precision, summary_fr, summary_en)"
    f" VALUES ('{INCIDENT_ID}', '2026-03-14', 'coordinator-sk', 1, 'open', '2026-03-01', 3, 5, 'Un fait.', 'A fact.');"
    "INSERT INTO committee (committee_id, kind, name, unit_code, meeting_period_days)"
    " VALUES ('C-SK', 'CPS', 'CPS Sud-Kivu', 'CD-SK', 90);"
    'INSERT INTO committee_seat (committee_id, "group", organisation)'
    " VALUES ('C-SK', 'civil_society', 'Organisations locales');"
    "INSERT INTO meeting (meeting_id, committee_id, held_on) VALUES ('M-SK', 'C-SK', '2026-04-10');"
    "INSERT INTO action (incident_id, committee_id, meeting_id, decided_on, due_on, action)"
    f" VALUES ('{INCIDENT_ID}', 'C-SK', 'M-SK', '2026-04-10', '2026-04-20', 'Verify on the spot');"
    f"INSERT INTO meeting_item (meeting_id, incident_id) VALUES ('M-SK', '{INCIDENT_ID}');"
    "INSERT INTO meeting_item (meeting_id, action_id) SELECT 'M-SK', id FROM action;"
)

# The ids of the rows of the follow-up.
KEYS: dict[str, Any] = {}
PAGES = {
    "coordinator-sk": (
        "/incidents",
        "/incidents/report",
        "/incidents/{incident}/step",
        "/committees/C-SK",
        "/meetings/M-SK",
        "/trainings",
        "/trainings/{training}",
        "/import/rows/trainings/new",
        "/import/rows/movements/new",
        "/register",
        "/register/{risk}",
        "/register/new",
        "/movements",
        "/movements/{movement}",
        "/movements/{movement}/incident",
        "/reports/funder?funder=F&since=2020-01-01",
        "/provinces/CD-SK",
        "/provinces/CD-SK/room",
    ),
    "analyst": (
        "/?at=11/-1.6/29.1",
        "/?at=11/-1.6/29.1&table=mine_sites&open=mine_sites:COD-NK-1&level=1&unit=CD-NK&since=2024-01-01",
        "/?level=9&category=none&theme=dark",
        "/?since=2030-01-01",
        "/?at=11/-1.6/29.1&table=charts",
        "/?at=11/-1.6/29.1&ask=corridor?route=RT-1&ask=near?lon=29.1%26lat=-1.6%26radius_km=20",
        "/risk",
        "/risk/corridor?route=RT-1&on=2024-12-31",
        "/risk/area?polygon=29,-1.6;29.2,-1.5;29,-1.5;29.2,-1.6",
        "/risk/sites?sort=-name",
        "/risk/provinces",
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
    "public": ("/", "/sign-in", "/table", "/provinces", "/risk"),
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
            connection.execute(FOLLOWED)
            connection.execute(DEPLOYMENT, {"id": DEPLOYMENT_ID})
            connection.execute(ROUTE)
            KEYS.update((name, connection.scalar(text(f"{made} RETURNING id"))) for name, made in FOLLOW_UP.items())
            connection.execute(BRIEFING, {"id": BRIEFING_ID})
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def objections(visit: Visit, path: str) -> list[str]:
    """What axe-core finds on a page."""
    page = visit.open(path)
    if "open=" in path:
        page.locator(".popup dd").first.wait_for()
    if "ask=" in path:
        page.locator("[data-answer=B][data-drawn]").wait_for()
    return axe.objections(page, path)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_axe_finds_nothing(chromium_browser: Browser, server: str, language: str) -> None:
    found: list[str] = []
    for name, paths in PAGES.items():
        with visiting(chromium_browser, server, name) as visit:
            for path in paths:
                address = path.format(deployment=DEPLOYMENT_ID, incident=INCIDENT_ID, briefing=BRIEFING_ID, **KEYS)
                found += objections(visit, f"{address}{'&' if '?' in address else '?'}lang={language}")
    assert found == []


def test_axe_finds_nothing_in_the_menus(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst") as visit:
        page = visit.open("/?lang=en&at=11/-1.6/29.1")
        page.locator("[data-views] summary").first.click()
        page.locator("#view-name").fill("Kept")
        page.locator(".views-save button").click()
        page.locator(".views-more summary").click()
        assert axe.objections(page, "views") == []
        page.locator("[data-share] summary").click()
        assert axe.objections(page, "share") == []
        page.locator("[data-questions-toggle]").click()
        page.locator("[data-question=area] summary").click()
        page.locator("[data-draw=polygon]").click()
        assert axe.objections(page, "questions") == []


def test_axe_finds_nothing_in_a_release(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "coordinator-sk") as visit:
        page = visit.open(f"/incidents/{INCIDENT_ID}/release?lang=fr")
        assert axe.objections(page, "release form") == []
        page.get_by_label("Localité").check()
        page.get_by_label("Résumé en français").fill("Des paiements ont été exigés.")
        page.get_by_label("Résumé en anglais").fill("Payments were asked.")
        page.get_by_role("button", name="Voir ce que le comité verra").click()
        expect(page.locator("[data-released]")).not_to_have_count(0)
        assert axe.objections(page, "release preview") == []


def test_axe_finds_nothing_on_a_phone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": 360, "height": 740}) as visit:
        assert objections(visit, "/?lang=fr&at=11/-1.6/29.1") == []
        visit.page.locator("[data-questions-toggle]").click()
        visit.page.locator("[data-question=corridor] summary").click()
        assert axe.objections(visit.page, "questions") == []
        visit.page.locator("[data-questions-close]").click()
        visit.page.locator("[data-panel-toggle]").click()
        visit.page.locator("[data-panel-close]").wait_for()
        assert axe.objections(visit.page, "panel") == []
