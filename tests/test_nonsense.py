"""Nonsense sent to every address is refused in plain words, with every header, and is never an error of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from releasing import report
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from geoapp.web.errors import FOR_PROGRAMS
from geoapp.web.policy import HEADERS, MVT, OF_TILES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")
PARTS = (
    "%00",
    "a%00b",
    "%ff%fe",
    "%ed%a0%80",
    "x" * 3000,
    "9" * 5000,
    "-1",
    "1e3",
    "%D9%A3",
    "..%2f..%2fetc%2fpasswd",
    "%27%20OR%201=1--",
    "%7B%7B7*7%7D%7D",
    "%0d%0aSet-Cookie:%20x=1",
    "%E2%80%AE",
    "null",
    "[]",
)
QUERIES = (
    "%00=%00",
    "lang=%ff",
    "lang=fr&lang=en&lang=%00",
    "level=%ff&since=%00&until=9999-99-99&unit=" + "X" * 5000,
    "since=0000-01-01&until=99999-01-01",
    "quarter=%F0%9F%98%80&quarter=" + "9" * 5000,
    "&".join(f"a{number}=b" for number in range(2000)),
    "a[b][c]=d&a=%",
    "level=" + "1," * 3000,
)
HEADERS_SENT = (
    {"Accept-Language": "%;q=\u00e9, *;q=nan, fr;q=99999"},
    {"Accept": "\u00e9/\u00e9;q=x", "If-None-Match": '"' * 50, "If-Modified-Since": "yesterday", "Range": "bytes=9-1"},
    {"Cookie": "geoapp_session=\xff\xfe; geoapp_session=; =;;;"},
    {"Cookie": f"geoapp_session={'x' * 4000}", "Sec-Fetch-Site": "\u00e9"},
    {"Authorization": "Basic \u00e9\u00e9", "Content-Type": "\u00e9"},
    {"X-Forwarded-For": "x" * 2000, "X-Forwarded-Proto": "gopher", "Forwarded": "for=;;;"},
)
BODIES = (
    ("application/json", b"\xff\xfe{"),
    ("application/json", b"[" * 100_000),
    ("application/x-www-form-urlencoded", b"name=%00&change=%ff&step=%00&summary_fr=%ed%a0%80"),
    ("application/x-www-form-urlencoded", b"&" * 100_000),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\0"\r\n\r\n\xff\r\n--x--'),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 5000),
    ("text/plain; charset=nonsense", b"\0"),
    ("", b""),
)

ClientOf = Callable[[str], FlaskClient]


@pytest.fixture
def incident(engine: Engine) -> str:
    """An incident, so that some addresses lead to a row."""
    return report(engine)


def rules(app: Flask) -> list[Rule]:
    """Every rule of the application."""
    return list(app.url_map.iter_rules())


def paths(rule: Rule, incident: str) -> Iterator[str]:
    """Its path with nonsense in each of its places, one at a time, and with something that makes sense."""
    sense = {"name": "incidents", "key": incident, "incident_id": incident, "z": "5", "x": "18", "y": "16"}
    places = {argument: sense.get(argument, "1") for argument in rule.arguments}
    pattern = rule.rule
    for argument in rule.arguments:
        for converter in ("", "int:", "path:", "uuid:"):
            pattern = pattern.replace(f"<{converter}{argument}>", f"{{{argument}}}")
    yield pattern.format(**places)
    for argument in sorted(rule.arguments):
        yield from (pattern.format(**{**places, argument: part}) for part in PARTS)


def orderly(answer: TestResponse, asked: object) -> None:
    """That an answer is none of a server at a loss, bears every header, and is of the right kind."""
    assert answer.status_code < 500, asked
    # A tile is never a page: what guards pages would only weigh on it.
    is_tile = answer.mimetype == MVT
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value or (is_tile and name not in OF_TILES), asked
    policy = answer.headers.get("Content-Security-Policy", "")
    assert policy.startswith("default-src 'none'") or is_tile, asked
    assert answer.headers["X-Request-ID"], asked
    assert "Set-Cookie" not in answer.headers or "x=1" not in answer.headers["Set-Cookie"]
    if answer.status_code >= 400:
        # Whoever brings a token is a program.
        program = answer.request.path.startswith(FOR_PROGRAMS) or "Authorization" in answer.request.headers
        # A file is asked for by either.
        kinds = {"application/problem+json"} if program else {"text/html"}
        if answer.request.path.startswith("/export/"):
            kinds = {"application/problem+json", "text/html"}
        assert answer.mimetype in kinds, asked
        said = answer.get_data(as_text=True)
        for leak in ("Traceback", "sqlalchemy", "psycopg", "werkzeug", "/geoapp/web"):
            assert leak not in said, asked
        assert "no-store" in answer.headers["Cache-Control"], asked


@pytest.mark.parametrize("name", ["public", "analyst"])
class TestEveryAddress:
    """Each kind of nonsense at each address, as somebody."""

    def test_in_its_path(self, name: str, app: Flask, client_of: ClientOf, incident: str) -> None:
        client = client_of(name)
        for rule in rules(app):
            for path in paths(rule, incident):
                orderly(client.get(path), path)

    def test_with_every_method(self, name: str, app: Flask, client_of: ClientOf, incident: str) -> None:
        client = client_of(name)
        for rule in rules(app):
            path = next(paths(rule, incident))
            for method in METHODS:
                answer = client.open(path, method=method)
                orderly(answer, (method, path))
                if answer.status_code == 405:
                    assert answer.headers["Allow"]

    def test_in_its_query(self, name: str, app: Flask, client_of: ClientOf, incident: str) -> None:
        client = client_of(name)
        for rule in rules(app):
            path = next(paths(rule, incident))
            for query in QUERIES:
                orderly(client.get(path, query_string=query), (path, query[:60]))

    def test_in_its_headers(self, name: str, app: Flask, client_of: ClientOf, incident: str) -> None:
        client = client_of(name)
        for rule in rules(app):
            path = next(paths(rule, incident))
            for headers in HEADERS_SENT:
                sent = {key: value.encode("utf-8").decode("latin-1") for key, value in headers.items()}
                orderly(client.get(path, headers=sent), (path, headers))

    def test_in_its_body(self, name: str, app: Flask, client_of: ClientOf, incident: str) -> None:
        client = client_of(name)
        for rule in rules(app):
            path = next(paths(rule, incident))
            for kind, body in BODIES:
                for method in {"POST", "GET"} & (rule.methods or set()):
                    orderly(client.open(path, method=method, data=body, content_type=kind), (path, kind, body[:40]))


def test_no_mode_of_the_framework_shows_where_it_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the name of a witness")

    for variable in ("FLASK_DEBUG", "FLASK_ENV", "PYTHONDEVMODE"):
        monkeypatch.setenv(variable, "1")
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    assert "witness" not in answer.text


def test_nobody_learns_who_exists(client_of: ClientOf) -> None:
    """Looking as somebody who is no demonstration person is the same whether they exist or not."""
    answers = [client_of("public").post("/demo/look-as", data={"name": name}) for name in ("analyst", "nobody")]
    assert [answer.status_code for answer in answers] == [404, 404]
    said = [answer.text.replace(_nonce(answer), "") for answer in answers]
    assert said[0] == said[1]


def _nonce(answer: TestResponse) -> str:
    return answer.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
