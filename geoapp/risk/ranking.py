"""The ranking of sites and of provinces by pressure: how firm a rank is, how it moved, and who is near or was there."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from shapely import Point
from sqlalchemy import Connection

from geoapp.risk.asking import read_question
from geoapp.risk.basis import under_pressure
from geoapp.risk.counting import Decay
from geoapp.risk.earth import RADIUS, Floats, Ints, cartesian, geodesic
from geoapp.risk.ground import Ground
from geoapp.risk.incidents import INCIDENTS
from geoapp.risk.lines import Line
from geoapp.risk.parameters import Asked
from geoapp.risk.places import SITES, STANDS, Sites, Stand
from geoapp.risk.provinces import ProvincesAnswer, Unit, UnitCounts, ask_provinces, units_on
from geoapp.risk.sites import SitesAnswer, ask_sites, chosen_sites, pressures, varied
from geoapp.risk.stability import Choice, ranks, variations
from layers.filter import Filter
from layers.mine_sites import LONG_UNVISITED
from layers.text import Text

# How many months ago a rank is compared with.
A_MONTH, A_YEAR = 1, 12
# How near a deployment stands, in metres, for a site to count as near one, as the question about coverage asks.
NEAR = 5000.0


@dataclass(frozen=True)
class Standing:
    """A rank, the best and the worst one when the house's choices are halved and doubled, and earlier ranks.

    `month` and `year` are the ranks of a month and a year before, None where nothing was known then.
    """

    pressure: float
    rank: int
    low: int
    high: int
    month: int | None
    year: int | None

    @property
    def since_month(self) -> int | None:
        """How many places it has risen (more than 0) or fallen in a month."""
        return None if self.month is None else self.month - self.rank

    @property
    def since_year(self) -> int | None:
        """How many places it has risen (more than 0) or fallen in a year."""
        return None if self.year is None else self.year - self.rank


@dataclass(frozen=True)
class RankedSite:
    """A site: `deployment_m` is the distance to the nearest deployment valid on the day, None where there is none."""

    site_id: str
    name: str
    units: tuple[str, ...]
    standing: Standing
    incidents: int
    deployment_m: float | None
    visited_on: dt.date | None
    long_unvisited: bool
    outside_scope: float
    lon: float
    lat: float


@dataclass(frozen=True)
class RankedUnit:
    """A province by the mean pressure on its sites; None where it has none, and it then stands in no ranking.

    `far_sites` have no deployment within 5 km, `unvisited_sites` no visit in 183 days.
    """

    unit_code: str
    name: Text
    counts: UnitCounts
    sites: int
    standing: Standing | None
    far_sites: int
    unvisited_sites: int
    visited_on: dt.date | None


@dataclass(frozen=True)
class SiteRanking:
    """All sites of the viewer, the highest pressure first, with the answer that they are ranked by."""

    answer: SitesAnswer
    names: Mapping[str, Text]
    sites: list[RankedSite]


@dataclass(frozen=True)
class UnitRanking:
    """The provinces, the highest mean pressure first, with the two answers they are ranked and counted by."""

    answer: ProvincesAnswer
    by_sites: SitesAnswer
    units: list[RankedUnit]


@dataclass(frozen=True)
class _Pressed:
    """The sites chosen, the pressure on each now, under each other choice, and on two earlier days."""

    sites: Sites
    now: Floats
    varied: list[Floats]
    month: Floats | None
    year: Floats | None


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day some months before; the last one of the month where that is shorter."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    if year < dt.MINYEAR:
        return dt.date.min
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def rank_sites(connection: Connection, values: Mapping[str, str]) -> SiteRanking:
    """The ranking by the parameters of the question `sites`; raises what the question does."""
    ground, asked = read_question(connection, "sites", values)
    answer = ask_sites(connection, ground, replace(asked, values={"limit": None, "stability": False}))
    pressed = _press(connection, ground, asked)
    standings = _standings(pressed.now, pressed.varied, pressed.month, pressed.year)
    place = {site_id: at for at, site_id in enumerate(pressed.sites.site_id)}
    metres = _to_deployments(connection, ground, asked, pressed.sites)
    names = {unit.unit_code: unit.name for unit in units_on(connection, ground, Asked(asked.on)) if unit.level == 1}
    sites = pressed.sites
    made = []
    for site in answer.sites:
        at = place[site.site_id]
        made.append(
            RankedSite(
                site.site_id,
                site.name,
                tuple(code for code in sites.units[at] if code in names),
                standings[at],
                site.incidents,
                float(metres[at]) if np.isfinite(metres[at]) else None,
                _last_visit(sites, at, asked.on),
                site.long_unvisited,
                site.outside_scope,
                float(sites.lon[at]),
                float(sites.lat[at]),
            )
        )
    return SiteRanking(answer, names, made)


def rank_provinces(connection: Connection, values: Mapping[str, str]) -> UnitRanking:
    """The ranking by the parameters of the question `provinces`; raises what the question does."""
    ground, asked = read_question(connection, "provinces", values)
    answer = ask_provinces(connection, ground, asked)
    # Sites are not chosen by their units: of a province all count.
    of_sites = Asked(asked.on, chosen=replace(asked.chosen, unit=()), values={"limit": None, "stability": False})
    by_sites = ask_sites(connection, ground, of_sites)
    pressed = _press(connection, ground, of_sites)
    metres = _to_deployments(connection, ground, of_sites, pressed.sites)
    units = [unit for unit in units_on(connection, ground, asked) if unit.level == 1]
    members = [_members(unit, pressed.sites) for unit in units]
    filled = [at for at, rows in enumerate(members) if len(rows)]

    def mean(pressure: Floats) -> Floats:
        return np.array([pressure[members[at]].mean() for at in filled], dtype=np.float64)

    earlier = [None if each is None else mean(each) for each in (pressed.month, pressed.year)]
    standings = dict(
        zip(filled, _standings(mean(pressed.now), [mean(each) for each in pressed.varied], *earlier), strict=True)
    )
    counts = {each.unit_code: each for each in answer.units}
    made = []
    for at, (unit, rows) in enumerate(zip(units, members, strict=True)):
        visits = [_last_visit(pressed.sites, row, asked.on) for row in rows.tolist()]
        known = [day for day in visits if day is not None]
        made.append(
            RankedUnit(
                unit.unit_code,
                unit.name,
                counts[unit.unit_code],
                len(rows),
                standings.get(at),
                int(np.count_nonzero(metres[rows] > NEAR)),
                sum(day is None or (asked.on - day).days > LONG_UNVISITED for day in visits),
                max(known, default=None),
            )
        )
    made.sort(key=lambda each: (each.standing is None, each.standing.rank if each.standing else 0, each.unit_code))
    return UnitRanking(answer, by_sites, made)


def _press(connection: Connection, ground: Ground, asked: Asked) -> _Pressed:
    """The pressures, kept until the incidents or sites change: under every choice they take a while."""
    name = ("ranking", asked.on, asked.chosen)
    return ground.work_out(connection, name, (INCIDENTS, SITES), lambda _: _pressed(connection, ground, asked))


def _pressed(connection: Connection, ground: Ground, asked: Asked) -> _Pressed:
    sites = chosen_sites(ground.get(connection, SITES), asked.chosen)
    everywhere = Filter(level=asked.chosen.level, category=asked.chosen.category)
    counted = under_pressure(connection, ground, Asked(asked.on, chosen=everywhere))
    decay = Decay()
    house = pressures(counted, sites, counted.weights(asked.on, decay), decay).total
    choices: list[Choice] = list(variations(counted.incidents.rows.levels))
    others = [varied(counted, sites, Asked(asked.on, chosen=everywhere), choice) for choice in choices]
    before: list[Floats | None] = []
    for months in (A_MONTH, A_YEAR):
        on = months_before(asked.on, months)
        then = under_pressure(connection, ground, Asked(on, chosen=everywhere))
        known = bool(then.mask.any())
        before.append(pressures(then, sites, then.weights(on, decay), decay).total if known else None)
    return _Pressed(sites, house, others, *before)


def _standings(now: Floats, others: list[Floats], month: Floats | None, year: Floats | None) -> list[Standing]:
    if not len(now):
        return []
    rank = ranks(now)
    all_ranks = np.stack([ranks(each) for each in others])
    low, high = all_ranks.min(axis=0), all_ranks.max(axis=0)
    earlier: list[Ints | None] = [None if each is None else ranks(each) for each in (month, year)]
    return [
        Standing(
            float(now[at]),
            int(rank[at]),
            int(low[at]),
            int(high[at]),
            *(None if each is None else int(each[at]) for each in earlier),
        )
        for at in range(len(now))
    ]


def _members(unit: Unit, sites: Sites) -> Ints:
    return np.array([at for at, codes in enumerate(sites.units) if not unit.codes.isdisjoint(codes)], dtype=np.int64)


def _last_visit(sites: Sites, at: int, on: dt.date) -> dt.date | None:
    return max((day for day in sites.visits[at] if day <= on), default=None)


def _to_deployments(connection: Connection, ground: Ground, asked: Asked, sites: Sites) -> Floats:
    """The metres from each site to the nearest deployment that is there on the day; infinite where none is."""
    stands = [each for each in ground.get(connection, STANDS) if each.valid(asked.on) and each.shape is not None]
    name = ("to deployments", asked.on, sites.site_id)
    return ground.work_out(connection, name, (SITES, STANDS), lambda _: _nearest(sites, stands))


def _nearest(sites: Sites, stands: list[Stand]) -> Floats:
    """The exact metres to the nearest one, a line being nearest where any point of it is."""
    best = np.full(len(sites.site_id), np.inf)
    points = [each.shape for each in stands if isinstance(each.shape, Point)]
    if points and len(best):
        lon, lat = (np.array([getattr(each, axis) for each in points]) for axis in ("x", "y"))
        here, there = cartesian(sites.lon, sites.lat), cartesian(lon, lat)
        # The shortest chord is the shortest geodesic but for what two that are nearly as long differ by.
        chord = np.linalg.norm(here[:, None, :] - there[None, :, :], axis=2)
        at = chord.argmin(axis=1)
        best = geodesic(sites.lon, sites.lat, lon[at], lat[at])
    for stand in stands:
        if stand.shape is None or isinstance(stand.shape, Point):
            continue
        line = Line.of(stand.shape)
        # A chord of the Earth to any vertex, less half the longest segment, is no longer than the way to the line.
        ends = np.concatenate((cartesian(line.lon, line.lat), cartesian(line.to_lon[-1:], line.to_lat[-1:])))
        least = np.full(len(best), np.inf)
        for end in ends:
            np.minimum(least, np.linalg.norm(cartesian(sites.lon, sites.lat) - end, axis=1), out=least)
        for row in np.flatnonzero(least - line.metres.max() / 2 < np.minimum(best, 2 * RADIUS)).tolist():
            best[row] = min(best[row], line.distance(float(sites.lon[row]), float(sites.lat[row])))
    return np.asarray(best, dtype=np.float64)
