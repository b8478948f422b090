"""Who asks too often is told to wait; the map, other people and the next minute are not touched by it."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from browser import serving
from cast import signed_in
from conftest import environment_for
from flask import Flask
from flask.testing import FlaskClient
from shared_cache import ask_server
from sqlalchemy import Engine, text

from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.buckets import SETS, WAYS, Buckets
from geoapp.web.database import KEY as ENGINE

TILE = "/tiles/base/5/18/16.mvt"
QUESTION = "/api/v1/risk/sites?on=2025-01-01"

ClientFor = Callable[..., FlaskClient]


@pytest.fixture
def client_for(settings: Settings) -> Iterator[ClientFor]:
    """Clients of one application with limits of their own."""
    made: list[Flask] = []

    def client(name: str = "public", address: str = "192.0.2.1", **limits: int) -> FlaskClient:
        if limits or not made:
            made.append(create_app(replace(settings, **limits)))
        opened = made[-1].test_client()
        opened.environ_base["REMOTE_ADDR"] = address
        return signed_in(opened, name)

    yield client
    for app in made:
        if ENGINE in app.extensions:
            app.extensions[ENGINE].dispose()


# === The buckets ======================================================================================================


def test_a_bucket_holds_a_minute_and_fills_evenly() -> None:
    buckets = Buckets()
    assert [buckets.take("a", "x", 60, now=1000.0) for _ in range(60)] == [0.0] * 60
    wait = buckets.take("a", "x", 60, now=1000.0)
    assert wait == pytest.approx(1.0)
    assert buckets.take("a", "x", 60, now=1000.5) == pytest.approx(0.5)
    assert buckets.take("a", "x", 60, now=1001.0) == 0.0
    assert buckets.take("a", "x", 60, now=1001.0) > 0
    assert [buckets.take("a", "x", 60, now=1061.0) for _ in range(60)] == [0.0] * 60


def test_clients_and_kinds_are_counted_apart() -> None:
    buckets = Buckets()
    assert buckets.take("a", "x", 1, now=1.0) == 0.0
    assert buckets.take("a", "x", 1, now=1.0) > 0
    assert buckets.take("a", "y", 1, now=1.0) == 0.0
    assert buckets.take("b", "x", 1, now=1.0) == 0.0


def test_a_crowd_does_not_wash_away_who_asked_most() -> None:
    buckets = Buckets()
    for _ in range(100):
        buckets.take("a", "greedy", 100, now=1.0)
    for number in range(SETS * WAYS * 2):
        buckets.take("a", f"passer-by {number}", 100, now=1.0)
    assert buckets.take("a", "greedy", 100, now=1.0) > 0


def _drain(buckets: Buckets, taken: multiprocessing.Queue[int]) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken.put(sum(pool.map(lambda _: buckets.take("a", "x", 1000, now=1.0) == 0.0, range(1000))))


def test_workers_and_their_threads_share_one_bucket() -> None:
    buckets = Buckets()
    context = multiprocessing.get_context("fork")
    taken = context.Queue()
    workers = [context.Process(target=_drain, args=(buckets, taken)) for _ in range(3)]
    for worker in workers:
        worker.start()
    total = sum(taken.get(timeout=30) for _ in workers)
    for worker in workers:
        worker.join()
    assert total == 1000


def test_a_worker_that_is_killed_leaves_no_lock_behind() -> None:
    buckets = Buckets()
    if (worker := os.fork()) == 0:
        while True:
            buckets.take("a", "x", 1_000_000)
    time.sleep(0.2)
    os.kill(worker, 9)
    os.waitpid(worker, 0)
    assert buckets.take("a", "y", 10) == 0.0
    assert buckets.take("a", "x", 10) >= 0.0


# === Requests =========================================================================================================


def test_a_network_that_asks_too_often_waits(client_for: ClientFor) -> None:
    client = client_for(network_limit=5)
    assert [client.get(TILE).status_code for _ in range(5)] == [200] * 5
    refused = client.get(TILE)
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 13
    assert refused.get_json()["status"] == 429
    assert "Content-Security-Policy" in refused.headers
    assert client_for(address="192.0.2.2").get(TILE).status_code == 200


def test_a_page_says_so_in_both_languages(client_for: ClientFor) -> None:
    client = client_for(network_limit=1)
    client.get("/?lang=en")
    english, french = client.get("/?lang=en"), client.get("/?lang=fr")
    assert english.status_code == french.status_code == 429
    assert "Too many requests came from your network. Wait " in english.text
    assert "Trop de requêtes sont venues de votre réseau. Attendez " in french.text


def test_an_ipv6_client_is_its_network(client_for: ClientFor) -> None:
    client_for(network_limit=1)
    assert client_for(address="2001:db8::1").get(TILE).status_code == 200
    assert client_for(address="2001:db8::ffff:1").get(TILE).status_code == 429
    assert client_for(address="2001:db8:0:1::1").get(TILE).status_code == 200


def test_a_person_is_counted_wherever_they_are(client_for: ClientFor) -> None:
    analyst = client_for("analyst", person_limit=3)
    assert [analyst.get(TILE).status_code for _ in range(3)] == [200] * 3
    assert analyst.get(TILE).status_code == 429
    assert client_for("analyst", address="198.51.100.7").get(TILE).status_code == 429
    assert client_for("coordinator-sk").get(TILE).status_code == 200
    assert client_for("public").get(TILE).status_code == 200


def test_questions_have_a_bucket_of_their_own(client_for: ClientFor) -> None:
    analyst = client_for("analyst", question_limit=2)
    assert [analyst.get(QUESTION).status_code for _ in range(3)] == [200, 200, 429]
    assert analyst.get(TILE).status_code == 200, "the map goes on"
    # The public may not ask it, and hears that: its own bucket is not empty.
    assert client_for("public").get(QUESTION).status_code == 401
    assert "risk questions" in analyst.get(f"{QUESTION}&lang=en").get_json()["detail"]


def test_a_made_up_session_gets_no_bucket_of_its_own(client_for: ClientFor) -> None:
    client_for(network_limit=3)
    answers = [client_for(f"nobody-{number}").get(TILE).status_code for number in range(4)]
    assert answers == [200, 200, 200, 429]


def test_none_is_no_limit(client_for: ClientFor) -> None:
    client = client_for("analyst", network_limit=0, person_limit=0, question_limit=0)
    assert {client.get(QUESTION).status_code for _ in range(5)} == {200}


def test_built_files_and_the_pulse_are_not_counted(client_for: ClientFor) -> None:
    client = client_for(network_limit=1)
    assert [client.get("/healthz").status_code for _ in range(3)] == [200] * 3
    assert 429 not in {client.get("/static/none").status_code for _ in range(3)}


def test_people_who_look_at_maps_never_wait(client_for: ClientFor, settings: Settings) -> None:
    """Thirty people behind one address, each with a map of 40 tiles and five moves of it within a minute."""
    buckets = Buckets()
    waits = [buckets.take("network", "an office", settings.network_limit, now=1.0) for _ in range(30 * 40 * 5)]
    assert not any(waits)
    waits = [buckets.take("person", "one", settings.person_limit, now=1.0) for _ in range(40 * 50)]
    assert not any(waits)


def test_counting_costs_next_to_nothing() -> None:
    """Under a millisecond by a wide margin, even on a machine that is busy."""
    buckets = Buckets()
    times = []
    for _ in range(500):
        before = time.perf_counter()
        buckets.take("network", "x", 6000)
        times.append(time.perf_counter() - before)
    assert sorted(times)[250] < 0.0002


def test_a_server_with_two_workers_counts_once(settings: Settings) -> None:
    environment = environment_for(settings) | {"GEOAPP_NETWORK_LIMIT": "20", "GEOAPP_WORKERS": "2"}
    with serving(environment, workers=2) as address:
        statuses = [ask_server(address, TILE, {}).status for _ in range(40)]
    # Those of the wait for the server count too, and a little comes back meanwhile.
    assert 10 <= statuses.count(200) <= 26
    assert set(statuses) == {200, 429}


# === The audit ========================================================================================================

REFUSED = text("SELECT user_name, object FROM audit_event WHERE what = 'refused'")


def test_a_refusal_is_in_the_audit_and_a_flood_is_not(client_for: ClientFor, engine: Engine) -> None:
    analyst = client_for("analyst", person_limit=1)
    for _ in range(50):
        analyst.get(TILE)
    with engine.connect() as connection:
        events = connection.execute(REFUSED).all()
    assert set(events) == {("analyst", "page/tiles.tile")}
    assert 1 <= len(events) <= 11


def test_what_is_forbidden_is_in_the_audit_without_its_query(client_for: ClientFor, engine: Engine) -> None:
    answer = client_for("analyst").post("/demo/look-as?q=secret", data={"name": "public"})
    assert answer.status_code == 403
    with engine.connect() as connection:
        events = connection.execute(text("SELECT object, after::text FROM audit_event WHERE what = 'refused'")).all()
    assert [event.object for event in events] == ["page/people.look_as"]
    assert "403" in events[0].after


def test_a_refusal_that_cannot_be_recorded_is_still_answered(settings: Settings) -> None:
    away = replace(settings, database_url="postgresql+psycopg://geoapp@127.0.0.1:1/none", network_limit=1)
    client = create_app(away).test_client()
    assert [client.get("/nowhere").status_code for _ in range(2)] == [404, 429]
