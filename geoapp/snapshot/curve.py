"""The Z-order curve over the Web Mercator square: each tile, of whatever zoom, is one run of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Half the side of the Web Mercator square, in metres.
WORLD = 20037508.342789244
# Steps along a side, as a power of 2: 19 mm each.
BITS = 31
# The place of what has no point, or one beyond the square: behind all others.
NOWHERE = np.uint64(2**64 - 1)

Places = NDArray[np.uint64]


def places(x: NDArray[np.float64], y: NDArray[np.float64]) -> Places:
    """Where points lie on the curve; `x` and `y` in EPSG:3857, NaN for none.

    A point on the line between two tiles belongs to the eastern or southern one.
    """
    # As shares of the side: the lines between tiles are exact fractions, to which what is a bit off them is rounded.
    column, row = (0.5 + x / (2 * WORLD)) * 2**BITS, (0.5 - y / (2 * WORLD)) * 2**BITS
    inside = (column >= 0) & (column < 2**BITS) & (row >= 0) & (row < 2**BITS)
    found: Places = interleave(
        np.where(inside, column, 0).astype(np.uint64), np.where(inside, row, 0).astype(np.uint64)
    )
    found[~inside] = NOWHERE
    return found


def interleave(column: Any, row: Any) -> Any:
    """The bits of rows and columns in turns, for arrays of uint64 or for numbers."""
    return _spread(column) | (_spread(row) << np.uint64(1))


def run(z: int, x: int, y: int) -> tuple[int, int]:
    """The first place in a tile, and the first one after it."""
    number = int(interleave(np.uint64(x), np.uint64(y)))
    below = 2 * (BITS - z)
    return number << below, (number + 1) << below


def separate(places: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The columns and rows that were interleaved."""
    return _gather(places).astype(np.int64), _gather(places >> np.uint64(1)).astype(np.int64)


MASKS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def _spread(number: Any) -> Any:
    for shift, mask in MASKS:
        number = (number | (number << np.uint64(shift))) & np.uint64(mask)
    return number


def _gather(number: Any) -> Any:
    number = number & np.uint64(MASKS[-1][1])
    wider = [*(mask for _, mask in MASKS[-2::-1]), 0x00000000FFFFFFFF]
    for (shift, _), mask in zip(reversed(MASKS), wider, strict=True):
        number = (number | (number >> np.uint64(shift))) & np.uint64(mask)
    return number
