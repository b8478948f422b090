"""A route as a line: its parts in stored order, geodesics between vertices, and a measure that runs on without gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from shapely import LineString, MultiLineString, Point, get_coordinates

from geoapp.risk.compiled import compiled
from geoapp.risk.earth import E2, GEOD, RADIUS, SLACK, Floats, Ints, box_around, cartesian, geodesic

# Geodesics are cut to this length, over which a chord that is lifted to the surface stays within a millimetre of them.
LONGEST = 4000.0
# Points of a line whose distances differ by no more, in metres, are as near as each other; the first one counts.
TIE = 0.001
# What a piece may be longer than asked for before another one is made, in metres.
ROUNDING = 0.01


@dataclass(frozen=True)
class Line:
    """The geodesics of a line: first and last points in degrees, azimuth, metres, and the measure where each begins."""

    lon: Floats
    lat: Floats
    to_lon: Floats
    to_lat: Floats
    azimuth: Floats
    metres: Floats
    start: Floats

    @classmethod
    def of(cls, shape: Point | LineString | MultiLineString) -> Line:
        """The line of a geometry in EPSG:4326; of a point one that has no length."""
        if isinstance(shape, Point):
            x, y, none = np.array([shape.x]), np.array([shape.y]), np.zeros(1)
            return cls(x, y, x, y, none, none, none)
        parts = shape.geoms if isinstance(shape, MultiLineString) else [shape]
        points = [get_coordinates(part) for part in parts]
        begin = np.concatenate([each[:-1] for each in points])
        end = np.concatenate([each[1:] for each in points])
        azimuth, _, metres = GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])
        start = np.concatenate(([0.0], np.cumsum(metres)[:-1]))
        columns = (begin[:, 0], begin[:, 1], end[:, 0], end[:, 1], azimuth, metres, start)
        return cls(*(np.ascontiguousarray(each, dtype=np.float64) for each in columns))

    @property
    def length(self) -> float:
        """The metres of all parts together."""
        return float(self.start[-1] + self.metres[-1])

    def at(self, measures: Floats) -> tuple[Floats, Floats]:
        """The points, in degrees, at measures in metres."""
        found = np.clip(np.searchsorted(self.start, measures, side="right") - 1, 0, len(self.start) - 1)
        along = np.clip(measures - self.start[found], 0, self.metres[found])
        lon, lat, _ = GEOD.fwd(self.lon[found], self.lat[found], self.azimuth[found], along)
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    def pieces(self, metres: float) -> int:
        """How many equal pieces of about `metres` it has: max(1, ceil((L - 0.01) / metres))."""
        return max(1, math.ceil((self.length - ROUNDING) / metres))

    def middles(self, pieces: int) -> Floats:
        """The measures, in metres, of the middles of equal pieces."""
        return np.asarray((np.arange(pieces) + 0.5) * (self.length / pieces), dtype=np.float64)

    @cached_property
    def chords(self) -> Chords:
        """The line cut for the fast way."""
        return Chords.of(self)

    def distance(self, lon: float, lat: float) -> float:
        """The exact geodesic metres from a point in degrees, within a hundredth of a millimetre."""
        return min(self._exact(at, lon, lat) for at in self._candidates(lon, lat))

    def _candidates(self, lon: float, lat: float) -> Ints:
        """The geodesics that may be the nearest: none is nearer than its ends are, less its length."""
        to_begin = geodesic(self.lon, self.lat, np.float64(lon), np.float64(lat))  # type: ignore[arg-type]
        to_end = geodesic(self.to_lon, self.to_lat, np.float64(lon), np.float64(lat))  # type: ignore[arg-type]
        at_least = (to_begin + to_end - self.metres) / 2
        return np.flatnonzero(at_least <= np.minimum(to_begin, to_end).min())

    def _exact(self, at: int, lon: float, lat: float) -> float:
        """The distance to one geodesic: golden section, since the distance along it has one minimum."""

        def metres(along: float) -> float:
            x, y, _ = GEOD.fwd(self.lon[at], self.lat[at], self.azimuth[at], along)
            return float(GEOD.inv(lon, lat, x, y)[2])

        low, high = 0.0, float(self.metres[at])
        ratio = (math.sqrt(5) - 1) / 2
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        at_left, at_right = metres(left), metres(right)
        while high - low > 1e-4:
            if at_left <= at_right:
                high, right, at_right = right, left, at_left
                left = high - ratio * (high - low)
                at_left = metres(left)
            else:
                low, left, at_left = left, right, at_right
                right = low + ratio * (high - low)
                at_right = metres(right)
        return min(at_left, at_right, metres(0.0), metres(float(self.metres[at])))


@dataclass(frozen=True)
class Chords:
    """Lines, or points, cut to what the fast way takes: arrays of n pieces, all metres.

    `middle` (n, 3) is the middle of the chord, `along` (n, 3) its unit vector, `up` (n, 3) the normal of the ellipsoid
    there, `half` half its length, `start` the measure of its first end, `reach` (n, 4) its box in degrees: west, south,
    east, north. `owner` numbers the lines, in ascending order.
    """

    middle: Floats
    along: Floats
    up: Floats
    half: Floats
    start: Floats
    box: Floats
    owner: Ints

    @classmethod
    def of(cls, line: Line) -> Chords:
        """One line."""
        times = np.maximum(1, np.ceil(line.metres / LONGEST)).astype(np.int64)
        at = np.repeat(np.arange(len(times)), times)
        nth = np.arange(len(at)) - np.repeat(np.cumsum(times) - times, times)
        step = (line.metres / times)[at]
        begin_lon, begin_lat = _inner(line, at, nth, step)
        end_lon, end_lat = _inner(line, at, nth + 1, step)
        # The last end is the vertex itself, so that lines which meet there do so to the last digit.
        last = nth + 1 == times[at]
        end_lon, end_lat = np.where(last, line.to_lon[at], end_lon), np.where(last, line.to_lat[at], end_lat)
        return cls._between(begin_lon, begin_lat, end_lon, end_lat, line.start[at] + nth * step)

    @classmethod
    def of_points(cls, lon: Floats, lat: Floats) -> Chords:
        """Points in degrees, each a line of no length."""
        made = cls._between(lon, lat, lon, lat, np.zeros(len(lon)))
        return replace(made, owner=np.arange(len(lon)))

    @classmethod
    def together(cls, several: Sequence[Chords]) -> Chords:
        """Several lines as one array, each numbered by its place."""
        owner = np.repeat(np.arange(len(several)), [len(each.half) for each in several])
        names = ("middle", "along", "up", "half", "start", "box")
        columns = {name: np.concatenate([getattr(each, name) for each in several]) for name in names}
        return cls(**columns, owner=owner)

    @classmethod
    def _between(cls, lon: Floats, lat: Floats, to_lon: Floats, to_lat: Floats, start: Floats) -> Chords:
        begin, end = cartesian(lon, lat), cartesian(to_lon, to_lat)
        middle, across = (begin + end) / 2, end - begin
        length = np.linalg.norm(across, axis=1)
        along = across / np.where(length > 0, length, 1.0)[:, None]
        up = middle * np.array([1.0, 1.0, 1.0 / (1.0 - E2)])
        up /= np.linalg.norm(up, axis=1)[:, None]
        box = np.stack(
            (np.minimum(lon, to_lon), np.minimum(lat, to_lat), np.maximum(lon, to_lon), np.maximum(lat, to_lat)), axis=1
        )
        return cls(middle, along, up, length / 2, start, box, np.zeros(len(length), dtype=np.int64))

    def reach(self, metres: float) -> Floats:
        """The boxes, (n, 4) in degrees, that hold all within `metres` of each piece."""
        # A geodesic between two points may leave their box by less than a hundredth of its length.
        metres = metres + LONGEST / 100 + SLACK
        wide, tall = box_around(self.box[:, 0], np.maximum(np.abs(self.box[:, 1]), np.abs(self.box[:, 3])), metres)
        return self.box + np.stack((-wide, -tall, wide, tall), axis=1)


def _inner(line: Line, at: Ints, nth: Ints, step: Floats) -> tuple[Floats, Floats]:
    lon, lat, _ = GEOD.fwd(line.lon[at], line.lat[at], line.azimuth[at], nth * step)
    first = nth == 0
    return np.where(first, line.lon[at], lon), np.where(first, line.lat[at], lat)


@compiled
def to_chord(  # noqa: PLR0917
    x: float, y: float, z: float, ax: float, ay: float, az: float, ux: float, uy: float, uz: float, half: float
) -> tuple[float, float]:
    """The straight metres from a point to one piece, and from the piece's first end to the nearest point on it.

    The point is given from the middle of the piece; (ax, ay, az) is `along`, (ux, uy, uz) `up`. The chord is lifted by
    its sagitta along the normal; what is left of the curvature is below a millimetre for pieces of `LONGEST` and
    distances up to 50 km.
    """
    t = x * ax + y * ay + z * az
    # Seen from aside, the foot of a perpendicular great circle lies nearer to the middle than it is.
    t *= 1.0 + (x * x + y * y + z * z - t * t) / (2.0 * RADIUS * RADIUS)
    t = min(max(t, -half), half)
    lift = (half * half - t * t) / (2.0 * RADIUS)
    x -= t * ax + lift * ux
    y -= t * ay + lift * uy
    z -= t * az + lift * uz
    return math.sqrt(x * x + y * y + z * z), t + half
