"""Risk questions as an analyst asks them: drawn on the map, kept open and compared, as pages and as files."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Visit, serving, visiting
from cast import cookie
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk.network import build_network
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

# A road around a square of some 30 km with a spur that nothing joins; incidents along its southern side.
ROWS = text("""
    INSERT INTO mine_site (site_id, name, activity, geom)
    SELECT 'COD-SK-' || n, 'Site ' || n, 'active', ST_SetSRID(ST_Point(28.7 + n / 25.0, -2.55), 4326)
      FROM generate_series(1, 8) AS n;
    INSERT INTO site_visit (site_id, visited_on) VALUES ('COD-SK-1', current_date - 20);
    INSERT INTO route (route_id, name, mode, geom) VALUES
        ('RT-S', 'Southern side', 'truck', 'SRID=4326;MULTILINESTRING((28.70 -2.50, 28.85 -2.50, 29.00 -2.50))'),
        ('RT-N', 'Northern side', 'truck',
         'SRID=4326;MULTILINESTRING((28.70 -2.50, 28.70 -2.44, 29.00 -2.44, 29.00 -2.50))'),
        ('RT-X', 'Apart', 'truck', 'SRID=4326;MULTILINESTRING((28.2 -3.4, 28.4 -3.4))');
    INSERT INTO facility (facility_id, name, kind, geom)
        VALUES ('F-1', 'Depot of the bend', 'depot', 'SRID=4326;POINT(28.80 -2.51)');
    INSERT INTO deployment (deployment_id, force, provider_class, function, valid_from, geom)
        VALUES ('D-1', 'mining_police', 'public', 'site_guard', '2020-01-01', 'SRID=4326;POINT(28.70 -2.55)');
    INSERT INTO incident (incident_no, occurred_from, reported_on, level, category, geom)
    SELECT 'SK-' || n, current_date - (n * 5), current_date - (n * 5), 1 + n % 3, 'violence',
           ST_SetSRID(ST_Point(28.72 + n / 200.0, -2.51), 4326)
      FROM generate_series(1, 40) AS n""")
NEAR = "at=10/-2.5/28.85"
AREA = "28.75,-2.6;28.9,-2.6;28.9,-2.4;28.75,-2.4"


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A database with these rows, and their network."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
            build_network(connection, lambda _: None)
        engine.dispose()
        yield settings


@pytest.fixture(scope="module")
def server(database: Settings) -> Iterator[str]:
    """A server on it."""
    with serving(environment_for(database)) as address:
        yield address


@pytest.fixture(scope="module")
def asker(database: Settings) -> Iterator[Callable[[str], FlaskClient]]:
    """Clients on it without a browser."""
    app = create_app(database)

    def client_of(name: str) -> FlaskClient:
        client = app.test_client()
        if name != "public":
            client.set_cookie(*cookie(name))
        return client

    yield client_of
    app.extensions[ENGINE].dispose()


def api(visit: Visit, ask: str) -> dict[str, Any]:
    """What the JSON API answers to an answer's address."""
    name, _, query = ask.partition("?")
    kept = "&".join(each for each in query.split("&") if not each.startswith(("of_points=", "off_m=")))
    answer: dict[str, Any] = visit.page.request.get(f"{visit.address}/api/v1/risk/{name}?{kept}").json()
    return answer


def asks(page: Page) -> list[str]:
    """The open answers in the address."""
    return parse_qs(urlsplit(page.url).query).get("ask", [])


def panel(visit: Visit, path: str = f"/?lang=en&{NEAR}") -> Page:
    """The map with the panel of questions open."""
    page = visit.open(path)
    page.get_by_role("button", name=re.compile("^Questions")).click()
    page.locator("[data-question]").first.wait_for()
    return page


def choose(page: Page, name: str) -> Locator:
    """Open the form of a question."""
    fresh = page.locator("[data-question-new]")
    if fresh.get_attribute("open") is None:
        fresh.locator("summary").first.click()
    choice = page.locator(f'[data-question="{name}"]')
    if choice.get_attribute("open") is None:
        choice.locator("summary").first.click()
    return choice


def answer(page: Page, letter: str) -> Locator:
    """An open answer, once it is drawn."""
    page.locator(f'[data-answer="{letter}"][data-drawn]').wait_for()
    return page.locator(f'[data-answer="{letter}"]')


def figures(card: Locator) -> dict[str, float]:
    """The figures of an answer on the screen."""
    found: dict[str, float] = card.locator("[data-figure][data-value]").evaluate_all(
        "all => Object.fromEntries(all.map(each => [each.dataset.figure, Number(each.dataset.value)]))"
    )
    return found


def click_map(visit: Visit, *places: tuple[float, float]) -> None:
    """Click places on the map."""
    for lon, lat in places:
        visit.page.mouse.click(*visit.point_of(lon, lat))
        visit.page.wait_for_timeout(350)


def test_a_route_a_line_and_an_area_are_asked_about_and_compared(visit: Visit) -> None:
    page = panel(visit)
    choice = choose(page, "corridor")
    choice.locator("[name=route]").select_option("RT-S")
    choice.get_by_role("button", name="Ask").click()
    first = answer(page, "A")
    expect(first).to_contain_text("40 incidents within 5 km of Southern side (RT-S)")
    told = api(visit, asks(page)[0])
    shown = figures(first)
    assert shown["incidents"] == told["incidents"] == 40
    assert (shown["level_1"], shown["weighted"]) == (told["by_level"]["1"], told["weighted"])
    assert (shown["rate"], shown["length_km"]) == (told["rate"]["value"], told["length_km"])
    expect(first.locator("[data-table-of=pieces] tbody tr")).to_have_count(len(told["pieces"]))

    # A parameter is changed where it stands, and the answer stays the same one.
    first.get_by_text("Change the parameters").click()
    first.get_by_label("Kilometres to each side").fill("0.5")
    first.get_by_role("button", name="Ask again").click()
    expect(first).to_contain_text("0 incidents within 0.5 km")
    page.go_back()
    expect(page.locator("[data-answer]")).to_contain_text("40 incidents within 5 km")

    choose(page, "corridor").get_by_role("button", name="Draw a line").click()
    click_map(visit, (28.72, -2.52), (28.80, -2.52))
    page.locator("[data-drawing=done]").click()
    second = answer(page, "B")
    line = api(visit, asks(page)[1])
    assert figures(second)["incidents"] == line["incidents"] > 0
    expect(second).to_contain_text("the line drawn")

    choose(page, "area").get_by_role("button", name="Draw an area").click()
    click_map(visit, (28.75, -2.58), (28.85, -2.58), (28.85, -2.42), (28.75, -2.42))
    page.keyboard.press("Backspace")
    click_map(visit, (28.75, -2.43))
    page.locator("[data-drawing=done]").click()
    third = answer(page, "C")
    drawn = api(visit, asks(page)[2])
    assert figures(third)["incidents"] == drawn["incidents"] > 0
    assert figures(third)["area_km2"] == drawn["area_km2"]

    row = page.locator("[data-compared=incidents]")
    expect(row.locator("td")).to_have_text(["40", str(line["incidents"]), str(drawn["incidents"])])
    colors = page.locator("[data-answer] .answer-letter").evaluate_all("all => all.map(each => each.style.background)")
    assert len(set(colors)) == 3
    expect(page.locator(".leaflet-marker-pane .answer-letter")).to_have_count(3)
    visit.keep("questions-en")

    # The link holds all of it.
    link = page.url
    page.get_by_role("button", name="Close answer B").click()
    expect(page.locator("[data-answer]")).to_have_count(2)
    assert len(asks(page)) == 2
    visit.open(link.removeprefix(visit.address))
    expect(page.locator("[data-answer][data-drawn]")).to_have_count(3)
    assert visit.complaints == []


def test_a_circle_a_place_and_a_way_are_asked_about(visit: Visit) -> None:
    page = panel(visit, f"/?lang=fr&{NEAR}&level=1")
    choose(page, "near").get_by_role("button", name="Tracer un cercle").click()
    click_map(visit, (28.80, -2.51), (28.86, -2.51))
    near = answer(page, "A")
    asked = api(visit, asks(page)[0])
    # What the map was filtered by is asked with.
    assert asked["parameters"]["level"] == ["1"]
    assert figures(near)["incidents"] == asked["incidents"] > 0
    assert 5 < asked["parameters"]["radius_km"] < 8

    choose(page, "pressure").get_by_role("button", name="Choisir un lieu sur la carte").click()
    # The keyboard takes the middle of the map.
    page.keyboard.press("Enter")
    pressed = answer(page, "B")
    asked = api(visit, asks(page)[1])
    assert figures(pressed)["pressure"] == asked["pressure"] > 0
    pressed.get_by_text("Ce qui ajoute à la pression (").click()
    expect(pressed.locator("[data-table-of=terms] tbody tr")).to_have_count(len(asked["terms"]))

    choose(page, "path").get_by_role("button", name="Choisir A et B sur la carte").click()
    click_map(visit, (28.705, -2.50), (28.995, -2.50))
    way = answer(page, "C")
    asked = api(visit, asks(page)[2])
    shown = figures(way)
    assert shown["shortest_km"] == asked["shortest"]["length_km"] < asked["lower"]["length_km"] == shown["lower_km"]
    assert shown["longer_km"] == asked["trade_off"]["longer_km"]
    expect(way.locator("[data-table-of=ways] tbody tr")).to_have_count(2)
    # A dashed way and a full one, and both ends.
    expect(page.locator(".answer-end")).to_have_count(2)
    visit.keep("questions-path-fr")
    assert visit.complaints == []


def test_a_route_is_picked_and_coverage_and_hot_spots_answer(visit: Visit) -> None:
    page = panel(visit)
    choose(page, "corridor").get_by_role("button", name="Pick a route on the map").click()
    click_map(visit, (28.85, -2.47))
    expect(page.locator(".draw-bar")).to_contain_text("No route lies there")
    click_map(visit, (28.90, -2.44))
    expect(answer(page, "A")).to_contain_text("Northern side")
    choose(page, "coverage").get_by_role("button", name="Ask").click()
    covered = answer(page, "B")
    asked = api(visit, asks(page)[1])
    assert figures(covered)["sites"] == asked["sites"]["share"]
    covered.get_by_text("Sites out of reach (").click()
    expect(covered.locator("[data-table-of=gaps] tbody tr")).to_have_count(len(asked["gaps"]))
    # Too few cells hold anything: that is said, and the parameters are at hand.
    choose(page, "hotspots").get_by_role("button", name="Ask").click()
    card = page.locator('[data-answer="C"]')
    expect(card.get_by_role("alert")).to_contain_text("hot spots are told from 30 on")
    expect(card.get_by_label("Side of a cell in km")).to_be_visible()
    # 400 is the answer to it.
    visit.complaints = [each for each in visit.complaints if "400" not in each]
    assert visit.complaints == []


def test_a_line_of_5000_points_is_simplified_and_says_so(visit: Visit, tmp_path: Path) -> None:
    page = panel(visit)
    points = [[28.7 + n * 0.00006, -2.5 + 0.01 * math.sin(n / 40)] for n in range(5000)]
    track = tmp_path / "track.geojson"
    track.write_text(json.dumps({"type": "LineString", "coordinates": points}))
    choose(page, "corridor").locator("[data-draw-file]").set_input_files(track)
    card = answer(page, "A")
    (asked,) = asks(page)
    assert len(page.url) < 8000
    note = card.locator(".answer-note").inner_text()
    kept, off = (int(each) for each in re.findall(r"(\d+) were kept.*?than (\d+) m", note)[0])
    assert "had 5000 points" in note
    assert kept == asked.count(";") + 1
    assert off < 1200
    assert figures(card)["incidents"] == api(visit, asked)["incidents"]
    # Of a file that holds no line it is said.
    track.write_text('{"type": "Point", "coordinates": [29, -2]}')
    choose(page, "corridor").locator("[data-draw-file]").set_input_files(track)
    expect(page.locator("[data-question=corridor] [data-ask-fault]")).to_contain_text("no single line")
    assert visit.complaints == []


def test_a_polygon_that_crosses_itself_or_lies_at_sea_gets_a_sentence(visit: Visit) -> None:
    page = panel(visit)
    choice = choose(page, "area")
    choice.get_by_label("Corners").fill("28.7, -2.5\n28.9, -2.4\n28.7, -2.4\n28.9, -2.5")
    choice.get_by_role("button", name="Ask").click()
    expect(page.locator('[data-answer="A"]').get_by_role("alert")).to_contain_text("crosses itself")
    choice = choose(page, "area")
    choice.get_by_label("Corners").fill("5, -2\n6, -2\n6, -3")
    choice.get_by_role("button", name="Ask").click()
    expect(answer(page, "B")).to_contain_text("100% of the ground asked about lies outside your units")
    expect(page.locator('[data-answer="B"] .key-outside')).to_have_count(1)
    assert "" in asks(page)[1]


def test_a_drawing_is_given_up_by_escape(visit: Visit) -> None:
    page = panel(visit)
    button = choose(page, "area").get_by_role("button", name="Draw an area")
    button.click()
    click_map(visit, (28.75, -2.58))
    page.locator("[data-drawing=done]").click()
    expect(page.locator(".draw-bar")).to_contain_text("takes more points")
    page.keyboard.press("Escape")
    expect(page.locator(".draw-bar")).to_have_count(0)
    expect(button).to_be_focused()
    # The map is as before: a click opens what lies there.
    click_map(visit, (28.90, -2.44))
    expect(page.locator(".popup")).to_contain_text("Northern side")


def test_it_fits_a_phone(chromium_browser: Browser, server: str) -> None:
    with visiting(chromium_browser, server, "analyst", viewport={"width": 360, "height": 740}) as visit:
        page = panel(visit, f"/?lang=fr&{NEAR}")
        choose(page, "near").get_by_role("button", name="Tracer un cercle").click()
        # The panel makes room for the map.
        expect(page.locator("[data-question-panel]")).to_be_hidden()
        click_map(visit, (28.80, -2.51), (28.86, -2.51))
        expect(page.locator("[data-question-panel]")).to_be_visible()
        answer(page, "A")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        visit.keep("questions-360-fr")
        for path in ("/risk?lang=fr", "/risk/sites?lang=fr", "/risk/provinces?lang=fr", "/risk/path?lang=fr"):
            visit.open(path)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_who_may_not_ask_is_not_offered_it(chromium_browser: Browser, server: str) -> None:
    for name in ("committee-sk", "public"):
        with visiting(chromium_browser, server, name) as visit:
            page = visit.open("/?lang=en&ask=corridor?route=RT-S")
            expect(page.locator("[data-questions-toggle]")).to_have_count(0)
            expect(page.locator("[data-faults]")).to_contain_text("answers to risk questions in this link are for")
            assert asks(page) == []
            assert visit.complaints == []


Asker = Callable[[str], FlaskClient]
PAGES = (
    "/risk",
    "/risk/corridor?route=RT-S",
    "/risk/sites",
    "/risk/provinces.csv",
    "/risk/area.geojson?polygon=0,0;1,1;1,0",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_for_who_may_ask(asker: Asker, path: str) -> None:
    assert asker("public").get(path).status_code == 401
    refused = asker("committee-sk").get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert refused.status_code == 403
    assert "for coordinators, analysts and GIS officers" in refused.text
    assert asker("analyst").get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("corridor?route=NONE", "there is no route NONE"),
        ("corridor?line=28.8,-2.5", "takes 2 at least"),
        ("corridor?line=here", "is not a point"),
        ("area?polygon=28.8,-2.5;28.9,-2.5", "takes 3 at least"),
        ("near?lon=200&lat=0", "-180 to 180"),
        ("path?from=28.7,-2.5&to=28.9,-2.5&aversion=-1", "0 to 1000"),
        ("sites?on=2999-01-01", "future"),
        ("provinces?since=2026-02-01&until=2026-01-01", "since"),
    ],
)
def test_what_cannot_be_asked_says_why_beside_the_form(asker: Asker, path: str, says: str) -> None:
    refused = asker("analyst").get(f"/risk/{path}&lang=en")
    assert refused.status_code == 400
    assert says in refused.text
    assert "<form" in refused.text


@pytest.mark.parametrize("path", ["corridor?route=RT-S", f"area?polygon={AREA}", "near?lon=28.8&lat=-2.5", "coverage"])
def test_a_day_before_all_data_gets_an_honest_answer(asker: Asker, path: str) -> None:
    found = asker("analyst").get(f"/risk/{path}{'&' if '?' in path else '?'}on=1990-01-01&lang=en")
    assert found.status_code == 200
    assert "As known on January 1, 1990" in found.text
    assert "Absence of reports is not absence of incidents." in found.text


def test_who_is_not_signed_in_is_led_there_and_back(asker: Asker) -> None:
    refused = asker("public").get("/risk/sites?lang=en&sort=-name")
    assert refused.status_code == 401
    _, _, said = refused.text.partition("<main")
    assert '<a class="button" href="/sign-in?lang=en&amp;next=' in said
    assert "sort%3D-name" in said


def test_nothing_is_ranked_where_nothing_counts(asker: Asker) -> None:
    found = asker("analyst").get("/risk/sites?on=1990-01-01&lang=en")
    assert "every pressure is 0, and their order tells nothing" in found.text


def test_a_way_between_parts_of_the_network_says_how_far_it_comes(asker: Asker) -> None:
    found = asker("analyst").get("/risk/path?from=28.7,-2.5&to=28.3,-3.4&lang=en")
    assert "The network does not connect the two places" in found.text
    drawn = asker("analyst").get("/risk/path.geojson?from=28.7,-2.5&to=28.3,-3.4").json
    assert drawn
    assert "reachable" in {each["properties"]["kind"] for each in drawn["features"]}


def test_files_hold_the_answer(asker: Asker) -> None:
    client = asker("analyst")
    told = client.get("/api/v1/risk/corridor?route=RT-S").json
    assert told
    table = client.get("/risk/corridor.csv?route=RT-S").text
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert [(float(row["from_km"]), int(row["incidents"])) for row in rows] == [
        (piece["from_km"], piece["incidents"]) for piece in told["pieces"]
    ]
    drawn = client.get("/risk/corridor.geojson?route=RT-S").json
    assert drawn
    pieces = [each for each in drawn["features"] if each["properties"]["kind"] == "piece"]
    assert sum(each["properties"]["incidents"] for each in pieces) == told["incidents"]
    assert pieces[0]["geometry"]["coordinates"][0][0] == [28.7, -2.5]
    assert pieces[-1]["geometry"]["coordinates"][-1][-1] == [29.0, -2.5]
    assert client.get("/risk/corridor.shp?route=RT-S").status_code == 404


def test_a_drawn_line_in_the_address_is_the_one_in_a_body(asker: Asker) -> None:
    client = asker("analyst")
    line = {"type": "LineString", "coordinates": [[28.7, -2.5], [28.9, -2.52]]}
    sent = client.post("/api/v1/risk/corridor?width_km=3", json=line).json
    written = client.get("/api/v1/risk/corridor?width_km=3&line=28.7,-2.5;28.9,-2.52").json
    assert sent
    assert written
    assert written.pop("parameters")["line"] == "28.7,-2.5;28.9,-2.52"
    sent.pop("parameters")
    assert sent == written


def test_answers_of_an_address_are_read_one_by_one(asker: Asker) -> None:
    page = asker("analyst").get("/?lang=en&ask=weather&ask=corridor?route=RT-S%26width_km=2").text
    assert "is a question with its parameters" in page
    assert "ask=corridor%3Froute%3DRT-S%26width_km%3D2" in page
