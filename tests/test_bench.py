"""`geoapp bench` measures what is loaded, says on what, and fails where a limit is passed."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from browser import GEOAPP
from releasing import report
from sqlalchemy import Engine, text

from geoapp.bench import access, importing, risk
from geoapp.bench.access import AccessBenchmark, Cost, run_access
from geoapp.bench.importing import ImportBenchmark
from geoapp.bench.risk import Measured, RiskBenchmark, run_corridor, run_path, run_pressure
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `geoapp bench`."""
    return subprocess.run([GEOAPP, "bench", *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def some_data(engine: Engine) -> None:
    """Two incidents and a route beside them."""
    for number in ("A", "B"):
        report(engine, incident_no=number)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO route (route_id, name, geom)"
                " VALUES ('R', 'r', 'SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52))')"
            )
        )


@pytest.mark.usefixtures("some_data")
def test_it_works(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "ROUNDS", 1)
    monkeypatch.setattr(access, "PAIRS", 2)
    rounds: list[int] = []
    web = open_web_engine(settings)
    found = run_access(engine, web, rounds.append)
    web.dispose()
    assert found.rows == {"incident": 2, "incident_release": 0, "route": 1}
    assert found.viewer == "analyst"
    assert len(found.costs) == 4
    assert sum(rounds) == 2 * 4
    assert found.control.query == found.costs[0].query
    assert all(cost.without_ms > 0 and cost.with_ms > 0 for cost in found.costs)
    assert "Data: 2 incident, 0 incident_release, 1 route." in found.report()


def test_the_verdict_is_that_of_the_worst() -> None:
    fine, slow = Cost("a", 10.0, 10.9, 1.09), Cost("b", 10.0, 11.1, 1.11)
    assert AccessBenchmark({}, "analyst", [fine], fine).passed
    failed = AccessBenchmark({}, "analyst", [fine, slow], fine)
    assert not failed.passed
    assert "The largest ratio, 1.110, is ABOVE the limit of 1.10." in failed.report()


@pytest.mark.usefixtures("some_data")
def test_risk_questions_are_compared(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk, "ROUNDS", 1)
    monkeypatch.setattr(risk, "SIDE", 12)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO mine_site (name, geom) VALUES ('s', 'SRID=4326;POINT(28.84 -2.5)')"))
    corridor, pressure, path = (run(engine, engine, lambda _: None) for run in (run_corridor, run_pressure, run_path))
    assert "Of 1 routes geoapp counts 0 otherwise than PostGIS" in corridor.report()
    assert "off by up to 0." in pressure.report()
    assert "Both find ways of the same cost." in path.report()
    assert all(each.ours_ms > 0 for found in (corridor, pressure, path) for each in found.measured)


def test_a_limit_that_is_missed_is_said() -> None:
    kept = Measured("a", 10.0, "r", 201.0, least=20)
    assert RiskBenchmark("", [kept], []).passed
    for missed in (Measured("b", 10.0, "r", 199.0, least=20), Measured("c", 51.0, "", None, most_ms=50)):
        found = RiskBenchmark("", [kept, missed], [])
        assert not found.passed
        assert found.report().count("MISSED") == 1


def test_without_a_name_it_lists_them(environment: dict[str, str]) -> None:
    done = run(environment)
    assert (done.returncode, done.stdout.split()[0]) == (0, "access")


def test_without_data_it_says_what_to_load(environment: dict[str, str]) -> None:
    done = run(environment, "access")
    assert done.returncode == 1
    assert "geoapp demo load" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_name_is_refused(environment: dict[str, str]) -> None:
    done = run(environment, "speed")
    assert done.returncode == 2
    assert "access" in done.stderr


def test_the_import_is_measured_and_taken_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "POINTS", 200)
    monkeypatch.setattr(importing, "ROUNDS", 1)
    found = importing.run_importing(engine, engine, lambda _: None)
    assert found.ours_s > 0
    assert (found.reference_s is None) == (shutil.which("ogr2ogr") is None)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM mine_site")) == 0
        assert connection.scalar(text("SELECT to_regclass('bench_import')")) is None


def test_without_a_reference_the_import_is_measured_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "POINTS", 200)
    monkeypatch.setattr(importing, "ROUNDS", 1)
    monkeypatch.setenv("PATH", "/nowhere")
    found = importing.run_importing(engine, engine, lambda _: None)
    assert (found.reference_s, found.ratio, found.passed) == (None, None, True)
    assert "install gdal-bin" in found.report()


def test_the_verdict_on_the_import_is_that_of_the_ratio() -> None:
    assert ImportBenchmark(10, 1.9, 1.0, 1.9).passed
    slow = ImportBenchmark(10, 2.1, 1.0, 2.1)
    assert not slow.passed
    assert "The ratio, 2.10, is ABOVE the limit of 2.00." in slow.report()
