"""Every write to a row is in the audit: who, which row, which columns; an import is one event, whatever its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from importing import bring, write_csv
from sqlalchemy import Connection, Engine, text
from sqlalchemy.event import listen

from geoapp.access.audit import announce_bulk
from geoapp.access.people import add_person, disable, set_rights
from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.demo.load import load_demo, remove_demo
from geoapp.demo.plan import Plan
from geoapp.settings import Settings
from layers.tables import Base

SITE = "INSERT INTO mine_site (site_id, name, geom) VALUES ('S1', 'Planted', 'SRID=4326;POINT(28.84 -2.50)')"
# Written by others, derived, or everybody's: no write of somebody to a row.
UNWATCHED = {
    "api_token": "making and revoking one are events of their own",
    "change_log": "the log of changes itself",
    "incident_country": "derived from the incidents",
    "incident_report": "comes with its incident",
    "known_browser": "comes with a sign-in",
    "network_edge": "derived from the routes",
    "sign_in_count": "refused sign-ins are events of their own",
    "sign_in_link": "making and using one are events of their own",
    "user_password": "changing one is an event of its own",
    "admin_unit_origin": "derived from the boundaries",
    "admin_unit_part": "derived from the boundaries",
    "admin_unit_outline": "derived from the boundaries",
    "audit_event": "the audit itself",
    "audit_seal": "the audit itself",
    "base_feature": "the base map, one event a load",
    "import_issue": "comes with its batch",
    "import_job": "work on an upload; the batch that it writes, or undoes, is an event of its own",
    "import_part": "comes with its batch",
    "row_change": "the history of rows, each change of which is an event of its own",
    "published_cell": "comes with its edition",
    "setting": "written by geoapp itself",
    "vocab": "written by geoapp itself",
    "web_session": "signing in and out are events of their own",
}


def events(connection: Connection, after: int = 0) -> list[Any]:
    """The events that came after one, oldest first."""
    asked = text("SELECT * FROM audit_event WHERE audit_event_id > :after ORDER BY audit_event_id")
    return list(connection.execute(asked, {"after": after}))


def last(engine: Engine) -> int:
    """The newest event's number."""
    with engine.connect() as connection:
        return connection.scalar(text("SELECT coalesce(max(audit_event_id), 0) FROM audit_event")) or 0


@pytest.fixture
def web(shared: Settings) -> Iterator[Connection]:
    """A transaction of the web role, as a GIS officer, that is rolled back."""
    engine = open_web_engine(shared)
    with engine.connect() as connection:
        set_viewer(connection, "gis-cd")
        yield connection
    engine.dispose()


def test_every_table_is_watched(connection: Connection) -> None:
    watched = set(connection.scalars(text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audited'")))
    assert watched == set(Base.metadata.tables) - set(UNWATCHED), "call audit_writes() in the migration of the table"


def test_a_write_tells_which_columns_and_no_content(connection: Connection) -> None:
    before = connection.scalar(text("SELECT coalesce(max(audit_event_id), 0) FROM audit_event")) or 0
    connection.execute(text(SITE))
    connection.execute(
        text("UPDATE mine_site SET name = 'Planted anew', minerals = '{cassiterite}' WHERE site_id = 'S1'")
    )
    connection.execute(text("DELETE FROM mine_site WHERE site_id = 'S1'"))
    added, changed, removed = events(connection, before)
    assert [(each.what, each.object) for each in (added, changed, removed)] == [
        ("insert", "mine_site/S1"),
        ("update", "mine_site/S1"),
        ("delete", "mine_site/S1"),
    ]
    assert {"name", "site_id", "geom"} <= set(added.after)
    assert added.before is None
    assert set(changed.before) == set(changed.after) == {"name", "minerals"}
    # The same content of the same row has the same hash, so that a text which is still known can be recognised.
    assert changed.before["name"] == added.after["name"] != changed.after["name"] == removed.before["name"]
    assert "lanted" not in str([added, changed, removed])
    assert "28.84" not in str(added)


def test_codes_that_say_how_far_it_has_come_are_kept(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO incident (incident_no, occurred_from, level, killed) VALUES ('N', '2024-01-01', 2, 3)")
    )
    connection.execute(text("UPDATE incident SET level = 1, killed = 4, status = 'closed' WHERE incident_no = 'N'"))
    event = events(connection)[-1]
    assert (event.before["level"], event.after["level"]) == (2, 1)
    assert (event.before["status"], event.after["status"]) == ("reported", "closed")
    assert len(event.after["killed"]) == 32


def test_what_the_database_derives_is_no_write(connection: Connection) -> None:
    connection.execute(text(SITE))
    before = len(events(connection))
    connection.execute(text("UPDATE mine_site SET units = NULL; UPDATE mine_site SET name = name"))
    assert len(events(connection)) == before


def test_a_person_is_named(web: Connection) -> None:
    web.execute(text(SITE))
    set_viewer(web, "admin")
    event = web.execute(text("SELECT user_name, what FROM audit_event ORDER BY audit_event_id DESC LIMIT 1")).one()
    assert tuple(event) == ("gis-cd", "insert")


def test_rights_are_events_of_the_person(connection: Connection) -> None:
    before = connection.scalar(text("SELECT coalesce(max(audit_event_id), 0) FROM audit_event")) or 0
    add_person(connection, "marie.k", "gis", ["RW"])
    set_rights(connection, "marie.k", "analyst", ["RW"])
    disable(connection, "marie.k")
    found = events(connection, before)
    assert {each.object for each in found} == {"app_user/marie.k"}
    written = [each for each in found if each.what == "rights"]
    assert [(each.before or {}).get("role") or (each.after or {}).get("role") for each in written] == [
        None,
        "gis",
        "gis",
        "analyst",
        None,
    ]


def test_what_is_let_out_has_its_own_events(connection: Connection) -> None:
    before = connection.scalar(text("SELECT coalesce(max(audit_event_id), 0) FROM audit_event")) or 0
    incident = connection.scalar(text("INSERT INTO incident (occurred_from) VALUES (now()) RETURNING incident_id"))
    connection.execute(
        text(
            "INSERT INTO incident_release (incident_id, released_on, released_by, status, shown_date,"
            " shown_date_precision, location_precision, summary_fr, summary_en)"
            " VALUES (:id, now(), 'x', 'open', now(), 3, 5, 'a', 'b')"
        ),
        {"id": incident},
    )
    connection.execute(text("DELETE FROM incident_release"))
    edition = connection.scalar(
        text(
            "INSERT INTO published_edition (quarter, number, synthetic) VALUES ('2020-01-01', 1, true)"
            " RETURNING edition_id"
        )
    )
    assert [(each.what, each.object) for each in events(connection, before)[1:]] == [
        ("release", f"incident/{incident}"),
        ("withdraw", f"incident/{incident}"),
        ("publish", f"published_edition/{edition}"),
    ]


def test_an_import_is_one_event_with_its_counts(engine: Engine, tmp_path: Path) -> None:
    before = last(engine)
    rows = [f"N{number},2024-03-01,Planted place,28.84,-2.5{number:02}" for number in range(30)]
    path = write_csv(tmp_path / "i.csv", "incident_no,occurred_from,place_text,longitude,latitude", *rows)
    report = bring(engine, path, "incidents")
    with engine.connect() as connection:
        (event,) = events(connection, before)
    assert (event.what, event.object, event.rows) == ("import", f"import_batch/{report['batch']}", 30)
    assert event.after["rows_inserted"] == 30
    assert event.after["table_name"] == "incidents"


def test_so_is_one_of_a_person(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    before = last(engine)
    rows = [f"N{number},2024-03-01,28.84,-2.5{number:02}" for number in range(30)]
    path = write_csv(tmp_path / "i.csv", "incident_no,occurred_from,longitude,latitude", *rows)
    web = open_web_engine(settings)
    listen(web, "begin", lambda connection: set_viewer(connection, "gis-cd"))
    bring(web, path, "incidents")
    web.dispose()
    with engine.connect() as connection:
        (event,) = events(connection, before)
    assert (event.user_name, event.what, event.rows) == ("gis-cd", "import", 30)


def test_a_person_silences_nothing(web: Connection) -> None:
    announce_bulk(web)
    web.execute(text(SITE))
    set_viewer(web, "admin")
    assert web.scalar(text("SELECT object FROM audit_event ORDER BY audit_event_id DESC LIMIT 1")) == "mine_site/S1"


def test_the_demonstration_is_an_event_a_table(engine: Engine) -> None:
    before = last(engine)
    written = load_demo(engine, Plan(until=dt.date(2025, 6, 30), incidents=60, routes=6)).written
    removed = remove_demo(engine)
    with engine.connect() as connection:
        found = events(connection, before)
    written = {table: rows for table, rows in written.items() if rows}
    assert {each.object: each.rows for each in found if each.what == "insert"} == written
    assert {each.object: each.rows for each in found if each.what == "delete"} == removed
    assert len(found) == len(written) + len(removed)
