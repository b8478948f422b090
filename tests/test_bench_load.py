"""`geoapp bench load`: analysts work on what is loaded, and every fault, late answer and growing memory is told."""

from __future__ import annotations

import subprocess

import pytest
from browser import GEOAPP
from releasing import report
from sqlalchemy import Engine, text

from geoapp.bench import analysts
from geoapp.bench.analysts import Asked, LoadBenchmark, run_load
from geoapp.database.engine import open_web_engine
from geoapp.errors import GeoappError
from geoapp.settings import Settings

EVEN = [(float(second), 1e9) for second in range(9)]


def test_it_works(
    settings: Settings, engine: Engine, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report(engine)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, number in {"ANALYSTS": 3, "EVERY_SECONDS": 0.3, "ARRIVE_SECONDS": 0.5, "SAMPLE_SECONDS": 0.5}.items():
        monkeypatch.setattr(analysts, name, number)
    monkeypatch.setattr(analysts, "IMPORTED", 50)
    actions: list[int] = []
    web = open_web_engine(settings)
    found = run_load(engine, web, actions.append, minutes=0.1)
    web.dispose()
    assert found.faults == []
    assert {"map", "pan"} <= {each.action for each in found.asked}
    assert len(actions) > 3
    assert all(size > 0 for _, size in found.memory)
    assert found.import_s is not None
    assert "3 analysts" in found.report()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM mine_site")) == 0
        left = connection.scalar(text("SELECT count(*) FROM web_session WHERE expires_at < now() + interval '2 hours'"))
    assert left == 0


def told(
    ms: float = 10, fault: str | None = None, *, import_s: float | None = 1.0, grown: float = 1.0
) -> LoadBenchmark:
    """What a run found that asked for a hundred tiles."""
    memory = EVEN[:6] + [(second, size * grown) for second, size in EVEN[6:]]
    asked = [Asked("pan", 0.0, ms, None)] * 99 + [Asked("pan", 0.0, ms, fault)]
    return LoadBenchmark(1, 1.0, asked, memory, import_s)


def test_the_verdict_is_of_all_that_was_promised() -> None:
    assert told().passed
    for failed in (told(301), told(fault="/ answered 503"), told(import_s=None), told(grown=1.2)):
        assert not failed.passed
        assert "NOT passed." in failed.report()
    assert "/ answered 503" in told(fault="/ answered 503").report()


def test_without_data_it_says_what_to_load(engine: Engine) -> None:
    with pytest.raises(GeoappError, match="geoapp demo load"):
        run_load(engine, engine, lambda _: None)


def test_minutes_are_for_it_alone(environment: dict[str, str]) -> None:
    answer = subprocess.run(
        [GEOAPP, "bench", "access", "--minutes", "1"], env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "`load`" in answer.stderr
