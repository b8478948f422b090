"""Backtest: whether pressure on a day foretold where the incidents of the next 90 days fell."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student
from sqlalchemy import Connection

from geoapp.errors import QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.basis import incidents_of
from geoapp.risk.counting import Counted, Decay, Window
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.ground import Ground
from geoapp.risk.incidents import Incidents
from geoapp.risk.parameters import Asked
from geoapp.risk.tried import CELLS, ROADS, Kind, Tried, cells_of, roads_of, share_in_top
from geoapp.risk.wording import n, sentence
from geoapp.risk.wording import share as in_percent
from layers.filter import Filter
from layers.text import Text

HORIZON = 90
YEAR = 364
TOPS = (0.05, 0.10)
# Days lie as far apart as a day looks ahead, so that no incident is foretold twice.
STEP = HORIZON
LEAST_DAYS = 3
METHODS = ("pressure", "province_counts", "place_counts")


def name_of(method: str, kind: Kind) -> Text:
    """A method in words."""
    per = {"province_counts": Text("province", "province"), "place_counts": kind.per}.get(method)
    if per is None:
        return Text("pressure", "pression")
    return Text(f"last year's counts per {per.en}", f"comptes de l'année passée par {per.fr}")


@dataclass(frozen=True)
class Score:
    """How one method did with the places it put first: `share` of the incidents, over the share of the ground: `pai`.

    The predictive accuracy index is that of S. Chainey, L. Tompson and S. Uhlig, The utility of hotspot mapping for
    predicting spatial patterns of crime, Security Journal 21 (2008). `low` and `high` are the 95 % interval of the mean
    share over the days, by Student's t.
    """

    method: str
    top: float
    share: float
    low: float
    high: float
    pai: float


@dataclass(frozen=True)
class DayShares:
    """The share of the next 90 days' incidents in the first 5 % of the places, by method."""

    day: dt.date
    incidents: int
    pressure: float
    province_counts: float
    place_counts: float


@dataclass(frozen=True, kw_only=True)
class BacktestAnswer(Answer):
    """How pressure and two simpler ways did, by cells or by kilometres of road.

    `ground` is the number of cells, or the kilometres. `better_than_chance` and `better_than_counts` are the verdicts.
    """

    by: str
    ground: float
    scores: list[Score]
    days: list[DayShares]
    better_than_chance: bool
    better_than_counts: bool


@dataclass(frozen=True)
class _Found:
    """Shares by day, method and top; incidents after each day; how many were left out; how many are synthetic."""

    shares: Floats
    numbers: Ints
    left_out: dict[str, int]
    synthetic: int


def ask_backtest(
    connection: Connection,
    ground: Ground,
    period: tuple[dt.date, dt.date],
    progress: Callable[[int], Any],
    kind: Kind = CELLS,
) -> BacktestAnswer:
    """Try every 90th day of a period, each with what was known on it; QuestionError for too few."""
    days = _days(ground, *period)
    incidents = incidents_of(connection, ground)
    tried = (roads_of if kind == ROADS else cells_of)(connection, ground, incidents.mapped)
    limits = [tried.limit(top) for top in TOPS]
    shares = np.zeros((len(days), len(METHODS), len(TOPS)))
    numbers, synthetic, left_out = np.zeros(len(days), dtype=np.int64), 0, Counter[str]()
    for at, day in enumerate(days):
        after = Counted.of(incidents, _after(day, ground.today), Filter())
        future = after.mask
        left_out.update(after.left_out | {"elsewhere": int((future & (tried.held < 0)).sum())})
        fell = np.bincount(tried.held[future & (tried.held >= 0)], minlength=len(tried.size))
        numbers[at] = fell.sum()
        synthetic += int(incidents.mapped.synthetic[future & (tried.held >= 0)].sum())
        for nth, scores in enumerate(_scores(incidents, tried, day)):
            shares[at, nth] = [share_in_top(scores, fell, tried.size, limit) for limit in limits]
        progress(1)
    held = numbers > 0
    if held.sum() < LEAST_DAYS:
        raise QuestionError(
            f"Only {int(held.sum())} of the days are followed by incidents; it takes {LEAST_DAYS}. Ask for more days.",
            f"Seuls {int(held.sum())} des jours sont suivis d'incidents ; il en faut {LEAST_DAYS}. Demandez-en plus.",
        )
    return _answer(ground, period, days, tried, _Found(shares, numbers, dict(left_out), synthetic))


def mean_and_interval(values: Floats) -> tuple[float, float, float]:
    """The mean with its 95 % interval by Student's t."""
    mean = float(values.mean())
    wide = float(student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - wide, mean + wide


def _days(ground: Ground, first: dt.date, last: dt.date) -> list[dt.date]:
    latest = ground.today - dt.timedelta(days=HORIZON)
    if last > latest:
        raise QuestionError(
            f"to: the {HORIZON} days after it are not over; the last day is {latest}.",
            f"to : les {HORIZON} jours suivants ne sont pas passés ; le dernier jour est {latest}.",
        )
    days = [first + dt.timedelta(days=at) for at in range(0, (last - first).days + 1, STEP)]
    if len(days) < LEAST_DAYS:
        raise QuestionError(
            f"from, to: hold {max(len(days), 0)} days that are {STEP} apart; it takes {LEAST_DAYS}.",
            f"from, to : contiennent {max(len(days), 0)} jours espacés de {STEP} ; il en faut {LEAST_DAYS}.",
        )
    return days


def _after(day: dt.date, today: dt.date) -> Window:
    return Window(today, day + dt.timedelta(days=1), day + dt.timedelta(days=HORIZON))


def _scores(incidents: Incidents, tried: Tried, day: dt.date) -> list[Floats]:
    """Of each method the scores of the places on a day, from what was known then."""
    decay = Decay()
    before = Counted.of(incidents, Window.of_pressure(day), Filter())
    pressure = incidents.grid.sums(tried.lon, tried.lat, before.weights(day, decay), decay.metres, decay.reach).total
    last_year = Window(day, day - dt.timedelta(days=YEAR), day)
    year = Counted.of(incidents, last_year, Filter()).mask & (tried.held >= 0)
    number = np.bincount(tried.held[year], minlength=len(tried.size)).astype(np.float64)
    # By size: a large province would come first for its size alone. The first place is that of no province.
    provinces = tried.province + 1
    spread = np.bincount(provinces, number) / np.maximum(np.bincount(provinces, tried.size), 1e-9)
    return [pressure, spread[provinces], number / tried.size]


def _answer(
    ground: Ground, asked_days: tuple[dt.date, dt.date], days: list[dt.date], tried: Tried, found: _Found
) -> BacktestAnswer:
    every, numbers = found.shares, found.numbers
    held = every[numbers > 0]
    total = float(tried.size.sum())
    chance = tried.limit(TOPS[0]) / total
    scores = []
    for at, top in enumerate(TOPS):
        ground_share = tried.limit(top) / total
        for nth, method in enumerate(METHODS):
            mean, low, high = mean_and_interval(held[:, nth, at])
            scores.append(Score(method, top, mean, low, high, mean / ground_share))
    signal = scores[0].low > chance
    gain = held[:, 0, 0] - held[:, METHODS.index("place_counts"), 0]
    _, least, most = mean_and_interval(gain)
    better = signal and least > 0
    first, last = asked_days
    asked = Asked(ground.today, values={"from": first, "to": last, "by": tried.kind.name})
    return BacktestAnswer(
        question="backtest",
        parameters=asked.values,
        used=int(numbers.sum()),
        left_out=found.left_out,
        excluded={},
        level_unknown=0,
        synthetic=found.synthetic,
        outside_scope=None,
        sentence=sentence(
            _told(scores, len(days), tried.kind, signal=signal, better=better, worse=most < 0),
            asked,
            ground,
            found.left_out,
            synthetic=(found.synthetic, int(numbers.sum())),
        ),
        by=tried.kind.name,
        ground=total,
        scores=scores,
        days=[
            DayShares(day, int(number), *row[:, 0].tolist())
            for day, number, row in zip(days, numbers, every, strict=True)
        ],
        better_than_chance=signal,
        better_than_counts=better,
    )


def _told(scores: list[Score], days: int, kind: Kind, *, signal: bool, better: bool, worse: bool) -> Text:
    own, counts, many = in_percent(scores[0].share), in_percent(scores[2].share), n(days)
    low, high = in_percent(scores[0].low), in_percent(scores[0].high)
    by_place = name_of("place_counts", kind)
    if not signal:
        verdict = Text(
            "That is no more than chance: on these data pressure foretells nothing.",
            "Ce n'est pas plus que le hasard : sur ces données, la pression ne prédit rien.",
        )
    elif worse:
        verdict = Text(
            f"That is more than chance, but less than {by_place.en} tell.",
            f"C'est plus que le hasard, mais moins que les {by_place.fr}.",
        )
    elif not better:
        verdict = Text(
            f"That is more than chance, but not clearly more than {by_place.en} tell.",
            f"C'est plus que le hasard, mais pas nettement plus que les {by_place.fr}.",
        )
    else:
        verdict = Text(
            f"That is more than chance, and more than {by_place.en} tell.",
            f"C'est plus que le hasard, et plus que les {by_place.fr}.",
        )
    return Text(
        f"On {many.en} days, the 5 % of {kind.of.en} under the highest pressure held {own.en} of the incidents of the"
        f" next 90 days (95 % interval {low.en} to {high.en}); by {by_place.en}, {counts.en}. {verdict.en}",
        f"Sur {many.fr} jours, les 5 % de {kind.of.fr} sous la plus forte pression contenaient {own.fr} des incidents"
        f" des 90 jours suivants (intervalle à 95 % de {low.fr} à {high.fr}) ; selon les {by_place.fr},"
        f" {counts.fr}. {verdict.fr}",
    )
