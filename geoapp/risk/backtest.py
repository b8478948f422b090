"""Backtest: whether pressure on a day foretold where the incidents of the next 90 days fell."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.stats import t as student
from sqlalchemy import Connection, func, select

from geoapp.errors import QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.basis import incidents_of
from geoapp.risk.counting import Counted, Decay, Window
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.ground import Ground
from geoapp.risk.hexagons import Hexagons
from geoapp.risk.hotspots import cells_near
from geoapp.risk.incidents import Incidents
from geoapp.risk.lines import Chords
from geoapp.risk.parameters import Asked
from geoapp.risk.places import ROUTES, SITES
from geoapp.risk.wording import n, sentence
from geoapp.risk.wording import share as in_percent
from layers.filter import Filter
from layers.tables import AdminUnit
from layers.text import Text

CELL_KM2 = 100
HORIZON = 90
YEAR = 364
TOPS = (0.05, 0.10)
# Days lie as far apart as a day looks ahead, so that no incident is foretold twice.
STEP = HORIZON
LEAST_DAYS = 3
METHODS = ("pressure", "province_counts", "cell_counts")
NAMES = {
    "pressure": Text("pressure", "pression"),
    "province_counts": Text("last year's counts per province", "comptes de l'année passée par province"),
    "cell_counts": Text("last year's counts per cell", "comptes de l'année passée par cellule"),
}


@dataclass(frozen=True)
class Score:
    """How one method did with the cells it put first: `share` of the incidents, over the share of the ground: `pai`.

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
    """The share of the next 90 days' incidents in the first 5 % of cells, by method."""

    day: dt.date
    incidents: int
    pressure: float
    province_counts: float
    cell_counts: float


@dataclass(frozen=True, kw_only=True)
class BacktestAnswer(Answer):
    """How pressure and two simpler ways did. `better_than_chance` and `better_than_counts` are the verdicts."""

    cells: int
    outside_cells: int
    scores: list[Score]
    days: list[DayShares]
    better_than_chance: bool
    better_than_counts: bool


@dataclass(frozen=True)
class _Ground:
    """The cells with their centres in degrees, and the place of the province of each, -1 for none."""

    hexagons: Hexagons
    cells: Ints
    lon: Floats
    lat: Floats
    province: Ints

    def of(self, lon: Floats, lat: Floats) -> Ints:
        """The places of the cells of points in degrees; -1 where a point is in none of them."""
        places = {tuple(cell): at for at, cell in enumerate(self.cells.tolist())}
        return np.array([places.get(tuple(each), -1) for each in self.hexagons.of(lon, lat).tolist()], dtype=np.int64)


@dataclass(frozen=True)
class _Found:
    """Shares by day, method and top; the incidents after each day; how many fell in no cell, or are synthetic."""

    shares: Floats
    numbers: Ints
    outside: int
    synthetic: int


def ask_backtest(
    connection: Connection, ground: Ground, first: dt.date, last: dt.date, progress: Callable[[int], Any]
) -> BacktestAnswer:
    """Try every 90th day from `first` to `last`, each with what was known on it; QuestionError for too few."""
    days = _days(ground, first, last)
    incidents = incidents_of(connection, ground)
    cells = _ground(connection, ground)
    if not len(cells.cells):
        raise QuestionError("There are no sites or routes to look around.", "Il n'y a ni site ni itinéraire alentour.")
    where = cells.of(incidents.mapped.lon, incidents.mapped.lat)
    shares = np.zeros((len(days), len(METHODS), len(TOPS)))
    numbers, outside, synthetic = np.zeros(len(days), dtype=np.int64), 0, 0
    for at, day in enumerate(days):
        future = Counted.of(incidents, _after(day, ground.today), Filter()).mask
        outside += int((future & (where < 0)).sum())
        fell = np.bincount(where[future & (where >= 0)], minlength=len(cells.cells))
        numbers[at] = fell.sum()
        synthetic += int(incidents.mapped.synthetic[future & (where >= 0)].sum())
        for nth, scores in enumerate(_scores(incidents, cells, where, day)):
            shares[at, nth] = [share_in_top(scores, fell, top) for top in TOPS]
        progress(1)
    held = numbers > 0
    if held.sum() < LEAST_DAYS:
        raise QuestionError(
            f"Only {int(held.sum())} of the days are followed by incidents; it takes {LEAST_DAYS}. Ask for more days.",
            f"Seuls {int(held.sum())} des jours sont suivis d'incidents ; il en faut {LEAST_DAYS}. Demandez-en plus.",
        )
    return _answer(
        ground, (first, last), days, cells=len(cells.cells), found=_Found(shares, numbers, outside, synthetic)
    )


def share_in_top(scores: Floats, fell: Ints, top: float) -> float:
    """The share of incidents in the cells with the highest scores; cells that tie for the last places count in part."""
    total = fell.sum()
    if not total:
        return math.nan
    number = max(1, math.ceil(top * len(scores)))
    limit = np.sort(scores)[-number]
    above, tied = scores > limit, scores == limit
    part = (number - above.sum()) / tied.sum()
    return float((fell[above].sum() + part * fell[tied].sum()) / total)


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


def _ground(connection: Connection, ground: Ground) -> _Ground:
    hexagons = Hexagons(CELL_KM2 * 1e6)
    sites = ground.get(connection, SITES)
    things = [
        *(each.line.chords for each in ground.get(connection, ROUTES)),
        Chords.of_points(sites.lon, sites.lat),
    ]
    cells = cells_near(hexagons, things)
    lon, lat = hexagons.centres(cells)
    asked = select(func.ST_AsBinary(AdminUnit.geom)).where(AdminUnit.level == 1, AdminUnit.valid_to.is_(None))
    provinces = shapely.from_wkb([bytes(each) for each in connection.scalars(asked.order_by(AdminUnit.unit_code))])
    points, found = shapely.STRtree(provinces).query(shapely.points(lon, lat), predicate="within")
    province = np.full(len(cells), -1, dtype=np.int64)
    province[points] = found
    return _Ground(hexagons, cells, lon, lat, province)


def _scores(incidents: Incidents, cells: _Ground, where: Ints, day: dt.date) -> list[Floats]:
    """Of each method the scores of the cells on a day, from what was known then."""
    decay = Decay()
    before = Counted.of(incidents, Window.of_pressure(day), Filter())
    pressure = incidents.grid.sums(cells.lon, cells.lat, before.weights(day, decay), decay.metres, decay.reach).total
    year = Counted.of(incidents, Window(day, day - dt.timedelta(days=YEAR), day), Filter()).mask & (where >= 0)
    by_cell = np.bincount(where[year], minlength=len(cells.cells)).astype(np.float64)
    # Per cell of the province: a large one would come first for its size alone. The first place is that of no province.
    places = cells.province + 1
    spread = np.bincount(places, by_cell) / np.maximum(np.bincount(places), 1)
    return [pressure, spread[places], by_cell]


def _answer(
    ground: Ground, asked_days: tuple[dt.date, dt.date], days: list[dt.date], *, cells: int, found: _Found
) -> BacktestAnswer:
    every, numbers = found.shares, found.numbers
    held = every[numbers > 0]
    chance = max(1, math.ceil(TOPS[0] * cells)) / cells
    scores = []
    for at, top in enumerate(TOPS):
        ground_share = max(1, math.ceil(top * cells)) / cells
        for nth, method in enumerate(METHODS):
            mean, low, high = mean_and_interval(held[:, nth, at])
            scores.append(Score(method, top, mean, low, high, mean / ground_share))
    signal = scores[0].low > chance
    gain = held[:, 0, 0] - held[:, METHODS.index("cell_counts"), 0]
    _, least, most = mean_and_interval(gain)
    better = signal and least > 0
    first, last = asked_days
    asked = Asked(ground.today, values={"from": first, "to": last})
    return BacktestAnswer(
        question="backtest",
        parameters={"from": first, "to": last},
        used=int(numbers.sum()),
        left_out={},
        excluded={},
        level_unknown=0,
        synthetic=found.synthetic,
        outside_scope=None,
        sentence=sentence(
            _told(scores, len(days), signal=signal, better=better, worse=most < 0),
            asked,
            ground.today,
            {},
            synthetic=(found.synthetic, int(numbers.sum())),
        ),
        cells=cells,
        outside_cells=found.outside,
        scores=scores,
        days=[
            DayShares(day, int(number), *row[:, 0].tolist())
            for day, number, row in zip(days, numbers, every, strict=True)
        ],
        better_than_chance=signal,
        better_than_counts=better,
    )


def _told(scores: list[Score], days: int, *, signal: bool, better: bool, worse: bool) -> Text:
    own, counts, many = in_percent(scores[0].share), in_percent(scores[2].share), n(days)
    low, high = in_percent(scores[0].low), in_percent(scores[0].high)
    if not signal:
        verdict = Text(
            "That is no more than chance: on these data pressure foretells nothing.",
            "Ce n'est pas plus que le hasard : sur ces données, la pression ne prédit rien.",
        )
    elif worse:
        verdict = Text(
            "That is more than chance, but less than last year's counts per cell tell.",
            "C'est plus que le hasard, mais moins que les comptes de l'année passée par cellule.",
        )
    elif not better:
        verdict = Text(
            "That is more than chance, but not clearly more than last year's counts per cell tell.",
            "C'est plus que le hasard, mais pas nettement plus que les comptes de l'année passée par cellule.",
        )
    else:
        verdict = Text(
            "That is more than chance, and more than last year's counts per cell tell.",
            "C'est plus que le hasard, et plus que les comptes de l'année passée par cellule.",
        )
    return Text(
        f"On {many.en} days, the 5 % of cells under the highest pressure held {own.en} of the incidents of the next 90"
        f" days (95 % interval {low.en} to {high.en}); by last year's counts per cell {counts.en}. {verdict.en}",
        f"Sur {many.fr} jours, les 5 % de cellules sous la plus forte pression contenaient {own.fr} des incidents des"
        f" 90 jours suivants (intervalle à 95 % de {low.fr} à {high.fr}) ; selon les comptes de l'année passée par"
        f" cellule {counts.fr}. {verdict.fr}",
    )
