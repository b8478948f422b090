"""How many incidents each choice of a filter would leave, and how many there are in each month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoapp.snapshot.columns import CODES, EPOCH, Columns, Near, matching
from geoapp.snapshot.curve import NOWHERE
from geoapp.snapshot.snapshot import NONE, Snapshot
from layers.filter import UNKNOWN, Filter

LEVELS = (UNKNOWN, "1", "2", "3")
Mask = NDArray[np.bool_]


@dataclass
class Counts:
    """`total` rows pass a filter, `unplaced` of them without a place, `synthetic` of them made up.

    `choices` counts by part of the filter and code the rows that would pass were that code alone chosen in its part,
    the other parts staying as they are. `months` does so for the period, by the month's number since January 1970.
    """

    total: int = 0
    unplaced: int = 0
    synthetic: int = 0
    choices: dict[str, Counter[str]] = field(default_factory=dict)
    months: Counter[int] = field(default_factory=Counter)

    def added(self, other: Counts, sign: int) -> None:
        """Add what another part of the rows counts, or take it away."""
        self.total += sign * other.total
        self.unplaced += sign * other.unplaced
        self.synthetic += sign * other.synthetic
        for name, counted in other.choices.items():
            _add(self.choices.setdefault(name, Counter()), counted, sign)
        _add(self.months, other.months, sign)


def _add(counter: Counter[Any], other: Mapping[Any, int], sign: int) -> None:
    for key, number in other.items():
        counter[key] += sign * number


def count_incidents(snapshot: Snapshot, chosen: Filter, near: Near | None = None) -> Counts:
    """The incidents of a snapshot by every choice; `near` is as `matching` takes it."""
    counts = Counts()
    came = snapshot.added if snapshot.added is not None else snapshot.base.take(NONE)
    for columns, sign in ((snapshot.base, 1), (snapshot.base.take(snapshot.removed), -1), (came, 1)):
        if len(columns):
            counts.added(_count(columns, snapshot, chosen, near), sign)
    return counts


def _count(columns: Columns, snapshot: Snapshot, chosen: Filter, near: Near | None) -> Counts:
    unit_sets = snapshot.unit_sets
    parts = {
        name: matching(columns, unit_sets, part, near, sources=snapshot.sources)
        for name, part in _parts(chosen).items()
    }

    def others(name: str) -> Mask | None:
        """The rows that pass every part but one."""
        masks = [mask for each, mask in parts.items() if each != name and mask is not None]
        return reduce(np.logical_and, masks) if masks else None

    passed = others("")
    counts = Counts(
        total=len(columns) if passed is None else int(np.count_nonzero(passed)),
        unplaced=_number(columns.place == NOWHERE, passed),
        synthetic=_number(columns.synthetic, passed),
    )
    for name, codes in (
        ("level", LEVELS),
        ("category", ("", *CODES["category"])),
        ("status", ("", *CODES["status"])),
        ("actor_kind", ("", *CODES["actor_kind"])),
    ):
        counted = _by(getattr(columns, name), others(name), len(codes))
        counts.choices[name] = Counter({code: int(n) for code, n in zip(codes, counted, strict=True) if n})
    # What is not recorded is not known.
    counts.choices["actor_kind"][UNKNOWN] += counts.choices["actor_kind"].pop("", 0)
    units: Counter[str] = Counter()
    for codes, n in zip(unit_sets, _by(columns.units, others("unit"), len(unit_sets)), strict=True):
        if n:
            units.update(dict.fromkeys(codes, int(n)))
    counts.choices["unit"] = units
    counts.months = _months(columns.occurred, others("period"))
    return counts


def _parts(chosen: Filter) -> dict[str, Filter]:
    """A filter for each part of another that applies to incidents."""
    parts = {
        "period": Filter(since=chosen.since, until=chosen.until),
        "route": Filter(route=chosen.route, within_km=chosen.within_km),
    }
    for name in ("level", "category", "status", "unit", "actor_kind", "quality", "source"):
        parts[name] = replace(Filter(), **{name: getattr(chosen, name)})
    return {name: part for name, part in parts.items() if part.query()}


def _number(marks: Mask, passed: Mask | None) -> int:
    return int(np.count_nonzero(marks if passed is None else marks & passed))


def _by(numbers: NDArray[Any], passed: Mask | None, count: int) -> NDArray[np.int64]:
    return np.bincount(numbers if passed is None else numbers[passed], minlength=count)


def _months(days: NDArray[np.int32], passed: Mask | None) -> Counter[int]:
    chosen = days if passed is None else days[passed]
    if not len(chosen):
        return Counter()
    first = int(chosen.min())
    # Few days and many rows: each day is looked at once.
    by_day = np.bincount(chosen - first)
    on = np.flatnonzero(by_day)
    dates = (np.datetime64(EPOCH) + (on + first).astype("timedelta64[D]")).astype("datetime64[M]").astype(int)
    counted: Counter[int] = Counter()
    for month, number in zip(dates.tolist(), by_day[on].tolist(), strict=True):
        counted[month] += number
    return counted
