"""What the tests of accounts share: passwords that cost little, and browsers at addresses of their own."""

from __future__ import annotations

import re
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from geoapp.access import passwords
from geoapp.access.passwords import set_password

PASSWORD = "kivu-lac-pirogue-bleu"
OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.9"
# The same algorithm at the least that it takes.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def give_password(engine: Engine, name: str, password: str = PASSWORD) -> None:
    """Give one of the cast a password."""
    passwords.HASHER = CHEAP
    passwords._nobodys.cache_clear()
    with engine.begin() as connection:
        set_password(connection, name, password)


def browser_at(app: Flask, address: str = OFFICE) -> FlaskClient:
    """A browser that nobody is signed in with."""
    made = app.test_client()
    made.environ_base["REMOTE_ADDR"] = address
    made.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko Firefox/128.0"
    return made


def form_token(page: str) -> str:
    """The token that the forms of a page hold."""
    (token,) = set(re.findall(r'name="csrf_token" value="([0-9a-f]{64})"', page))
    return token


def sign_in(
    client: FlaskClient, name: str, password: str = PASSWORD, *, shared: bool = True, **more: Any
) -> TestResponse:
    """Open the page and send its form."""
    fields = {"name": name, "password": password, **({"shared": "1"} if shared else {}), **more}
    return client.post("/sign-in", data=fields | {"csrf_token": form_token(client.get("/sign-in").text)})


def post(client: FlaskClient, path: str, page: str = "/account", **fields: Any) -> TestResponse:
    """Send a form as it stands on a page."""
    return client.post(path, data=fields | {"csrf_token": form_token(client.get(page).text)})


def guess(client: FlaskClient, name: str) -> TestResponse:
    """One wrong password, by a program that keeps the cookie of the form."""
    return client.post("/sign-in", data={"name": name, "password": "wrong-wrong-wrong"})


def guesser_at(app: Flask, address: str) -> FlaskClient:
    """A program that guesses, with a form of its own."""
    made = browser_at(app, address)
    made.environ_base["HTTP_X_CSRF_TOKEN"] = form_token(made.get("/sign-in").text)
    return made


def who(client: FlaskClient) -> str | None:
    """Who is signed in, as the page's header says."""
    found = re.search(r'<div class="me" data-me>\s*<a[^>]*><strong>([^<]*)</strong>', client.get("/provinces").text)
    return found[1] if found else None
