"""The form of a row in a real browser: drawing on its map, snapping, splitting, and everything without JavaScript."""

from __future__ import annotations

from browser import SCREENSHOTS, Visit, visiting
from importing import ask
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from test_mending import LINE, route, shape_of, site


def drag(visit: Visit, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag what lies at one place of the map to another."""
    mouse = visit.page.mouse
    mouse.move(*visit.point_of(*start))
    mouse.down()
    mouse.move(*visit.point_of(*end), steps=8)
    mouse.up()


def test_a_line_is_drawn_on_the_map(chromium_browser: Browser, server: str, engine: Engine) -> None:
    own, other = route(engine, "R1", LINE), "28.84 -2.60\n28.84 -2.70"
    route(engine, "R2", other)
    with visiting(chromium_browser, server, "gis-cd") as visit:
        page = visit.open(f"/import/rows/routes/{own}?lang=en")
        visit.look_at(28.86, -2.55, 11)
        line = page.locator("#line")
        before = line.input_value()
        # To an end of another route, within reach of the pointer.
        with page.expect_response("**/import/rows/network**"):
            visit.look_at(28.861, -2.551, 11)
        drag(visit, (28.84, -2.52), (28.8405, -2.5995))
        assert line.input_value().splitlines()[1] == "28.84 -2.6"
        # A new corner between two.
        visit.page.get_by_text("Snap to the network").first.uncheck()
        drag(visit, (28.90, -2.55), (28.91, -2.57))
        assert len(line.input_value().splitlines()) == 5
        page.get_by_role("button", name="One step back").click()
        page.get_by_role("button", name="One step back").click()
        assert line.input_value() == before
        # What is typed is drawn, and a corner is chosen for splitting.
        line.fill("28.80 -2.50\n28.84 -2.60\n28.92 -2.56")
        expect(page.locator(".mend-mark.mend-corner")).to_have_count(1)
        page.mouse.click(*visit.point_of(28.84, -2.60))
        expect(page.locator(".mend-said")).to_have_text("Corner 2 of 3")
        visit.keep("mend-route")
        page.get_by_role("button", name="Split here").click()
        page.get_by_role("button", name="Split", exact=True).click()
        expect(page.locator(".note-made")).to_contain_text("Saved.")
        assert shape_of(engine, "R1") == ["LINESTRING(28.8 -2.5,28.84 -2.6)"]
        assert ask(engine, "SELECT count(*) FROM route") == [(3,)]
        assert visit.complaints == []


def test_a_point_is_moved_on_the_map(chromium_browser: Browser, server: str, engine: Engine) -> None:
    site(engine)
    with visiting(chromium_browser, server, "gis-cd", viewport={"width": 360, "height": 760}) as visit:
        page = visit.open("/import/rows/mine_sites/S1?lang=fr")
        page.locator(".mend-map").scroll_into_view_if_needed()
        drag(visit, (28.84, -2.50), (28.85, -2.51))
        lon, lat = (float(page.locator(f"#{name}").input_value()) for name in ("longitude", "latitude"))
        assert abs(lon - 28.85) < 0.002
        assert abs(lat + 2.51) < 0.002
        page.locator("#c-workers_on").fill("2999-01-01")
        page.locator(".mend-fields .buttons button").click()
        expect(page.locator("#c-workers_on-fault")).to_contain_text("après aujourd'hui")
        # The place that was drawn is still there.
        assert float(page.locator("#longitude").input_value()) == lon
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "mend-fault-360.png", full_page=True)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        page.locator("#c-workers_on").fill("")
        page.locator(".mend-fields .buttons button").click()
        expect(page.locator(".note-made")).to_contain_text("Enregistré.")
        assert ask(engine, "SELECT ST_X(geom), ST_Y(geom) FROM mine_site") == [(lon, lat)]


def test_it_works_without_javascript(chromium_browser: Browser, server: str, engine: Engine) -> None:
    site(engine)
    with visiting(chromium_browser, server, "gis-cd", java_script_enabled=False) as visit:
        page = visit.page
        page.goto(f"{server}/import/rows?lang=en")
        page.get_by_label("Part of its name or key").fill("kon")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("link", name="Kongo").click()
        page.get_by_label("Name needed").fill("Kongo 2")
        page.get_by_label("Latitude").fill("2°30'36\"S")
        # Enter saves.
        page.get_by_label("Latitude").press("Enter")
        expect(page.locator(".note-made")).to_contain_text("Saved.")
        assert ask(engine, "SELECT name, round(ST_Y(geom)::numeric, 4)::text FROM mine_site") == [
            ("Kongo 2", "-2.5100")
        ]
