"""Hostile text in every text of every table is shown as text, on every page, in both languages; nothing runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import Visit, serving, visiting
from cast import signed_in
from conftest import a_database, environment_for
from flask import Flask
from flask.testing import FlaskClient
from planting import Planting, Row, plant_everything
from playwright.sync_api import Browser
from pypdf import PdfReader
from releasing import FORM
from sqlalchemy import text
from walk_lines import URLS

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

# Each way to get out of a text that pages and their scripts know; what runs says so by `own`.
HOSTILE = (
    "<script>own('script')</script><img src=x onerror=own('image')><svg onload=own('svg')>\"'> onfocus=own('attribute')"
    " `${own('template')}` {{ own('jinja') }} \\'-own('string')-\\' </script><script>own('end')</script><!--"
    " </style><style>*{display:none}</style> </textarea></title><iframe srcdoc='<script>parent.own(1)</script>'>"
    " javascript:own('link') %3Cscript%3E &lt;b&gt; '; DROP TABLE incident; -- =cmd|'/C calc'!A1 +1 @SUM(1)"
    " \u202eright to left \u2067 \u05d0\u05d1 " + "W" * 120 + " {}"
)
# What a reader of the text must see, as it is.
SEEN = "<script>own('script')</script>"
LANGUAGES = ("en", "fr")

WATCH = """
window.owned = [];
window.own = (what) => { window.owned.push(String(what)); return ''; };
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = () => window.own(name);
addEventListener('securitypolicyviolation', (event) => window.own(`policy: ${event.violatedDirective}`));
"""


def row_of(planting: Planting, table: str, state: str, unit: str = "CD-SK") -> Row:
    """The planted row of a table in a state and a unit."""
    return next(row for row in planting.of(table, *([state] if state else [])) if row.unit == unit)


@pytest.fixture(scope="module")
def planted(cluster: Cluster, template: str) -> Iterator[tuple[Settings, Planting]]:
    """Settings for a database with hostile text in every column that takes text, and a report of a megabyte."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            planting = plant_everything(connection, HOSTILE)
            huge = row_of(planting, "incident", "restricted", "RW")
            connection.execute(
                text(
                    "UPDATE incident SET summary_en = :long, summary_fr = :long WHERE incident_id = CAST(:key AS uuid)"
                ),
                {"key": huge.key, "long": HOSTILE + "W" * 500_000 + " words" * 90_000},
            )
        engine.dispose()
        yield made, planting


@pytest.fixture(scope="module")
def planting(planted: tuple[Settings, Planting]) -> Planting:
    """What was planted."""
    return planted[1]


@pytest.fixture(scope="module")
def planted_app(planted: tuple[Settings, Planting]) -> Iterator[Flask]:
    """The application on the planted database."""
    app = create_app(planted[0])
    yield app
    app.extensions[ENGINE].dispose()


@pytest.fixture
def client_of(planted_app: Flask) -> Callable[[str], FlaskClient]:
    """Clients of it, each signed in as one of the cast."""

    return lambda name: signed_in(planted_app.test_client(), name)


@pytest.fixture(scope="module")
def address(planted: tuple[Settings, Planting]) -> Iterator[str]:
    """The production server on the planted database."""
    with serving(environment_for(planted[0])) as served:
        yield served


@pytest.fixture(scope="module")
def window(chromium_browser: Browser, address: str) -> Iterator[Callable[[str], Visit]]:
    """Windows of the cast that notice whatever runs; one each, opened when it is first needed."""
    opened: dict[str, Visit] = {}
    contexts = []

    def of(name: str) -> Visit:
        if name not in opened:
            context = visiting(chromium_browser, address, name)
            contexts.append(context)
            opened[name] = context.__enter__()
            opened[name].page.add_init_script(WATCH)
            opened[name].page.on("dialog", lambda dialog: opened[name].complaints.append(dialog.message))
        opened[name].page.set_viewport_size({"width": 1366, "height": 768})
        opened[name].complaints.clear()
        return opened[name]

    yield of
    for context in contexts:
        context.__exit__(None, None, None)


WIDTH = "() => document.documentElement.scrollWidth"
WIDER = """(width) => [...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > width)
    .map(each => `${each.tagName} ${each.className}: ${each.textContent.slice(0, 40)}`)"""


def unharmed(visit: Visit) -> None:
    """That nothing of the data ran, asked for anything, or was refused by the policy."""
    assert visit.page.evaluate("window.owned") == []
    assert visit.complaints == []
    # An element that only the data could have made.
    assert visit.page.locator("img[src='x'], svg[onload], iframe, main script:not([nonce]):not([src])").count() == 0
    assert all(request.startswith((visit.address, "data:", "blob:")) for request in visit.requests)


def fits(visit: Visit, width: int = 360) -> None:
    """That the page needs no sideways scrolling on a small screen."""
    visit.page.set_viewport_size({"width": width, "height": 740})
    wide = visit.page.evaluate(WIDER, width) if visit.page.evaluate(WIDTH) > width else []
    assert wide == [], visit.page.url


# === Pages ============================================================================================================

# Whose pages there are; what each sees of the hostile rows differs.
READERS = ("public", "committee-sk", "coordinator-sk", "admin")


def pages(endpoint: str, planting: Planting, client: FlaskClient) -> list[str]:
    """Addresses of an endpoint that answer a page to somebody, without the language: the first two of a kind."""
    found: list[str] = []
    for path in dict.fromkeys(ask.path.split("?lang=")[0] for ask in URLS[endpoint].asks(planting) if not ask.form):
        # A part of a page has no head of its own.
        if "part=" in path:
            continue
        answer = client.get(path)
        if answer.mimetype != "text/html" or len(found) == 2:
            break
        if answer.status_code == 200:
            found.append(path)
    return found


@pytest.mark.parametrize("name", READERS)
def test_every_page_shows_it_as_text(
    name: str, planting: Planting, client_of: Callable[[str], FlaskClient], window: Callable[[str], Visit]
) -> None:
    client, visit = client_of(name), window(name)
    looked_at: set[str] = set()
    # The map is looked at below; its table and its choices are parts of a page, without the page's styles.
    for endpoint in URLS.keys() - {"map.page", "map_data.rows", "map_data.choices"}:
        for path in pages(endpoint, planting, client):
            for language in LANGUAGES:
                page = visit.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
                unharmed(visit)
                if SEEN[:8] in page.locator("body").inner_text():
                    looked_at.add(endpoint)
                fits(visit)
                visit.page.set_viewport_size({"width": 1366, "height": 768})
    shown = {
        "committee-sk": {
            "committees.page",
            "incident_list.page",
            "incidents.page",
            "packs.room",
            "places.facility",
            "places.route",
            "province.page",
            "trainings.one",
            "trainings.page",
        },
        "coordinator-sk": {
            "committees.page",
            "incident_list.page",
            "incidents.page",
            "meetings.done_form",
            "mending.new",
            "mending.row",
            "movements.one",
            "movements.page",
            "packs.room",
            "places.deployment",
            "places.facility",
            "places.route",
            "province.page",
            "quality.page",
            "quality.rows",
            "questions.question",
            "rankings.sites",
            "register.new",
            "register.one",
            "register.page",
            "releases.form",
            "trainings.one",
            "trainings.page",
        },
    }
    # Everybody sees sites.
    assert looked_at == {"map.table"} | shown.get(name, set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_printed_as_pdf_holds_it_as_text(
    language: str, planting: Planting, window: Callable[[str], Visit], tmp_path: Path
) -> None:
    visit = window("coordinator-sk")
    row = row_of(planting, "incident", "restricted")
    page = visit.open(f"/incidents/{row.key}?lang={language}")
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    unharmed(visit)
    printed = PdfReader(tmp_path / "page.pdf")
    words = "".join(each.extract_text() for each in printed.pages)
    # A line may break anywhere in it.
    assert SEEN.replace(" ", "") in re.sub(r"\s", "", words)
    links = [
        link.get_object()["/A"]["/URI"]
        for each in printed.pages
        for link in each.get("/Annots") or []
        if "/A" in link.get_object()
    ]
    assert links, "the page has links"
    assert all(link.startswith(visit.address) for link in links)
    assert b"/JavaScript" not in (tmp_path / "page.pdf").read_bytes()


class _Tags(HTMLParser):
    """The elements of a page, and whether each script has a nonce or an address of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        # Words for the script, which no browser runs; what is told from the data has no such mark.
        if tag == "script" and told == {"type": "application/json", "data-question-words": None}:
            return
        if tag == "script" and not told.get("nonce") and not (told.get("src") or "").startswith("/static/"):
            self.foreign.append(tag)
        if tag in {"iframe", "object", "embed", "base"} or any(each.startswith("on") for each in told):
            self.foreign.append(f"{tag} {told}")


def test_no_page_of_anybody_has_an_element_of_the_data(
    planting: Planting, client_of: Callable[[str], FlaskClient]
) -> None:
    for name in READERS:
        client = client_of(name)
        # Signing out would end the session that the windows of later tests have.
        for endpoint in URLS.keys() - {"sign_in.sign_out"}:
            for ask in list(URLS[endpoint].asks(planting))[:12]:
                answer = client.get(ask.path) if ask.form is None else client.post(ask.path, data=ask.form)
                if answer.mimetype == "text/html":
                    tags = _Tags()
                    tags.feed(answer.text)
                    assert tags.foreign == [], (name, ask.path)


# === The map ==========================================================================================================

POPUPS = {
    "incidents": ("incident", "released"),
    "deployments": ("deployment", "current"),
    "mine_sites": ("mine_site", ""),
    "facilities": ("facility", "depot"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_popups_show_it_as_text(language: str, planting: Planting, window: Callable[[str], Visit]) -> None:
    visit = window("analyst")
    visit.open(f"/?lang={language}")
    for layer, (table, state) in POPUPS.items():
        row = row_of(planting, table, state)
        said = _popup(visit, planting, row)
        assert SEEN in said, layer
        assert "`${own('template')}`" in said, layer
        unharmed(visit)
        if layer in {"incidents", "facilities"}:
            visit.keep(f"hostile-popup-{layer}-{language}")
    # Several rows that lie together are a list of names.
    visit.page.keyboard.press("Escape")
    unharmed(visit)


def test_a_popup_of_a_megabyte_stays_a_popup(planting: Planting, window: Callable[[str], Visit]) -> None:
    visit = window("analyst")
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.open("/?lang=en")
    huge = row_of(planting, "incident", "restricted", "RW")
    said = _popup(visit, planting, huge)
    assert len(said) > 900_000
    box = visit.page.locator(".leaflet-popup").bounding_box()
    assert box
    assert box["width"] <= 360
    assert box["height"] <= 740
    unharmed(visit)
    visit.keep("hostile-popup-megabyte-360")
    visit.page.goto(f"{visit.address}/incidents/{huge.key}?lang=en")
    fits(visit)
    visit.keep("hostile-incident-megabyte-360")
    unharmed(visit)


def _popup(visit: Visit, planting: Planting, row: Row) -> str:
    visit.page.evaluate("Object.values(geoapp.maps)[0].map.closePopup()")
    visit.page.wait_for_selector(".leaflet-popup", state="detached")
    lon, lat = planting.places[row]
    visit.look_at(lon, lat, 18)
    visit.page.mouse.click(*visit.point_of(lon, lat))
    visit.page.wait_for_selector(".leaflet-popup dl.popup-fields")
    return visit.page.locator(".leaflet-popup").inner_text()


def test_tips_and_the_legend_show_it_as_text(planting: Planting, window: Callable[[str], Visit]) -> None:
    visit = window("analyst")
    visit.open("/?lang=en")
    for table in ("mine_site", "route", "facility"):
        row = row_of(planting, table, "")
        lon, lat = planting.places[row]
        visit.look_at(lon, lat, 17)
        visit.page.mouse.move(*visit.point_of(lon, lat))
        tip = visit.page.locator(".leaflet-tooltip")
        tip.wait_for()
        assert SEEN[:8] in tip.inner_text(), table
        unharmed(visit)
        visit.page.mouse.move(0, 0)
        tip.wait_for(state="detached")


# === Forms ============================================================================================================


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_form_brings_is_shown_as_text(language: str, planting: Planting, window: Callable[[str], Visit]) -> None:
    row = row_of(planting, "incident", "released")
    visit = window("coordinator-sk")
    page = visit.open(f"/incidents/{row.key}/release?lang={language}")
    for field in ("summary_fr", "summary_en"):
        page.fill(f"#{field}", HOSTILE[:900])
    page.check("input[name=place][value=province]")
    page.check("input[name=date_precision][value='3']")
    page.click("button[value=preview]")
    assert SEEN in page.locator("main").inner_text()
    unharmed(visit)
    visit.keep(f"hostile-preview-{language}")
    fits(visit)
    visit.keep(f"hostile-preview-{language}-360")


@pytest.mark.parametrize("sent", ["\0", "\ud800", HOSTILE, "W" * 900_000], ids=["nul", "surrogate", "hostile", "long"])
def test_a_form_takes_or_refuses_it_and_never_fails(
    sent: str, planting: Planting, client_of: Callable[[str], FlaskClient]
) -> None:
    row = row_of(planting, "incident", "restricted")
    words = sent.encode("utf-8", "surrogatepass")
    for name, path, form in (
        ("coordinator-sk", f"/incidents/{row.key}/release", FORM),
        ("admin", "/admin", {"change": "add", "name": "somebody", "role": "committee", "unit": "CD-SK"}),
        ("public", "/demo/look-as", {"name": "public"}),
    ):
        for field in form:
            answer = client_of(name).post(path, data={**form, field: words})
            assert answer.status_code < 500, (path, field)
            assert answer.status_code != 303 or path == "/demo/look-as" or name == "admin"


# === The direction of writing =========================================================================================


def test_marks_of_direction_do_not_turn_the_words_around_them(
    planting: Planting, window: Callable[[str], Visit]
) -> None:
    """In every place where text of a row stands in one line with words of ours."""
    visit = window("coordinator-sk")
    row = row_of(planting, "incident", "released")
    for path in (f"/incidents/{row.key}?lang=en", f"/incidents/{row.key}/release?lang=en"):
        page = visit.open(path)
        loose = page.evaluate(
            """() => {
                const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                const loose = [];
                while (walker.nextNode()) {
                    const node = walker.currentNode;
                    const parent = node.parentElement;
                    if (!node.data.includes('\\u202e') || parent.closest('script, style, textarea, title')) continue;
                    const style = getComputedStyle(parent);
                    const alone = parent.childNodes.length === 1;
                    const isolated = ['isolate', 'plaintext', 'isolate-override'].includes(style.unicodeBidi);
                    if (!alone || !(isolated || style.display !== 'inline')) loose.push(parent.outerHTML.slice(0, 80));
                }
                return loose;
            }"""
        )
        assert loose == []
        assert not {"\u202e", "\u2067"} & set(page.title())
