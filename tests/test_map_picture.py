"""The map as a picture and on paper: with title, legend, scale, date and marks, made in the browser alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import SCREENSHOTS, Visit, serving, visiting
from conftest import a_database, environment_for
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from test_map_filters import NEAR_GOMA, ROWS

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

# Notes each text that is written on any canvas.
LISTEN = """() => {
    window.written = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
        window.written.push(words);
        return write.call(this, words, ...rest);
    };
}"""


@pytest.fixture(scope="module")
def server(cluster: Cluster, template: str) -> Iterator[str]:
    """A server on a database with rows near Goma, marked as holding synthetic ones."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
            connection.execute(text("INSERT INTO source (source_id, name) VALUES ('demo', 'synthetic')"))
        engine.dispose()
        with serving(environment_for(settings)) as address:
            yield address


def save(visit: Visit, name: str) -> tuple[int, int, str]:
    """Save the picture; its width and height, and what is written on it."""
    visit.page.evaluate(LISTEN)
    visit.page.locator("[data-share] summary").click()
    with visit.page.expect_download() as saved:
        visit.page.locator("[data-picture]").click()
    assert saved.value.suggested_filename.startswith("geoapp-20")
    path = SCREENSHOTS / f"{name}.png"
    saved.value.save_as(path)
    return *size_of(path), "\n".join(visit.page.evaluate("() => window.written"))


def size_of(path: Path) -> tuple[int, int]:
    """The width and height that a PNG says it has."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_the_picture_bears_all_that_it_needs(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}&level=1,2&theme=dark")
    # It says what is shown, not what the page began with.
    page.get_by_role("checkbox", name="Facilities").uncheck()
    width, height, written = save(visit, "picture-en")
    map_width = page.evaluate("() => document.querySelector('.leaflet-container').offsetWidth")
    assert width >= 2 * map_width
    assert height > 800
    for words in ("Incidents: Level 1 (highest) or Level 2", "Synthetic data", "Restricted", "Mine sites", "ICGLR red"):
        assert words in written
    assert "OpenStreetMap" in written
    assert "made on" in written
    assert " km" in written
    # What is not drawn is not in the legend.
    for words in ("Level 3 (lowest)", "Facilities", "ICGLR blue"):
        assert words not in written
    assert visit.complaints == []
    assert all(url.startswith((visit.address, "blob:", "data:")) for url in visit.requests)


def test_the_mark_says_whom_it_is_for(chromium_browser: Browser, server: str) -> None:
    for name, mark in (("public", "Public"), ("committee-sk", "Réservé au comité")):
        with visiting(chromium_browser, server, name) as visit:
            visit.open(f"/?lang=fr&{NEAR_GOMA}")
            written = save(visit, f"picture-{name}-fr")[2].split("\n")
            assert mark in written
            assert "Données synthétiques" in written
            assert "Diffusion restreinte" not in written


def test_paper_shows_the_picture_and_the_rows(visit: Visit) -> None:
    page = visit.open(f"/?lang=fr&{NEAR_GOMA}&theme=dark")
    expect(page.locator(".rows-table tbody tr").first).to_be_visible()
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator(".print-sheet canvas")).to_be_visible()
    expect(page.locator(".filter-panel")).to_be_hidden()
    expect(page.locator(".toolbar")).to_be_hidden()
    expect(page.locator(".rows-table")).to_be_visible()
    # Paper is white, also for who looks by night.
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    visit.keep("print-fr")
    page.emulate_media(media="screen")
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".print-sheet canvas")).to_have_count(0)
    assert visit.complaints == []


def test_the_print_button_prints(visit: Visit) -> None:
    page = visit.open(f"/?lang=en&{NEAR_GOMA}")
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.locator("[data-share] summary").click()
    page.locator("[data-print]").click()
    page.wait_for_function("() => window.printed")
