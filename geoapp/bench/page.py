"""The first view of the map on a slow link, in a real Chromium: seconds and bytes until it is of use, and in all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

import folium
from sqlalchemy import Engine, func, select

from geoapp.bench.access import ANALYST_OF_ALL
from geoapp.bench.servers import geoapp_server
from geoapp.bench.tiles import session_of
from geoapp.errors import GeoappError
from layers.tables import Incident, MineSite

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession

ROUNDS = 3
WIDTH, HEIGHT = 1366, 768
# 400 kbit/s, and the milliseconds that each request waits for its answer to begin.
BYTES_A_SECOND, LATENCY_MS = 50_000, 300
COLD_SECONDS, WARM_SECONDS = 6.0, 2.0
MOST_UNTIL_USABLE, MOST_IN_ALL, MOST_HTML = 200_000, 350_000, 30_000
# As many rows as a plain Folium page still opens with.
INLINE_ROWS = 20_000
TIMEOUT_MS = 60_000
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
MISSING = (
    "It takes Playwright and a Chromium: pip install playwright, and install chromium from the distribution or name one"
    " in GEOAPP_CHROMIUM."
)


@dataclass(frozen=True)
class Opened:
    """One opening of the map: seconds from the navigation on, and bytes on the wire with headers."""

    usable: float
    complete: float
    bytes_until_usable: float
    bytes_in_all: float
    requests: float
    html: float


@dataclass(frozen=True)
class PageBenchmark:
    """The medians with an empty and with a warm cache, and the bytes of a plain Folium page."""

    incidents: int
    cold: Opened
    warm: Opened
    inline: int
    inline_rows: int

    @property
    def passed(self) -> bool:
        """Whether all stays within its limits."""
        return not self.faults

    @property
    def faults(self) -> list[str]:
        """The limits that are passed over."""
        figures = {
            "usable, empty cache": (self.cold.usable, COLD_SECONDS),
            "usable, warm cache": (self.warm.usable, WARM_SECONDS),
            "bytes until usable": (self.cold.bytes_until_usable, MOST_UNTIL_USABLE),
            "bytes in all": (self.cold.bytes_in_all, MOST_IN_ALL),
            "HTML": (self.cold.html, MOST_HTML),
        }
        return [name for name, (found, most) in figures.items() if found > most]

    def report(self) -> str:
        """The figures for people."""
        lines = [
            f"Data: {self.incidents:,} incidents. The map at {WIDTH} x {HEIGHT} as an analyst, {ROUNDS} rounds,"
            f" medians; {BYTES_A_SECOND * 8 // 1000} kbit/s, {LATENCY_MS} ms.",
            "Usable: the map can be moved, and base map, borders and incidents of the whole view are drawn.",
            "",
            f"{'cache':6} {'usable s':>8} {'of':>4} {'all s':>6}"
            f" {'kB':>6} {'of':>4} {'all kB':>7} {'of':>4} {'requests':>9}",
        ]
        for name, each, most in (("empty", self.cold, COLD_SECONDS), ("warm", self.warm, WARM_SECONDS)):
            lines.append(
                f"{name:6} {each.usable:8.2f} {most:4g} {each.complete:6.2f} {each.bytes_until_usable / 1000:6.0f}"
                f" {MOST_UNTIL_USABLE // 1000:4} {each.bytes_in_all / 1000:7.0f} {MOST_IN_ALL // 1000:4}"
                f" {each.requests:9.0f}"
            )
        lines.append(f"HTML: {self.cold.html / 1000:.1f} kB of {MOST_HTML // 1000}, before it is compressed.")
        lines.append(
            f"A plain Folium page with {self.inline_rows:,} incidents and the sites inline:"
            f" {self.inline / 1000:,.0f} kB of HTML,"
            f" at this rate {self.inline / BYTES_A_SECOND:,.0f} s at least, without its libraries."
        )
        lines += [f"Over its limit: {name}" for name in self.faults]
        return "\n".join(lines)


def run_page(owner: Engine, _web: Engine, progress: Callable[[int], Any]) -> PageBenchmark:
    """Serve what is loaded, and open the map; `progress` is told of each round.

    Raises GeoappError where there is nothing to look at, no analyst of all countries to look as, or no browser.
    """
    with owner.connect() as connection:
        viewer = connection.scalar(ANALYST_OF_ALL)
        incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
    if not viewer:
        raise GeoappError(
            "There is nobody to look as: it takes an analyst of all countries."
            " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
        )
    cold, warm = [], []
    with session_of(owner, viewer) as cookie, geoapp_server({}) as port:
        address = f"http://127.0.0.1:{port}"
        with browser_contexts(address, cookie) as new_context:
            # What a server makes at its first request does not count.
            with new_context() as context:
                _open(context, address)
            for _ in range(ROUNDS):
                with new_context() as context:
                    cold.append(_open(context, address))
                    warm.append(_open(context, address))
                progress(1)
    inline, rows = _inline(owner)
    return PageBenchmark(incidents, _middle(cold), _middle(warm), inline, rows)


@dataclass
class _Traffic:
    """What a window's network does, as Chromium tells it."""

    started: float | None = None
    received: list[tuple[float, float]] = field(default_factory=list)
    # When an answer began, and what came of its body.
    heads: dict[str, tuple[float, float]] = field(default_factory=dict)
    requests: int = 0

    def watch(self, session: CDPSession) -> None:
        """Listen to a window."""
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._came)
        session.on("Network.loadingFinished", self._finished)

    def until(self, seconds: float) -> float:
        """The bytes that came in until then."""
        assert self.started is not None  # noqa: S101 - asked after a navigation.
        return sum(size for moment, size in self.received if moment <= self.started + seconds)

    def _sent(self, told: dict[str, Any]) -> None:
        if self.started is None:
            self.started = told["timestamp"]

    def _answered(self, told: dict[str, Any]) -> None:
        response = told["response"]
        if not response.get("fromDiskCache"):
            self.requests += 1
            self.heads[told["requestId"]] = (told["timestamp"], 0.0)

    def _came(self, told: dict[str, Any]) -> None:
        if told["requestId"] in self.heads:
            moment, known = self.heads[told["requestId"]]
            self.heads[told["requestId"]] = (moment, known + told["encodedDataLength"])
            self.received.append((told["timestamp"], told["encodedDataLength"]))

    def _finished(self, told: dict[str, Any]) -> None:
        # The length is that of the whole answer: what its parts do not make up are the headers, which came first.
        if told["requestId"] in self.heads:
            moment, known = self.heads[told["requestId"]]
            self.received.append((moment, max(told["encodedDataLength"] - known, 0)))


@contextmanager
def browser_contexts(address: str, cookie: str) -> Iterator[Callable[[], Any]]:
    """A browser, and how to open windows of it with an empty cache, signed in."""
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - not a part of an installation.
    except ImportError:
        raise GeoappError(MISSING) from None
    program = shutil.which(os.environ.get("GEOAPP_CHROMIUM", "chromium"))
    name, _, value = cookie.partition("=")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=program, args=list(SWITCHES))
        except Error:
            raise GeoappError(MISSING) from None

        @contextmanager
        def new() -> Iterator[BrowserContext]:
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            context.add_cookies([{"name": name, "value": value, "url": address}])
            yield context
            context.close()

        yield new
        browser.close()


def _open(context: BrowserContext, address: str) -> Opened:
    """Open the map in a new window on a slow link, until all of it is drawn."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    traffic = _Traffic()
    session.send("Network.enable")
    link = {"offline": False, "latency": LATENCY_MS}
    rates = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    session.send("Network.emulateNetworkConditions", link | rates)
    traffic.watch(session)
    answer = page.goto(address, timeout=TIMEOUT_MS, wait_until="commit")
    page.wait_for_selector('html[data-map-idle="true"]', state="attached", timeout=TIMEOUT_MS)
    # Whatever is still on its way.
    page.wait_for_timeout(500)
    marks = json.loads(
        page.evaluate("() => JSON.stringify(performance.getEntriesByType('mark').map((m) => [m.name, m.startTime]))")
    )
    at = {name: moment / 1000 for name, moment in marks}
    html = len(answer.body()) if answer else 0
    page.close()
    return Opened(
        at["map-usable"],
        at["map-complete"],
        traffic.until(at["map-usable"]),
        traffic.until(TIMEOUT_MS),
        traffic.requests,
        html,
    )


def _middle(found: Sequence[Opened]) -> Opened:
    return Opened(*(median(getattr(each, name) for each in found) for name in vars(found[0])))


def _inline(owner: Engine) -> tuple[int, int]:
    """The bytes of a page that Folium makes of the same as its examples show, and how many incidents are in it."""
    chart = folium.Map(location=[-2, 29], zoom_start=7)
    with owner.connect() as connection:
        for name, lon, lat in connection.execute(
            select(MineSite.name, func.ST_X(MineSite.geom), func.ST_Y(MineSite.geom))
        ):
            folium.CircleMarker([lat, lon], radius=4, tooltip=name).add_to(chart)
        place = (func.ST_X(Incident.geom), func.ST_Y(Incident.geom))
        rows = connection.execute(
            select(Incident.incident_no, Incident.occurred_from, Incident.level, Incident.category, *place)
            .where(Incident.geom.is_not(None))
            .limit(INLINE_ROWS)
        ).all()
    features = [
        {
            "type": "Feature",
            "properties": {"no": number, "day": str(day), "level": level, "category": category},
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
        }
        for number, day, level, category, lon, lat in rows
    ]
    folium.GeoJson({"type": "FeatureCollection", "features": features}).add_to(chart)
    return len(chart.get_root().render().encode()), len(rows)
