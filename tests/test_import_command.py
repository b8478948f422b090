"""`geoapp import` as a person runs it: what it says, the report it writes, and how it exits."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from importing import ask, write_csv
from sqlalchemy import Engine

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `geoapp import` with arguments."""
    command = [str(GEOAPP), "import", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """A table of sites, one of them bad."""
    return write_csv(
        tmp_path / "sites.csv", "site_id,nom,creuseurs,lon,lat", "S1,Bisié,5,28.5,-2.6", "S2,B,abc,28.5,-2.6"
    )


def test_it_says_what_became_of_the_rows(
    environment: dict[str, str], sites: Path, tmp_path: Path, engine: Engine
) -> None:
    target = tmp_path / "report.json"
    done = run(environment, sites, "--as", "mine_sites", "--report", target, "--source", "Bureau")
    assert done.returncode == 1
    assert done.stderr == ""
    assert "2 rows read, 1 inserted, 0 updated, 0 unchanged, 1 rejected" in done.stdout
    assert "error: row 2, workers_est: 'abc' is not a whole number" in done.stdout
    assert "Mend the rejected rows and import the file again" in done.stdout
    report = json.loads(target.read_text("utf-8"))
    assert list(report) == [
        "file", "sha256", "table", "layer", "batch", "dry_run", "crs", "encoding", "rows", "issues",
        "source", "recognised", "mapping", "proposals",
    ]  # fmt: skip
    assert report["rows"] == {"read": 2, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert report["issues"] == [
        {"row": 2, "column": "workers_est", "rule": "not_whole", "severity": "error", "value": "abc", "repair": None}
    ]
    assert ask(engine, "SELECT import_batch_id::text FROM mine_site") == [(report["batch"],)]


def test_all_good_is_0_and_the_second_time_unchanged(environment: dict[str, str], tmp_path: Path) -> None:
    sites = write_csv(tmp_path / "sites.csv", "code;x;y;bezeichnung", "S1;28,5;-2,6;Bisié")
    options = ("--as", "mine_sites", "--map", "name=bezeichnung", "--map", "site_id=code")
    first = run(environment, sites, *options)
    assert first.returncode == 0, first
    again = run(environment, sites, *options)
    assert again.returncode == 0
    assert "1 unchanged" in again.stdout
    assert "nothing was changed" in again.stdout


def test_a_refused_file_is_one_line_and_still_a_report(environment: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    done = run(environment, tmp_path / "none.shp", "--as", "mine_sites", "--report", target)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"geoapp: {tmp_path}/none.shp does not exist. Check the name and the folder.\n"
    report = json.loads(target.read_text("utf-8"))
    assert report["rows"] == {"read": 0, "inserted": 0, "updated": 0, "unchanged": 0, "rejected": 0}
    assert [issue["rule"] for issue in report["issues"]] == ["refused"]


def test_a_dry_run_says_so(environment: dict[str, str], sites: Path, engine: Engine) -> None:
    done = run(environment, sites, "--as", "mine_sites", "--dry-run")
    assert done.returncode == 1
    assert "Dry run: nothing was written" in done.stdout
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]


def test_an_abort_says_so(environment: dict[str, str], sites: Path) -> None:
    done = run(environment, sites, "--as", "mine_sites", "--on-error", "abort")
    assert done.returncode == 1
    assert "1 rows are bad, so nothing was loaded" in done.stdout
    assert "Nothing was written" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--as", "castles"),
        ("--as", "mine_sites", "--map", "name"),
        ("--as", "mine_sites", "--source", " "),
        ("--as", "mine_sites", "--on-error", "guess"),
        ("--as", "mine_sites", "--report", "sites.csv"),
    ],
)
def test_wrong_usage_is_2(environment: dict[str, str], sites: Path, options: tuple[str, ...]) -> None:
    options = tuple(str(sites) if option == "sites.csv" else option for option in options)
    done = run(environment, sites, *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_report_that_cannot_be_written_is_said(
    environment: dict[str, str], sites: Path, tmp_path: Path, engine: Engine
) -> None:
    done = run(environment, sites, "--as", "mine_sites", "--report", tmp_path / "no/report.json")
    assert done.returncode == 1
    assert "The report cannot be written" in done.stderr
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]


def test_a_file_cannot_steer_the_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,name,workers,lon,lat", "S1,A,\x1b]0;evil\x07\x1b[2J,28.5,-2.6")
    done = run(environment, path, "--as", "mine_sites")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
