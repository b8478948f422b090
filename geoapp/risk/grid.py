"""Points sorted into a grid of degrees, and the compiled searches around points and along lines."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoapp.risk.compiled import compiled
from geoapp.risk.earth import RADIUS, SLACK, Floats, Ints, arc, box_around, cartesian, geodesic, slack
from geoapp.risk.lines import TIE, Chords, Line, to_chord
from geoapp.risk.splice import Splice

# A cell's side in degrees, some 2 km; larger where points are spread so far that there were too many cells.
SIDE = 0.02
MOST_CELLS = 4_000_000
# Fewer pieces of lines than this are not worth another processor.
FEW_PIECES = 4_000
# Fewer places to sum up around are not either.
FEW_PLACES = 200

# West, south, side in degrees; columns and rows of cells.
Frame = tuple[float, float, float, int, int]
Found = tuple[Ints, Ints, Floats, Floats]


@dataclass(frozen=True)
class Grid:
    """Points in the order of their cells. `rows` are their places among the points given; `first[c]` begins cell c."""

    rows: Ints
    points: Floats
    lon: Floats
    lat: Floats
    first: Ints
    west: float
    south: float
    side: float
    across: int
    up: int

    @classmethod
    def of(cls, lon: Floats, lat: Floats) -> Grid:
        """The grid of points in degrees."""
        if len(lon) == 0:
            empty = np.zeros(0)
            none = np.zeros(0, dtype=np.int64)
            return cls(none, np.zeros((0, 3)), empty, empty, np.zeros(2, dtype=np.int64), 0.0, 0.0, SIDE, 1, 1)
        west, south = float(lon.min()), float(lat.min())
        wide, tall = float(lon.max()) - west, float(lat.max()) - south
        side = max(SIDE, math.sqrt(wide * tall / MOST_CELLS), max(wide, tall) / MOST_CELLS)
        across, up = int(wide / side) + 1, int(tall / side) + 1
        cell = ((lat - south) / side).astype(np.int64) * across + ((lon - west) / side).astype(np.int64)
        rows = np.argsort(cell, kind="stable")
        first = np.zeros(across * up + 1, dtype=np.int64)
        np.cumsum(np.bincount(cell, minlength=across * up), out=first[1:])
        lon, lat = np.ascontiguousarray(lon[rows]), np.ascontiguousarray(lat[rows])
        return cls(rows, cartesian(lon, lat), lon, lat, first, west, south, side, across, up)

    @property
    def frame(self) -> Frame:
        """Where the cells lie, as the searches take it."""
        return self.west, self.south, self.side, self.across, self.up

    def along(self, chords: Chords, metres: float, counts: NDArray[np.bool_]) -> Hits:
        """The points within `metres` of each line, of those that `counts` (in the grid's order).

        Within `slack` of the limit a point is still to be looked at exactly.
        """
        reach = chords.reach(metres)

        def part(begin: int, end: int) -> Found:
            return _along(
                self.points,
                self.first,
                self.frame,
                chords.middle[begin:end],
                chords.along[begin:end],
                chords.up[begin:end],
                chords.half[begin:end],
                chords.start[begin:end],
                reach[begin:end],
                chords.owner[begin:end],
                counts,
                metres + slack(metres),
            )

        bounds = _shares(chords.owner)
        if len(bounds) == 2:
            return Hits(*part(*bounds))
        with ThreadPoolExecutor() as threads:
            found = list(threads.map(part, bounds[:-1], bounds[1:]))
        return Hits(*(np.concatenate([each[column] for each in found]) for column in range(4)))

    def near(self, line: Line, metres: float, counts: NDArray[np.bool_]) -> Hits:
        """The points within `metres` of one line, exactly."""
        return self.along(line.chords, metres, counts).settled(self, [line], metres)

    def around(self, lon: float, lat: float, metres: float, counts: NDArray[np.bool_]) -> tuple[Ints, Floats]:
        """The places in the grid of the points within `metres` of a point in degrees, and their geodesic metres."""
        place = self.along(Chords.of_points(np.array([lon]), np.array([lat])), metres, counts).place
        exact = geodesic(np.array(lon), np.array(lat), self.lon[place], self.lat[place])
        return place[exact <= metres], exact[exact <= metres]

    def within(self, box: tuple[float, float, float, float]) -> Ints:
        """The places in the grid of the points in a box in degrees: west, south, east, north."""
        if not len(self.lon):
            return self.rows
        x0, x1 = _cells(box[0], box[2], self.west, self.side, self.across)
        y0, y1 = _cells(box[1], box[3], self.south, self.side, self.up)
        if x0 > x1 or y0 > y1:
            return np.zeros(0, dtype=np.int64)
        lines = [
            np.arange(self.first[y * self.across + x0], self.first[y * self.across + x1 + 1]) for y in range(y0, y1 + 1)
        ]
        found = np.concatenate(lines)
        lon, lat = self.lon[found], self.lat[found]
        inside = (lon >= box[0]) & (lat >= box[1]) & (lon <= box[2]) & (lat <= box[3])
        return np.asarray(found[inside], dtype=np.int64)

    def sums(self, lon: Floats, lat: Floats, weights: Floats, halving: float, metres: float) -> Sums:
        """The sums of weight * 2^(-d / halving) over the points within `metres` of places in degrees.

        `weights` are in the grid's order; 0 leaves a point out.
        """
        wide, tall = box_around(lon, lat, metres + SLACK)
        box = np.stack((lon - wide, lat - tall, lon + wide, lat + tall), axis=1)
        centre = cartesian(lon, lat)
        used = np.zeros(len(self.points), dtype=np.bool_)

        def part(begin: int, end: int) -> tuple[Floats, Ints, Ints, Ints]:
            return _sums(
                self.points,
                self.first,
                self.frame,
                centre[begin:end],
                box[begin:end],
                weights,
                halving,
                metres - slack(metres),
                metres + slack(metres),
                used,
            )

        bounds = np.linspace(0, len(lon), min(os.cpu_count() or 1, len(lon) // FEW_PLACES) + 2).astype(np.int64)
        bounds = bounds if len(bounds) > 2 else bounds[[0, -1]]
        with ThreadPoolExecutor() as threads:
            found = list(threads.map(part, bounds[:-1].tolist(), bounds[1:].tolist()))
        total, number = (np.concatenate([each[column] for each in found]) for column in (0, 1))
        at = np.concatenate([each[2] + begin for each, begin in zip(found, bounds[:-1].tolist(), strict=True)])
        place = np.concatenate([each[3] for each in found])
        # Those too near to the limit for the fast way are measured exactly.
        exact = geodesic(lon[at], lat[at], self.lon[place], self.lat[place])
        inside = exact <= metres
        at, place = at[inside], place[inside]
        np.add.at(total, at, weights[place] * np.exp2(-exact[inside] / halving))
        np.add.at(number, at, 1)
        used[place] = True
        return Sums(total, number, used)

    def cell_of(self, lon: Floats, lat: Floats) -> Ints:
        """The cells of points in degrees; -1 of those beyond all cells."""
        x, y = np.floor((lon - self.west) / self.side), np.floor((lat - self.south) / self.side)
        inside = (x >= 0) & (x < self.across) & (y >= 0) & (y < self.up)
        return np.where(inside, y * self.across + x, -1).astype(np.int64)

    def changed(self, gone: Ints, lon: Floats, lat: Floats, splice: Splice) -> Grid:
        """The grid without the points at the places `gone` and with others in its cells, as `splice` puts them."""
        step = np.zeros(len(self.first), dtype=np.int64)
        np.add.at(step, self.cell_of(lon, lat) + 1, 1)
        np.subtract.at(step, self.cell_of(self.lon[gone], self.lat[gone]) + 1, 1)
        columns = ((self.points, cartesian(lon, lat)), (self.lon, lon), (self.lat, lat))
        points, lon, lat = (splice.of(old, new) for old, new in columns)
        return replace(
            self, rows=np.arange(len(lon)), points=points, lon=lon, lat=lat, first=self.first + np.cumsum(step)
        )


@dataclass(frozen=True)
class Sums:
    """For each of several places the sum and the number of points in it; and whether each point is in any sum."""

    total: Floats
    number: Ints
    used: NDArray[np.bool_]


@dataclass(frozen=True)
class Hits:
    """Points that are near lines: the line's number, the point's place in the grid, metres, the measure on the line."""

    line: Ints
    place: Ints
    metres: Floats
    measure: Floats

    def settled(self, grid: Grid, lines: list[Line], limit: float) -> Hits:
        """The hits within the limit, those too near to it for the fast way being measured exactly."""
        outside = [
            at
            for at in np.flatnonzero(self.metres > limit - slack(limit)).tolist()
            if self.metres[at] > limit + slack(limit)
            or lines[self.line[at]].distance(float(grid.lon[self.place[at]]), float(grid.lat[self.place[at]])) > limit
        ]
        if not outside:
            return self
        line, place = np.delete(self.line, outside), np.delete(self.place, outside)
        return Hits(line, place, np.delete(self.metres, outside), np.delete(self.measure, outside))


def _shares(owner: Ints) -> list[int]:
    """Where to part many pieces among the processors, never within a line; all in one where they are few."""
    number = min(os.cpu_count() or 1, len(owner) // FEW_PIECES)
    wanted = np.linspace(0, len(owner), max(number, 1) + 1).astype(np.int64)[1:-1]
    inner = sorted({int(np.searchsorted(owner, owner[each])) for each in wanted.tolist()} - {0})
    return [0, *inner, len(owner)]


@compiled
def _cells(low: float, high: float, origin: float, side: float, count: int) -> tuple[int, int]:
    """The first and last row or column of cells from `low` to `high`; the first after the last where there is none."""
    first = math.floor((low - origin) / side)
    last = math.floor((high - origin) / side)
    return max(first, 0), min(last, count - 1)


@compiled
def _grown(column: NDArray[Any], many: int) -> NDArray[Any]:
    """A column with room for `many`. What is beyond its rows stays untouched, since that would take the most time."""
    made = np.empty(many, column.dtype)
    made[: len(column)] = column
    return made


@compiled
def _along(  # noqa: PLR0912, PLR0915, PLR0917
    points: Floats,
    first: Ints,
    frame: Frame,
    middle: Floats,
    along: Floats,
    up: Floats,
    half: Floats,
    start: Floats,
    reach: Floats,
    owner: Ints,
    counts: NDArray[np.bool_],
    limit: float,
) -> Found:
    west, south, side, across, high = frame
    # Distances are compared as chords, which are in the same order.
    limit = 2.0 * RADIUS * math.sin(limit / (2.0 * RADIUS))
    best = np.full(len(points), np.inf)
    measure = np.zeros(len(points))
    several = np.zeros(len(points), dtype=np.bool_)
    touched = np.empty(len(points), dtype=np.int64)
    lines = np.empty(1024, dtype=np.int32)
    places = np.empty(1024, dtype=np.int32)
    metres = np.empty(1024)
    measures = np.empty(1024)
    found = 0
    begin = 0
    while begin < len(half):
        end = begin
        while end < len(half) and owner[end] == owner[begin]:
            end += 1
        number = 0
        ties = 0
        # The second turn looks for the first of several points of the line that are as near as each other.
        for turn in range(2):
            if turn == 1 and ties == 0:
                break
            for at in range(begin, end):
                x0, x1 = _cells(reach[at, 0], reach[at, 2], west, side, across)
                y0, y1 = _cells(reach[at, 1], reach[at, 3], south, side, high)
                if x0 > x1:
                    continue
                mx, my, mz = middle[at, 0], middle[at, 1], middle[at, 2]
                ax, ay, az = along[at, 0], along[at, 1], along[at, 2]
                ux, uy, uz = up[at, 0], up[at, 1], up[at, 2]
                # Lifting the chord brings it nearer by less than a metre.
                room = half[at] + 2.0
                for y in range(y0, y1 + 1):
                    for place in range(first[y * across + x0], first[y * across + x1 + 1]):
                        if not counts[place] or (turn == 1 and not several[place]):
                            continue
                        dx, dy, dz = points[place, 0] - mx, points[place, 1] - my, points[place, 2] - mz
                        far = min(limit, best[place]) + room
                        if dx * dx + dy * dy + dz * dz > far * far:
                            continue
                        d, m = to_chord(dx, dy, dz, ax, ay, az, ux, uy, uz, half[at])
                        m += start[at]
                        if turn == 1:
                            if d <= best[place] + TIE and m < measure[place]:
                                measure[place] = m
                        elif d <= limit:
                            if best[place] == np.inf:
                                touched[number] = place
                                number += 1
                            if d < best[place] - TIE:
                                best[place] = d
                                measure[place] = m
                                several[place] = False
                            elif d <= best[place] + TIE:
                                if abs(m - measure[place]) > TIE:
                                    several[place] = True
                                    ties += 1
                                best[place] = min(best[place], d)
        if found + number > len(lines):
            many = 2 * (found + number)
            lines, places = _grown(lines, many), _grown(places, many)
            metres, measures = _grown(metres, many), _grown(measures, many)
        for at in range(number):
            place = touched[at]
            lines[found] = owner[begin]
            places[found] = place
            metres[found] = arc(best[place])
            measures[found] = measure[place]
            found += 1
            best[place] = np.inf
            several[place] = False
        begin = end
    return lines[:found], places[:found], metres[:found], measures[:found]


@compiled
def _sums(  # noqa: PLR0917
    points: Floats,
    first: Ints,
    frame: Frame,
    centre: Floats,
    box: Floats,
    weights: Floats,
    halving: float,
    sure: float,
    limit: float,
    used: NDArray[np.bool_],
) -> tuple[Floats, Ints, Ints, Ints]:
    """The sums and numbers of what is nearer than `sure`; and the pairs from `sure` to `limit`, by their places."""
    west, south, side, across, high = frame
    total = np.zeros(len(centre))
    number = np.zeros(len(centre), dtype=np.int64)
    ats = np.empty(16, dtype=np.int64)
    places = np.empty(16, dtype=np.int64)
    found = 0
    rate = math.log(2.0) / halving
    for at in range(len(centre)):
        x0, x1 = _cells(box[at, 0], box[at, 2], west, side, across)
        y0, y1 = _cells(box[at, 1], box[at, 3], south, side, high)
        if x0 > x1:
            continue
        for y in range(y0, y1 + 1):
            for place in range(first[y * across + x0], first[y * across + x1 + 1]):
                weight = weights[place]
                if weight == 0.0:
                    continue
                dx = points[place, 0] - centre[at, 0]
                dy = points[place, 1] - centre[at, 1]
                dz = points[place, 2] - centre[at, 2]
                square = dx * dx + dy * dy + dz * dz
                if square > limit * limit:
                    continue
                d = arc(math.sqrt(square))
                if d <= sure:
                    total[at] += weight * math.exp(-d * rate)
                    number[at] += 1
                    used[place] = True
                elif d <= limit:
                    if found == len(ats):
                        ats, places = _grown(ats, 2 * found), _grown(places, 2 * found)
                    ats[found], places[found] = at, place
                    found += 1
    return total, number, ats[:found], places[:found]
