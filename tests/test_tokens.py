"""API tokens: a program reads as its owner, or less, and does nothing else."""

from __future__ import annotations

import json
import subprocess
import uuid
from base64 import b64encode
from typing import Any

import pytest
from browser import GEOAPP
from flask import Flask
from flask.testing import FlaskClient
from importing import ask
from signing_in import OFFICE, browser_at, give_password, post, sign_in
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from geoapp.access.people import PersonRefusedError
from geoapp.access.secret import hash_of
from geoapp.access.tokens import TokenRefusedError, list_tokens, make_token
from geoapp.access.viewer import set_viewer, set_viewer_of_token
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings
from geoapp.web.session import COOKIE

SITES = (("CD-SK", 28.84, -2.50), ("CD-NK", 29.00, -1.55), ("RW", 30.06, -1.94))


@pytest.fixture(autouse=True)
def routes(engine: Engine) -> None:
    """A route in each of three units: seen by those whose unit it is."""
    with engine.begin() as connection:
        for name, lon, lat in SITES:
            connection.execute(
                text(
                    "INSERT INTO route (route_id, name, geom) VALUES (:name, :name,"
                    " ST_GeomFromText(format('MULTILINESTRING((%s %s, %s %s))', CAST(:x AS text), CAST(:y AS text),"
                    " CAST(:x2 AS text), CAST(:y AS text)), 4326))"
                ),
                {"name": name, "x": lon, "x2": lon + 0.001, "y": lat},
            )


def token_of(engine: Engine, name: str, **limits: Any) -> str:
    """A new token."""
    with engine.begin() as connection:
        return make_token(connection, name, **limits)


def seen(settings: Settings, token: str) -> set[str]:
    """The routes that the web role sees with a token."""
    web = open_web_engine(settings)
    try:
        with web.begin() as connection:
            set_viewer_of_token(connection, hash_of(token))
            return set(connection.scalars(text("SELECT route_id FROM route")))
    finally:
        web.dispose()


def bearing(app: Flask, sent: str, address: str = OFFICE) -> FlaskClient:
    """A program that sends an Authorization header, and the cookie of somebody else."""
    client = browser_at(app, address)
    client.environ_base["HTTP_AUTHORIZATION"] = sent
    client.set_cookie(COOKIE, "analyst")
    return client


def basic(name: str, password: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def route_of(app: Flask, sent: str, unit: str) -> TestResponse:
    """The detail of a route, asked for with an Authorization header."""
    (key,) = app.extensions["test.routes"][unit]
    return bearing(app, sent).get(f"/api/v1/layers/routes/{key}")


@pytest.fixture(autouse=True)
def keys(app: Flask, engine: Engine, routes: None) -> None:
    """The random ids of the routes."""
    rows = ask(engine, "SELECT route_id, id FROM route")
    app.extensions["test.routes"] = {name: [key] for name, key in rows}


@pytest.mark.parametrize("how", ["bearer", "basic", "basic without a name"])
def test_it_works(app: Flask, engine: Engine, how: str) -> None:
    token = token_of(engine, "analyst-rw", label="QGIS")
    sent = {"bearer": f"Bearer {token}", "basic": basic("analyst-rw", token)}.get(how, basic("", token))
    assert route_of(app, sent, "RW").status_code == 200
    # Not what the cookie's analyst of all countries would see.
    assert route_of(app, sent, "CD-SK").status_code == 404
    assert ask(engine, "SELECT last_used_at IS NOT NULL FROM api_token") == [(True,)]
    ((kept,),) = ask(engine, "SELECT token_hash FROM api_token")
    assert kept == hash_of(token)


def test_a_token_is_for_less_than_its_owner(engine: Engine, settings: Settings) -> None:
    everything = {"CD-SK", "CD-NK", "RW"}
    assert seen(settings, token_of(engine, "analyst")) == everything
    assert seen(settings, token_of(engine, "analyst", units=["CD"])) == {"CD-SK", "CD-NK"}
    assert seen(settings, token_of(engine, "analyst", units=["South Kivu", "RW"])) == {"CD-SK", "RW"}
    # A unit that holds the owner's gives no more than the owner's.
    assert seen(settings, token_of(engine, "coordinator-sk", units=["CD"])) == {"CD-SK"}
    assert seen(settings, token_of(engine, "analyst-rw", units=["CD"])) == set()
    assert seen(settings, token_of(engine, "analyst", roles=["analyst"])) == everything


def test_a_role_that_is_left_out_is_not_had(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('analyst-rw', 'committee', 'CD')")
        )
    assert seen(settings, token_of(engine, "analyst-rw")) == {"CD-SK", "CD-NK", "RW"}
    assert seen(settings, token_of(engine, "analyst-rw", roles=["committee"])) == {"CD-SK", "CD-NK"}
    assert seen(settings, token_of(engine, "analyst-rw", roles=["analyst"])) == {"RW"}


def test_rights_that_the_owner_loses_are_lost_at_once(engine: Engine, settings: Settings) -> None:
    token = token_of(engine, "analyst", units=["CD", "RW"])
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'analyst' AND unit_code = 'CD'"))
    assert seen(settings, token) == {"RW"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_token SET expires_at = now()",
        "DELETE FROM api_token",
        "UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst'",
        "SELECT 1",
    ],
)
def test_one_that_does_not_hold_is_401_and_not_the_public(app: Flask, engine: Engine, change: str) -> None:
    token = token_of(engine, "analyst")
    with engine.begin() as connection:
        connection.execute(text(change))
    sent = basic("somebody-else", token) if change == "SELECT 1" else f"Bearer {token}"
    for path in ("/api/v1/layers/mine_sites/x", "/tiles/mine_sites/6/37/32.mvt", "/", "/provinces"):
        answer = bearing(app, sent).get(path)
        assert answer.status_code == 401, path
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == 401
        assert "unknown, has expired or was revoked" in answer.json["detail"]
        assert "Bearer" in answer.headers["WWW-Authenticate"]
        assert "Basic" in answer.headers["WWW-Authenticate"]
        assert "analyst" not in answer.text


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Basic !!!", "Basic", "Digest username=x", "x", "", "Negotiate abc"]
)
def test_what_is_no_token_is_401(app: Flask, sent: str) -> None:
    answer = bearing(app, sent).get("/provinces")
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_a_token_is_no_way_to_forms_and_pages_of_people(app: Flask, engine: Engine) -> None:
    give_password(engine, "analyst")
    client = bearing(app, f"Bearer {token_of(engine, 'analyst')}")
    for path in ("/account", "/admin", "/sign-in"):
        assert client.get(path).status_code == 403
    for path in ("/account/tokens", "/sign-out", "/sign-in", "/demo/look-as", f"/incidents/{uuid.uuid4()}/release"):
        answer = client.post(path, data={"name": "analyst"})
        assert answer.status_code == 403
        assert answer.json["detail"] == "A token reads data and does nothing else. Sign in with a browser for this."
    assert ask(engine, "SELECT count(*) FROM web_session WHERE user_name = 'analyst'") == [(1,)]


def test_an_administrator_administers_through_no_token(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('admin', 'analyst', 'RW')")
        )
    token = token_of(engine, "admin")
    web = open_web_engine(settings)
    with web.begin() as connection:
        set_viewer_of_token(connection, hash_of(token))
        assert connection.scalar(text("SELECT viewer_is('admin')")) is False
        assert connection.scalars(text("SELECT role FROM viewer_rights()")).all() == ["analyst"]
        assert connection.scalars(text("SELECT user_name FROM app_user")).all() == ["admin"]
        for table in ("web_session", "api_token", "audit_event", "import_batch"):
            assert connection.scalar(text(f"SELECT count(*) FROM (SELECT 1 FROM {table}) AS rows")) == 0
        assert connection.execute(text("DELETE FROM api_token")).rowcount == 0
    web.dispose()


def test_the_next_transaction_of_a_connection_has_none(engine: Engine, settings: Settings) -> None:
    token = token_of(engine, "analyst", units=["RW"])
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer_of_token(connection, hash_of(token))
        connection.rollback()
        set_viewer(connection, "analyst")
        assert connection.scalar(text("SELECT count(*) FROM route")) == 3
    web.dispose()


@pytest.mark.parametrize(
    ("name", "limits", "said"),
    [
        ("nobody", {}, "There is no user nobody"),
        ("admin", {}, "an administrator reads no data"),
        ("analyst", {"roles": ["gis"]}, "analyst does not have the role gis"),
        ("analyst", {"days": 0}, "from 1 to 366 days"),
        ("analyst", {"days": 367}, "from 1 to 366 days"),
        ("analyst", {"label": "x" * 81}, "at most 80 characters"),
        ("analyst", {"units": ["Atlantis-on-Sea"]}, "There is no unit Atlantis-on-Sea"),
    ],
)
def test_a_token_that_is_not_made(engine: Engine, name: str, limits: dict[str, Any], said: str) -> None:
    with pytest.raises((TokenRefusedError, PersonRefusedError), match=said) as caught:
        token_of(engine, name, **limits)
    assert caught.value.said.fr != caught.value.said.en
    with engine.connect() as connection:
        assert list_tokens(connection) == []


# === The page =========================================================================================================


def test_the_page_makes_shows_once_and_revokes(app: Flask, engine: Engine) -> None:
    give_password(engine, "analyst")
    client = browser_at(app)
    sign_in(client, "analyst")
    once = str(uuid.uuid4())
    fields = {"once": once, "label": "QGIS <office>", "days": "30", "units": "Rwanda, CD-SK"}
    answer = post(client, "/account/tokens", **fields)
    assert answer.status_code == 200
    assert "QGIS &lt;office&gt;" in answer.text
    secret = answer.text.split('id="made" class="secret" value="')[1].split('"')[0]
    assert route_of(app, f"Bearer {secret}", "RW").status_code == 200
    assert route_of(app, f"Bearer {secret}", "CD-NK").status_code == 404
    assert secret not in client.get("/account").text
    replayed = post(client, "/account/tokens", **fields)
    assert replayed.status_code == 422
    assert "This form was sent before" in replayed.text
    assert ask(engine, "SELECT scopes FROM api_token") == [(["RW", "CD-SK"],)]
    assert post(client, "/account/tokens/revoke", token=once).status_code == 303
    assert route_of(app, f"Bearer {secret}", "RW").status_code == 401
    told = ask(engine, "SELECT what, user_name FROM audit_event WHERE what LIKE 'token%' ORDER BY audit_event_id")
    assert told == [("token", "analyst"), ("token_revoked", "analyst")]


def test_nobody_revokes_anothers(app: Flask, engine: Engine) -> None:
    give_password(engine, "gis-rw")
    token_of(engine, "analyst")
    client = browser_at(app)
    sign_in(client, "gis-rw")
    ((key,),) = ask(engine, "SELECT token_id FROM api_token")
    assert str(key) not in client.get("/account").text
    post(client, "/account/tokens/revoke", token=str(key))
    assert ask(engine, "SELECT count(*) FROM api_token") == [(1,)]


def test_the_page_refuses_in_french(app: Flask, engine: Engine) -> None:
    give_password(engine, "analyst")
    client = browser_at(app)
    sign_in(client, "analyst")
    for fields, said in (
        ({"days": "30", "units": "Atlantis-on-Sea"}, "Il n’y a pas d’unité Atlantis-on-Sea"),
        ({"days": "x"}, "de 1 à 366 jours"),
        ({"days": "30", "role": "gis"}, "n’a pas le rôle gis"),
    ):
        answer = post(client, "/account/tokens?lang=fr", once=str(uuid.uuid4()), **fields)
        assert answer.status_code == 422
        assert said in answer.text
    assert post(client, "/account/tokens", once="no-uuid", days="30").status_code == 400


# === The commands =====================================================================================================


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A `geoapp token` command."""
    command = [str(GEOAPP), "token", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_commands(environment: dict[str, str], settings: Settings) -> None:
    made = run(environment, "add", "analyst", "--days", "7", "--scope", "RW", "--role", "analyst", "--label", "QGIS")
    assert made.returncode == 0
    assert made.stderr == ""
    assert seen(settings, made.stdout.strip()) == {"RW"}
    (listed,) = json.loads(run(environment, "list", "--json").stdout)
    assert (listed["name"], listed["label"], listed["roles"], listed["scopes"]) == (
        "analyst",
        "QGIS",
        ["analyst"],
        ["RW"],
    )
    shown = run(environment, "list", "analyst").stdout
    assert f"{listed['id']}  analyst  QGIS; until " in shown
    assert made.stdout.strip() not in shown
    assert run(environment, "revoke", listed["id"]).stdout == "Revoked.\n"
    assert seen(settings, made.stdout.strip()) == set()
    again = run(environment, "revoke", listed["id"])
    said = f"geoapp: There is no token {listed['id']}. See `geoapp token list`.\n"
    assert (again.returncode, again.stderr) == (1, said)
