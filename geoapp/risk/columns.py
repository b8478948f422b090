"""What is known of each incident, as columns: what every question counts from."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geoapp.risk.earth import Floats, Ints
from geoapp.risk.splice import Splice
from layers import vocabulary as vocab
from layers.vocabulary import Vocabulary
from layers.weights import LevelWeights

EPOCH = dt.date(1970, 1, 1)
# No day at all, in the columns of days.
NEVER = -(2**31)
# From this precision on a position names an area, not a place.
COARSE = 4
STRUCK_OUTCOMES = ("unfounded", "merged")
SECURITY_FORCES = ("state_army", "state_police", "mining_police", "other_state", "private_guard")
MOST_KILLED, MOST_INJURED = 10, 40
# The bytes of a number that are held; longer ones are read where they are asked for.
NUMBER_BYTES, LONG = 20, b"\x01"


@dataclass(frozen=True)
class Columns:
    """Columns of n incidents; days count from 1970-01-01.

    `lon` and `lat` are degrees, NaN without a point; `known` is the day from which an incident was known:
    `reported_on`, else `occurred_to`, else `occurred_from`. Where it is not known `level` and `precision` are 0,
    `killed` and `injured` -1, `opened` and `closed` NEVER. `category`, `status`, `outcome` and `actor` are places in
    their vocabularies, -1 for none; `units` are places in `unit_sets`. `weight` is w = L * H: the level's weight in
    `levels` times 1 + min(killed, 10) / 5 + min(injured, 40) / 20.
    """

    id: NDArray[np.void]
    number: NDArray[np.bytes_]
    lon: Floats
    lat: Floats
    day: NDArray[np.int32]
    known: NDArray[np.int32]
    opened: NDArray[np.int32]
    closed: NDArray[np.int32]
    killed: NDArray[np.int32]
    injured: NDArray[np.int32]
    level: NDArray[np.int8]
    precision: NDArray[np.int8]
    category: NDArray[np.int8]
    status: NDArray[np.int8]
    outcome: NDArray[np.int8]
    actor: NDArray[np.int8]
    synthetic: NDArray[np.bool_]
    units: NDArray[np.int32]
    weight: Floats
    unit_sets: tuple[tuple[str, ...], ...]
    levels: LevelWeights

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def struck(self) -> NDArray[np.int8]:
        """Why an incident does not count: 1 rejected, 2 unfounded, 3 merged; 0 where it does."""
        made = np.zeros(len(self), dtype=np.int8)
        for number, outcome in enumerate(STRUCK_OUTCOMES, 2):
            made[self.outcome == place_of(vocab.OUTCOME, outcome)] = number
        made[self.status == place_of(vocab.STATUS, "rejected")] = 1
        return made

    @cached_property
    def unplaced(self) -> NDArray[np.int8]:
        """Why an incident has no place on the map: 1 without a point, 2 an area's position; 0 where it has one."""
        made = np.where(self.precision >= COARSE, 2, 0).astype(np.int8)
        made[np.isnan(self.lon)] = 1
        return made

    @property
    def mapped(self) -> NDArray[np.bool_]:
        """Which incidents count and have a place."""
        return np.asarray((self.struck == 0) & (self.unplaced == 0))

    def take(self, rows: Ints | NDArray[np.bool_] | slice) -> Columns:
        """The same columns for some rows; of a slice nothing is copied."""
        return Columns(
            **{name: getattr(self, name)[rows] for name in NAMES}, unit_sets=self.unit_sets, levels=self.levels
        )

    def spliced(self, splice: Splice, new: Columns) -> Columns:
        """The columns after some rows have left and others have come, which know at least the same sets of units."""
        columns = {name: splice.of(getattr(self, name), getattr(new, name)) for name in NAMES}
        return Columns(**columns, unit_sets=new.unit_sets, levels=new.levels)

    def rows_of(self, ids: set[uuid.UUID]) -> Ints:
        """The rows of some identifiers, those of them that there are, in ascending order."""
        wanted = {each.bytes for each in ids}
        halves = np.frombuffer(b"".join(wanted), dtype=np.uint64)[::2]
        likely = np.flatnonzero(np.isin(self.id.view(np.uint64)[::2], halves))
        return np.array([row for row in likely.tolist() if self.id[row].tobytes() in wanted], dtype=np.int64)


NAMES = tuple(each.name for each in fields(Columns) if each.name not in {"unit_sets", "levels"})


def weigh(
    level: NDArray[np.int8],
    killed: NDArray[np.int32],
    injured: NDArray[np.int32],
    weights: Mapping[int, float],
) -> Floats:
    """The weights of incidents, by weights of the levels 0 (unknown) to 3; what is not known harms nobody."""
    by_level = np.array([weights[each] for each in range(4)])
    harm = 1 + np.clip(killed, 0, MOST_KILLED) / 5 + np.clip(injured, 0, MOST_INJURED) / 20
    return np.asarray(by_level[level] * harm, dtype=np.float64)


def place_of(vocabulary: Vocabulary, code: str) -> int:
    """The place of a code in its vocabulary, as the columns hold it."""
    return list(vocabulary).index(code)


def as_day(number: int) -> dt.date:
    """The date of a column's day."""
    return EPOCH + dt.timedelta(days=int(number))


def as_number(day: dt.date) -> int:
    """A date as the columns hold it."""
    return (day - EPOCH).days
