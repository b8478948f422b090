"""`geoapp bench tiles` serves what is loaded, asks for tiles, and says which references are missing."""

from __future__ import annotations

import pytest
from releasing import report
from sqlalchemy import Engine, text

from geoapp.bench import servers, tiles
from geoapp.bench.load import Load
from geoapp.bench.tiles import Case, Found, TilesBenchmark, run_tiles
from geoapp.errors import GeoappError

CASE = Case("z5", "geoapp", ["/"], "tipg", ["/"], 10, 50)


def load(rate: float, p95_ms: float = 1.0) -> Load:
    """A load of which no more matters."""
    return Load(rate, 1.0, p95_ms, 100)


def test_it_works(engine: Engine, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    report(engine)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tiles, "ROUNDS", 1)
    monkeypatch.setattr(tiles, "SECONDS", 0.05)
    monkeypatch.setattr(servers.shutil, "which", lambda *_, **__: None)
    rounds: list[int] = []
    found = run_tiles(engine, engine, rounds.append)
    assert found.incidents == 1
    assert len(rounds) == len(found.found) == 8
    assert all(each.own.rate > 0 and (each.own.bytes > 0 or "days" in each.case.name) for each in found.found)
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
    found = TilesBenchmark(1, [Found(CASE, own, other)], [])
    assert found.passed is passed
    assert ("too slow" in found.report()) is not passed


def test_without_data_it_says_what_to_load(engine: Engine) -> None:
    with pytest.raises(GeoappError, match="geoapp demo load"):
        run_tiles(engine, engine, lambda _: None)
