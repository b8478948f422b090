"""`/admin`: administrators see and change people there; to everybody else there is no such page."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from browser import visiting
from cast import CAST
from flask.testing import FlaskClient
from importing import ask
from pages import without_way_back
from playwright.sync_api import Browser
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from test_user_commands import everybody, scopes
from werkzeug.test import TestResponse

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.demo.people import write_people
from geoapp.settings import Settings

ClientOf = Callable[[str], FlaskClient]
OTHERS = [name for name, (role, _) in CAST.items() if role != "admin"] + ["public"]


def send(client: FlaskClient, language: str = "en", **fields: Any) -> TestResponse:
    """Send a form of the page."""
    return client.post(f"/admin?lang={language}", data=fields, headers={"Sec-Fetch-Site": "same-origin"})


def test_it_shows_everybody_with_roles_units_and_state(client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        write_people(connection)
        connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst-rw'"))
    answer = client_of("admin").get("/admin?lang=fr")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    for name in (*CAST, "demo-gis"):
        assert f'id="person-{name}"' in answer.text
    assert "<b>CD-SK</b> Sud-Kivu" in answer.text
    assert answer.text.count('<span class="tag">désactivé</span>') == 1
    assert answer.text.count('<span class="tag tag-mark">démonstration</span>') == 4
    assert '<option value="CD-NK" label="Nord-Kivu">' in answer.text
    assert "data-synthetic" in answer.text


@pytest.mark.parametrize("name", OTHERS)
def test_to_others_it_does_not_exist(client_of: ClientOf, engine: Engine, name: str) -> None:
    client, before = client_of(name), everybody(engine)
    nothing = without_way_back(client.get("/no-such-page").text)
    for answer in (client.get("/admin"), send(client, change="disable", name="analyst")):
        assert (answer.status_code, without_way_back(answer.text)) == (404, nothing)
    assert everybody(engine) == before
    assert "/admin" not in client.get("/provinces").text


def test_a_disabled_administrator_is_an_other_at_once(client_of: ClientOf, engine: Engine) -> None:
    client = client_of("admin")
    assert client.get("/admin").status_code == 200
    assert "/admin?" in client.get("/provinces").text
    send(client, change="add", name="second", role="admin")
    assert send(client, change="disable", name="admin").status_code == 303
    assert client.get("/admin").status_code == 404


def test_people_are_added_changed_disabled_and_enabled(client_of: ClientOf, engine: Engine) -> None:
    client = client_of("admin")
    added = send(client, change="add", name=" marie.k ", role="coordinator", unit=["cd-sk", "", "Nord-Kivu", ""])
    assert added.status_code == 200
    assert 'value="http://localhost/sign-in/link/' in added.text
    assert ask(engine, "SELECT purpose FROM sign_in_link WHERE user_name = 'marie.k'") == [("invitation",)]
    assert scopes(engine, "marie.k") == [("coordinator", "CD-NK"), ("coordinator", "CD-SK")]
    assert send(client, change="rights", name="marie.k", role="gis", unit=["RW"]).status_code == 303
    assert scopes(engine, "marie.k") == [("gis", "RW")]
    state = "SELECT disabled_at IS NOT NULL FROM app_user WHERE user_name = 'marie.k'"
    assert send(client, change="disable", name="marie.k").status_code == 303
    assert ask(engine, state) == [(True,)]
    assert send(client, change="enable", name="marie.k").status_code == 303
    assert ask(engine, state) == [(False,)]


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        (
            {"change": "add", "name": "Marie", "role": "gis", "unit": ["RW"]},
            "add-name",
            "Un nom a de 2 à 64 caractères",
        ),
        ({"change": "add", "name": "gis-cd", "role": "gis", "unit": ["RW"]}, "add-name", "Le nom gis-cd est pris."),
        ({"change": "add", "name": "m1", "role": "king", "unit": ["RW"]}, "add-role", "Ce rôle n’existe pas."),
        ({"change": "add", "name": "m1", "role": "gis"}, "add-unit", "Le rôle de responsable SIG demande au moins"),
        ({"change": "add", "name": "m1", "role": "admin", "unit": ["RW"]}, "add-unit", "Laissez les unités vides."),
        ({"change": "add", "name": "m1", "role": "gis", "unit": ["CD-SX"]}, "add-unit", "Il n’y a pas d’unité CD-SX."),
        ({"change": "disable", "name": "admin"}, "person-admin-name", "admin est le dernier administrateur."),
        ({"change": "rights", "name": "admin", "role": "gis", "unit": ["RW"]}, "person-admin-role", "est le dernier"),
        ({"change": "rights", "name": "gis-cd", "role": "gis", "unit": ["XX"]}, "person-gis-cd-unit", "d’unité XX."),
        ({"change": "enable", "name": "m1"}, "lost", "Il n’y a pas d’utilisateur m1."),
    ],
)
def test_a_refusal_stands_beside_its_field(
    client_of: ClientOf, engine: Engine, form: dict[str, Any], field: str, said: str
) -> None:
    before = everybody(engine)
    answer = send(client_of("admin"), "fr", **form)
    assert answer.status_code == 422
    assert everybody(engine) == before
    assert answer.text.count('class="fault"') == 1
    assert f'<p class="fault" id="{field}-fault">' in answer.text
    assert said in unescape(answer.text)
    # What was entered is kept.
    for value in [form["name"], *form.get("unit", [])]:
        assert f'value="{value}"' in answer.text or field == "lost"
    if form.get("role") == "gis":
        assert '<option value="gis" selected>' in answer.text


@pytest.mark.parametrize("change", ["rights", "disable", "enable"])
def test_the_demonstrations_people_stay_as_they_are(client_of: ClientOf, engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        write_people(connection)
    before = everybody(engine)
    answer = send(client_of("admin"), change=change, name="demo-gis", role="admin")
    assert answer.status_code == 422
    assert "demo-gis belongs to the demonstration" in answer.text
    assert everybody(engine) == before
    assert '<input type="hidden" name="name" value="demo-gis">' not in answer.text


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app_user SET synthetic = false WHERE synthetic",
        "UPDATE user_scope SET unit_code = 'CD-SK' WHERE user_name = 'demo-gis'",
        "DELETE FROM user_scope WHERE user_name = 'demo-gis'",
        "DELETE FROM app_user WHERE synthetic",
        "INSERT INTO user_scope (user_name, role) VALUES ('demo-gis', 'admin')",
        "INSERT INTO app_user (user_name, synthetic) VALUES ('another', true)",
    ],
)
def test_the_database_keeps_them_too(engine: Engine, settings: Settings, statement: str) -> None:
    with engine.begin() as connection:
        write_people(connection)
    before = everybody(engine)
    web = open_web_engine(settings)
    try:
        with web.begin() as connection:
            set_viewer(connection, "admin")
            assert connection.execute(text(statement)).rowcount == 0
    except DBAPIError as refused:
        assert "row-level security" in str(refused)
    finally:
        web.dispose()
    assert everybody(engine) == before


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "x'; --"]
)
def test_hostile_texts_are_shown_as_texts(client_of: ClientOf, engine: Engine, hostile: str) -> None:
    before = everybody(engine)
    client = client_of("admin")
    for form in (
        {"change": "add", "name": hostile, "role": "gis", "unit": ["RW"]},
        {"change": "add", "name": "m1", "role": hostile, "unit": ["RW"]},
        {"change": "add", "name": "m1", "role": "gis", "unit": [hostile]},
        {"change": "disable", "name": hostile},
    ):
        answer = send(client, **form)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text.replace('<img src="/static', "")
        assert "49" not in answer.text.replace("7*7", "")
    assert everybody(engine) == before


def test_the_name_of_a_unit_is_shown_as_text(client_of: ClientOf, engine: Engine) -> None:
    with engine.begin() as connection:
        hostile = {"name": '"><script>alert(1)</script>'}
        connection.execute(text("UPDATE admin_unit SET name_en = :name WHERE unit_code = 'CD-SK'"), hostile)
    for answer in (
        client_of("admin").get("/admin?lang=en"),
        send(client_of("admin"), change="add", name="m1", role="gis", unit=["CD-SX"]),
    ):
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused(client_of: ClientOf, engine: Engine, site: str) -> None:
    before = everybody(engine)
    form = {"change": "disable", "name": "analyst"}
    answer = client_of("admin").post("/admin", data=form, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert everybody(engine) == before


@pytest.mark.parametrize("form", [{}, {"change": "delete", "name": "analyst"}])
def test_a_change_that_there_is_not(client_of: ClientOf, form: dict[str, str]) -> None:
    assert send(client_of("admin"), **form).status_code == 400


@pytest.mark.parametrize(("width", "language"), [(1366, "en"), (360, "fr")])
def test_in_a_browser_without_scripts(
    chromium_browser: Browser, server: str, engine: Engine, width: int, language: str
) -> None:
    options = {"viewport": {"width": width, "height": 768}, "java_script_enabled": False}
    with visiting(chromium_browser, server, "admin", **options) as visit:
        page = visit.open(f"/provinces?lang={language}")
        page.get_by_role("link", name="Administration").click()
        page.locator("#add summary").click()
        page.fill("#add-name", "marie.k")
        page.select_option("#add-role", "coordinator")
        page.locator("#add input[name=unit]").first.fill("Sud Kivo")
        page.locator("#add button").click()
        page.locator("#add-unit-fault").wait_for()
        assert "CD-SK" in page.locator("#add-unit-fault").inner_text()
        visit.keep(f"admin-refused-{width}")
        page.locator("#add input[name=unit]").first.fill("CD-SK")
        page.locator("#add button").click()
        page.locator("#person-marie\\.k").wait_for()
        assert scopes(engine, "marie.k") == [("coordinator", "CD-SK")]
        page.locator("#person-marie\\.k summary").click()
        page.locator("#person-marie\\.k button[value=disable]").click()
        page.locator("#person-marie\\.k .tag").wait_for()
        visit.keep(f"admin-{width}")
        assert page.locator("html").bounding_box()["width"] <= width  # type: ignore[index]
        assert [each for each in visit.complaints if "422" not in each] == []
