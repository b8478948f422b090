"""`/metrics`: what the server does as numbers, for this machine and for administrators, with nothing of anybody."""

from __future__ import annotations

import re
import subprocess

import pytest
from browser import serving
from cast import signed_in
from conftest import a_database, environment_for, settings_for
from flask import Flask
from flask.testing import FlaskClient

from geoapp.database.cluster import Cluster
from geoapp.web.app import create_app
from geoapp.web.meters import BOUNDS, Meters

ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}
LINE = re.compile(r'^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$')
LABELS = {"endpoint", "status", "le", "version"}


def numbers(answer: str) -> dict[str, float]:
    """The values by name and labels; fails where a line is none of Prometheus's format."""
    found = {}
    for line in answer.splitlines():
        if line.startswith("# "):
            assert re.match(r"^# (HELP|TYPE) geoapp_[a-z_]+ \S", line)
            continue
        assert LINE.match(line), line
        name, _, value = line.rpartition(" ")
        found[name] = float(value)
    return found


def test_it_tells_what_was_answered(client: FlaskClient) -> None:
    for _ in range(3):
        client.get("/healthz")
    client.get("/nowhere/secret-place?q=Zanzibar")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    found = numbers(answer.text)
    assert found['geoapp_requests_total{endpoint="health.alive",status="2xx"}'] == 3
    assert found['geoapp_requests_total{endpoint="other",status="4xx"}'] == 1
    assert found['geoapp_request_seconds_count{endpoint="health.alive"}'] == 3
    assert found['geoapp_request_seconds_bucket{endpoint="health.alive",le="+Inf"}'] == 3
    assert found["geoapp_database_up"] == 1
    assert 0 < found["geoapp_database_connections"] <= found["geoapp_database_connections_most"]
    assert found["geoapp_resident_bytes"] > 0
    assert {each for line in found for each in re.findall(r'(\w+)="', line)} <= LABELS
    for word in ("Zanzibar", "secret-place", "analyst", "CD-SK", "127.0.0.1"):
        assert word not in answer.text


@pytest.mark.parametrize(("name", "status"), [("public", 403), ("analyst", 403), ("admin", 200)])
def test_from_elsewhere_it_is_for_administrators(app: Flask, name: str, status: int) -> None:
    client = signed_in(app.test_client(), name)
    assert client.get("/metrics", environ_base=ELSEWHERE).status_code == status
    # What came through a proxy on this machine came from elsewhere, too.
    assert client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"}).status_code == status


def test_without_a_database_it_says_so(without_database: FlaskClient) -> None:
    answer = without_database.get("/metrics")
    assert answer.status_code == 200
    assert numbers(answer.text)["geoapp_database_up"] == 0


@pytest.fixture
def without_database(cluster: Cluster) -> FlaskClient:
    """A client of an application whose database is not there."""
    return create_app(settings_for(cluster, "no_such_database")).test_client()


def test_all_workers_count_together(cluster: Cluster, template: str) -> None:
    with a_database(cluster, template) as settings, serving(environment_for(settings), workers=2) as address:
        for _ in range(20):
            subprocess.run(["curl", "-s", f"{address}/healthz"], check=True, capture_output=True)
        told = subprocess.run(["curl", "-s", f"{address}/metrics"], check=True, capture_output=True, text=True).stdout
    found = numbers(told)
    assert found['geoapp_requests_total{endpoint="health.alive",status="2xx"}'] == 20
    assert found["geoapp_processes"] >= 4


def test_a_duration_is_in_its_buckets() -> None:
    meters = Meters()
    meters.know(["a"])
    for seconds in (0.001, BOUNDS[0], 0.2, 99.0):
        meters.count("a", 200, seconds)
    told = numbers("\n".join(meters.told()))
    assert told['geoapp_request_seconds_bucket{endpoint="a",le="0.005"}'] == 2
    assert told['geoapp_request_seconds_bucket{endpoint="a",le="0.3"}'] == 3
    assert told['geoapp_request_seconds_bucket{endpoint="a",le="10.0"}'] == 3
    assert told['geoapp_request_seconds_bucket{endpoint="a",le="+Inf"}'] == 4
    assert told['geoapp_request_seconds_sum{endpoint="a"}'] == pytest.approx(99.206)
