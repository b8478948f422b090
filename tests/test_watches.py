"""Watched places: what is new there since their owner looked, as far as it is for them; and a feed of its own."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

import pytest
from flask.testing import FlaskClient
from releasing import LAT, LON, ClientOf, report
from sqlalchemy import Engine, text

from geoapp.briefing.watching import MOST_WATCHES

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = text(
    "INSERT INTO mine_site (site_id, name, geom) VALUES ('S1', 'Mushangi', ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
)
ROUTE = text(
    "INSERT INTO route (route_id, name, geom) VALUES ('R1', 'Walungu - Bukavu',"
    " 'SRID=4326;MULTILINESTRING((28.80 -2.50, 28.90 -2.50))')"
)
POLYGON = '{"type": "Polygon", "coordinates": [[[28.8, -2.6], [28.9, -2.6], [28.9, -2.4], [28.8, -2.4], [28.8, -2.6]]]}'
LINE = '{"type": "LineString", "coordinates": [[28.8, -2.5], [28.9, -2.5]]}'


@pytest.fixture
def places(engine: Engine) -> None:
    """A site and a route in South Kivu."""
    with engine.begin() as connection:
        connection.execute(SITE, {"x": LON, "y": LAT})
        connection.execute(ROUTE)


def watch(client: FlaskClient, **form: str) -> None:
    """Watch a place."""
    answer = client.post("/watches", data=form)
    assert answer.status_code == 303, answer.text


def news_of(client: FlaskClient) -> dict[str, list[str]]:
    """What is new by the name of the watch."""
    page = client.get("/watches?lang=en").text
    found = {}
    for name, body in re.findall(r'<h2 id="w-[^"]+">(.*?) <span.*?</h2>(.*?)</section>', page, re.DOTALL):
        found[name] = [re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<li>(.*?) <span>", body, re.DOTALL)]
    return found


def see(client: FlaskClient, number: int = 0) -> None:
    """Press the button of a watch that says that one has seen what is new."""
    page = client.get("/watches?lang=en").text
    at, moment, young = re.findall(
        r'action="(/watches/[^"?]+)[^>]*>.*?name="at" value="([^"]+)".*?name="young" value="([^"]*)"', page, re.DOTALL
    )[number]
    assert client.post(at, data={"deed": "seen", "at": moment, "young": young}).status_code == 303


@pytest.mark.usefixtures("places")
def test_what_is_new_is_told_once(client: FlaskClient, engine: Engine) -> None:
    watch(client, site="S1")
    watch(client, route="R1", km="2")
    watch(client, geojson=POLYGON, name="My area")
    watch(client, of="corridor?line=28.8,-2.5;28.9,-2.5&width_km=1", name="Drawn")
    watch(client, of=f"near?lon={LON}&lat={LAT}&radius_km=3", name="Around")
    assert set(news_of(client)) == {"Mushangi", "Walungu - Bukavu", "My area", "Drawn", "Around"}
    report(engine)
    report(engine, incident_no="FAR", geom="SRID=4326;POINT(29.2 -1.6)")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES ('S1', '2026-03-01')"))
        connection.execute(
            text(
                "INSERT INTO deployment (deployment_id, force, site_id, valid_from)"
                " VALUES ('D1', 'mining_police', 'S1', '2026-01-01')"
            )
        )
    for name, told in news_of(client).items():
        assert sorted(each.split(",")[0] for each in told) == [
            "Deployment D1", "Incident SK-2026-0001-1", "Visit Mushangi"
        ], name  # fmt: skip
    see(client)
    first, *others = news_of(client).values()
    assert first == [] and all(len(each) == 3 for each in others)
    # What was on its way while somebody looked, and bears an earlier time, is not missed.
    report(engine, incident_no="LATE", created_at="2026-01-01")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE incident SET created_at = now() - interval '10 minutes' WHERE incident_no = 'LATE'")
        )
    assert [len(each) for each in news_of(client).values()] == [1, 4, 4, 4, 4]


@pytest.mark.usefixtures("places")
def test_it_tells_each_what_is_theirs(client_of: ClientOf, engine: Engine) -> None:
    committee, outsider = client_of("committee-sk"), client_of("analyst-rw")
    for client in (committee, outsider):
        watch(client, geojson=POLYGON, name="Area")
    key = report(engine)
    report(engine, incident_no="SEALED", sealed=True)
    assert news_of(committee) == {"Area": []} and news_of(outsider) == {"Area": []}
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident_release (incident_id, released_on, released_by, level, category, status,"
                " shown_date, shown_date_precision, location_precision, geom, summary_en, summary_fr)"
                " SELECT incident_id, today(), 'x', 2, 'illegal_taxation', 'open', '2026-03-15', 3, 3, geom, 'w',"
                " 'm' FROM incident WHERE incident_id = :key"
            ),
            {"key": key},
        )
    assert news_of(committee) == {"Area": ["Incident released to the committee, Level 2, illegal taxation, March 2026"]}
    assert news_of(outsider) == {"Area": []}
    # Whoever sees the incident is told of it once.
    analyst = client_of("analyst")
    watch(analyst, geojson=POLYGON, name="Area")
    with engine.begin() as connection:
        connection.execute(text("UPDATE watch SET seen_at = now() - interval '1 day'"))
    assert [each.split(",")[0] for each in news_of(analyst)["Area"]] == ["Incident SK-2026-0001-1"]
    # A place that is hidden, or gone, says so.
    watch(analyst, route="R1")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM route"))
    assert "not there any more, or not for you" in analyst.get("/watches?lang=en").text
    foreign = re.findall(r'action="(/watches/[0-9a-f-]{36})', analyst.get("/watches").text)[0]
    assert outsider.post(foreign, data={"deed": "delete"}).status_code == 404


@pytest.mark.usefixtures("places")
def test_the_feed_has_a_token_of_its_own(client_of: ClientOf, engine: Engine) -> None:
    client, reader = client_of("analyst"), client_of("public")
    watch(client, geojson=POLYGON, name="Area")
    report(engine, summary_en="a text that no feed tells", place_text="nor this")
    made = client.post("/watches/feed?lang=en", data={})
    address = re.search(r'class="secret" value="http://[^/]+([^"]+)"', made.text)
    assert address
    path = address[1].replace("&amp;", "&")
    answer = reader.get(path)
    assert answer.status_code == 200 and answer.mimetype == "application/atom+xml"
    feed = Xml.fromstring(answer.data)  # noqa: S314 - our own.
    (entry,) = feed.findall(f"{ATOM}entry")
    assert (entry.findtext(f"{ATOM}title") or "").startswith("Area: Incident SK-2026-0001-1, Level 1")
    assert "a text" not in answer.text and "nor this" not in answer.text
    # It opens nothing else, and no API token opens it.
    token = re.search(r"token=([^&]+)", path)
    assert token
    bearer = {"Authorization": f"Bearer {token[1]}"}
    assert reader.get("/api/v1/risk/sites", headers=bearer).status_code == 401
    assert reader.get("/ogc/collections/incidents/items", headers=bearer).status_code == 401
    program = client.post("/account/tokens?lang=en", data={"days": "1", "label": "x"})
    api = re.search(r'class="secret" value="(geoapp_[^"]+)"', program.text)
    assert api is None or reader.get(f"/watches/feed.atom?token={api[1]}").status_code == 404
    assert reader.get("/watches/feed.atom?token=x").status_code == 404
    assert reader.get("/watches/feed.atom").status_code == 404
    # Neither does it outlive its owner's rights, nor its own end.
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'analyst' AND unit_code = 'CD'"))
    assert Xml.fromstring(reader.get(path).data).findall(f"{ATOM}entry") == []  # noqa: S314
    revoke = re.search(r'name="revoke" value="([^"]+)"', client.get("/watches").text)
    assert revoke
    assert client.post("/watches/feed", data={"revoke": revoke[1]}).status_code == 303
    assert reader.get(path).status_code == 404


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    "form",
    [
        {"site": "none"},
        {"route": "none"},
        {"geojson": ""},
        {"geojson": "{"},
        {"geojson": '{"type": "Point", "coordinates": [28.8, -2.5]}', "name": "x"},
        {"geojson": '{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}', "name": "x"},
        {"geojson": LINE, "name": ""},
        {"geojson": LINE, "name": "x", "km": "far"},
        {"geojson": LINE, "name": "x", "km": "51"},
        {"of": "sites?limit=3", "name": "x"},
        {"of": "nothing", "name": "x"},
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_refused_in_both_languages(client: FlaskClient, form: dict[str, str]) -> None:
    for language in ("en", "fr"):
        answer = client.post(f"/watches?lang={language}", data=form)
        assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert news_of(client) == {}


def test_there_is_an_end_to_watching(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO watch (user_name, name, kind, km)"
                " SELECT 'analyst', n, 'line', 1 FROM generate_series(1, :m) AS n"
            ),
            {"m": MOST_WATCHES},
        )
    assert client.post("/watches", data={"geojson": LINE, "name": "x"}).status_code == 422
