"""`record` writes one event as the transaction's viewer, with its request, and nothing takes it back."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from geoapp.access.audit import record, set_request
from geoapp.access.viewer import set_viewer
from geoapp.database.audit_key import FILE, audit_hash, audit_key, content_key, padded, seal_key
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.errors import SettingsError
from geoapp.settings import Settings
from geoapp.web import errors
from geoapp.web.request_id import request_id

LAST = text("SELECT * FROM audit_event ORDER BY audit_event_id DESC LIMIT 1")


@pytest.fixture
def web(shared: Settings) -> Iterator[Connection]:
    """A transaction of the web role, as the GIS officer, that is rolled back."""
    engine = open_web_engine(shared)
    with engine.connect() as connection:
        set_viewer(connection, "gis-cd")
        yield connection
    engine.dispose()


def as_admin(connection: Connection) -> tuple[object, ...]:
    """The last event, in the same transaction, as an administrator sees it."""
    set_viewer(connection, "admin")
    found = connection.execute(
        text("SELECT user_name, what, object, request_id FROM audit_event ORDER BY audit_event_id DESC LIMIT 1")
    )
    return tuple(found.one())


def test_the_event_bears_the_viewer_and_the_request(web: Connection) -> None:
    set_request(web, "abc123")
    record(web, "read", "incident/x")
    assert as_admin(web) == ("gis-cd", "read", "incident/x", "abc123")


def test_the_operator_is_the_servers_role(connection: Connection) -> None:
    record(connection, "export", "incident", after={"rows": 12})
    event = connection.execute(LAST).one()
    assert (event.user_name, event.after, event.request_id) == ("geoapp", {"rows": 12}, None)


def test_every_event_has_its_labels(connection: Connection) -> None:
    with pytest.raises(ValueError, match="add it to"):
        record(connection, "something", "incident/x")


def test_content_gives_way_to_a_keyed_hash(connection: Connection, shared: Settings) -> None:
    record(
        connection, "update", "incident/x", before={"summary_en": "Jean", "level": 2}, after={"rows": 3, "role": "gis"}
    )
    record(connection, "update", "incident/y", before={"summary_en": "Jean"})
    x, y = connection.execute(text("SELECT * FROM audit_event ORDER BY audit_event_id DESC LIMIT 2")).all()[::-1]
    assert x.after == {"rows": 3, "role": "gis"}
    assert x.before == {
        "level": 2,
        "summary_en": audit_hash(content_key(shared), '["incident/x", "summary_en", "Jean"]'),
    }
    assert y.before["summary_en"] != x.before["summary_en"]


def test_without_the_key_content_is_left_out(connection: Connection) -> None:
    connection.execute(text("SET LOCAL geoapp.audit_key = ''"))
    record(connection, "update", "incident/x", before={"summary_en": "Jean"})
    assert connection.execute(LAST).one().before == {"summary_en": None}


def test_no_connection_tells_the_key_of_the_seals(connection: Connection, shared: Settings) -> None:
    told = connection.scalar(text("SELECT current_setting('geoapp.audit_key')"))
    assert audit_key(shared).hex() not in told
    assert padded(seal_key(shared)) != told == padded(content_key(shared))


def test_an_event_falls_with_its_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        record(connection, "read", "incident/x")
        connection.rollback()
        assert connection.execute(LAST).one().what != "read"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET what = 'x'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "INSERT INTO audit_event (what) VALUES ('x')",
    ],
)
def test_the_web_role_has_no_other_way(web: Connection, statement: str) -> None:
    record(web, "read", "incident/x")
    with pytest.raises(DBAPIError, match="permission denied"):
        web.execute(text(statement))


@pytest.mark.parametrize("replaying", [False, True])
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET what = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]
)
def test_nor_has_the_owner(connection: Connection, statement: str, replaying: bool) -> None:
    record(connection, "read", "incident/x")
    if replaying:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    with pytest.raises(DBAPIError, match="the audit is only ever added to"):
        connection.execute(text(statement))


def test_when_it_happened_is_the_servers_to_say(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO audit_event (happened_at, what, xid, era) VALUES ('2001-01-01', 'read', 1, 1)")
    )
    event = connection.execute(LAST).one()
    assert event.happened_at.year > 2001
    assert event.xid == connection.scalar(text("SELECT pg_current_xact_id()::text::bigint"))


def test_each_answer_names_its_request(visitor: FlaskClient) -> None:
    first, second = (visitor.get("/healthz", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] for _ in "12")
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert first != second


def test_log_lines_bear_the_request(app: Flask) -> None:
    handler = logging.getLogger("geoapp").handlers[0]
    with app.test_request_context("/"):
        line = handler.format(logging.LogRecord(errors.__name__, logging.ERROR, "", 0, "it failed", (), None))
        assert f"ERROR [{request_id()}] geoapp.web.errors: it failed" in line


def test_the_key_is_made_once_and_kept_to_its_account(tmp_path: Path, shared: Settings) -> None:
    settings = replace(shared, home=tmp_path)
    key = audit_key(settings)
    assert len(key) == 64
    assert audit_key(settings) == key
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_key_that_cannot_be_kept_is_said(tmp_path: Path, shared: Settings) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="GEOAPP_AUDIT_KEY_FILE"):
        open_engine(replace(shared, home=tmp_path / "file"))
    (tmp_path / FILE).touch()
    with pytest.raises(SettingsError, match="is empty"):
        audit_key(replace(shared, home=tmp_path))
