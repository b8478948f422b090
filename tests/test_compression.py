"""Answers are compressed by geoapp itself, where the client takes that and no other site can learn from their size."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geoapp.web.assets import asset_url

TAKES = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/", "/provinces", "/nowhere", "/api/v1/openapi.json", "/ogc/collections"])
def test_pages_and_json_are_compressed(path: str, visitor: FlaskClient) -> None:
    plain, small = visitor.get(path), visitor.get(path, headers=TAKES)
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(small.data)) > len(small.data)
    assert int(small.headers["Content-Length"]) == len(small.data)
    assert small.mimetype == plain.mimetype
    for answer in (plain, small):
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_asks_for_is_sent_as_it_is(site: str, visitor: FlaskClient) -> None:
    assert "Content-Encoding" not in visitor.get("/", headers={**TAKES, "Sec-Fetch-Site": site}).headers
    assert "Content-Encoding" in visitor.get("/", headers={**TAKES, "Sec-Fetch-Site": "same-origin"}).headers


@pytest.mark.parametrize("path", ["/healthz", "/tiles/incidents.json"])
def test_what_is_small_is_left(path: str, visitor: FlaskClient) -> None:
    answer = visitor.get(path, headers=TAKES)
    assert (len(answer.data) > 1000) is ("Content-Encoding" in answer.headers)


def test_who_refuses_gzip_gets_none(visitor: FlaskClient) -> None:
    for accepted in ("", "identity", "gzip;q=0", "br"):
        assert "Content-Encoding" not in visitor.get("/", headers={"Accept-Encoding": accepted}).headers


def test_built_files_are_compressed_and_known_again(app: Flask) -> None:
    client = app.test_client()
    with app.test_request_context():
        address = asset_url("map.js")
    plain, small = client.get(address), client.get(address, headers=TAKES)
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert small.mimetype == plain.mimetype
    assert small.headers["ETag"] != plain.headers["ETag"]
    again = client.get(address, headers={**TAKES, "If-None-Match": small.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(address, headers={**TAKES, "If-None-Match": plain.headers["ETag"]}).status_code == 200
