"""`geoapp doctor` finds what was broken, says what to do, and finds nothing where all is well."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from browser import GEOAPP
from conftest import environment_for
from sqlalchemy import Connection, Engine, text

from geoapp.access.seals import seal
from geoapp.database.audit_key import seal_key
from geoapp.doctor import machine
from geoapp.doctor.finding import Finding
from geoapp.doctor.machine import check_machine
from geoapp.doctor.records import check_records
from geoapp.doctor.schema import check_schema
from geoapp.doctor.server import check_server
from geoapp.settings import Settings

BREAKING = {
    "row security": "ALTER TABLE incident NO FORCE ROW LEVEL SECURITY",
    "migrations": "UPDATE alembic_version SET version_num = '0001'",
    "web role": "ALTER ROLE geoapp_web BYPASSRLS",
    "web role: member": "GRANT pg_read_all_data TO geoapp_web",
    "web role: owner": "CREATE TABLE stray (); ALTER TABLE stray ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    " ALTER TABLE stray OWNER TO geoapp_web",
    "indexes: valid": "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_incident_geom'::regclass",
    "indexes: there": "DROP INDEX ix_incident_geom",
    "constraints": "ALTER TABLE incident ADD CONSTRAINT late CHECK (level < 9) NOT VALID",
}
RECORDS = {
    "backups": (
        "INSERT INTO mine_site (site_id, name, geom) VALUES ('S', 's', 'SRID=4326;POINT(28.84 -2.5)')",
        "warning",
    ),
    "queue": (
        "INSERT INTO import_job (task, created_at) VALUES ('open', now() - interval '1 hour')",
        "warning",
    ),
    "audit": ("ALTER TABLE audit_event DISABLE TRIGGER kept", "fault"),
}


def by_check(found: list[Finding]) -> dict[str, Finding]:
    """Findings by what they are about, but for what is well."""
    return {each.check: each for each in found if each.state != "ok"}


@pytest.mark.parametrize("check", BREAKING)
def test_what_is_broken_in_the_schema_is_a_fault(connection: Connection, check: str) -> None:
    assert by_check(list(check_schema(connection))) == {}
    connection.execute(text(BREAKING[check]))
    found = by_check(list(check_schema(connection)))
    assert set(found) == {check}
    assert found[check].state == "fault"
    assert found[check].todo


@pytest.mark.parametrize("check", RECORDS)
def test_what_is_kept_is_looked_at(connection: Connection, shared: Settings, check: str) -> None:
    # No sealer runs, however long ago the template was made.
    seal(connection, seal_key(shared))
    assert by_check(list(check_records(connection, shared))) == {}
    statement, state = RECORDS[check]
    connection.execute(text(statement))
    found = by_check(list(check_records(connection, shared)))
    assert found[check].state == state
    assert found[check].todo


def test_the_server_of_the_tests_is_known_to_be_unsafe(connection: Connection) -> None:
    found = by_check(list(check_server(connection)))
    # It is fast, and would lose what was written.
    assert found["durability"].state == "fault"
    assert set(found) == {"durability"}


def test_a_disk_that_fills_up_is_told_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_environment({"GEOAPP_HOME": str(tmp_path)})
    for free, state in ((50 * 10**9, "ok"), (5 * 10**9, "warning"), (10**8, "fault")):
        usage = SimpleNamespace(total=100 * 10**9, free=free)
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, told=usage: told)
        found = {each.check: each.state for each in check_machine(settings, assets=True)}
        assert found["disk: GEOAPP_HOME"] == state


def test_a_secret_that_others_may_read_is_a_fault(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GEOAPP_HOME": str(tmp_path)})
    key = tmp_path / "audit.key"
    key.touch(mode=0o600)
    assert "secret: audit.key" not in by_check(list(check_machine(settings, assets=True)))
    key.chmod(0o644)
    found = by_check(list(check_machine(settings, assets=False)))
    assert found["secret: audit.key"].todo == f"Run: chmod 600 {key}"
    assert found["assets"].state == "fault"


def test_the_command_tells_people_and_programs(engine: Engine, settings: Settings) -> None:
    environment = environment_for(settings)

    def asked(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        command = [GEOAPP, "doctor", *arguments]
        surrounding = {**environment, **changes}
        return subprocess.run(command, env=surrounding, capture_output=True, text=True, check=False)

    told = asked("--json")
    found = json.loads(told.stdout)
    # The server of the tests is not safe against power cuts.
    assert {each["check"] for each in found["findings"] if each["state"] == "fault"} <= {"durability", "assets"}
    assert told.returncode == 1
    assert found["faults"] == sum(each["state"] == "fault" for each in found["findings"])
    plain = asked()
    assert "FAULT   durability" in plain.stdout
    assert "ok      migrations" not in plain.stdout
    away = asked("--all", GEOAPP_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert away.returncode == 1
    assert "FAULT   database: The database cannot be reached" in away.stdout
    assert "Traceback" not in away.stderr
    assert os.fspath(settings.home) in asked("--all").stdout
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit_event WHERE what = 'backup'")) == 0
