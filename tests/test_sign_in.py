"""Signing in with a password and signing out: who is let in, what is said to others, and what a form is worth."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from importing import ask
from signing_in import CHEAP, ELSEWHERE, PASSWORD, browser_at, form_token, give_password, post, sign_in, who
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from geoapp.access import passwords
from geoapp.access.passwords import PasswordRefusedError, require_good
from geoapp.web.session import COOKIE, DEVICE_COOKIE

TEMPLATES = Path(__file__).parents[1] / "templates"
NOBODIES = ("nobody", "<script>", "x" * 5000, "", "an\x00alyst2")
WRONG = "The name or the password is not right."


@pytest.fixture(autouse=True)
def known(engine: Engine) -> None:
    """The analyst has a password."""
    give_password(engine, "analyst")


def events(engine: Engine, what: str) -> list[str]:
    """The objects of the audit's events of one kind."""
    return [row[0] for row in ask(engine, "SELECT object FROM audit_event WHERE what = :what ORDER BY 1", what=what)]


def test_it_works(app: Flask, engine: Engine) -> None:
    client = browser_at(app)
    assert "Sign in" in client.get("/provinces").text
    answer = sign_in(client, "analyst", next="/provinces?lang=fr")
    assert (answer.status_code, answer.location) == (303, "/provinces?lang=fr")
    assert who(client) == "analyst"
    assert "risk analyst" in client.get("/provinces?lang=en").text
    assert "analyste des risques" in client.get("/provinces?lang=fr").text
    out = post(client, "/sign-out", "/provinces")
    assert out.status_code == 303
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert who(client) is None
    assert ask(engine, "SELECT count(*) FROM web_session WHERE browser IS NOT NULL") == [(0,)]
    assert events(engine, "sign_in") == events(engine, "sign_out") == ["app_user/analyst"]


@pytest.mark.parametrize(
    "name", ["analyst", "gis-cd", "analyst-rw", "nobody", "<script>", "x" * 5000, "", "an\x00alyst2"]
)
def test_whoever_it_is_not_hears_the_same(app: Flask, engine: Engine, name: str) -> None:
    """A wrong password, no password yet, disabled, unknown: one answer, but for the name that was typed."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst-rw'"))
    give_password(engine, "analyst-rw")
    client = browser_at(app)
    answer = sign_in(client, name, PASSWORD if name == "analyst-rw" else "wrong-wrong-wrong")
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert COOKIE not in answer.headers.get("Set-Cookie", "")
    assert who(client) is None
    (said,) = events(engine, "sign_in_failed")
    known = name in {"analyst", "gis-cd", "analyst-rw"}
    # What was typed for a name that nobody has could be a password.
    assert said == (f"app_user/{name} from 198.51.100.7" if known else "app_user from 198.51.100.7")


def test_the_refusal_is_in_french_too(app: Flask) -> None:
    client = browser_at(app)
    token = form_token(client.get("/sign-in?lang=fr").text)
    answer = client.post("/sign-in?lang=fr", data={"name": "analyst", "password": "x", "csrf_token": token})
    assert "Le nom ou le mot de passe n’est pas bon." in unescape(answer.text)


class Spy:
    """A hasher that notes what it looks at."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def hash(self, password: str) -> str:
        return CHEAP.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self.seen.append(hashed)
        return CHEAP.verify(hashed, password)


def test_somebody_unknown_costs_a_hash_as_well(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy()
    monkeypatch.setattr(passwords, "HASHER", spy)
    for name in ("analyst", "nobody", "gis-cd"):
        sign_in(browser_at(app), name, "wrong-wrong-wrong")
    assert len(spy.seen) == 3
    # Of the same cost.
    assert len({hashed.rsplit("$", 2)[0] for hashed in spy.seen}) == 1


ELSEWHERE_THAN_HERE = (
    "//evil.example/",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/\t/evil",
    "evil",
    "http:///x",
    "//[",
    "/a\r\nSet-Cookie: x=y",
    "/sign-in?next=/sign-in",
    "/sign-out",
    "",
)


@pytest.mark.parametrize("wanted", ELSEWHERE_THAN_HERE)
def test_after_it_one_stays_on_this_site(app: Flask, wanted: str) -> None:
    answer = sign_in(browser_at(app), "analyst", next=wanted)
    assert (answer.status_code, answer.location) == (303, "/?lang=en")


def test_the_token_of_a_session_is_a_new_one(app: Flask) -> None:
    """What somebody else put into the browser before is worth nothing afterwards."""
    client = browser_at(app)
    client.set_cookie(COOKIE, "analyst-rw")
    client.set_cookie(COOKIE, "planted")
    sign_in(client, "analyst")
    first = client.get_cookie(COOKIE)
    assert first is not None
    assert first.value != "planted"
    other = browser_at(app)
    other.set_cookie(COOKIE, "planted")
    assert who(other) is None


def test_the_cookies_end_with_the_browser_on_a_shared_computer(app: Flask) -> None:
    for shared, kept in ((True, False), (False, True)):
        answer = sign_in(browser_at(app), "analyst", shared=shared)
        (session,) = (each for each in answer.headers.getlist("Set-Cookie") if each.startswith(f"{COOKIE}="))
        assert ("Max-Age=1209600" in session) is kept
        assert "HttpOnly" in session
        assert "SameSite=Lax" in session
        assert "Secure" not in session


def test_behind_tls_the_cookies_go_over_nothing_else(app: Flask) -> None:
    client = browser_at(app)
    page = client.get("/sign-in", base_url="https://localhost")
    fields = {"name": "analyst", "password": PASSWORD, "csrf_token": form_token(page.text)}
    answer = client.post("/sign-in", data=fields, base_url="https://localhost")
    cookies = answer.headers.getlist("Set-Cookie")
    assert answer.status_code == 303
    assert {each.split("=")[0] for each in cookies} >= {f"__Host-{COOKIE}", f"__Host-{DEVICE_COOKIE}"}
    assert all("Secure" in each and "Path=/" in each and "Domain" not in each for each in cookies)


# === Forms ============================================================================================================


def test_every_form_that_changes_something_holds_the_field() -> None:
    for path in TEMPLATES.glob("*.html"):
        for form in path.read_text(encoding="utf-8").split("<form")[1:]:
            whole = form.split("</form>")[0]
            held = "{{ csrf_field() }}" in whole or "{{ sign_out_field() }}" in whole
            assert 'method="post"' not in whole or held, path.name


@pytest.mark.parametrize("token", [None, "", "0" * 64, "of another session"])
def test_a_form_without_its_token_does_nothing(app: Flask, engine: Engine, token: str | None) -> None:
    give_password(engine, "admin")
    client, other = browser_at(app), browser_at(app, ELSEWHERE)
    sign_in(client, "admin")
    sign_in(other, "analyst")
    if token == "of another session":
        token = form_token(other.get("/account").text)
    fields = {"change": "disable", "name": "gis-cd", **({"csrf_token": token} if token is not None else {})}
    answer = client.post("/admin", data=fields)
    assert answer.status_code == 403
    assert "This form is out of date, so nothing was done." in answer.text
    assert ask(engine, "SELECT disabled_at FROM app_user WHERE user_name = 'gis-cd'") == [(None,)]


def test_a_form_of_another_site_does_nothing(app: Flask) -> None:
    client = browser_at(app)
    token = form_token(client.get("/sign-in").text)
    fields = {"name": "analyst", "password": PASSWORD, "csrf_token": token}
    answer = client.post("/sign-in", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "sent from another site" in answer.text
    assert who(client) is None


def test_a_replayed_form_does_nothing(app: Flask) -> None:
    """Of before somebody signed in, and of before they signed out."""
    client = browser_at(app)
    before = form_token(client.get("/sign-in").text)
    sign_in(client, "analyst")
    page = form_token(client.get("/account").text)
    assert (
        client.post("/sign-in", data={"name": "analyst", "password": PASSWORD, "csrf_token": before}).status_code == 403
    )
    client.post("/sign-out", data={"csrf_token": page})
    answer = client.post("/account/sessions", data={"session": "others", "csrf_token": page})
    assert answer.status_code == 403
    # A second click on "Sign out" is no fault.
    assert client.post("/sign-out", data={"csrf_token": page}).status_code == 303


# === Signing out while something is wrong =============================================================================


def test_a_fault_of_ours_has_the_way_out(app: Flask, engine: Engine) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    client = browser_at(app)
    assert "/sign-out" not in client.get("/broken").text
    sign_in(client, "analyst")
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert client.post("/sign-out", data={"csrf_token": form_token(answer.text)}).status_code == 303
    assert who(client) is None
    assert events(engine, "sign_out") == ["app_user/analyst"]


@pytest.mark.parametrize(("language", "said"), [("en", "signed out in this browser"), ("fr", "déconnecté dans ce")])
def test_the_browser_is_signed_out_while_the_database_is_away(
    app: Flask, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    client = browser_at(app)
    sign_in(client, "analyst")

    def away(*_: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(Engine, "connect", away)
    monkeypatch.setattr(Engine, "begin", away)
    page = client.get("/provinces")
    assert page.status_code == 503
    answer = client.post(f"/sign-out?lang={language}", data={"csrf_token": form_token(page.text)})
    assert answer.status_code == 503
    assert said in answer.text
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie(COOKIE) is None
    monkeypatch.undo()
    assert who(client) is None


def test_another_sites_form_signs_nobody_out(app: Flask) -> None:
    client = browser_at(app)
    sign_in(client, "analyst")
    assert client.post("/sign-out").status_code == 403
    assert client.post("/sign-out", data={"csrf_token": "0" * 64}).status_code == 403
    assert who(client) == "analyst"


# === Passwords ========================================================================================================


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "fewer than 12"),
        ("x" * 257, "more than 256"),
        ("marie.k-2026", "little more than the name"),
        ("123456789012", "among the first"),
        ("password1234", "among the first"),
        ("motdepasse123", "among the first"),
        ("azertyuiopqs", "among the first"),
        ("aaaaaaaaaaaa", "among the first"),
        ("geoapp-geoapp", "little more than the name, or geoapp"),
    ],
)
def test_a_password_that_is_not_taken(password: str, said: str) -> None:
    with pytest.raises(PasswordRefusedError, match=said) as caught:
        require_good(password, "marie.k")
    assert caught.value.said.fr != caught.value.said.en


@pytest.mark.parametrize(
    "password", [PASSWORD, "correct horse battery", "quatre mots sans rapport", "ñandú—pluie—ŝtelo"]
)
def test_no_kind_of_sign_is_asked_for(password: str) -> None:
    require_good(password, "marie.k")


def test_the_same_word_of_another_keyboard_is_the_same_password(app: Flask, engine: Engine) -> None:
    give_password(engine, "analyst", "e\u0301le\u0301phant du matin")
    assert sign_in(browser_at(app), "analyst", "\u00e9l\u00e9phant du matin").status_code == 303
