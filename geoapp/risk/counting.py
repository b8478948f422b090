"""Which incidents count for a question: the days, the filter, and what was left out for which reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoapp.risk.columns import STRUCK_OUTCOMES, Columns, as_number
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.incidents import Incidents
from layers import vocabulary as vocab
from layers.filter import UNKNOWN, Filter

# How the weight of an incident halves with distance and with age, and how far back pressure looks.
HALF_METRES = 5000.0
HALF_DAYS = 183.0
LAST_DAY = 1096
REACH = 4

STRUCK = ("rejected", *STRUCK_OUTCOMES)
UNPLACED = ("without_point", "coarse_position")
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """Incidents of `since` to `until`, both included, of which was known on `on`."""

    on: dt.date
    since: dt.date
    until: dt.date

    @classmethod
    def of_pressure(cls, on: dt.date) -> Window:
        """The days that pressure looks back on."""
        back = min(dt.timedelta(days=LAST_DAY), on - dt.date.min)
        return cls(on, on - back, on)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days + 1


@dataclass(frozen=True)
class Decay:
    """After how many metres and days the weight of an incident has halved."""

    metres: float = HALF_METRES
    days: float = HALF_DAYS

    @property
    def reach(self) -> float:
        """The metres beyond which an incident has no part in a place's pressure."""
        return REACH * self.metres

    def of_age(self, days: NDArray[Any]) -> Floats:
        """What is left of a weight after some days."""
        return np.asarray(np.exp2(-days / self.days), dtype=np.float64)

    def of_distance(self, metres: Floats) -> Floats:
        """What is left of a weight some metres away."""
        return np.asarray(np.exp2(-metres / self.metres), dtype=np.float64)


@dataclass(frozen=True)
class Counted:
    """Incidents with a place that count, as a mask in the order of the grid, and the numbers of those that do not."""

    incidents: Incidents
    mask: Mask
    left_out: dict[str, int]
    excluded: dict[str, int]

    @classmethod
    def of(cls, incidents: Incidents, window: Window, chosen: Filter) -> Counted:
        """Choose by the days and by the level, category and unit of a filter."""
        others = incidents.unmapped
        passed = passes(others, window, chosen)
        unplaced = others.unplaced[passed & (others.struck == 0)]
        struck = others.struck[passed]
        return cls(
            incidents,
            passes(incidents.mapped, window, chosen),
            {name: int(np.count_nonzero(unplaced == number)) for number, name in enumerate(UNPLACED, 1)},
            {name: int(np.count_nonzero(struck == number)) for number, name in enumerate(STRUCK, 1)},
        )

    def weights(self, on: dt.date, decay: Decay, weight: Floats | None = None) -> Floats:
        """The weights on a day, in the order of the grid; 0 for those that do not count."""
        mapped = self.incidents.mapped
        age = np.maximum(as_number(on) - mapped.day, 0)
        return np.where(self.mask, (mapped.weight if weight is None else weight) * decay.of_age(age), 0.0)


@dataclass(frozen=True)
class Tally:
    """Counts of some incidents: all, by level ("1", "2", "3" and `level_unknown`), weighted, and the synthetic ones."""

    incidents: int
    by_level: dict[str, int]
    weighted: float
    synthetic: int

    @classmethod
    def of(cls, incidents: Columns, rows: Ints | Mask) -> Tally:
        """Count some rows."""
        level = incidents.level[rows]
        by_level = {str(each): int(np.count_nonzero(level == each)) for each in (1, 2, 3)}
        by_level["level_unknown"] = int(np.count_nonzero(level == 0))
        weighted = float(incidents.weight[rows].sum())
        return cls(len(level), by_level, weighted, int(np.count_nonzero(incidents.synthetic[rows])))


def passes(incidents: Columns, window: Window, chosen: Filter) -> Mask:
    """Which incidents pass the days and the filter."""
    mask = (
        (incidents.day >= as_number(window.since))
        & (incidents.day <= as_number(window.until))
        & (incidents.known <= as_number(window.on))
    )
    if chosen.level:
        levels = np.array([str(level) if level else UNKNOWN for level in range(4)])
        mask &= np.isin(levels, chosen.level)[incidents.level]
    if chosen.category:
        # The last place is that of incidents without a category.
        mask &= np.append(np.isin([*vocab.CATEGORY], chosen.category), False)[incidents.category]
    if chosen.unit:
        wanted = set(chosen.unit)
        mask &= np.array([not wanted.isdisjoint(units) for units in incidents.unit_sets] or [False])[incidents.units]
    return mask
