"""The backtest tells a signal from none, and what pressure adds to last year's counts."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browser import GEOAPP
from sqlalchemy import Engine, text

from geoapp.errors import QuestionError
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.backtest import BacktestAnswer, ask_backtest, mean_and_interval
from geoapp.risk.network import build_network
from geoapp.risk.tried import ROADS, share_in_top

FIRST, LAST = dt.date(2024, 1, 1), dt.date(2026, 1, 1)
WEST, SOUTH = 28.6, -3.2
Place = Callable[[random.Random, int], tuple[float, float]]


def anywhere(rng: random.Random, _: int) -> tuple[float, float]:
    """As likely in one place as in another, beyond the edge of the ground too."""
    return WEST - 0.4 + 2.2 * rng.random(), SOUTH - 0.4 + 2.2 * rng.random()


def in_few_places(rng: random.Random, _: int) -> tuple[float, float]:
    """Always around the same three places."""
    x, y = rng.choice([(28.8, -3.0), (29.5, -2.2), (29.9, -2.9)])
    return x + rng.gauss(0, 0.02), y + rng.gauss(0, 0.02)


def on_the_move(rng: random.Random, day: int) -> tuple[float, float]:
    """For a hundred days in one place, then in another."""
    place = random.Random(day // 100)
    x, y = WEST + 1.4 * place.random(), SOUTH + 1.4 * place.random()
    return x + rng.gauss(0, 0.06), y + rng.gauss(0, 0.06)


def tried(engine: Engine, place: Place) -> BacktestAnswer:
    """The backtest of 1,500 incidents over four years, around sites all over the ground."""
    rng = random.Random(11)
    with engine.begin() as connection:
        for x in range(8):
            for y in range(8):
                connection.execute(
                    text("INSERT INTO mine_site (name, geom) VALUES ('s', ST_SetSRID(ST_Point(:x, :y), 4326))"),
                    {"x": WEST + 0.2 * x, "y": SOUTH + 0.2 * y},
                )
        rows = [(day, *place(rng, day)) for day in range(1500)]
        connection.execute(
            text(
                "INSERT INTO incident (occurred_from, level, geom)"
                " SELECT DATE '2022-03-01' + day, 3, ST_SetSRID(ST_Point(x, y), 4326)"
                " FROM unnest(CAST(:days AS int[]), CAST(:xs AS float[]), CAST(:ys AS float[])) AS row (day, x, y)"
            ),
            dict(zip(("days", "xs", "ys"), map(list, zip(*rows, strict=True)), strict=True)),
        )
    with engine.connect() as connection:
        return ask_backtest(connection, ground_for_questions(connection), (FIRST, LAST), lambda _: None)


def test_without_a_signal_it_says_so(engine: Engine) -> None:
    found = tried(engine, anywhere)
    assert not found.better_than_chance
    assert not found.better_than_counts
    assert "no more than chance" in found.sentence.en
    assert "pas plus que le hasard" in found.sentence.fr
    assert all(0.4 < score.pai < 1.8 for score in found.scores)


def test_what_stays_is_foretold(engine: Engine, environment: dict[str, str], tmp_path: Path) -> None:
    found = tried(engine, in_few_places)
    assert found.better_than_chance
    assert found.scores[0].share > 0.7
    assert found.scores[0].pai == pytest.approx(found.scores[0].share / 0.05, rel=0.2)
    assert [each.day for each in found.days] == [FIRST + dt.timedelta(days=90 * at) for at in range(9)]
    assert all(each.incidents == 90 for each in found.days[:8])

    plot = tmp_path / "plot.svg"
    arguments = ["risk", "backtest", "--from", str(FIRST), "--to", str(LAST), "--plot", str(plot)]
    done = subprocess.run([GEOAPP, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "more than chance" in done.stdout
    assert plot.read_text().count("<polyline") > 6


def test_what_moves_is_foretold_better_by_pressure(engine: Engine) -> None:
    found = tried(engine, on_the_move)
    assert found.better_than_counts
    assert "more than last year's counts" in found.sentence.en


def along_roads(rng: random.Random, _: int) -> tuple[float, float]:
    """Mostly on a short part of one road of four, else anywhere on them."""
    if rng.random() < 0.7:
        return 28.9 + 0.03 * rng.random(), -3.0 + rng.gauss(0, 0.003)
    return WEST + 1.4 * rng.random(), rng.choice([-3.0, -2.7, -2.4, -2.1]) + rng.gauss(0, 0.003)


@pytest.mark.parametrize(("place", "signal"), [(along_roads, True), (anywhere, False)])
def test_kilometres_of_road_are_compared_too(place: Place, signal: bool, engine: Engine) -> None:
    with engine.begin() as connection:
        for y in (-3.0, -2.7, -2.4, -2.1):
            line = f"SRID=4326;MULTILINESTRING(({WEST} {y}, {WEST + 1.4} {y}))"
            connection.execute(
                text("INSERT INTO route (route_id, name, mode, geom) VALUES (:id, 'r', 'truck', :line)"),
                {"id": str(y), "line": line},
            )
        build_network(connection, lambda _: None)
    tried(engine, place)
    with engine.connect() as connection:
        ground = ground_for_questions(connection)
        found = ask_backtest(connection, ground, (FIRST, LAST), lambda _: None, ROADS)
        km = connection.scalar(text("SELECT sum(length_km) FROM route"))
    assert (found.by, found.ground) == ("routes", pytest.approx(km, rel=1e-6))
    assert found.better_than_chance == signal
    assert ("no more than chance" in found.sentence.en) == (not signal)
    assert "% of route km" in found.sentence.en
    assert found.scores[0].pai == pytest.approx(found.scores[0].share / 0.05)
    if signal:
        assert found.scores[0].share > 0.6
        assert found.left_out == {"without_point": 0, "coarse_position": 0, "elsewhere": 0}
    else:
        assert found.left_out["elsewhere"] > 0
        assert "in none of the places compared" in found.sentence.en


def test_without_a_network_there_are_no_roads(shared_engine: Engine) -> None:
    with shared_engine.connect() as connection, pytest.raises(QuestionError, match="network build"):
        ask_backtest(connection, ground_for_questions(connection), (FIRST, LAST), lambda _: None, ROADS)


@pytest.mark.parametrize(("last", "says"), [(dt.date(2024, 3, 1), "it takes 3"), (dt.date(2999, 1, 1), "not over")])
def test_days_are_refused(last: dt.date, says: str, shared_engine: Engine) -> None:
    with shared_engine.connect() as connection, pytest.raises(QuestionError, match=says):
        ask_backtest(connection, ground_for_questions(connection), (FIRST, last), lambda _: None)


def test_cells_that_tie_count_in_part() -> None:
    scores, fell = np.array([5.0, 1, 1, 1, 0, 0, 0, 0, 0, 0]), np.array([4, 3, 2, 1, 0, 0, 0, 0, 0, 0])
    one = np.ones(10)
    assert share_in_top(scores, fell, one, 1) == 0.4
    assert share_in_top(scores, fell, one, 2) == pytest.approx(0.4 + 0.6 / 3)
    assert share_in_top(scores, fell, one, 0.5) == pytest.approx(0.2)
    assert share_in_top(scores, fell, np.array([0.5, 0.2, 0.1, 0.2, 1, 1, 1, 1, 1, 1]), 0.75) == pytest.approx(0.7)
    assert share_in_top(scores, fell, one, 10) == 1
    assert np.isnan(share_in_top(scores, 0 * fell, one, 1))


def test_the_interval_is_students() -> None:
    # Five values of mean 3 and deviation 1.5811; t is 2.7764.
    assert mean_and_interval(np.array([1.0, 2, 3, 4, 5])) == pytest.approx((3, 1.0368, 4.9632), abs=1e-4)
