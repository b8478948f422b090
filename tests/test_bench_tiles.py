"""`geoapp bench tiles` serves what is loaded, asks for tiles, and says which references are missing."""

from __future__ import annotations

import pytest
from releasing import report
from sqlalchemy import Engine, text

from geoapp.bench import servers, tiles
from geoapp.bench.load import Load
from geoapp.bench.tiles import Case, Found, TilesBenchmark, run_tiles
from geoapp.database.engine import open_web_engine
from geoapp.errors import GeoappError
from geoapp.settings import Settings

CASE = Case("z5", "geoapp", ["/"], "tipg", ["/"], 10, 50)


def load(rate: float, p95_ms: float = 1.0) -> Load:
    """A load of which no more matters."""
    return Load(rate, 1.0, p95_ms, 100)


def test_it_works(
    settings: Settings, engine: Engine, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report(engine)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tiles, "ROUNDS", 1)
    monkeypatch.setattr(tiles, "SECONDS", 0.05)
    monkeypatch.setattr(servers.shutil, "which", lambda *_, **__: None)
    rounds: list[int] = []
    web = open_web_engine(settings)
    found = run_tiles(engine, web, rounds.append)
    web.dispose()
    assert found.incidents == 1
    # Each case, and how the cost grows.
    assert len(rounds) == len(found.found) + 1
    assert {*found.growth} == {"no filter", "days, levels, categories"}
    names = [each.case.name for each in found.found]
    assert [f"z{z}, one filter or another" in names for z in range(5, 15)] == [True] * 10
    assert all(each.own.rate > 0 and (each.own.bytes > 0 or "," in each.case.name) for each in found.found)
    assert list(found.missing) == ["tipg", "nginx"]
    assert "tipg is missing: pip install tipg" in found.report()
    with engine.connect() as connection:
        left = connection.scalar(text("SELECT count(*) FROM web_session WHERE expires_at < now() + interval '2 hours'"))
    assert left == 0


@pytest.mark.parametrize(
    ("own", "other", "passed"),
    [
        (load(100), load(10), True),
        (load(99), load(10), False),
        (load(100, p95_ms=51), load(10), False),
        (load(1), None, True),
        (load(1, p95_ms=51), None, False),
    ],
)
def test_the_verdict_is_of_what_could_be_measured(own: Load, other: Load | None, passed: bool) -> None:
    found = TilesBenchmark(1, [Found(CASE, own, other)], [], {"no filter": 3.0})
    assert found.passed is passed
    assert ("too slow" in found.report()) is not passed


@pytest.mark.parametrize(("times", "passed"), [(3.0, True), (3.1, False)])
def test_ten_times_the_incidents_may_not_cost_much_more(times: float, passed: bool) -> None:
    found = TilesBenchmark(1, [], [], {"no filter": 1.0, "days, levels, categories": times})
    assert found.passed is passed
    assert ("too much" in found.report()) is not passed


def test_without_data_it_says_what_to_load(engine: Engine) -> None:
    with pytest.raises(GeoappError, match="geoapp demo load"):
        run_tiles(engine, engine, lambda _: None)
