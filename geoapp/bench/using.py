"""The map in use, in a real Chromium: how soon a change of the filter is there, and how smoothly the map is panned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, func, select

from geoapp.bench.access import ANALYST_OF_ALL
from geoapp.bench.page import TIMEOUT_MS, browser_contexts
from geoapp.bench.servers import geoapp_server
from geoapp.bench.tiles import session_of
from geoapp.bench.views import DENSEST
from geoapp.errors import GeoappError
from layers.tables import Incident

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_SECONDS, LEAST_FRAMES = 1.0, 30.0
# Each box of the open lists is ticked and cleared so often.
TURNS = 2
ZOOMS = (5, 7, 9, 11, 13, 15)
# A drag goes over so many points of the screen, in steps that a hand would make.
STEPS, STEP, STEP_MS = 60, 7, 16
BOXES = "[data-choices=level] input, [data-choices=category] input"
# From the click until the counts are written, and until the tiles are drawn too, in milliseconds.
CHANGE = """([boxes, which]) => new Promise((done) => {
    const total = document.querySelector('[data-total="incidents"]');
    const start = performance.now();
    let counted = null;
    let begun = false;
    new MutationObserver((_, watcher) => {
        counted = performance.now() - start;
        watcher.disconnect();
    }).observe(total, {childList: true});
    const look = () => {
        const idle = document.documentElement.dataset.mapIdle === 'true';
        begun ||= !idle;
        if (begun && idle && counted !== null) done([counted, performance.now() - start]);
        else requestAnimationFrame(look);
    };
    document.querySelectorAll(boxes)[which].click();
    look();
})"""
LOOK = "([lon, lat, zoom]) => Object.values(geoapp.maps)[0].map.setView([lat, lon], zoom, {animate: false})"
COUNT = """() => {
    window.moments = [];
    const tick = (moment) => {
        window.moments.push(moment);
        window.counting = requestAnimationFrame(tick);
    };
    window.counting = requestAnimationFrame(tick);
}"""
COUNTED = """() => {
    cancelAnimationFrame(window.counting);
    const {moments} = window;
    return (1000 * (moments.length - 1)) / (moments[moments.length - 1] - moments[0]);
}"""
IDLE = 'html[data-map-idle="true"]'


@dataclass(frozen=True)
class UsingBenchmark:
    """Seconds from a change until its counts, and until its tiles too; frames a second while panning, by zoom."""

    incidents: int
    counts: Sequence[float]
    tiles: Sequence[float]
    frames: Sequence[tuple[int, float]]

    @property
    def passed(self) -> bool:
        """Whether the 95th percentile of the changes and the slowest pan are within their limits."""
        return late(self.tiles) <= MOST_SECONDS and min(each for _, each in self.frames) >= LEAST_FRAMES

    def report(self) -> str:
        """The figures for people."""
        lines = [
            f"Data: {self.incidents:,} incidents. {len(self.tiles)} changes of the filter as an analyst, in a browser.",
            "",
            f"{'seconds':16} {'median':>7} {'p95':>6} {'of':>4}",
        ]
        for name, found in (("counts", self.counts), ("counts and tiles", self.tiles)):
            lines.append(f"{name:16} {median(found):7.2f} {late(found):6.2f} {MOST_SECONDS:4g}")
        panned = ", ".join(f"{each:.0f} at zoom {zoom}" for zoom, each in self.frames)
        lines.append(f"Frames a second while panning at the densest place: {panned}; at least {LEAST_FRAMES:g}.")
        if not self.passed:
            lines.append("Too slow.")
        return "\n".join(lines)


def late(found: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(found)[int(0.95 * (len(found) - 1))]


def run_using(owner: Engine, _web: Engine, progress: Callable[[int], Any]) -> UsingBenchmark:
    """Serve what is loaded, and use the map; `progress` is told of each change and pan.

    Raises GeoappError where there is nothing to look at, no analyst of all countries to look as, or no browser.
    """
    with owner.connect() as connection:
        viewer = connection.scalar(ANALYST_OF_ALL)
        incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
        place = connection.execute(DENSEST, {"n": 1}).one_or_none()
    if not viewer or place is None:
        raise GeoappError(
            "There is nobody to look as, or nothing to look at: it takes an analyst of all countries and incidents."
            " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
        )
    with session_of(owner, viewer) as cookie, geoapp_server({}) as port:
        address = f"http://127.0.0.1:{port}"
        with browser_contexts(address, cookie) as new_context, new_context() as context:
            page = context.new_page()
            page.set_default_timeout(TIMEOUT_MS)
            page.goto(address)
            page.wait_for_selector(IDLE, state="attached")
            changes = _change(page, progress)
            frames = [(zoom, _pan(page, place[0], place[1], zoom, progress)) for zoom in ZOOMS]
    return UsingBenchmark(incidents, [each[0] for each in changes], [each[1] for each in changes], frames)


def _change(page: Page, progress: Callable[[int], Any]) -> list[tuple[float, float]]:
    page.locator(BOXES).first.wait_for(state="attached")
    boxes = page.locator(BOXES).count()
    found = []
    # What a server makes at its first requests does not count.
    page.evaluate(CHANGE, [BOXES, 0])
    page.evaluate(CHANGE, [BOXES, 0])
    for which in range(boxes):
        for _ in range(TURNS):
            counted, drawn = page.evaluate(CHANGE, [BOXES, which])
            found.append((counted / 1000, drawn / 1000))
            progress(1)
    return found


def _pan(page: Page, lon: float, lat: float, zoom: int, progress: Callable[[int], Any]) -> float:
    page.evaluate(LOOK, [lon, lat, zoom])
    page.wait_for_timeout(50)
    page.wait_for_selector(IDLE, state="attached")
    box = page.locator(".leaflet-container").bounding_box()
    if box is None:
        raise GeoappError("The map is not on the page. Build the assets with script/setup.")
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(COUNT)
    for step in range(STEPS):
        page.mouse.move(x - step * STEP, y + step)
        page.wait_for_timeout(STEP_MS)
    frames = float(page.evaluate(COUNTED))
    page.mouse.up()
    page.wait_for_selector(IDLE, state="attached")
    progress(1)
    return frames
