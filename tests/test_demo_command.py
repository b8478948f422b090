"""`geoapp demo` as a person runs it: what it says, and how it exits."""

from __future__ import annotations

import subprocess
from pathlib import Path

from importing import ask
from sqlalchemy import Engine

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `geoapp demo` with arguments."""
    command = [str(GEOAPP), "demo", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_load_and_remove(environment: dict[str, str], engine: Engine) -> None:
    small = ("--incidents", "30", "--routes", "5", "--until", "2024-06-30")
    first = run(environment, "load", *small, "--first-time")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Loaded synthetic data until 2024-06-30" in first.stdout
    assert "30 incident" in first.stdout
    assert ask(engine, "SELECT value ->> 'until' FROM setting WHERE name = 'demo'") == [("2024-06-30",)]

    second = run(environment, "load", *small)
    assert second.returncode == 0
    assert "Replaced" in second.stdout

    removed = run(environment, "remove")
    assert removed.returncode == 0
    assert "1,500 mine site" in removed.stdout
    assert ask(engine, "SELECT count(*) FROM source WHERE source_id = 'demo'") == [(0,)]
    assert run(environment, "remove").stdout == "No demonstration data is loaded.\n"

    unwanted = run(environment, "load", "--first-time")
    assert (unwanted.returncode, unwanted.stdout) == (0, "Demonstration data: was loaded before.\n")
    assert ask(engine, "SELECT count(*) FROM incident") == [(0,)]


def test_a_number_out_of_range_is_one_line(environment: dict[str, str]) -> None:
    refused = run(environment, "load", "--incidents", "-3")
    assert refused.returncode == 1
    assert refused.stderr == "geoapp: --incidents -3 is out of range: give a number from 0 to 5000000.\n"


def test_a_day_that_is_no_day_is_a_usage_error(environment: dict[str, str]) -> None:
    refused = run(environment, "load", "--until", "yesterday")
    assert refused.returncode == 2
    assert "--until" in refused.stderr
