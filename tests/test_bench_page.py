"""`geoapp bench page`, `views` and `using` look at the map as it is served: its weight, and how soon it is there."""

from __future__ import annotations

import builtins
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from releasing import report
from sqlalchemy import Engine
from test_map_filters import ROWS

from geoapp.bench import page, using, views
from geoapp.bench.page import Opened, PageBenchmark, run_page
from geoapp.bench.using import UsingBenchmark
from geoapp.bench.views import ViewsBenchmark, Worst, run_views, tiles_of
from geoapp.errors import GeoappError

COLD = Opened(5.0, 7.0, 150_000, 250_000, 60, 20_000)
WARM = Opened(1.5, 3.0, 10_000, 40_000, 40, 20_000)
FINE = PageBenchmark(1, COLD, WARM, 5_000_000, 20_000)


@pytest.fixture(autouse=True)
def in_the_environment(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_the_page_is_opened_in_a_browser(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    report(engine)
    monkeypatch.setattr(page, "ROUNDS", 1)
    # A link on which nobody has to wait.
    monkeypatch.setattr(page, "BYTES_A_SECOND", 5_000_000)
    monkeypatch.setattr(page, "LATENCY_MS", 20)
    rounds: list[int] = []
    # In a thread of its own: in this one other tests may have a browser.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(run_page, engine, engine, rounds.append).result()
    assert rounds == [1]
    cold, warm = found.cold, found.warm
    assert 0.1 < cold.usable <= cold.complete
    # Script and styles alone are more than this, and less than all of it.
    assert 60_000 < cold.bytes_until_usable <= cold.bytes_in_all < page.MOST_IN_ALL
    assert 0 < warm.bytes_in_all < cold.bytes_in_all / 2
    assert warm.requests < cold.requests
    assert found.cold.html > 5_000
    assert found.inline > 1_000
    assert "usable" in found.report()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_html_stays_light(client: FlaskClient, engine: Engine, language: str) -> None:
    address = f"/?lang={language}&unit=CD-NK,CD-SK&route=RT-1&category=violence,bribery&all=1"
    bare = len(client.get(address).data)
    report(engine)
    with engine.begin() as connection:
        connection.execute(ROWS)
    full = len(client.get(address).data)
    # A name that the filter can tell, and no more.
    assert full - bare < 100
    # Beside it, the demonstration puts its mark and its people into the page: some 2,000 bytes.
    assert full < page.MOST_HTML - 2_500


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"cold": replace(COLD, usable=6.1)}, "usable, empty cache"),
        ({"warm": replace(WARM, usable=2.1)}, "usable, warm cache"),
        ({"cold": replace(COLD, bytes_until_usable=200_001)}, "bytes until usable"),
        ({"cold": replace(COLD, bytes_in_all=350_001)}, "bytes in all"),
        ({"cold": replace(COLD, html=30_001)}, "HTML"),
    ],
)
def test_each_limit_of_the_page_counts(changed: dict[str, Opened], fault: str) -> None:
    assert FINE.passed
    found = replace(FINE, **changed)  # type: ignore[arg-type]
    assert not found.passed
    assert f"Over its limit: {fault}" in found.report()


def test_without_a_browser_it_says_what_is_missing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("playwright"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(GeoappError, match="pip install playwright"):
        run_page(engine, engine, lambda _: None)


def test_views_are_weighed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    report(engine)
    monkeypatch.setattr(views, "ZOOMS", range(7, 9))
    found = run_views(engine, engine, lambda _: None)
    assert [each.zoom for each in found.worst] == [7, 8]
    assert found.passed
    assert all(10_000 < each.view < views.MOST_VIEW and 0 < each.pan < each.view for each in found.worst)
    assert "no filter" in found.report() or "since" in found.report()


@pytest.mark.parametrize(
    ("view", "pan", "passed"), [(250_000, 120_000, True), (250_001, 1, False), (1, 120_001, False)]
)
def test_each_budget_counts(view: int, pan: int, passed: bool) -> None:
    found = ViewsBenchmark(1, [Worst(7, view, "", 84, pan, "")])
    assert found.passed is passed
    assert ("too much" in found.report()) is not passed


def test_a_view_takes_the_tiles_that_it_touches() -> None:
    # In the middle of four tiles of the map's zoom 7, in the corner of one.
    asked = set(tiles_of(512 * 37.0, 512 * 32.0, 7, "?level=1"))
    mine = {path for path in asked if path.startswith("/tiles/mine_sites/")}
    assert mine == {f"/tiles/mine_sites/6/{x}/{y}.mvt" for x in range(35, 39) for y in (31, 32)}
    assert "/tiles/incidents/6/36/31.mvt?level=1" in asked
    # Near, one tile is shown enlarged.
    assert len([path for path in tiles_of(512 * 2**17 + 9.0, 512 * 2**17 + 9.0, 18, "") if "/base/" in path]) <= 4


def test_the_map_is_used_in_a_browser(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        connection.execute(ROWS)
    monkeypatch.setattr(using, "TURNS", 1)
    monkeypatch.setattr(using, "ZOOMS", (9,))
    monkeypatch.setattr(using, "BOXES", "[data-choices=level] input")
    steps: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(using.run_using, engine, engine, steps.append).result()
    assert found.incidents == 60
    assert len(found.tiles) == 4
    assert all(0 < counted <= drawn < 20 for counted, drawn in zip(found.counts, found.tiles, strict=True))
    ((zoom, frames),) = found.frames
    assert zoom == 9
    assert 1 < frames < 130
    assert steps == [1] * 5
    assert "counts and tiles" in found.report()


@pytest.mark.parametrize(("seconds", "frames", "passed"), [(1.0, 30.0, True), (1.01, 60.0, False), (0.2, 29.9, False)])
def test_both_limits_of_its_use_count(seconds: float, frames: float, passed: bool) -> None:
    found = UsingBenchmark(1, [0.1] * 40, [seconds] * 40, [(7, 60.0), (9, frames)])
    assert found.passed is passed
    assert ("Too slow" in found.report()) is not passed


def test_without_people_there_is_nothing_to_look_as(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM user_scope WHERE role = 'analyst'")
    for run in (run_page, run_views, using.run_using):
        with pytest.raises(GeoappError, match="geoapp demo load"):
            run(engine, engine, lambda _: None)
