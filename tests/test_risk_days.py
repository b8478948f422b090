"""Which incidents count on a day: never one that was reported later, whatever else is known of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geoapp.risk.columns import NAMES, Columns, as_number
from geoapp.risk.counting import Counted, Decay, Tally, Window
from geoapp.risk.incidents import Incidents
from layers.filter import Filter
from layers.weights import of_levels

FIRST = dt.date(2024, 1, 1)
days = st.integers(0, 900).map(lambda each: FIRST + dt.timedelta(days=each))
# When it happened, and how many days later it was reported.
reports = st.lists(st.tuples(days, st.integers(0, 400)), min_size=1, max_size=25)


def incidents_of(some: list[tuple[dt.date, int]]) -> Incidents:
    """Incidents of level 1 on one spot."""
    number = len(some)
    columns: dict[str, Any] = {name: np.zeros(number, dtype=np.int32) for name in NAMES}
    happened = np.array([as_number(day) for day, _ in some], dtype=np.int32)
    columns |= {
        "id": np.arange(2 * number, dtype=np.uint64).view("V16"),
        "lon": np.full(number, 29.0),
        "lat": np.full(number, -2.0),
        "day": happened,
        "known": happened + np.array([later for _, later in some], dtype=np.int32),
        "level": np.ones(number, dtype=np.int8),
        "outcome": np.full(number, -1),
        "weight": np.full(number, 9.0),
    }
    return Incidents.of(Columns(**columns, unit_sets=((),), levels=of_levels()))


@settings(max_examples=60, deadline=None)
@given(some=reports, on=days, earlier=st.integers(0, 500))
def test_an_earlier_day_never_uses_a_later_report(some: list[tuple[dt.date, int]], on: dt.date, earlier: int) -> None:
    incidents, day = incidents_of(some), on - dt.timedelta(days=earlier)
    for asked in (on, day):
        counted = Counted.of(incidents, Window(asked, FIRST, asked), Filter())
        expected = [happened + dt.timedelta(days=later) <= asked for happened, later in some]
        assert Tally.of(incidents.mapped, counted.mask).incidents == sum(expected)
    # What was reported after the earlier day changes nothing on it.
    then = [each for each in some if each[0] + dt.timedelta(days=each[1]) <= day]
    masks = [
        Counted.of(each, Window.of_pressure(day), Filter()) for each in (incidents, incidents_of(then or some[:1]))
    ]
    if then:
        assert masks[0].mask.sum() == masks[1].mask.sum()


@settings(max_examples=40, deadline=None)
@given(some=reports, more=st.tuples(days, st.integers(0, 400)), on=days)
def test_one_more_incident_never_lowers_pressure(
    some: list[tuple[dt.date, int]], more: tuple[dt.date, int], on: dt.date
) -> None:
    decay, totals = Decay(), []
    for each in (some, [*some, more]):
        incidents = incidents_of(each)
        weights = Counted.of(incidents, Window.of_pressure(on), Filter()).weights(on, decay)
        sums = incidents.grid.sums(np.array([29.05]), np.array([-2.0]), weights, decay.metres, decay.reach)
        totals.append(float(sums.total[0]))
    assert totals[0] <= totals[1] + 1e-12
