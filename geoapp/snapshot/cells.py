"""Counting rows in the cells of a grid that halves from zoom to zoom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoapp.snapshot.columns import CODES, Columns
from geoapp.snapshot.curve import BITS, NOWHERE, run

# Cells along a tile's side, as a power of 2: 8, of 64 pixels each where tiles are drawn 512 pixels wide. In smaller
# ones the symbols would cover each other.
CELL_BITS = 3
# The zooms whose cells are counted ahead.
LOW_ZOOMS = 12
LEVELS = 4
CATEGORIES = len(CODES["category"]) + 1


@dataclass(frozen=True)
class Cells:
    """Cells that hold rows, in the order of the curve.

    `cell` numbers them along it at one zoom. `levels` counts the rows of each level, `categories` those of each
    category, the unknown ones first. `weight` is their sum in WEIGHT_UNITs, `lon` and `lat` are sums of degrees.
    """

    cell: NDArray[np.int64]
    count: NDArray[np.int64]
    levels: NDArray[np.int64]
    categories: NDArray[np.int64]
    weight: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    synthetic: NDArray[np.int64]

    def between(self, first: int, after: int) -> Cells:
        """The cells from one number on to before another."""
        low, high = np.searchsorted(self.cell, [first, after])
        return Cells(*(part[low:high] for part in vars(self).values()))

    def with_changes(self, gone: Cells, came: Cells) -> Cells:
        """The cells without some of their rows, and with others; those that hold none any more are left out."""
        if not len(gone.cell) and not len(came.cell):
            return self
        less = Cells(gone.cell, *(-part for name, part in vars(gone).items() if name != "cell"))
        joined = [
            np.concatenate(parts) for parts in zip(*(vars(each).values() for each in (self, less, came)), strict=True)
        ]
        order = np.argsort(joined[0], kind="stable")
        cell = joined[0][order]
        starts = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
        sums = [np.add.reduceat(part[order], starts, axis=0) for part in joined[1:]]
        held = sums[0] > 0
        return Cells(cell[starts][held], *(part[held] for part in sums))

    def coarser(self) -> Cells:
        """Cells of twice the side."""
        if not len(self.cell):
            return self
        parent = self.cell >> 2
        starts = np.flatnonzero(np.concatenate([[True], parent[1:] != parent[:-1]]))
        sums = [np.add.reduceat(part, starts, axis=0) for name, part in vars(self).items() if name != "cell"]
        return Cells(parent[starts], *sums)

    @property
    def level(self) -> NDArray[np.int64]:
        """The highest level in each cell, which is the lowest number; 0 where none is known."""
        known = self.levels[:, 1:] > 0
        return np.where(known.any(axis=1), known.argmax(axis=1) + 1, 0)

    @property
    def category(self) -> NDArray[np.int64]:
        """The most frequent category in each cell; 0 where none is known."""
        known = self.categories[:, 1:]
        return np.where(known.any(axis=1), known.argmax(axis=1) + 1, 0)


def count_cells(columns: Columns, rows: NDArray[np.bool_] | None, zoom: int) -> Cells:
    """The rows, or some of them, in the cells of a zoom; those without a place are left out."""
    chosen = slice(None) if rows is None else np.flatnonzero(rows)
    place = columns.place[chosen]
    if (place == NOWHERE).any():
        chosen = np.flatnonzero(columns.place != NOWHERE if rows is None else rows & (columns.place != NOWHERE))
        place = columns.place[chosen]
    cell, which = _distinct((place >> np.uint64(2 * (BITS - zoom))).astype(np.int64))
    size = len(cell)
    level, category = columns.level[chosen], columns.category[chosen]

    def total(weights: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(which, weights[chosen], minlength=size).astype(np.float64)

    return Cells(
        cell=cell,
        count=np.bincount(which, minlength=size),
        levels=np.bincount(which * LEVELS + level, minlength=size * LEVELS).reshape(size, LEVELS),
        categories=np.bincount(which * CATEGORIES + category, minlength=size * CATEGORIES).reshape(size, CATEGORIES),
        weight=total(columns.weight),
        lon=total(columns.lon),
        lat=total(columns.lat),
        synthetic=total(columns.synthetic).astype(np.int64),
    )


def _distinct(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different numbers in order, and which of them each one is."""
    if not len(numbers):
        return numbers, numbers
    step = numbers[1:] != numbers[:-1]
    if (numbers[1:] < numbers[:-1]).any():
        found, which = np.unique(numbers, return_inverse=True)
        return found, which
    starts = np.flatnonzero(np.concatenate([[True], step]))
    which = np.zeros(len(numbers), dtype=np.int64)
    np.cumsum(step, out=which[1:])
    return numbers[starts], which


@dataclass(frozen=True)
class Pyramid:
    """Cells of each low zoom of tiles."""

    zooms: tuple[Cells, ...]

    @classmethod
    def of(cls, columns: Columns) -> Pyramid:
        """Count rows that are in the order of the curve."""
        cells = count_cells(columns, None, LOW_ZOOMS - 1 + CELL_BITS)
        zooms = [cells]
        for _ in range(LOW_ZOOMS - 1):
            cells = cells.coarser()
            zooms.append(cells)
        return cls(tuple(reversed(zooms)))

    def in_tile(self, z: int, x: int, y: int) -> Cells:
        """The cells of a tile."""
        first, after = run(z, x, y)
        below = 2 * (BITS - z - CELL_BITS)
        return self.zooms[z].between(first >> below, after >> below)
