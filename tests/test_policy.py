"""The security headers of every response, and the nonce that goes with them."""

from __future__ import annotations

import re

import pytest
from flask import Flask, abort, render_template_string
from flask.testing import FlaskClient

from geoapp.web import policy


@pytest.fixture
def visitor() -> FlaskClient:
    app = Flask("policy")
    policy.init_app(app)
    app.add_url_rule("/", view_func=lambda: render_template_string("{{ nonce() }} {{ nonce() }}"), endpoint="page")
    app.add_url_rule("/gone", view_func=lambda: abort(410), endpoint="gone")
    return app.test_client()


def directives(header: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_it_works(visitor: FlaskClient) -> None:
    answer = visitor.get("/")
    sources = directives(answer.headers["Content-Security-Policy"])
    said, again = answer.text.split(" ")
    assert said == again
    assert re.fullmatch(r"[\w-]{20,}", said)
    assert sources["script-src"] == sources["style-src"] == f"'self' 'nonce-{said}'"
    assert sources["default-src"] == "'none'"
    assert sources["frame-ancestors"] == "'self'"


def test_every_response_has_a_nonce_of_its_own(visitor: FlaskClient) -> None:
    assert len({visitor.get("/").text for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/", "/gone", "/nowhere"])
def test_errors_bear_the_headers_too(visitor: FlaskClient, path: str) -> None:
    headers = visitor.get(path).headers
    assert "Content-Security-Policy" in headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]


def test_nothing_inline_is_let_through(visitor: FlaskClient) -> None:
    header = visitor.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in header
    assert "http" not in header
    assert "*" not in header
