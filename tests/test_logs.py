"""The server's log: each line has its request, and nothing of anybody; what is slow is told."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cast import signed_in
from flask import Flask
from sqlalchemy import text

from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY, reading

WORDS = ("Zanzibar", "analyst", "127.0.0.1", "secret-place")


def lines_of(app: Flask) -> io.StringIO:
    """Where geoapp's lines go from now on."""
    written = io.StringIO()
    (handler,) = [each for each in logging.getLogger("geoapp").handlers if type(each).__name__ == "_Handler"]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    assert app.extensions
    return written


@pytest.fixture(params=["text", "json"])
def app(shared: Settings, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """An application that tells of everything that takes a millisecond."""
    made = create_app(replace(shared, log_format=request.param, slow_ms=1))

    @made.get("/wait")
    def wait() -> str:
        with reading() as connection:
            connection.execute(text("SELECT pg_sleep(0.02), CAST(:name AS text)"), {"name": "secret-place"})
        return "waited"

    yield made
    opened = made.extensions.get(KEY)
    if opened is not None:
        opened.dispose()
    # The other tests' lines as they were.
    create_app(shared)


def test_what_is_slow_is_told_without_anything_of_anybody(app: Flask) -> None:
    written = lines_of(app)
    answer = signed_in(app.test_client(), "analyst").get("/wait?q=Zanzibar")
    said = written.getvalue()
    assert "a slow statement" in said
    assert "pg_sleep" in said
    assert "a slow request" in said
    for line in said.splitlines():
        assert answer.headers["X-Request-ID"] in line
    for word in WORDS:
        assert word not in said


def test_a_program_gets_an_object_for_every_request(app: Flask) -> None:
    as_json = app.extensions["geoapp.settings"].log_format == "json"
    written = lines_of(app)
    answer = app.test_client().get("/sites/Zanzibar?lang=fr")
    assert answer.status_code == 404
    if not as_json:
        assert "a request" not in written.getvalue()
        return
    told = [json.loads(line) for line in written.getvalue().splitlines()]
    (line,) = [each for each in told if each["message"] == "a request"]
    assert line["request"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["endpoint"], line["status"]) == ("GET", "places.site", 404)
    assert line["ms"] >= 0
    assert "Zanzibar" not in written.getvalue()


def test_with_0_nothing_is_slow(shared: Settings) -> None:
    made = create_app(replace(shared, slow_ms=0))
    written = lines_of(made)
    made.test_client().get("/healthz")
    assert written.getvalue() == ""
    create_app(shared)
