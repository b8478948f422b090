"""The incidents that viewers of one scope see, at one version of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from geoapp.snapshot.cells import Pyramid
from geoapp.snapshot.columns import NAMES, Columns, UnitSets, halves, join
from geoapp.snapshot.curve import run
from geoapp.snapshot.quality import count_wanting
from geoapp.snapshot.rows import Read

# The tables that it is made from.
TABLES = ("incident", "incident_release")
Versions = Mapping[str, str | None]
NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class Base(Columns):
    """The rows that do not change, with what is worked out from them once."""

    @classmethod
    def of(cls, columns: Columns) -> Base:
        """These rows, which are in the order of the curve."""
        return cls(*(getattr(columns, name) for name in NAMES))

    @cached_property
    def by_id(self) -> NDArray[np.int64]:
        """The rows in the order of the first half of their ids."""
        return np.argsort(self.ids[:, 0], kind="stable")

    @cached_property
    def pyramid(self) -> Pyramid:
        """The rows counted in the cells of every low zoom."""
        return Pyramid.of(self)

    @cached_property
    def wanting(self) -> NDArray[np.int64]:
        """The rows by check of data quality and source, as `count_wanting` has them."""
        return count_wanting(self)

    def rows_of(self, ids: Iterable[UUID]) -> NDArray[np.int64]:
        """The rows of some incidents."""
        wanted = halves(ids)
        first = self.ids[:, 0]
        start = np.searchsorted(first, wanted[:, 0], sorter=self.by_id)
        end = np.searchsorted(first, wanted[:, 0], "right", sorter=self.by_id)
        found = [self.by_id[low:high] for low, high in zip(start, end, strict=True)]
        rows = np.concatenate([*found, NONE])
        return np.sort(rows[np.isin(self.ids[rows, 1], wanted[:, 1])])


@dataclass(frozen=True)
class Snapshot:
    """Rows that are shared and stay as they are, and beside them what has changed since.

    `removed` are positions in `base` of rows that changed or went, `added` the rows as they are now, in the order of
    the curve. `seen` is the snapshot of the database that it shows, `versions` those of TABLES.
    """

    base: Base
    unit_sets: UnitSets
    sources: tuple[str, ...]
    seen: str
    versions: Versions
    removed: NDArray[np.int64] = field(default_factory=lambda: NONE)
    added: Columns | None = None

    def __len__(self) -> int:
        return len(self.base) - len(self.removed) + (len(self.added) if self.added is not None else 0)

    @cached_property
    def columns(self) -> Columns:
        """All rows, in the order of the curve; where anything has changed, a copy."""
        if self.added is None and not len(self.removed):
            return self.base
        kept = np.ones(len(self.base), dtype=bool)
        kept[self.removed] = False
        return join([self.base.take(kept), *([self.added] if self.added is not None else [])]).in_order()

    def in_tile(self, z: int, x: int, y: int) -> Columns:
        """The rows in a tile; in the order of the curve where none of them changed."""
        start, end = _run_of(self.base, z, x, y)
        rows = self.base.take(slice(start, end))
        gone = self.removed[np.searchsorted(self.removed, start) : np.searchsorted(self.removed, end)]
        if len(gone):
            kept = np.ones(len(rows), dtype=bool)
            kept[gone - start] = False
            rows = rows.take(kept)
        if self.added is not None:
            low, high = _run_of(self.added, z, x, y)
            if high > low:
                rows = join([rows, self.added.take(slice(low, high))])
        return rows

    def parts_in_tile(self, z: int, x: int, y: int) -> tuple[Columns, Columns, Columns]:
        """A tile's shared rows, of which nothing is copied; those of them that are gone; and those that came."""
        start, end = _run_of(self.base, z, x, y)
        gone = self.removed[np.searchsorted(self.removed, start) : np.searchsorted(self.removed, end)]
        came = self.added if self.added is not None else self.base.take(NONE)
        return self.base.take(slice(start, end)), self.base.take(gone), came.take(slice(*_run_of(came, z, x, y)))

    def changed(self, ids: set[UUID], read: Read, seen: str, versions: Versions) -> Snapshot:
        """The snapshot after incidents of some ids have become what was read of them."""
        now = read.columns
        added = now
        if self.added is not None and len(self.added):
            wanted = {each.bytes for each in ids}
            keys = self.added.ids.tobytes()
            kept = [keys[16 * row : 16 * row + 16] not in wanted for row in range(len(self.added))]
            added = join([self.added.take(np.array(kept, dtype=bool)), now]).in_order()
        return replace(
            self,
            removed=np.union1d(self.removed, self.base.rows_of(ids)),
            added=added,
            unit_sets=read.unit_sets,
            sources=read.sources,
            seen=seen,
            versions=versions,
        )

    def wanting(self) -> NDArray[np.int64]:
        """The incidents by check of data quality and source, as `count_wanting` has them."""
        number = len(self.sources)
        shared = self.base.wanting
        counted = np.pad(shared, ((0, 0), (0, number - shared.shape[1])))
        counted -= count_wanting(self.base.take(self.removed), number)
        return counted if self.added is None else counted + count_wanting(self.added, number)

    def folded(self) -> Snapshot:
        """The same without changes beside the shared rows."""
        return Snapshot(Base.of(self.columns), self.unit_sets, self.sources, self.seen, self.versions)


def _run_of(columns: Columns, z: int, x: int, y: int) -> tuple[int, int]:
    first, after = run(z, x, y)
    # The place after the last tile of all does not fit into 64 bits with a sign.
    found = np.searchsorted(columns.place, np.array([first, after], dtype=np.uint64))
    return int(found[0]), int(found[1])
