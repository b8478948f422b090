"""What a viewer may read is asked once in a moment, and again after every commit of geoapp on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cast import signed_in
from flask import Flask
from flask.testing import FlaskClient
from releasing import report
from sqlalchemy import Engine, create_engine, event, text
from test_caching import INCIDENTS

from geoapp.database.commits import Commits
from geoapp.settings import Settings
from geoapp.snapshot.changes import Reading, Scope
from geoapp.web import looks
from geoapp.web.app import create_app
from geoapp.web.database import KEY
from geoapp.web.looks import Looks

READING = Reading("analyst", Scope("analyst:CD", None, "2026-01-01"), "1:1:", {})


@contextmanager
def questions(app: Flask) -> Iterator[list[str]]:
    """The statements that the application sends meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = app.extensions[KEY]
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("address", [INCIDENTS, "/tiles/incidents/5/18/16.mvt"])
def test_tiles_that_follow_ask_nobody(
    address: str, app: Flask, engine: Engine, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine.
    monkeypatch.setattr(looks, "SECONDS", 60)
    report(engine)
    client.get(address)
    first = client.get(address)
    with questions(app) as asked:
        assert client.get(address).data == first.data
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert asked == []


def test_after_a_moment_one_question_is_asked(
    app: Flask, engine: Engine, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SECONDS", 0)
    report(engine)
    client.get(INCIDENTS)
    first = client.get(INCIDENTS)
    with questions(app) as asked:
        assert client.get(INCIDENTS).data == first.data
    assert len(asked) == 1
    assert "start_reading" in asked[0]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE incident SET incident_no = 'changed'",
        "DELETE FROM user_scope WHERE user_name = 'analyst'",
        "UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst'",
        "DELETE FROM web_session WHERE user_name = 'analyst'",
    ],
)
def test_a_commit_of_geoapp_is_seen_at_once(
    change: str, engine: Engine, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SECONDS", 60)
    report(engine)
    before = [client.get(INCIDENTS).data for _ in range(2)]
    assert before[0] == before[1]
    with engine.begin() as connection:
        connection.execute(text(change))
    assert client.get(INCIDENTS).data != before[0]


def test_a_commit_of_another_program_is_seen_within_a_second(
    settings: Settings, engine: Engine, client: FlaskClient
) -> None:
    report(engine)
    foreign = create_engine(str(settings.database_url))
    before = client.get(INCIDENTS).data
    with foreign.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'analyst'"))
    foreign.dispose()
    end = time.monotonic() + 1
    while client.get(INCIDENTS).data == before:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_everybody_is_asked_for_by_themselves(
    engine: Engine, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SECONDS", 60)
    report(engine)
    assert client.get(INCIDENTS).data
    for name in ("public", "analyst-rw"):
        assert signed_in(app.test_client(), name).get(INCIDENTS).data == b""
    # Whom the server takes for somebody of this machine is another than who comes through a proxy.
    assert client.get(INCIDENTS, headers={"X-Forwarded-For": "192.0.2.1"}).data


def test_where_no_commit_can_be_told_each_request_asks(
    settings: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SECONDS", 60)
    # In the place of the file where commits are told.
    (tmp_path / "commits").mkdir()
    app = create_app(replace(settings, home=tmp_path))
    client = signed_in(app.test_client(), "analyst")
    before = client.get(INCIDENTS).data
    report(engine)
    assert client.get(INCIDENTS).data != before
    app.extensions[KEY].dispose()


def test_a_commit_while_the_question_is_on_its_way_makes_the_answer_old(tmp_path: Path) -> None:
    commits = Commits(tmp_path)
    found = Looks(commits)
    asker = ("hash", None, True)
    mark, since = found.mark(), time.monotonic()
    Commits(tmp_path).tell()
    found.put(asker, READING, mark, since)
    assert found.get(asker) is None
    found.put(asker, READING, found.mark(), since)
    assert found.get(asker) is READING
    assert found.get(("hash", None, False)) is None


def test_what_is_known_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MOST", 3)
    found = Looks(Commits(tmp_path))
    for number in range(5):
        found.put((str(number), None, True), READING, found.mark(), time.monotonic())
    assert [found.get((str(number), None, True)) is None for number in range(5)] == [True, True, False, False, False]
