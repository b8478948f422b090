"""A real Chromium for tests, and a real server for it to look at."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from cast import cookie
from playwright.sync_api import Browser, Page, Request, sync_playwright

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"
SCREENSHOTS = Path(__file__).parents[1] / ".screenshots"
# Chromium's own services would knock at doors that are closed, and its sandbox needs another account than root.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Visit:
    """A page and what went wrong on it: console errors, script errors, requests that failed or left the server."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> Page:
        """Go to `path`, and wait until a map on it has come to rest."""
        self.page.goto(self.address + path)
        if self.page.locator("[data-map-frame]").count():
            self.rest()
        return self.page

    def rest(self) -> None:
        """Wait until all tiles are drawn."""
        self.page.wait_for_selector('html[data-map-idle="true"]', state="attached")

    def drawn(self) -> dict[str, int]:
        """How many features of each layer are drawn."""
        found: dict[str, int] = self.page.evaluate("() => geoapp.drawn(Object.values(geoapp.maps)[0].map)")
        return found

    def look_at(self, lon: float, lat: float, zoom: float) -> None:
        """Move the map."""
        move = "([lat, lon, zoom]) => Object.values(geoapp.maps)[0].map.setView([lat, lon], zoom, {animate: false})"
        self.page.evaluate(move, [lat, lon, zoom])
        self.page.wait_for_timeout(50)
        self.rest()

    def point_of(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place is in the window, in pixels."""
        project = """([lat, lon]) => {
            const map = Object.values(geoapp.maps)[0].map;
            const box = map.getContainer().getBoundingClientRect();
            const point = map.latLngToContainerPoint([lat, lon]);
            return [box.left + point.x, box.top + point.y];
        }"""
        x, y = self.page.evaluate(project, [lat, lon])
        return x, y

    def keep(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the distribution, or the one that GEOAPP_CHROMIUM names."""
    program = shutil.which(os.environ.get("GEOAPP_CHROMIUM", "chromium"))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(SWITCHES))
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, address: str, name: str = "public", **options: Any) -> Iterator[Visit]:
    """A fresh window of one of the cast; `options` are those of a Playwright context."""
    context = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, "locale": "en-GB", **options})
    if name != "public":
        key, token = cookie(name)
        context.add_cookies([{"name": key, "value": token, "url": address}])
    visit = Visit(context.new_page(), address)
    visit.page.on("console", lambda message: visit.complaints.append(message.text) if message.type == "error" else None)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("requestfailed", lambda request: visit.complaints.extend(failure_of(request)))
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.set_default_timeout(20_000)
    yield visit
    context.close()


def failure_of(request: Request) -> list[str]:
    """What is wrong with a request that failed; nothing where the page itself has given it up for a later one."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"failed: {request.url}"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(environment: dict[str, str], workers: int = 1, program: Path = GEOAPP) -> Iterator[str]:
    """`geoapp run` on a free port; its address."""
    port = free_port()
    command = [str(program), "run", "--port", str(port), "--workers", str(workers)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            await_answer(f"{address}/readyz", server)
            yield address
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=20)


def await_answer(address: str, server: subprocess.Popen[str], seconds: float = 30) -> None:
    """Wait until a server answers 200."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise AssertionError(f"the server ended: {server.stdout.read() if server.stdout else ''}")
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the server did not answer within {seconds:g} s")
