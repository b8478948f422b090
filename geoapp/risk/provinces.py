"""Provinces: the incidents of each administrative unit, by level and month, per site, open, overdue, and the change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from geoapp.access.viewer import FULL_ROLES
from geoapp.risk.answer import Answer
from geoapp.risk.basis import incidents_of, window_of
from geoapp.risk.columns import NEVER, Columns, as_day, as_number
from geoapp.risk.counting import STRUCK, Mask, Window, passes
from geoapp.risk.earth import Floats
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.places import SITES
from geoapp.risk.wording import counted as in_words
from geoapp.risk.wording import incidents as in_number
from geoapp.risk.wording import many, sentence
from layers.filter import Filter
from layers.tables import AdminUnit, AdminUnitOrigin
from layers.text import Text

# The clock of OECD Annex II and of the programme: what is open for longer is overdue.
OVERDUE_DAYS = 183
LEVELS = ("1", "2", "3", "level_unknown")
# The columns' levels in the order of LEVELS.
ORDER = np.array([3, 0, 1, 2])
UNIT = Text("administrative unit", "unité administrative")
UNITS = Text("administrative units", "unités administratives")


@dataclass(frozen=True)
class Month:
    """The incidents of one month within the period, and their weights, by level."""

    month: str
    by_level: dict[str, int]
    weighted_by_level: dict[str, float]


@dataclass(frozen=True)
class UnitCounts:
    """The figures of one unit.

    `per_100_sites` is None without sites; `per_100_sites_smoothed` draws it to the mean of the units of the same level
    the more, the fewer sites there are. `change` is against the same days a year before, `change_share` as a share of
    these.
    """

    unit_code: str
    name: Text
    unit_level: int
    incidents: int
    by_level: dict[str, int]
    weighted: float
    weighted_by_level: dict[str, float]
    months: list[Month]
    sites: int
    per_100_sites: float | None
    per_100_sites_smoothed: float | None
    open: int
    overdue: int
    year_before: int
    change: int
    change_share: float | None


@dataclass(frozen=True, kw_only=True)
class ProvincesAnswer(Answer):
    """The units valid on the day, the countries first."""

    units: list[UnitCounts]


@dataclass(frozen=True)
class Unit:
    """A unit, the older ones it was made from included in `codes`."""

    unit_code: str
    name: Text
    level: int
    codes: frozenset[str]


def marshall(counts: Floats, sites: Floats) -> Floats:
    """The smoothed rates of units with sites: Marshall's global empirical Bayes estimator.

    R. J. Marshall, Mapping disease and mortality rates using empirical Bayes estimators, Applied Statistics 40 (1991):
    m = sum y / sum n, A = max(0, sum n (r - m)^2 / sum n - m / mean n), and the rate m + (r - m) A / (A + m / n).
    """
    rate = counts / sites
    mean = counts.sum() / sites.sum()
    between = max(0.0, float((sites * (rate - mean) ** 2).sum() / sites.sum() - mean / sites.mean()))
    spread = between + mean / sites
    share = np.divide(between, spread, out=np.zeros_like(rate), where=spread > 0)
    return np.asarray(mean + (rate - mean) * share, dtype=np.float64)


def ask_provinces(connection: Connection, ground: Ground, asked: Asked) -> ProvincesAnswer:
    """Answer for the units of the viewer that are valid on the day, or for some of them.

    Incidents without a place on the map count too: the database knows their units.
    """
    window = window_of(asked)
    everywhere = replace(asked.chosen, unit=())
    incidents = incidents_of(connection, ground).rows
    units = units_on(connection, ground, asked)
    held: Mask = np.array(
        [not each.codes.isdisjoint(codes) for each in units for codes in incidents.unit_sets], dtype=np.bool_
    ).reshape(len(units), len(incidents.unit_sets))
    counts = incidents.struck == 0
    passed = passes(incidents, window, everywhere)
    in_some: Mask = np.asarray(held.any(axis=0))[incidents.units] if len(incidents) else np.zeros(0, dtype=np.bool_)
    used: Mask = passed & counts & in_some
    before = counts & passes(incidents, _year_before(window), everywhere)
    is_open, is_overdue = _open(incidents, counts, window, everywhere)
    months = _months(window, incidents.day[used])
    month_of = _month_numbers(incidents, months)
    number = held @ _by_set_level_month(incidents, used, month_of, len(months), None)
    weight = held @ _by_set_level_month(incidents, used, month_of, len(months), incidents.weight)
    year_before, opened, overdue = (
        held @ np.bincount(incidents.units[mask], minlength=len(incidents.unit_sets))
        for mask in (before, is_open, is_overdue)
    )
    sites = _site_counts(connection, ground, units)
    smoothed = _smoothed(units, number.sum(axis=1), sites)
    made = [
        _unit(
            each,
            months,
            _cube(number[at], len(months)),
            _cube(weight[at], len(months)),
            sites=int(sites[at]),
            smoothed=smoothed[at],
            is_open=int(opened[at]),
            overdue=int(overdue[at]),
            year_before=int(year_before[at]),
        )
        for at, each in enumerate(units)
    ]
    chosen = passes(incidents, window, asked.chosen)
    left_out = {"without_unit": int((chosen & counts & ~in_some).sum())}
    synthetic = int((used & incidents.synthetic).sum())
    days, total = in_words(asked), in_number(int(used.sum()))
    number_of_units = many(len(units), UNIT, UNITS)
    told = Text(
        f"{total.en} in {number_of_units.en} ({days.en}).",
        f"{total.fr} dans {number_of_units.fr} ({days.fr}).",
    )
    return ProvincesAnswer(
        question="provinces",
        parameters=asked.parameters,
        used=int(used.sum()),
        left_out=left_out,
        excluded={name: int((passed & in_some & (incidents.struck == at)).sum()) for at, name in enumerate(STRUCK, 1)},
        level_unknown=int((used & (incidents.level == 0)).sum()),
        synthetic=synthetic,
        outside_scope=None,
        sentence=sentence(told, asked, ground, left_out, synthetic=(synthetic, int(used.sum()))),
        units=made,
    )


def units_on(connection: Connection, ground: Ground, asked: Asked) -> list[Unit]:
    """The units of the viewer that are valid on the day asked for, or those of the filter among them."""
    columns = (AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr, AdminUnit.level, AdminUnit.units)
    valid = (AdminUnit.valid_from <= asked.on) & (AdminUnit.valid_to.is_(None) | (asked.on < AdminUnit.valid_to))
    rows = connection.execute(select(*columns).where(valid).order_by(AdminUnit.level, AdminUnit.unit_code)).all()
    origins: dict[str, set[str]] = {}
    for code, older in connection.execute(select(AdminUnitOrigin.unit_code, AdminUnitOrigin.made_from)):
        origins.setdefault(code, set()).add(older)
    viewer = ground.viewer
    scope = None if viewer is None else {each for role in FULL_ROLES for each in viewer.rights.get(role, ())}
    wanted = set(asked.chosen.unit)
    return [
        Unit(row.unit_code, Text(row.name_en, row.name_fr), row.level, frozenset(_with_origins(row.unit_code, origins)))
        for row in rows
        if (scope is None or not scope.isdisjoint(row.units)) and (not wanted or not wanted.isdisjoint(row.units))
    ]


def _with_origins(code: str, origins: dict[str, set[str]]) -> set[str]:
    found, new = {code}, {code}
    while new:
        new = {older for each in new for older in origins.get(each, ())} - found
        found |= new
    return found


def _year_before(window: Window) -> Window:
    return Window(window.on, a_year_earlier(window.since), a_year_earlier(window.until))


def a_year_earlier(day: dt.date) -> dt.date:
    """The same day a year before; of 29 February the 28th."""
    if day.year == 1:
        return day
    last_of_february = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28) if last_of_february else day.replace(year=day.year - 1)


def _open(incidents: Columns, counts: Mask, window: Window, chosen: Filter) -> tuple[Mask, Mask]:
    """Which are open on the day, whenever they happened, and which of these for too long."""
    day = as_number(window.on)
    ever = passes(incidents, Window(window.on, dt.date(1, 1, 1), window.on), chosen)
    opened = (incidents.opened != NEVER) & (incidents.opened <= day)
    still = counts & ever & opened & ((incidents.closed == NEVER) | (incidents.closed > day))
    return still, still & (day - incidents.opened > OVERDUE_DAYS)


def _months(window: Window, days: NDArray[np.int32]) -> list[str]:
    """The months of the period, from that of the first incident on where nothing was recorded before."""
    since = max(window.since, as_day(days.min())) if len(days) else window.until
    first, last = (12 * each.year + each.month - 1 for each in (since, window.until))
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(first, last + 1)]


def _month_numbers(incidents: Columns, months: list[str]) -> Floats:
    of = incidents.day.astype("datetime64[D]").astype("datetime64[M]")
    return np.asarray((of - np.datetime64(months[0], "M")).astype(np.int64))


def _by_set_level_month(incidents: Columns, rows: Mask, month: Floats, months: int, weight: Floats | None) -> Floats:
    """Sums over sets of units (rows) and level by month (columns)."""
    key = (incidents.units[rows] * 4 + ORDER[incidents.level[rows]]) * months + month[rows]
    wide = 4 * months
    made = np.bincount(
        key.astype(np.int64), None if weight is None else weight[rows], minlength=len(incidents.unit_sets) * wide
    )
    return np.asarray(made.reshape(len(incidents.unit_sets), wide), dtype=np.float64)


def _cube(row: Floats, months: int) -> Floats:
    return row.reshape(4, months)


def _site_counts(connection: Connection, ground: Ground, units: list[Unit]) -> Floats:
    sites = ground.get(connection, SITES)
    return np.array(
        [sum(not each.codes.isdisjoint(codes) for codes in sites.units) for each in units], dtype=np.float64
    )


def _smoothed(units: list[Unit], number: Floats, sites: Floats) -> list[float | None]:
    made: list[float | None] = [None] * len(units)
    for level in {each.level for each in units}:
        rows = np.array([at for at, each in enumerate(units) if each.level == level and sites[at] > 0], dtype=np.int64)
        if len(rows):
            for at, rate in zip(rows.tolist(), marshall(number[rows], sites[rows]).tolist(), strict=True):
                made[at] = rate * 100
    return made


def _unit(
    unit: Unit,
    months: list[str],
    number: Floats,
    weight: Floats,
    *,
    sites: int,
    smoothed: float | None,
    is_open: int,
    overdue: int,
    year_before: int,
) -> UnitCounts:
    total = int(number.sum())
    return UnitCounts(
        unit_code=unit.unit_code,
        name=unit.name,
        unit_level=unit.level,
        incidents=total,
        by_level=_whole(number.sum(axis=1)),
        weighted=float(weight.sum()),
        weighted_by_level=dict(zip(LEVELS, weight.sum(axis=1).tolist(), strict=True)),
        months=[
            Month(month, _whole(number[:, at]), dict(zip(LEVELS, weight[:, at].tolist(), strict=True)))
            for at, month in enumerate(months)
        ],
        sites=sites,
        per_100_sites=100 * total / sites if sites else None,
        per_100_sites_smoothed=smoothed,
        open=is_open,
        overdue=overdue,
        year_before=year_before,
        change=total - year_before,
        change_share=(total - year_before) / year_before if year_before else None,
    )


def _whole(numbers: Floats) -> dict[str, int]:
    return {level: int(number) for level, number in zip(LEVELS, numbers, strict=True)}
