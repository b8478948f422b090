"""One-time links: for the invited, for who lost a password, and for the demonstration's people."""

from __future__ import annotations

import subprocess
from html import unescape

import pytest
from browser import GEOAPP
from flask import Flask
from flask.testing import FlaskClient
from importing import ask
from signing_in import ELSEWHERE, OFFICE, PASSWORD, browser_at, form_token, give_password, post, sign_in, who
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from geoapp.access.links import make_demonstration_links, make_link
from geoapp.demo.people import write_people

GONE = "This link does not work any more"


@pytest.fixture
def invitation(engine: Engine) -> str:
    """A link for the GIS officer, who has no password yet."""
    # So that hashes cost little.
    give_password(engine, "analyst")
    with engine.begin() as connection:
        return make_link(connection, "gis-cd", "invitation")


def follow(client: FlaskClient, secret: str, **fields: str) -> TestResponse:
    """Open a link and press its button."""
    path = f"/sign-in/link/{secret}"
    return client.post(path, data=fields | {"csrf_token": form_token(client.get(path).text)})


def test_the_invited_choose_a_password(app: Flask, engine: Engine, invitation: str) -> None:
    client = browser_at(app)
    # Previews of messengers, and looking twice, do not use it up.
    for _ in range(2):
        page = client.get(f"/sign-in/link/{invitation}")
        assert page.status_code == 200
        assert "You are about to sign in as gis-cd." in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert follow(client, invitation, password=PASSWORD, again=PASSWORD, shared="1").status_code == 303
    assert who(client) == "gis-cd"
    assert sign_in(browser_at(app), "gis-cd").status_code == 303
    told = ask(
        engine, "SELECT what, user_name, object FROM audit_event WHERE what LIKE 'link%' ORDER BY audit_event_id"
    )
    assert [row[0] for row in told] == ["link_made", "link_used"]
    assert told[1][1:] == ("gis-cd", "app_user/gis-cd")


def test_a_link_is_used_once(app: Flask, invitation: str) -> None:
    first, second = browser_at(app), browser_at(app)
    token = form_token(second.get(f"/sign-in/link/{invitation}").text)
    follow(first, invitation, password=PASSWORD, again=PASSWORD)
    other = "another-word-of-four-parts"
    fields = {"password": other, "again": other, "csrf_token": token}
    for answer in (
        second.post(f"/sign-in/link/{invitation}", data=fields),
        second.get(f"/sign-in/link/{invitation}"),
    ):
        assert answer.status_code == 410
        assert GONE in answer.text
        assert "gis-cd" not in answer.text
    assert who(second) is None
    assert sign_in(browser_at(app), "gis-cd", other).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sign_in_link SET expires_at = now()",
        "UPDATE app_user SET disabled_at = now() WHERE user_name = 'gis-cd'",
        "DELETE FROM sign_in_link",
    ],
)
def test_a_link_that_holds_no_longer(app: Flask, engine: Engine, invitation: str, change: str) -> None:
    client = browser_at(app)
    token = form_token(client.get(f"/sign-in/link/{invitation}").text)
    with engine.begin() as connection:
        connection.execute(text(change))
    fields = {"password": PASSWORD, "again": PASSWORD, "csrf_token": token}
    for answer in (
        client.get(f"/sign-in/link/{invitation}?lang=fr"),
        client.post(f"/sign-in/link/{invitation}?lang=fr", data=fields),
        client.get("/sign-in/link/never-made?lang=fr"),
    ):
        assert answer.status_code == 410
        assert "Ce lien ne fonctionne plus" in unescape(answer.text)
    assert who(client) is None


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "fewer than 12"),
        (PASSWORD, "x", "not the same"),
        ("123456789012", "123456789012", "among the first"),
    ],
)
def test_a_bad_password_leaves_the_link(app: Flask, invitation: str, password: str, again: str, said: str) -> None:
    client = browser_at(app)
    answer = follow(client, invitation, password=password, again=again)
    assert answer.status_code == 422
    assert said in answer.text
    assert who(client) is None
    assert follow(client, invitation, password=PASSWORD, again=PASSWORD).status_code == 303


def test_an_invitation_without_a_password_is_not_used(app: Flask, invitation: str) -> None:
    client = browser_at(app)
    assert follow(client, invitation).status_code == 422
    assert who(client) is None


def test_a_reset_ends_what_was_open_and_the_old_password(app: Flask, engine: Engine) -> None:
    give_password(engine, "analyst")
    give_password(engine, "admin")
    client, admin = browser_at(app), browser_at(app, ELSEWHERE)
    sign_in(client, "analyst")
    sign_in(admin, "admin")
    page = post(admin, "/admin", "/admin", change="link", name="analyst").text
    secret = page.split("/sign-in/link/")[1].split('"')[0]
    # The old password holds until then: a link that was asked for by somebody else takes nothing away.
    assert sign_in(browser_at(app), "analyst").status_code == 303
    new = "marché-route-pluie-brique"
    again = browser_at(app)
    assert follow(again, secret, password=new, again=new).status_code == 303
    assert (who(again), who(client)) == ("analyst", None)
    assert sign_in(browser_at(app), "analyst").status_code == 422


def test_a_new_link_takes_the_place_of_the_one_before(app: Flask, engine: Engine, invitation: str) -> None:
    with engine.begin() as connection:
        second = make_link(connection, "gis-cd", "reset")
    client = browser_at(app)
    assert client.get(f"/sign-in/link/{invitation}").status_code == 410
    assert client.get(f"/sign-in/link/{second}").status_code == 200


def test_links_of_the_demonstration_are_for_loopback_alone(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        write_people(connection)
        made = dict(make_demonstration_links(connection))
    assert set(made) == {f"demo-{role}" for role in ("committee", "coordinator", "analyst", "gis")}
    here, there = browser_at(app, "127.0.0.1"), browser_at(app, OFFICE)
    token = form_token(there.get("/sign-in").text)
    path = f"/sign-in/link/{made['demo-analyst']}"
    for answer in (there.get(path), there.post(path, data={"csrf_token": token})):
        assert answer.status_code == 410
    assert who(there) is None
    assert follow(here, made["demo-analyst"]).status_code == 303
    assert who(here) == "demo-analyst"
    page = here.get("/account")
    assert "have no password" in page.text
    assert here.get(path).status_code == 410


def run(environment: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """A `geoapp user` command."""
    command = [str(GEOAPP), "user", *arguments]
    return subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)


def test_the_commands(app: Flask, engine: Engine, environment: dict[str, str]) -> None:
    environment = environment | {"GEOAPP_PUBLIC_URL": "https://geoapp.example/"}
    added = run(environment, "add", "marie.k", "--role", "analyst", "--scope", "CD")
    assert added.returncode == 0
    assert added.stdout.startswith("https://geoapp.example/sign-in/link/")
    assert "within 168 hours" in added.stderr
    client = browser_at(app)
    secret = added.stdout.strip().rpartition("/")[2]
    assert follow(client, secret, password=PASSWORD, again=PASSWORD).status_code == 303
    assert run(environment, "sign-out", "marie.k").stdout == "Sessions ended: 1.\n"
    assert who(client) is None
    reset = run(environment, "reset", "marie.k")
    assert browser_at(app).get("/sign-in/link/" + reset.stdout.strip().rpartition("/")[2]).status_code == 200
    piped = run(environment, "add", "jean", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    assert (piped.returncode, piped.stdout) == (0, "Added jean: admin.\n")
    assert sign_in(browser_at(app), "jean").status_code == 303


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("reset", "nobody"), "", "There is no user nobody."),
        (("sign-out", "nobody"), "", "There is no user nobody."),
        (("add", "jean", "--role", "admin", "--password-stdin"), "short\n", "fewer than 12 characters"),
        (("add", "jean", "--role", "admin", "--password-stdin"), "", "fewer than 12 characters"),
    ],
)
def test_a_command_that_is_refused(
    engine: Engine, environment: dict[str, str], arguments: tuple[str, ...], given: str, said: str
) -> None:
    done = run(environment, *arguments, given=given)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert ask(engine, "SELECT count(*) FROM app_user WHERE user_name = 'jean'") == [(0,)]
