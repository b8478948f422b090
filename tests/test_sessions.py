"""Sessions: they end by themselves, by their owner and by an administrator; and a new password ends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from importing import ask
from signing_in import ELSEWHERE, PASSWORD, browser_at, form_token, give_password, post, sign_in, who
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.demo.people import write_people
from geoapp.settings import Settings
from geoapp.web.session import COOKIE

NEW = "marché-route-pluie-brique"
LATER = "UPDATE web_session SET {} WHERE user_name = 'analyst' AND browser IS NOT NULL"


@pytest.fixture(autouse=True)
def known(engine: Engine) -> None:
    """The analyst and the administrator have passwords."""
    give_password(engine, "analyst")
    give_password(engine, "admin")


@pytest.fixture
def web_as_analyst(settings: Settings) -> Iterator[Engine]:
    """The web role's own connection, with no page between."""
    made = open_web_engine(settings)
    yield made
    made.dispose()


def passes(engine: Engine, what: str) -> None:
    """Have time pass for the analyst's sessions."""
    with engine.begin() as connection:
        connection.execute(text(LATER.format(what)))


def test_a_session_that_rests_too_long_ends(app: Flask, engine: Engine) -> None:
    shared, own = browser_at(app), browser_at(app)
    sign_in(shared, "analyst")
    sign_in(own, "analyst", shared=False)
    passes(engine, "last_seen_at = now() - interval '59 minutes'")
    app.extensions["geoapp.seen"].clear()
    assert who(shared) == who(own) == "analyst"
    # Being looked at is what it rested from.
    seen = "SELECT min(last_seen_at) > now() - interval '1 minute' FROM web_session WHERE browser IS NOT NULL"
    assert ask(engine, seen) == [(True,)]
    passes(engine, "last_seen_at = now() - interval '61 minutes'")
    app.extensions["geoapp.seen"].clear()
    assert who(shared) is None
    assert who(own) == "analyst"


def test_a_session_ends_after_its_time_however_busy(app: Flask, engine: Engine) -> None:
    client = browser_at(app)
    sign_in(client, "analyst")
    hours = ask(engine, "SELECT expires_at - created_at FROM web_session WHERE browser IS NOT NULL")
    assert hours[0][0].total_seconds() == 12 * 3600
    passes(engine, "expires_at = now()")
    assert who(client) is None


def test_one_that_is_over_says_so_once_and_shows_the_publics_part(app: Flask) -> None:
    """So does one of another installation, which is none here."""
    client = browser_at(app)
    client.set_cookie(COOKIE, "of-another-installation")
    answer = client.get("/provinces?lang=fr")
    assert answer.status_code == 200
    assert "Votre session est terminée, ou est d’une autre installation." in unescape(answer.text)
    assert "/incidents" not in answer.text
    assert client.get_cookie(COOKIE) is None
    assert "terminée" not in client.get("/provinces?lang=fr").text


def test_a_form_of_a_session_that_ended_does_nothing(app: Flask, engine: Engine) -> None:
    client = browser_at(app)
    sign_in(client, "admin")
    token = form_token(client.get("/admin").text)
    with engine.begin() as connection:
        connection.execute(text("UPDATE web_session SET expires_at = now()"))
    answer = client.post("/admin", data={"change": "disable", "name": "analyst", "csrf_token": token})
    assert answer.status_code == 403
    assert "Your session has ended, so nothing was done." in answer.text
    assert ask(engine, "SELECT disabled_at FROM app_user WHERE user_name = 'analyst'") == [(None,)]


def test_the_account_lists_them_and_ends_one(app: Flask) -> None:
    here, there = browser_at(app), browser_at(app, ELSEWHERE)
    there.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/120.0 Mobile Safari/537"
    sign_in(here, "analyst")
    sign_in(there, "analyst", shared=False)
    page = here.get("/account").text
    assert "<strong>Firefox, Windows</strong>" in page
    assert "<strong>Chrome, Android</strong>" in page
    # The family and the system alone.
    assert "Mozilla" not in page
    shown = page.split("Chrome, Android")[1].split("</li>")[0]
    (other,) = set(re.findall(r'name="session" value="([0-9a-f-]{36})"', shown))
    assert post(here, "/account/sessions", session=other).status_code == 303
    assert (who(here), who(there)) == ("analyst", None)


def test_nobody_ends_anothers(app: Flask, engine: Engine) -> None:
    client = browser_at(app)
    sign_in(client, "analyst")
    ((other,),) = ask(engine, "SELECT session_id FROM web_session WHERE user_name = 'gis-cd'")
    post(client, "/account/sessions", session=str(other))
    assert ask(engine, "SELECT count(*) FROM web_session WHERE user_name = 'gis-cd'") == [(1,)]


def test_an_administrator_ends_all_of_somebody(app: Flask, engine: Engine) -> None:
    client, admin = browser_at(app), browser_at(app, ELSEWHERE)
    sign_in(client, "analyst")
    sign_in(admin, "admin")
    assert post(admin, "/admin", "/admin", change="sign-out", name="analyst").status_code == 303
    assert who(client) is None
    assert ask(engine, "SELECT user_name, object FROM audit_event WHERE what = 'session_ended'") == [
        ("admin", "app_user/analyst")
    ]


def test_a_new_password_ends_all_others(app: Flask, engine: Engine) -> None:
    here, there = browser_at(app), browser_at(app, ELSEWHERE)
    sign_in(here, "analyst")
    sign_in(there, "analyst")
    answer = post(here, "/account/password", old=PASSWORD, password=NEW, again=NEW)
    assert answer.status_code == 303
    assert "The password was changed." in here.get(answer.location).text
    assert (who(here), who(there)) == ("analyst", None)
    assert sign_in(browser_at(app), "analyst").status_code == 422
    assert sign_in(browser_at(app), "analyst", NEW).status_code == 303
    assert ask(engine, "SELECT object FROM audit_event WHERE what = 'password'") == [("app_user/analyst",)]
    ((kept,),) = ask(engine, "SELECT password_hash FROM user_password WHERE user_name = 'analyst'")
    assert kept.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong-wrong-wrong", NEW, NEW, "This is not your password."),
        (PASSWORD, NEW, NEW + "x", "The two passwords are not the same."),
        (PASSWORD, "short", "short", "fewer than 12 characters"),
        (PASSWORD, "analyst-analyst", "analyst-analyst", "little more than the name"),
    ],
)
def test_a_password_that_is_not_changed(app: Flask, old: str, new: str, again: str, said: str) -> None:
    client, other = browser_at(app), browser_at(app, ELSEWHERE)
    sign_in(client, "analyst")
    sign_in(other, "analyst")
    answer = post(client, "/account/password", old=old, password=new, again=again)
    assert answer.status_code == 422
    assert said in answer.text
    assert who(other) == "analyst"
    assert sign_in(browser_at(app), "analyst").status_code == 303


def test_a_session_that_was_taken_cannot_guess_the_password(app: Flask) -> None:
    client = browser_at(app)
    sign_in(client, "analyst")
    answers = [
        post(client, "/account/password", old="wrong-wrong-wrong", password=NEW, again=NEW).status_code
        for _ in range(17)
    ]
    assert answers[-1] == 429


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM user_password",
        "SELECT * FROM sign_in_count",
        "SELECT * FROM known_browser",
        "SELECT token_hash FROM web_session",
        "SELECT token_hash FROM api_token",
        "SELECT link_hash FROM sign_in_link",
        "INSERT INTO web_session (token_hash, user_name, expires_at) VALUES (repeat('0', 64), 'gis-cd', now())",
        "UPDATE web_session SET user_name = 'gis-cd'",
        "UPDATE api_token SET expires_at = now() + interval '9 years'",
        "INSERT INTO api_token (token_hash, user_name, expires_at) VALUES (repeat('0', 64), 'gis-cd', now())",
        "INSERT INTO sign_in_link (link_hash, user_name, purpose, expires_at)"
        " VALUES (repeat('0', 64), 'gis-cd', 'reset', now())",
    ],
)
def test_the_web_role_has_no_other_way_to_them(web_as_analyst: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security"), web_as_analyst.begin() as connection:
        set_viewer(connection, "analyst")
        connection.execute(text(statement))


def test_of_others_it_sees_nothing(web_as_analyst: Engine) -> None:
    with web_as_analyst.begin() as connection:
        set_viewer(connection, "analyst")
        assert set(connection.scalars(text("SELECT user_name FROM web_session"))) == {"analyst"}
        assert connection.execute(text("DELETE FROM web_session WHERE user_name = 'gis-cd'")).rowcount == 0


def test_sessions_of_the_demonstration_are_on_loopback_alone(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        write_people(connection)
    client = browser_at(app, "127.0.0.1")
    assert post(client, "/demo/look-as", "/provinces", name="demo-analyst").status_code == 303
    assert who(client) == "demo-analyst"
    client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    assert who(client) is None
    client.environ_base["REMOTE_ADDR"] = "127.0.0.1"
    stolen = browser_at(app, "127.0.0.1")
    assert post(stolen, "/demo/look-as", "/provinces", name="demo-analyst").status_code == 303
    stolen.environ_base["HTTP_X_FORWARDED_FOR"] = "127.0.0.1"
    assert who(stolen) is None


def test_looking_as_is_for_the_demonstrations_people_alone(app: Flask) -> None:
    client = browser_at(app, "127.0.0.1")
    client.environ_base["HTTP_X_CSRF_TOKEN"] = form_token(client.get("/sign-in").text)
    assert client.post("/demo/look-as", data={"name": "analyst"}).status_code == 404
    assert who(client) is None
