"""No cache gives anybody what is another's, what was theirs before a right was taken, or what was true yesterday."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from browser import SWITCHES
from cast import cookie, form_token
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from releasing import FORM, ClientOf, report
from shared_cache import NGINX, Answer, Ask, SharedCache, ask_server, nginx_before
from sqlalchemy import Engine, text
from test_proxy import running
from test_tiles import read, tile_of
from werkzeug.datastructures import Headers

from geoapp.settings import Settings
from geoapp.web import tiles
from geoapp.web.app import create_app
from geoapp.web.assets import asset_url
from geoapp.web.database import KEY as ENGINE

PLACE = (28.8437, -2.5021)
Z, X, Y = tile_of(*PLACE, 12)
INCIDENTS = f"/tiles/incidents/{Z}/{X}/{Y}.mvt"
DEPLOYMENTS = f"/tiles/deployments/{Z}/{X}/{Y}.mvt"


def as_(name: str) -> dict[str, str]:
    """The headers that somebody's browser sends."""
    return {} if name == "public" else {"Cookie": "=".join(cookie(name))}


@pytest.fixture
def incident(engine: Engine) -> str:
    """An incident of South Kivu."""
    return report(engine)


@pytest.fixture(params=["a cache", pytest.param("nginx", marks=pytest.mark.skipif(not NGINX, reason="no nginx here"))])
def through(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Iterator[Ask]:
    """Asks the production server through a cache that everybody shares."""
    if request.param == "nginx":
        with nginx_before(server, tmp_path) as ask:
            yield ask
    else:
        yield SharedCache(lambda path, headers: ask_server(server, path, headers)).ask


def numbers(answer: Answer, folder: Path) -> set[object]:
    """The incidents of a tile."""
    assert answer.status == 200
    return {row["incident_no"] for row in read(answer.body, folder, Z, X, Y).get("incidents", [])}


def test_the_cache_of_these_tests_keeps_what_it_may() -> None:
    """Were answers marked for everybody, it would mix them up: that it does not is the answers' doing."""
    for said, vary, mixed in (
        ("public, max-age=60", "", True),
        ("", "", True),
        ("public, max-age=60", "Cookie", False),
        ("private, no-cache", "", False),
        ("no-store", "", False),
    ):
        headers = Headers({"Cache-Control": said, "Vary": vary})
        cache = SharedCache(lambda _, asked, headers=headers: Answer(200, headers, asked.get("Cookie", "").encode()))
        cache.ask("/", as_("analyst"))
        assert (cache.ask("/", as_("public")).body != b"") is mixed, said


@pytest.mark.usefixtures("incident")
def test_each_viewer_gets_their_own_at_once_and_after_a_right_is_taken_away(
    app: Flask, engine: Engine, through: Ask, tmp_path: Path
) -> None:
    seen = {"analyst": {"SK-2026-0001-1"}, "analyst-rw": set(), "coordinator-sk": {"SK-2026-0001-1"}, "public": set()}
    for _ in range(2):
        for name, expected in seen.items():
            answer = through(INCIDENTS, as_(name))
            assert numbers(answer, tmp_path) == expected, name
            assert not answer.kept
    etag = through(INCIDENTS, as_("analyst")).headers["ETag"]

    with engine.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'analyst' AND unit_code = 'CD'"))
    assert numbers(through(INCIDENTS, as_("analyst")), tmp_path) == set()
    assert numbers(through(INCIDENTS, {**as_("analyst"), "If-None-Match": etag}), tmp_path) == set()
    assert numbers(through(INCIDENTS, as_("coordinator-sk")), tmp_path) == {"SK-2026-0001-1"}

    with app.app_context(), app.test_request_context():
        built = asset_url("page.css")
    through(built, as_("analyst"))
    assert through(built, as_("public")).kept, "the cache does keep what is everybody's"


# === No commit, only midnight =========================================================================================

# A day apart at least, at any time: where it is tomorrow already, and where it is still today.
LATE, EARLY = "Pacific/Kiritimati", "Pacific/Pago_Pago"


@pytest.fixture
def in_zone(settings: Settings) -> Iterator[Callable[[str], FlaskClient]]:
    """Analysts' clients of the same database, for which it is the day in a time zone."""
    made: list[Flask] = []

    def client(zone: str) -> FlaskClient:
        app = create_app(replace(settings, time_zone=zone))
        made.append(app)
        signed_in = app.test_client()
        signed_in.set_cookie(*cookie("analyst"))
        return signed_in

    yield client
    for app in made:
        app.extensions[ENGINE].dispose()


def deploy(engine: Engine, **days: str | None) -> str:
    """Deploy police on some days; the id."""
    with engine.begin() as connection:
        return str(
            connection.scalar(
                text(
                    "INSERT INTO deployment (deployment_id, force, valid_from, valid_to, geom)"
                    " VALUES ('D-SK', 'police', :valid_from, :valid_to, CAST(:geom AS geometry)) RETURNING id"
                ),
                {"valid_to": None, **days, "geom": "SRID=4326;POINT({} {})".format(*PLACE)},
            )
        )


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        ({"valid_from": "2020-01-01", "valid_to": "tomorrow"}, (1, 0)),
        ({"valid_from": "tomorrow"}, (0, 1)),
    ],
)
def test_midnight_changes_what_is_shown_without_any_commit(
    days: dict[str, str],
    shown: tuple[int, int],
    engine: Engine,
    in_zone: Callable[[str], FlaskClient],
    tmp_path: Path,
) -> None:
    tomorrow = dt.datetime.now(ZoneInfo(LATE)).date()
    key = deploy(engine, **{name: str(tomorrow) if day == "tomorrow" else day for name, day in days.items()})
    before, after = shown
    today, midnight_later = in_zone(EARLY), in_zone(LATE)

    first = today.get(DEPLOYMENTS)
    old = {"If-None-Match": first.headers["ETag"]}
    assert len(read(first.data, tmp_path, Z, X, Y).get("deployments", [])) == before
    assert today.get(DEPLOYMENTS, headers=old).status_code == 304

    changed = midnight_later.get(DEPLOYMENTS, headers=old)
    assert changed.status_code == 200
    assert len(read(changed.data, tmp_path, Z, X, Y).get("deployments", [])) == after

    detail = f"/api/v1/layers/deployments/{key}"
    found = tuple(client.get(detail).status_code for client in (today, midnight_later))
    assert found == ((200, 404) if before else (404, 200))


# === What answers say of themselves ===================================================================================

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/provinces", 200),
        ("/provinces?quarter=never", 400),
        (INCIDENTS, 200),
        (f"{INCIDENTS}?level=9", 400),
        ("/tiles/base/5/18/16.mvt", 200),
        ("/tiles/gold/5/18/16.mvt", 404),
        ("/tiles/incidents.json", 200),
        ("/api/v1/layers/incidents/{incident}", 200),
        (f"/api/v1/layers/incidents/{UNKNOWN}", 404),
        ("/incidents/{incident}", 200),
        (f"/incidents/{UNKNOWN}", 404),
        ("/incidents/{incident}/release", 200),
        (f"/incidents/{UNKNOWN}/release", 404),
        ("/admin", 404),
        ("/nowhere", 404),
        ("/static/none", 404),
        ("/demo/look-as", 405),
        ("/readyz", 200),
    ],
)
def test_answers_are_for_who_asked(path: str, status: int, client_of: ClientOf, incident: str) -> None:
    for name in ("coordinator-sk", "public"):
        answer = client_of(name).get(path.format(incident=incident))
        assert name == "public" or answer.status_code == status
        assert_private(answer.headers)


def test_what_forms_answer_is_for_who_asked(client_of: ClientOf, incident: str) -> None:
    coordinator = client_of("coordinator-sk")
    for path, form in ((f"/incidents/{incident}/release", FORM), ("/demo/look-as", {"name": "public"})):
        assert_private(coordinator.post(path, data=form).headers)


def test_an_unchanged_answer_is_for_who_asked(client_of: ClientOf) -> None:
    analyst = client_of("analyst")
    again = analyst.get(INCIDENTS, headers={"If-None-Match": analyst.get(INCIDENTS).headers["ETag"]})
    assert again.status_code == 304
    assert_private(again.headers)


def test_built_files_are_everybodys(app: Flask) -> None:
    with app.test_request_context():
        answer = app.test_client().get(asset_url("page.css"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"


POLICIES = text("SELECT DISTINCT qual FROM pg_policies WHERE tablename = ANY (:tables) AND cmd IN ('SELECT', 'ALL')")


def test_boundaries_and_the_base_map_are_everybodys_at_their_version(
    app: Flask, engine: Engine, client_of: ClientOf
) -> None:
    with engine.connect() as connection:
        assert connection.scalars(POLICIES, {"tables": [*tiles.BASE_TABLES]}).all() == ["(viewer() IS NOT NULL)"]
    assert {"base", "provinces", "countries"} == tiles.SHARED
    before = {}
    for name in tiles.SHARED:
        address = _address_on_page(client_of("analyst"), name, 5, 18, 16)
        answers = [client_of(who).get(address) for who in ("analyst", "analyst-rw", "public")]
        assert len({answer.data for answer in answers}) == len({answer.headers["ETag"] for answer in answers}) == 1
        for answer in answers:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Accept-Encoding"
        before[name] = address
        assert_private(client_of("public").get(address.partition("?")[0]).headers)
    with engine.begin() as connection:
        connection.execute(text("UPDATE admin_unit SET name_en = 'X' WHERE unit_code = 'CD'"))
    for name, address in before.items():
        # Its old address is not the new content's.
        assert_private(client_of("public").get(address).headers)
        assert _address_on_page(client_of("public"), name, 5, 18, 16) != address
    # A version makes nothing else everybody's.
    answer = client_of("analyst").get("/tiles/incidents/5/18/16.mvt?v=" + address.partition("v=")[2])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    answer = client_of("public").get(f"{address}&level=9")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")


def _address_on_page(client: FlaskClient, name: str, z: int, x: int, y: int) -> str:
    """The address of a tile as the map's page gives it."""
    found = re.search(rf"/tiles/{name}/{{z}}/{{x}}/{{y}}\.mvt\?v=\w+", client.get("/").text)
    assert found
    return found[0].format(z=z, x=x, y=y)


@pytest.mark.skipif(not NGINX, reason="no nginx here")
def test_the_proxy_holds_what_is_everybodys_alone(
    server: str, incident: str, client_of: ClientOf, tmp_path: Path
) -> None:
    base = _address_on_page(client_of("public"), "base", 5, 18, 16)
    tmp_path.chmod(0o755)
    with running(tmp_path, int(server.rpartition(":")[2])) as port:
        address = f"http://127.0.0.1:{port}"
        first, again = (ask_server(address, base, {**as_("analyst"), "Accept-Encoding": "gzip"}) for _ in range(2))
        assert (first.headers["X-Cache"], again.headers["X-Cache"]) == ("MISS", "HIT")
        assert first.body == again.body
        # Who is not signed in is given the same, and who takes no gzip their own.
        assert ask_server(address, base, {"Accept-Encoding": "gzip"}).headers["X-Cache"] == "HIT"
        plain = ask_server(address, base, {})
        assert (plain.headers["X-Cache"], plain.headers.get("Content-Encoding")) == ("MISS", None)
        assert gzip.decompress(first.body) == plain.body
        for path in (INCIDENTS, "/", f"/incidents/{incident}", "/tiles/mine_sites/5/18/16.mvt", f"{INCIDENTS}?level=9"):
            found = {ask_server(address, path, as_(name)).headers.get("X-Cache") for name in ("analyst", "public") * 2}
            assert not found & {"HIT", "STALE", "REVALIDATED", "UPDATING"}, path


def test_a_view_cannot_be_laxer(app: Flask) -> None:
    @app.get("/lax")
    def lax() -> tuple[str, dict[str, str]]:
        return "x", {"Cache-Control": "public, max-age=60, s-maxage=600", "Vary": "Accept-Encoding"}

    answer = app.test_client().get("/lax")
    assert_private(answer.headers)
    assert "Accept-Encoding" in answer.headers["Vary"]


def assert_private(headers: Headers) -> None:
    """That nobody may keep it for another, nor use it again without asking."""
    said = {part.strip() for part in headers["Cache-Control"].split(",")}
    assert said in ({"no-store"}, {"private", "no-cache"})
    assert {"Cookie", "Authorization"} <= {part.strip() for part in headers["Vary"].split(",")}


# === What stays on the disk ===========================================================================================


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        (INCIDENTS, False),
        (DEPLOYMENTS, False),
        (f"/tiles/checkpoints/{Z}/{X}/{Y}.mvt", False),
        ("/tiles/incidents/5/18/16.mvt", True),
        (f"/tiles/mine_sites/{Z}/{X}/{Y}.mvt", True),
        ("/tiles/base/5/18/16.mvt", True),
        ("/api/v1/layers/incidents/{incident}", False),
        ("/incidents/{incident}", False),
        ("/incidents/SK-2026-0001-1", False),
        ("/incidents/{incident}/release", False),
    ],
)
def test_what_holds_single_incidents_or_positions_is_not_stored(
    path: str, stored: bool, client_of: ClientOf, incident: str
) -> None:
    answer = client_of("coordinator-sk").get(path.format(incident=incident))
    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"] != "no-store") is stored


def test_an_office_laptop_holds_no_position_after_signing_out(
    engine: Engine, server: str, chromium_browser: Browser, tmp_path: Path
) -> None:
    """A real browser with a profile on the disk: map, detail and page are looked at, then the session ends."""
    key, number = deploy(engine, valid_from="2020-01-01", valid_to=None), "zqdeployedqz"
    with engine.begin() as connection:
        connection.execute(text("UPDATE deployment SET deployment_id = :number"), {"number": number})
    report_key = report(engine, incident_no="zqincidentqz")
    profile = tmp_path / "profile"
    name, token = cookie("analyst")
    context = chromium_browser.browser_type.launch_persistent_context(
        profile,
        executable_path=shutil.which(os.environ.get("GEOAPP_CHROMIUM", "chromium")),
        args=list(SWITCHES),
    )
    context.add_cookies([{"name": name, "value": token, "url": server}])
    page = context.new_page()
    page.goto(f"{server}/?lang=en")
    page.wait_for_selector('html[data-map-idle="true"]', state="attached")
    move = "([lat, lon]) => Object.values(geoapp.maps)[0].map.setView([lat, lon], 14, {animate: false})"
    page.evaluate(move, [PLACE[1], PLACE[0]])
    page.wait_for_timeout(100)
    page.wait_for_selector('html[data-map-idle="true"]', state="attached")
    said = page.evaluate(f"fetch('/api/v1/layers/deployments/{key}').then((answer) => answer.text())")
    assert number in said
    page.goto(f"{server}/incidents/{report_key}")
    cleared = page.evaluate(
        "(token) => fetch('/demo/look-as', {method: 'POST', headers: {'X-CSRF-Token': token},"
        " body: new URLSearchParams({name: 'public'})}).then((answer) => answer.redirected)",
        form_token("analyst"),
    )
    assert cleared
    page.goto(f"{server}/?lang=en")
    context.close()
    kept = b"".join(file.read_bytes() for file in profile.rglob("*") if file.is_file())
    assert kept
    for secret in (number, "zqincidentqz", key, report_key):
        # The history knows which addresses there were, and none of what they held.
        found = kept.replace(f"/incidents/{report_key}".encode(), b"")
        assert secret.encode() not in found, secret
