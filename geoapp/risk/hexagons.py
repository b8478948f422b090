"""Hexagons of one area in an equal-area plane: flat top, one of them centred on the plane's origin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pyproj import Transformer

from geoapp.risk.earth import Floats, Ints

# Lambert's azimuthal equal-area projection, its centre among the four countries.
PLANE = "+proj=laea +lat_0=-2 +lon_0=29 +datum=WGS84 +units=m"
TO_PLANE = Transformer.from_crs("EPSG:4326", PLANE, always_xy=True)
CORNERS = np.radians(np.arange(7) * 60)


@dataclass(frozen=True)
class Hexagons:
    """Hexagons of some area. Each has two whole numbers, its column q and its row r, in an array of shape (n, 2)."""

    square_metres: float

    @property
    def side(self) -> float:
        """Their side, which is also the distance from their centre to a corner, in metres."""
        return math.sqrt(2 * self.square_metres / (3 * math.sqrt(3)))

    @property
    def step(self) -> float:
        """The distance between the centres of neighbours in the plane, in metres."""
        return math.sqrt(3) * self.side

    def of(self, lon: Floats, lat: Floats) -> Ints:
        """The hexagons of points in degrees."""
        x, y = TO_PLANE.transform(lon, lat)
        q = np.asarray(x) * 2 / 3 / self.side
        r = np.asarray(y) / self.step - q / 2
        return _nearest(q, r)

    def around(self, cells: Ints, metres: float) -> Ints:
        """The cells whose centres may be within `metres` of any point of `cells`, in the order of q and r."""
        # Lengths in the plane are off by a few hundredths at the edge of the region; a ring more makes up for it.
        rings = math.ceil(metres / (1.5 * self.side)) + 2
        span = np.arange(-rings, rings + 1)
        q, r = (each.ravel() for each in np.meshgrid(span, span, indexing="ij"))
        disk = np.stack((q, r), axis=1)[np.abs(q + r) <= rings]
        found = np.unique(cells, axis=0)
        return np.unique((found[:, None, :] + disk[None, :, :]).reshape(-1, 2), axis=0)

    def centres(self, cells: Ints) -> tuple[Floats, Floats]:
        """The centres of cells in degrees."""
        lon, lat = TO_PLANE.transform(*self._in_plane(cells), direction="INVERSE")
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    def outlines(self, cells: Ints) -> Floats:
        """The corners of cells in degrees, closed: an array of shape (n, 7, 2)."""
        x, y = self._in_plane(cells)
        corners_x = x[:, None] + self.side * np.cos(CORNERS)
        corners_y = y[:, None] + self.side * np.sin(CORNERS)
        lon, lat = TO_PLANE.transform(corners_x, corners_y, direction="INVERSE")
        return np.stack((lon, lat), axis=2)

    def _in_plane(self, cells: Ints) -> tuple[Floats, Floats]:
        q, r = cells[:, 0], cells[:, 1]
        return np.asarray(1.5 * self.side * q), np.asarray(self.step * (r + q / 2), dtype=np.float64)


def _nearest(q: Floats, r: Floats) -> Ints:
    """The hexagon whose centre is nearest: of the three coordinates, which add to 0, the one rounded most gives way."""
    s = -q - r
    whole = np.rint(np.stack((q, r, s), axis=1))
    off = np.abs(whole - np.stack((q, r, s), axis=1))
    worst = off.argmax(axis=1)
    near_q = np.where(worst == 0, -whole[:, 1] - whole[:, 2], whole[:, 0])
    near_r = np.where(worst == 1, -whole[:, 0] - whole[:, 2], whole[:, 1])
    return np.stack((near_q, near_r), axis=1).astype(np.int64)
