"""Pairs of descriptions of mine sites that lie near each other and are called alike, whatever their number."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from geoapp.ingest.likeness import FARTHEST, NUMBERS, Described, cores, numbers

# A cell's sides are at least this long between the latitudes of the four countries, so that neighbours are compared.
CELL = FARTHEST / 110_000 * 1.05
# So many descriptions are held at once, or those of two rows of cells where these are more.
STRIP = 100_000

Pair = tuple[Described, Described]
# Indexes of descriptions, and one past the last of them in the row of cells that belongs to the next strip.
Strip = tuple[NDArray[np.int64], int]


@dataclass(frozen=True)
class Descriptions:
    """Many descriptions of sites, made when they are looked at.

    `lat` has the latitude of each in degrees, `of` makes those at some indexes, and `new` says which are of sites that
    a file brings; None where all pairs are meant.
    """

    lat: NDArray[np.float64]
    of: Callable[[NDArray[np.int64]], list[Described]]
    new: NDArray[np.bool_] | None = None


def near(descriptions: Descriptions) -> Iterator[Pair]:
    """Pairs of descriptions of different sites in neighbouring cells, numbered alike, with a word that begins alike.

    Of a pair one at least is of a new site. It comes first where it is the only one; else the one with the lower key.
    """
    for indexes, own in _strips(np.floor(descriptions.lat / CELL).astype(np.int64)):
        new = np.ones(len(indexes), dtype=bool) if descriptions.new is None else descriptions.new[indexes]
        if new.any():
            yield from _near(descriptions.of(indexes), new.tolist(), own)


def _strips(rows: NDArray[np.int64]) -> Iterator[Strip]:
    """Rows of cells from south to north, some at once, each time with the row beyond them."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    start = 0
    while start < len(ordered):
        last = ordered[min(start + STRIP, len(ordered)) - 1]
        if last > ordered[start] and start + STRIP < len(ordered):
            # The last row may go on beyond them.
            last -= 1
        end, beyond = np.searchsorted(ordered, [last, last + 1], side="right").tolist()
        yield order[start:beyond], end - start
        start = end


def _near(sites: Sequence[Described], new: Sequence[bool], own: int) -> Iterator[Pair]:
    blocks: dict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    for index, names in enumerate(_cores_of(sites)):
        for block in {block for words in names for block in _blocks(words)}:
            blocks[block].append(index)
    seen: set[tuple[int, int]] = set()
    for members in blocks.values():
        if len(members) < 2 or members[0] >= own or not any(new[index] for index in members):
            continue
        for pair in _neighbours(sites, members):
            first, second = pair
            ours, theirs = new[first], new[second]
            # The other row of cells is looked through with the next strip.
            if not (ours or theirs) or (first >= own and second >= own):
                continue
            one, other = sites[first], sites[second]
            if one.site_id == other.site_id or pair in seen:
                continue
            seen.add(pair)
            yield (one, other) if (ours, other.site_id) > (theirs, one.site_id) else (other, one)


def _blocks(words: Sequence[str]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The numbers of a name with the beginning of each of its words, of which like names share one."""
    told = numbers(words)
    others = [word for word in words if NUMBERS[word] is None]
    return ((told, word[:2]) for word in others or [""])


def _cores_of(sites: Sequence[Described]) -> Iterator[list[tuple[str, ...]]]:
    """The telling words of each name of each site."""
    found = iter(cores([name for site in sites for name in site.names]))
    return ([next(found) for _ in site.names] for site in sites)


def _neighbours(sites: Sequence[Described], members: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs of members in the same or in neighbouring cells, each once."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in members:
        column, row = math.floor(sites[index].lon / CELL), math.floor(sites[index].lat / CELL)
        for cell in product((column - 1, column, column + 1), (row - 1, row, row + 1)):
            for other in cells.get(cell, ()):
                yield (other, index)
        cells[column, row].append(index)
