"""Reading from standbys: a primary and two standbys by streaming replication, made by the commands of docs/scaling.md.

The short form has one web process; `script/test --faults` has several behind nginx, with people at work.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg
import pytest
from browser import GEOAPP, free_port
from cast import CAST, signed_in
from conftest import FAST
from fault_load import Load, check_promises, looking_for_halves
from flask import Flask
from flask.testing import FlaskClient
from releasing import LAT, LON, report
from sqlalchemy import event, text
from standing_by import Trio, answers, ask, commands, kill, running_in_a_shell, trio, wait_for
from test_proxy import NGINX, running

from geoapp.database.promotion import NO_STANDBY, STILL_THERE
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import REPLICAS, replicas

LISTED = "/ogc/collections/mine_sites/items?f=json&limit=1000"
TILE = "/tiles/incidents/7/74/64.mvt"
faults = pytest.mark.faults


@pytest.fixture(scope="module")
def servers() -> Iterator[Trio]:
    """The three servers, with nothing that has to survive the test."""
    with trio(FAST) as made:
        yield made


@pytest.fixture
def app(servers: Trio) -> Iterator[Flask]:
    """A web process that reads from the standbys."""
    with serving(servers) as made:
        yield made


@contextmanager
def serving(servers: Trio) -> Iterator[Flask]:
    """A web process that reads from the standbys, which all are as far as the primary."""
    servers.await_standbys()
    made = create_app(Settings.from_environment(servers.environment))
    yield made
    if REPLICAS in made.extensions:
        made.extensions[REPLICAS].close()


@contextmanager
def counted(app: Flask) -> Iterator[Counter[int]]:
    """How many statements that name a viewer went to the primary (0) and to each standby (1, 2)."""
    found: Counter[int] = Counter()
    with app.app_context():
        known = replicas()
    with ExitStack() as stack:
        for number, server in enumerate((known.primary, *known.standbys)):

            def note(_: object, __: object, statement: str, *___: object, number: int = number) -> None:
                found[number] += "geoapp.viewer" in statement or "set_config" in statement

            event.listen(server.engine, "before_cursor_execute", note)
            stack.callback(event.remove, server.engine, "before_cursor_execute", note)
        yield found


def add_site(client: FlaskClient, key: str) -> None:
    """Write a row by hand, as its form does."""
    fields = {"c-site_id": key, "c-name": key, "longitude": "28.84", "latitude": "-2.5", "step": "save"}
    answer = client.post("/import/rows/mine_sites/new?lang=en", data=fields)
    assert answer.status_code == 303, answer.text


def count(client: FlaskClient) -> int:
    """The incidents that somebody sees."""
    answer = client.get("/api/v1/counts")
    assert answer.status_code == 200
    return int(answer.json["totals"]["incidents"])  # type: ignore[index]


def test_reads_are_spread_over_the_standbys(app: Flask) -> None:
    client = signed_in(app.test_client(), "analyst")
    client.get("/trainings?lang=en")
    with counted(app) as found:
        for _ in range(10):
            assert client.get("/trainings?lang=en").status_code == 200
            assert client.get("/?lang=en").status_code == 200
    assert found[0] == 0
    assert min(found[1], found[2]) >= 10


def test_a_reader_sees_all_that_they_wrote(app: Flask, servers: Trio) -> None:
    writer, other = signed_in(app.test_client(), "gis-cd"), signed_in(app.test_client(), "gis-cd")
    assert other.get(LISTED).status_code == 200
    with servers.paused(*servers.standbys):
        add_site(writer, "OWN-1")
        assert "OWN-1" in writer.get(LISTED).text
        assert "OWN-1" not in other.get(LISTED).text
        # Another process, such as on another machine, knows it by the cookie alone.
        with serving_now(servers) as elsewhere:
            there = signed_in(elsewhere.test_client(), "gis-cd")
            told = writer.get_cookie("geoapp_written")
            assert told
            assert re.fullmatch("[0-9a-f]+", told.value)
            there.set_cookie("geoapp_written", told.value)
            assert "OWN-1" in there.get(LISTED).text
            for nonsense in ("", "zz", "-1", "f" * 40):
                there.set_cookie("geoapp_written", nonsense)
                assert "OWN-1" not in there.get(LISTED).text
    wait_for(lambda: "OWN-1" in other.get(LISTED).text)


@contextmanager
def serving_now(servers: Trio) -> Iterator[Flask]:
    """Another web process, whose home is another, wherever the standbys are."""
    home = servers.folder / "elsewhere"
    home.mkdir(exist_ok=True)
    made = create_app(Settings.from_environment({**servers.environment, "GEOAPP_HOME": str(home)}))
    yield made
    made.extensions[REPLICAS].close()


def test_what_was_seen_does_not_go_back(app: Flask, servers: Trio) -> None:
    client = signed_in(app.test_client(), "analyst")
    before = count(client)
    with servers.paused(servers.standbys[1]):
        report(servers.engine, incident_no="BACK-1")
        wait_for(lambda: count(client) == before + 1)
        tag = client.get(TILE).headers["ETag"]
        for _ in range(20):
            time.sleep(0.05)
            assert client.get(TILE).headers["ETag"] == tag
            assert count(client) == before + 1


@faults
def test_a_standby_that_is_far_behind_is_not_read(app: Flask, servers: Trio) -> None:
    client = signed_in(app.test_client(), "analyst-rw")
    with servers.paused(*servers.standbys):
        with servers.engine.begin() as connection:
            connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst-rw'"))
        took = wait_for(lambda: "analyst-rw" not in client.get("/trainings?lang=en").text)
        assert took < 10
    with servers.engine.begin() as connection:
        connection.execute(text("UPDATE app_user SET disabled_at = NULL WHERE user_name = 'analyst-rw'"))


def test_a_transaction_that_ends_later_is_not_missed(app: Flask, servers: Trio) -> None:
    """A standby's own snapshot says of a transaction that runs that it has ended."""
    client = signed_in(app.test_client(), "analyst")
    before = count(client)
    with servers.engine.connect() as slow, slow.begin():
        slow.execute(
            text(
                "INSERT INTO incident (occurred_from, level, category, channel, geom) VALUES"
                " ('2026-03-12', 1, 'security_force_interference', 'whistleblower', ST_GeomFromEWKT(:place))"
            ),
            {"place": f"SRID=4326;POINT({LON} {LAT})"},
        )
        report(servers.engine, incident_no="QUICK-1")
        wait_for(lambda: count(client) == before + 1)
    wait_for(lambda: count(client) == before + 2)


def test_who_sees_what_is_the_same_on_a_standby(app: Flask, servers: Trio) -> None:
    hidden = report(servers.engine, incident_no="SEALED-1", sealed=True)
    for cluster in servers.standbys:
        servers.await_standbys()
        assert ask(cluster, f"SELECT count(*) FROM incident WHERE incident_id = '{hidden}'") == 1
        # Nobody is named: nothing is seen; nor can anything be written, whatever the role.
        assert ask(cluster, "SELECT count(*) FROM incident", role="geoapp_web") == 0
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            ask(cluster, "DELETE FROM incident", role="geoapp_web")
    alone = create_app(Settings.from_environment({**servers.environment, "GEOAPP_READ_URLS": ""}))
    for name in ("public", *CAST):
        of_standbys, of_primary = (signed_in(each.test_client(), name) for each in (app, alone))
        for path in (LISTED, TILE, "/api/v1/counts", "/map/rows?layer=incidents&lang=en"):
            one, other = of_standbys.get(path), of_primary.get(path)
            assert (one.status_code, one.data) == (other.status_code, other.data), (name, path)


@faults
def test_what_is_there_is_not_overwritten(servers: Trio) -> None:
    address = servers.environment["GEOAPP_DATABASE_URL"]
    assert "give --overwrite" in refusal_of(servers, "one", "standby", address)
    assert "this one first" in refusal_of(servers, "home", "standby", address, "--overwrite")
    nowhere = f"postgresql://geoapp@/geoapp?host={servers.folder}/nowhere"
    assert "The primary could not be copied" in refusal_of(servers, "one", "standby", nowhere, "--overwrite")
    assert "This is not a database address" in refusal_of(servers, "new", "standby", "nonsense")
    assert "No database runs" in refusal_of(servers, "new", "promote")
    assert ask(servers.standbys[0], "SELECT pg_is_in_recovery()") is True


@faults
def test_a_standby_that_dies_is_not_noticed(app: Flask, servers: Trio) -> None:
    client = signed_in(app.test_client(), "analyst")
    victim = servers.standbys[0]
    seen: list[int] = []

    def read() -> None:
        mine = signed_in(app.test_client(), "analyst")
        while not ended.is_set():
            seen.append(mine.get("/trainings?lang=en").status_code)
            seen.append(mine.get(LISTED).status_code)

    ended = threading.Event()
    readers = [threading.Thread(target=read) for _ in range(3)]
    for each in readers:
        each.start()
    # What it answers breaks off again and again, and then it is gone.
    for _ in range(10):
        time.sleep(0.1)
        with suppress(psycopg.Error):
            ask(victim, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'geoapp_web'")
    kill(victim)
    time.sleep(1)
    ended.set()
    for each in readers:
        each.join()
    assert set(seen) == {200}
    metrics = client.get("/metrics").text
    assert 'geoapp_standby_up{standby="1"} 0' in metrics
    assert 'geoapp_standby_up{standby="2"} 1' in metrics
    assert "standby 1" in doctor(servers)
    assert servers.standbys[0].up()
    with counted(app) as found:
        wait_for(lambda: client.get("/trainings?lang=en").status_code == 200 and found[1] > 0)


@faults
def test_without_the_primary_what_is_read_stays_up(app: Flask, servers: Trio) -> None:
    client, nobody = signed_in(app.test_client(), "gis-cd"), signed_in(app.test_client(), "public")
    incident = report(servers.engine, incident_no="GONE-1")
    servers.await_standbys()
    analyst = signed_in(app.test_client(), "analyst")
    assert analyst.get(f"/incidents/{incident}?lang=en").status_code == 200
    assert nobody.get("/sign-in?lang=en").status_code == 200
    # The look at the incident is written down, so that this browser waits for a standby that has it.
    servers.await_standbys()
    kill(servers.primary)
    try:
        stays_up(analyst, nobody)
        refuses(analyst, client, nobody, incident)
        wait_for(lambda: "geoapp_database_up 0" in analyst.get("/metrics").text)
        said = doctor(servers)
        assert "FAULT   database" in said
    finally:
        servers.primary.up()
    wait_for(lambda: analyst.get(f"/incidents/{incident}?lang=en").status_code == 200)
    add_site(client, "AGAIN-1")


def stays_up(analyst: FlaskClient, nobody: FlaskClient) -> None:
    """The map, tiles and lists, of the public and of somebody who is signed in."""
    for path in (
        "/?lang=en",
        "/table?lang=en",
        TILE,
        "/tiles/mine_sites/8/148/129.mvt",
        "/tiles/base/7/74/64.mvt",
        LISTED,
        "/api/v1/counts",
        "/trainings?lang=fr",
        "/readyz",
        "/sign-in?lang=en",
    ):
        for client in (analyst, nobody):
            answer = client.get(path)
            assert answer.status_code in {200, 303} or (client is nobody and answer.status_code in {401, 403, 404}), (
                path,
                answer.text,
            )
    for path in ("/incidents?lang=en", "/quality?lang=en"):
        assert analyst.get(path).status_code == 200, path


def refuses(analyst: FlaskClient, officer: FlaskClient, nobody: FlaskClient, incident: str) -> None:
    """What has to be written down."""
    site = {"c-site_id": "LOST", "c-name": "LOST", "longitude": "28.84", "latitude": "-2.5", "step": "save"}
    for answer in (
        nobody.post("/sign-in?lang=en", data={"name": "analyst", "password": "long enough a word"}),
        analyst.get(f"/incidents/{incident}?lang=en"),
        analyst.get(f"/api/v1/layers/incidents/{incident}?lang=en"),
        analyst.get("/export/mine_sites.geojson?lang=en"),
        analyst.get("/ogc/collections/incidents/items?f=json"),
        analyst.get("/api/v1/risk/pressure?lon=28.84&lat=-2.5"),
        officer.post("/import/rows/mine_sites/new?lang=en", data=site),
    ):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10"), (answer.request.path, answer.text)
        assert "has to be written down" in answer.text
    assert "doit être écrit" in analyst.get(f"/incidents/{incident}?lang=fr").text


def doctor(servers: Trio) -> str:
    """What `geoapp doctor` says."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(servers.folder), **servers.environment}
    told = subprocess.run(
        [str(GEOAPP), "doctor", "--all"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return told.stdout + told.stderr


@faults
def test_the_lag_is_told(app: Flask, servers: Trio) -> None:
    client = signed_in(app.test_client(), "analyst")
    assert client.get("/trainings").status_code == 200
    assert 'geoapp_standby_behind_bytes{standby="1"}' in client.get("/metrics").text
    said = doctor(servers)
    assert "ok      standby 1" in said
    assert "ok      standby 2" in said
    with servers.paused(servers.standbys[0]):
        report(servers.engine, incident_no="LAG-1")

        def behind() -> float:
            found = re.search(r'geoapp_standby_behind_bytes{standby="1"} (\S+)', client.get("/metrics").text)
            return float(found[1]) if found else 0

        wait_for(lambda: behind() > 0)
        assert "standby 1: " in doctor(servers)
    wait_for(lambda: behind() == 0)


@faults
def test_promotion_is_one_command(servers: Trio) -> None:
    _, _, promote, follow = commands()
    with serving(servers) as app:
        writer = signed_in(app.test_client(), "gis-cd")
        assert STILL_THERE in refusal_of(servers, "one", "promote")
        add_site(writer, "KEPT-1")
        servers.await_standbys()
        kill(servers.primary)
        since = time.monotonic()
        assert "Promoted" in servers.do(promote)
        wait_for(lambda: writer.post("/import/rows/mine_sites/new?lang=en", data=site_of("NEW-1")).status_code == 303)
        sys.stdout.write(f"\npromoted, and writing again after {time.monotonic() - since:.1f} s")
        listed = writer.get(LISTED).text
        assert "KEPT-1" in listed
        assert "NEW-1" in listed
        assert NO_STANDBY.split(":")[0] in refusal_of(servers, "one", "promote")
        servers.do(follow)
        assert ask(servers.primary, "SELECT pg_is_in_recovery()") is True
        wait_for(lambda: ask(servers.primary, "SELECT count(*) FROM mine_site WHERE site_id = 'NEW-1'") == 1)
        # The standby that now follows the new primary is read again.
        with counted(app) as found:
            wait_for(lambda: writer.get("/trainings?lang=en").status_code == 200 and found[2] > 0)


def site_of(key: str) -> dict[str, str]:
    """The form of a new site."""
    return {"c-site_id": key, "c-name": key, "longitude": "28.84", "latitude": "-2.5", "step": "save"}


def refusal_of(servers: Trio, name: str, *command: str) -> str:
    """What `geoapp db ...` says in one of the homes, where it does nothing."""
    answer = subprocess.run(
        [str(GEOAPP), "db", *command],
        env={"PATH": os.environ["PATH"], "GEOAPP_HOME": str(servers.folder / name)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    return answer.stderr


@faults
@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_web_servers_behind_nginx_lose_a_standby_and_the_primary() -> None:
    with trio() as servers, behind_nginx(servers) as load:
        # With the docs' setting nothing that was acknowledged is on one server alone.
        ask(servers.primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
        ask(servers.primary, "SELECT pg_reload_conf()")
        with looking_for_halves(servers.engine) as halves, load.at_work():
            load.await_import()
            before = len(load.answers)
            kill(servers.standbys[1])
            time.sleep(5)
            noticed = [each for each in load.answers[before:] if each.status not in {200, 204, 303, 409}]
            assert noticed == []
            sys.stdout.write(f"\nkill -9 of a standby: 0 of {len(load.answers) - before} requests noticed it")
            servers.standbys[1].up()
            servers.await_standbys()
            since = time.monotonic()
            kill(servers.primary)
            time.sleep(5)
            read = Counter(
                each.status for each in load.answers if each.at - each.seconds > since and "/import" not in each.path
            )
            assert set(read) == {200}, read
            sys.stdout.write(f"\nkill -9 of the primary: {read[200]} reads, all answered by standbys")
            first = max(("one", "two"), key=lambda name: received(servers, name))
            since = time.monotonic()
            servers.do(commands()[2].replace("$one", f"${first}"))
            sys.stdout.write(f"\npromotion: recovered in {load.await_recovery(since):.1f} s")
            load.await_import()
        check_promises(load, servers.engine, halves)


def received(servers: Trio, name: str) -> int:
    """How much of the log a standby has."""
    cluster = servers.standbys[("one", "two").index(name)]
    return int(str(ask(cluster, "SELECT pg_last_wal_receive_lsn() - pg_lsn '0/0'")))


@contextmanager
def behind_nginx(servers: Trio) -> Iterator[Load]:
    """The page's web servers, and nginx before them; people who ask it."""
    for name in ("a", "b"):
        (servers.folder / "web" / name).mkdir()
    (servers.folder / "web/a/uploads").mkdir(mode=0o700)
    (servers.folder / "web/b/uploads").symlink_to(servers.folder / "web/a/uploads")
    ports = free_port(), free_port()
    limits = "export GEOAPP_PERSON_LIMIT=0 GEOAPP_NETWORK_LIMIT=0\n"
    given = f"port_a={ports[0]}\nport_b={ports[1]}\n{limits}"
    (servers.folder / "proxy").mkdir()
    with running_in_a_shell(servers.folder, given + commands()[1] + "wait"):
        for port in ports:
            wait_for(lambda port=port: answers(port), 90)  # type: ignore[misc]
        with running(servers.folder / "proxy", *ports) as port:
            yield Load(port, servers.engine)
