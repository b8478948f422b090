"""`geoapp audit verify` finds every event and seal that was changed, cut or slipped in, even by the superuser."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from browser import serving
from click.testing import CliRunner
from sqlalchemy import Engine, text

from geoapp.access import sealer
from geoapp.access.audit import record
from geoapp.access.heads import FILE, append_head, database_name, kept_heads
from geoapp.access.sealer import seal_once
from geoapp.access.seals import Head, seal
from geoapp.access.verifying import verify
from geoapp.cli import cli
from geoapp.database.audit_key import seal_key
from geoapp.demo.load import load_demo, remove_demo
from geoapp.demo.plan import Plan
from geoapp.errors import AuditError, GeoappError
from geoapp.settings import Settings

Seal = Callable[[], Head]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """This test's database, with a home of its own for the key and the heads."""
    return replace(settings, home=tmp_path)


@pytest.fixture
def environment(environment: dict[str, str], settings: Settings) -> dict[str, str]:
    """The environment of commands, with the same home."""
    return {**environment, "GEOAPP_HOME": str(settings.home)}


@pytest.fixture
def sealed(engine: Engine, settings: Settings) -> Seal:
    """Seals what is there; three seals have been made over three events each."""

    def more() -> Head:
        with engine.begin() as connection:
            for number in range(3):
                record(connection, "read", f"incident/{number}")
        head, faults = seal_once(engine, settings)
        assert head is not None
        assert faults == []
        return head

    for _ in range(3):
        more()
    return more


def tamper(engine: Engine, *statements: str) -> None:
    """Do what the superuser of the database can: switch triggers off, write, and switch them on again."""
    with engine.begin() as connection:
        for table in ("audit_event", "audit_seal"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(text(statement))
        for table in ("audit_event", "audit_seal"):
            connection.execute(
                text(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER kept, ENABLE ALWAYS TRIGGER kept_whole")
            )
        connection.execute(text("ALTER TABLE audit_event ENABLE ALWAYS TRIGGER stamped"))


def faults(engine: Engine, settings: Settings, *heads: tuple[int, str]) -> list[str]:
    """What is found wrong, in order."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        kept = [*kept_heads(settings.home / FILE, database_name(settings))[0], *heads]
        return [finding.fault for finding in verify(connection, seal_key(settings), kept).findings]


def told(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """`geoapp audit ...` in this process: the exit code, and what it says."""
    done = CliRunner().invoke(cli, ["audit", *arguments], env=environment)
    if isinstance(done.exception, GeoappError):
        return done.exit_code, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


NUMBER = "(SELECT event_ids[1] FROM audit_seal WHERE seal_no = 2)"
FORGED = (
    "INSERT INTO audit_event (happened_at, user_name, what, xid, era)"
    " SELECT happened_at, 'gis-cd', 'read', {xid}, {era} FROM audit_event WHERE audit_event_id = " + NUMBER
)


def test_what_is_as_it_was_is_content(engine: Engine, settings: Settings, sealed: Seal) -> None:
    head = sealed()
    assert head.seal_no == 4
    assert faults(engine, settings, (0, head.hash)) == []
    # The next seals change nothing of the ones before.
    sealed()
    assert faults(engine, settings, (0, head.hash), (4, head.hash)) == []


@pytest.mark.parametrize(
    "change",
    [
        "user_name = 'somebody'",
        "what = 'sign_in'",
        "object = NULL",
        "happened_at = happened_at + interval '1 microsecond'",
        "before = '{}'",
        "after = '{\"rows\": 1}'",
        "request_id = 'x'",
        "xid = xid - 1",
        "era = 0",
    ],
)
@pytest.mark.usefixtures("sealed")
def test_a_changed_event(engine: Engine, settings: Settings, change: str) -> None:
    tamper(engine, f"UPDATE audit_event SET {change} WHERE audit_event_id = {NUMBER}")
    assert faults(engine, settings) == ["event_changed"]


@pytest.mark.usefixtures("sealed")
def test_a_removed_event(engine: Engine, settings: Settings) -> None:
    tamper(engine, f"DELETE FROM audit_event WHERE audit_event_id = {NUMBER}")
    assert faults(engine, settings) == ["event_missing"]


@pytest.mark.usefixtures("sealed")
def test_a_table_that_was_emptied(engine: Engine, settings: Settings) -> None:
    tamper(engine, "TRUNCATE audit_event")
    assert set(faults(engine, settings)) == {"event_missing"}


@pytest.mark.parametrize(("xid", "era"), [("xid", "era"), ("1", "era"), ("xid + 100000", "0")])
@pytest.mark.usefixtures("sealed")
def test_an_event_that_was_slipped_in(engine: Engine, settings: Settings, xid: str, era: str) -> None:
    tamper(engine, FORGED.format(xid=xid, era=era))
    assert faults(engine, settings) == ["event_inserted"]


@pytest.mark.parametrize(
    "change",
    [
        "event_ids = event_ids[2:]",
        "event_hashes = substr(event_hashes, 2)",
        "to_xid = to_xid + 1",
        "seal_hash = sha256(seal_hash)",
        "sealed_at = sealed_at - interval '1 hour'",
    ],
)
@pytest.mark.usefixtures("sealed")
def test_a_changed_seal(engine: Engine, settings: Settings, change: str) -> None:
    tamper(engine, f"UPDATE audit_seal SET {change} WHERE seal_no = 2")
    assert "seal_changed" in faults(engine, settings)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("sealed")
def test_a_removed_seal(engine: Engine, settings: Settings, number: int) -> None:
    tamper(engine, f"DELETE FROM audit_seal WHERE seal_no = {number}")
    found = faults(engine, settings)
    assert "seal_missing" in found
    assert "head_unknown" in found
    assert "event_inserted" in found


@pytest.mark.parametrize(
    ("change", "trigger"),
    [
        ("ALTER TABLE audit_event DISABLE TRIGGER kept", "kept on audit_event"),
        ("ALTER TABLE audit_event ENABLE TRIGGER stamped", "stamped on audit_event"),
        ("DROP TRIGGER kept_whole ON audit_seal", "kept_whole on audit_seal"),
        ("ALTER TABLE incident DISABLE TRIGGER audited", "audited on incident"),
    ],
)
@pytest.mark.usefixtures("sealed")
def test_a_guard_that_is_off(engine: Engine, settings: Settings, change: str, trigger: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(change))
        (finding,) = verify(connection, seal_key(settings)).findings
    assert (finding.fault, finding.name) == ("guard_off", trigger)


@pytest.mark.parametrize("first", [1, 3])
@pytest.mark.usefixtures("sealed")
def test_a_tail_that_was_cut_off(engine: Engine, settings: Settings, first: int) -> None:
    """Events and seals are gone together; only the heads that were kept elsewhere still know of them."""
    tamper(
        engine,
        "DELETE FROM audit_event WHERE audit_event_id >="
        f" (SELECT min(number) FROM audit_seal, unnest(event_ids) AS number WHERE seal_no >= {first})",
        f"DELETE FROM audit_seal WHERE seal_no >= {first}",
    )
    assert faults(engine, settings) == ["head_unknown"] * (4 - first)
    with engine.connect() as connection:
        assert verify(connection, seal_key(settings)).content


def test_a_tail_that_was_made_anew(engine: Engine, settings: Settings, sealed: Seal) -> None:
    kept = sealed()
    tamper(
        engine,
        "DELETE FROM audit_event WHERE audit_event_id IN (SELECT unnest(event_ids) FROM audit_seal WHERE seal_no = 4)",
        "DELETE FROM audit_seal WHERE seal_no = 4",
    )
    sealed()
    assert "head_unknown" in faults(engine, settings, (4, kept.hash))


def test_a_chain_that_was_made_with_another_key(engine: Engine, settings: Settings, sealed: Seal) -> None:
    other = replace(settings, audit_key="another key, which is long enough")
    with pytest.raises(AuditError, match="another key"):
        seal_once(engine, other)
    assert faults(engine, other) == ["seal_of_another_key"] * 3
    with engine.begin() as connection:
        record(connection, "read", "incident/x")
    head, _ = seal_once(engine, other, new_key=True)
    assert head is not None
    assert head.seal_no == 4
    assert faults(engine, settings) == ["seal_of_another_key"]


def test_transactions_that_end_out_of_order(engine: Engine, settings: Settings, sealed: Seal) -> None:
    """An older transaction commits after a younger one was written: it is sealed later, and seems slipped in never."""
    with engine.connect() as slow:
        record(slow, "read", "incident/slow")
        between = sealed()
        assert between.seal_no == 3, "nothing from the slow one on is sealed while it runs"
        assert faults(engine, settings) == []
        slow.commit()
    after = sealed()
    assert after.seal_no == 4
    assert faults(engine, settings) == []
    with engine.connect() as connection:
        state = verify(connection, seal_key(settings))
        assert state.waiting == 0
        assert (
            connection.scalar(text("SELECT array_length(event_ids, 1) FROM audit_seal ORDER BY seal_no DESC LIMIT 1"))
            == 7
        )


@pytest.mark.usefixtures("sealed")
def test_only_one_seals_at_a_time(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        record(connection, "read", "incident/x")
    with engine.connect() as first, engine.connect() as second:
        made = seal(first, seal_key(settings))
        assert made is not None
        assert made.seal_no == 4
        other = seal(second, seal_key(settings))
        assert other is not None
        assert other.seal_no == 3
        first.commit()


def test_a_copy_on_another_server_goes_on(engine: Engine, settings: Settings, sealed: Seal) -> None:
    """A restored database counts transactions anew: as if the events so far were of another server."""
    with engine.begin() as connection:
        record(connection, "read", "incident/unsealed")
    tamper(engine, "UPDATE audit_event SET era = 1", "DELETE FROM audit_seal")
    key = seal_key(settings)
    with engine.begin() as connection:
        first = seal(connection, key)
    assert first is not None
    with engine.connect() as connection:
        state = verify(connection, key)
        assert (state.content, state.waiting) == (True, 0)


def test_the_demonstrations_removal_leaves_it_content(engine: Engine, settings: Settings, sealed: Seal) -> None:
    load_demo(engine, Plan(dt.date(2025, 6, 30), incidents=20, routes=2))
    sealed()
    remove_demo(engine)
    sealed()
    assert faults(engine, settings) == []


def test_the_commands(engine: Engine, environment: dict[str, str], settings: Settings) -> None:
    assert told(environment, "head") == (1, "Nothing was sealed yet. Run `geoapp audit seal`.\n")
    code, line = told(environment, "seal")
    assert code == 0
    head = json.loads(told(environment, "head", "--json")[1])
    assert line.split()[:2] == ["1", head["hash"]]
    assert (settings.home / FILE).read_text() == line
    code, said = told(environment, "verify", "--head", head["hash"])
    assert (code, "as they were sealed" in said) == (0, True)
    code, said = told(environment, "verify", "--head", "ab" * 32)
    assert (code, "was cut off or changed" in said) == (1, True)
    tamper(engine, "UPDATE audit_event SET what = 'read' WHERE audit_event_id = 1")
    code, said = told(environment, "verify", "--json")
    found: dict[str, Any] = json.loads(said)
    assert found["findings"] == [{"fault": "event_changed", "number": 1, "name": None}]
    assert (code, found["content"]) == (1, False)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE audit_seal"))
    code, said = told(environment, "verify")
    assert (code, "somebody dropped or altered them" in said) == (1, True)


def test_heads_are_kept_on_a_second_drive(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    elsewhere = replace(settings, audit_heads=tmp_path / "drive" / "heads")
    head, said = seal_once(engine, elsewhere)
    assert head is not None
    assert len(said) == 1
    assert "cannot be kept" in said[0]
    (tmp_path / "drive").mkdir()
    assert seal_once(engine, elsewhere) == (head, [])
    assert seal_once(engine, elsewhere) == (head, [])
    assert (tmp_path / "drive" / "heads").read_text().count("\n") == 1


def test_a_head_of_another_database_is_no_finding(engine: Engine, settings: Settings, sealed: Seal) -> None:
    head = sealed()
    append_head(settings.home / FILE, replace(head, hash="00"), "elsewhere:5432/geoapp")
    assert faults(engine, settings) == []
    assert kept_heads(settings.home / FILE, database_name(settings))[1] == 1


def test_a_file_of_heads_that_was_written_over(settings: Settings) -> None:
    (settings.home / FILE).write_text("something else\n")
    with pytest.raises(AuditError, match=r"Line 1 of .* is no head"):
        kept_heads(settings.home / FILE, "embedded")


def test_a_database_is_known_by_its_address(settings: Settings) -> None:
    def named(url: str | None) -> str:
        return database_name(replace(settings, database_url=url))

    assert named(None) == "embedded"
    assert named("postgresql+psycopg://geoapp:secret@db.example/geoapp") == "db.example:5432/geoapp"


def test_the_sealer_outlives_what_goes_wrong(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (AuditError("The last seal was made with another key."), RuntimeError("a row that is quoted")):
        monkeypatch.setattr(sealer, "seal_once", Mock(side_effect=error))
        sealer._try(engine, settings)
    assert [record.getMessage() for record in caplog.records] == [
        "the audit is not sealed: The last seal was made with another key.",
        "the audit is not sealed: RuntimeError",
    ]


def test_the_server_seals(engine: Engine, environment: dict[str, str], settings: Settings) -> None:
    with serving(environment):
        end = time.monotonic() + 20
        while time.monotonic() < end and not (settings.home / FILE).exists():
            time.sleep(0.1)
    assert faults(engine, settings) == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_seal")) == 1
        assert connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")) == 1
