"""The columns of a snapshot: what is kept of each incident, and how a filter chooses among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from layers import vocabulary as vocab
from layers.filter import UNKNOWN, Filter
from layers.vocabulary.quality import BITS

# The codes of each vocabulary by number, from 1 on; 0 is none. Of several as frequent, the first is taken.
CODES: dict[str, list[str]] = {
    "category": sorted(vocab.CATEGORY),
    "status": sorted(vocab.STATUS),
    "outcome": sorted(vocab.OUTCOME),
    "actor_kind": sorted(vocab.ACTOR_KIND),
}
# A number of victims that is not known; a larger one than this is kept as the one before it.
UNCOUNTED = 65_535
# House weights are whole multiples of 1/20, so that their sums are exact.
WEIGHT_UNIT = 20
EPOCH = date(1970, 1, 1)

UnitSets = tuple[tuple[str, ...], ...]
Rows = NDArray[np.bool_] | NDArray[np.int64] | slice
# Which of places in degrees are near something.
Near = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True)
class Columns:
    """Incidents in the order of `place`, one array each, all of one length.

    `ids` has two columns with the halves of an incident's id, `number` at most 40 bytes of its number in UTF-8. `lon`
    and `lat` are degrees, NaN for none; `place` is on the curve of `geoapp.snapshot.curve`. `occurred` is
    `occurred_from`, `reported` the first known of `reported_on`, `occurred_to` and `occurred_from`, both in days since
    1970. `level` and `precision` are 0 where unknown, `killed` and `injured` UNCOUNTED. `category`, `status`,
    `outcome` and `actor_kind` are places in CODES, `units` in the unit sets beside the columns. `weight` is in
    WEIGHT_UNITs. `released` marks what is seen of a release in place of the incident. `quality` has a bit for each
    check that a row fails, `source` is a place in the sources beside the columns.
    """

    ids: NDArray[np.uint64]
    number: NDArray[np.bytes_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    place: NDArray[np.uint64]
    occurred: NDArray[np.int32]
    reported: NDArray[np.int32]
    level: NDArray[np.uint8]
    killed: NDArray[np.uint16]
    injured: NDArray[np.uint16]
    precision: NDArray[np.uint8]
    category: NDArray[np.uint8]
    status: NDArray[np.uint8]
    outcome: NDArray[np.uint8]
    actor_kind: NDArray[np.uint8]
    units: NDArray[np.uint32]
    synthetic: NDArray[np.bool_]
    released: NDArray[np.bool_]
    weight: NDArray[np.uint16]
    quality: NDArray[np.uint64]
    source: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.place)

    def take(self, rows: Rows) -> Columns:
        """Some of the rows: by a mask, by their positions, or a run, of which nothing is copied."""
        return Columns(*(getattr(self, name)[rows] for name in NAMES))

    def in_order(self) -> Columns:
        """The rows in the order of the curve."""
        return self.take(np.argsort(self.place, kind="stable"))

    @property
    def size(self) -> int:
        """Bytes that the arrays take."""
        return sum(getattr(self, name).nbytes for name in NAMES)


NAMES = tuple(field.name for field in fields(Columns))


def join(parts: Sequence[Columns]) -> Columns:
    """The rows of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in NAMES))


def halves(ids: Iterable[UUID]) -> NDArray[np.uint64]:
    """Ids as they are kept."""
    return np.frombuffer(b"".join(each.bytes for each in ids), dtype=np.uint64).reshape(-1, 2)


def matching(
    columns: Columns, unit_sets: UnitSets, chosen: Filter, near: Near | None = None, *, sources: Sequence[str] = ()
) -> NDArray[np.bool_] | None:
    """Which rows a filter lets through; None where it lets all. `near` tells which places are near its routes.

    `unit_sets` and `sources` are those that stand beside the columns.
    """
    parts: list[NDArray[Any]] = []
    if chosen.route:
        if near is None:
            raise ValueError("a filter by routes needs their lines")
        parts.append(near(columns.lon, columns.lat))
    if chosen.since:
        parts.append(columns.occurred >= (chosen.since - EPOCH).days)
    if chosen.until:
        parts.append(columns.occurred <= (chosen.until - EPOCH).days)
    if chosen.level:
        levels = [0 if level == UNKNOWN else int(level) for level in chosen.level]
        parts.append(_among(columns.level, levels, 4))
    for name in ("category", "status"):
        if codes := getattr(chosen, name):
            numbers = [CODES[name].index(code) + 1 for code in codes]
            parts.append(_among(getattr(columns, name), numbers, len(CODES[name]) + 1))
    if chosen.actor_kind:
        numbers = [CODES["actor_kind"].index(code) + 1 for code in chosen.actor_kind]
        none = [0] if UNKNOWN in chosen.actor_kind else []
        parts.append(_among(columns.actor_kind, numbers + none, len(CODES["actor_kind"]) + 1))
    if chosen.unit:
        wanted = set(chosen.unit)
        sets = [number for number, units in enumerate(unit_sets) if not wanted.isdisjoint(units)]
        parts.append(_among(columns.units, sets, max(len(unit_sets), 1)))
    parts += _of_quality(columns, chosen, sources)
    if not parts:
        return None
    found: NDArray[np.bool_] = parts[0]
    for part in parts[1:]:
        found &= part
    return found


def _of_quality(columns: Columns, chosen: Filter, sources: Sequence[str]) -> Iterator[NDArray[np.bool_]]:
    if chosen.quality:
        yield (columns.quality & np.uint64(sum(BITS[code] for code in chosen.quality))) != 0
    if chosen.source:
        numbers = [number for number, source in enumerate(sources) if source in chosen.source]
        yield _among(columns.source, numbers, max(len(sources), 1))


def _among(numbers: NDArray[Any], wanted: Sequence[int], count: int) -> NDArray[np.bool_]:
    table = np.zeros(count, dtype=bool)
    table[list(wanted)] = True
    found: NDArray[np.bool_] = table[numbers]
    return found
