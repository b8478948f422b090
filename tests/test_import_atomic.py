"""An import is in the database as a whole or not at all, also when it is killed or another runs beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from importing import ask, bring, write_csv
from sqlalchemy import Engine

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"
ROWS = 20_000
LEFT = (
    "SELECT (SELECT count(*) FROM mine_site) + (SELECT count(*) FROM import_batch)"
    " + (SELECT count(*) FROM import_issue)"
)
WRITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'INSERT INTO mine_site%'"
)


def many_sites(path: Path, name: str = "A") -> Path:
    """A table of so many sites that loading them takes a while."""
    lines = [f"S{row},{name},Nord-Kivu,{27 + row % 200 / 100},{-3 + row // 200 / 100}" for row in range(ROWS)]
    return write_csv(path, "site_id,name,province,lon,lat", *lines)


def wait_for_rows(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    """Wait until the import has begun to write rows of its own."""
    for _ in range(600):
        if ask(engine, WRITING)[0][0]:
            return
        assert process.poll() is None, "the import ended before it could be stopped"
        time.sleep(0.05)
    pytest.fail("the import did not begin to write")


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_import_leaves_nothing(
    engine: Engine, environment: dict[str, str], tmp_path: Path, way: signal.Signals
) -> None:
    path = many_sites(tmp_path / "s.csv")
    process = subprocess.Popen(
        [str(GEOAPP), "import", str(path), "--as", "mine_sites"],
        env={**environment, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_for_rows(engine, process)
    os.kill(process.pid, way)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (-way if way == signal.SIGKILL else 1)
    assert b"Traceback" not in errors
    assert ask(engine, LEFT) == [(0,)]
    assert bring(engine, path, "mine_sites")["rows"]["inserted"] == ROWS
    assert [each.name for each in tmp_path.iterdir()] == ["s.csv"]


def test_two_imports_at_once_wait_for_each_other(engine: Engine, tmp_path: Path) -> None:
    paths = [many_sites(tmp_path / f"{name}.csv", name) for name in "AB"]
    reports: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda path=path: reports.append(bring(engine, path, "mine_sites"))) for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report["rows"]["inserted"], report["rows"]["updated"]) for report in reports) == [
        (0, ROWS),
        (ROWS, 0),
    ]
    last = max(reports, key=lambda report: report["rows"]["updated"])
    assert ask(engine, "SELECT name, count(*) FROM mine_site GROUP BY name") == [(last["file"][0], ROWS)]


def test_imports_into_different_tables_do_not_disturb_each_other(engine: Engine, tmp_path: Path) -> None:
    sites = [f"S{row},A,{28 + row / 1000},-2.5" for row in range(500)]
    routes = [f'R{row},A,"LINESTRING (28 -2, {28.1 + row / 1000} -2.5)"' for row in range(500)]
    paths = {
        "mine_sites": write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", *sites),
        "routes": write_csv(tmp_path / "r.csv", "route_id,name,wkt", *routes),
    }
    inserted: dict[str, int] = {}

    def run(table: str) -> None:
        inserted[table] = bring(engine, paths[table], table)["rows"]["inserted"]

    threads = [threading.Thread(target=run, args=[table]) for table in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inserted == {"mine_sites": 500, "routes": 500}
    assert ask(engine, "SELECT (SELECT count(*) FROM mine_site), (SELECT count(*) FROM route)") == [(500, 500)]


def test_a_failure_of_the_database_is_told_and_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE mine_site ADD CONSTRAINT surprise CHECK (name <> 'B')")
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", "S1,A,28.5,-2.6", "S2,B,28.5,-2.6")
    assert "The database refused the file" in bring(engine, path, "mine_sites", refused=True)
    assert ask(engine, LEFT) == [(0,)]
