"""Lines on the schematic map: even vertices, gentle bends, ways around lakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import LineString, Point
from shapely.ops import substring

from geoapp.demo.draw import Floats
from geoapp.demo.ground import KM_PER_DEGREE

VERTEX_KM = 3.0
# A line may run this far through lakes: towns on a shore may lie in the water of a coarse map.
WET_KM = 1.5
SHORE_KM = 1.5
LONGEST_DETOUR = 1.8
BENDS = 6
DECIMALS = 6


def length_km(points: Floats) -> float:
    """The length of a line of (n, 2) degrees, near the equator."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum() * KM_PER_DEGREE)


def join(parts: Sequence[Floats]) -> Floats:
    """One line of several that follow each other, without the vertices that repeat."""
    joined = np.vstack(parts)
    moved = np.append(True, np.any(np.diff(joined, axis=0) != 0, axis=1))
    return np.asarray(joined[moved])


def bend(points: Floats, rng: np.random.Generator, sway_km: float) -> Floats:
    """The line with vertices every few km, swaying about its course by some `sway_km` at most, ends unmoved."""
    line = LineString(points)
    pieces = max(2, round(line.length * KM_PER_DEGREE / VERTEX_KM))
    share = np.linspace(0, 1, pieces + 1)
    even = shapely.get_coordinates(line.interpolate(share, normalized=True))
    along = np.gradient(even, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None].clip(1e-12)
    order = np.arange(1, BENDS + 1)
    waves = np.sin(np.pi * np.outer(share, order)) @ (rng.normal(size=BENDS) / order)
    waves *= sway_km / KM_PER_DEGREE / max(1.0, np.abs(waves).max())
    bent: Floats = np.round(even + across * waves[:, None], DECIMALS)
    bent[[0, -1]] = points[[0, -1]]
    return bent


def wet_km(points: Floats, lakes: STRtree) -> float:
    """How far a line runs through lakes."""
    line = LineString(points)
    crossed = lakes.geometries[lakes.query(line, predicate="intersects")]
    return float(shapely.length(shapely.intersection(crossed, line)).sum() * KM_PER_DEGREE)


def dry_road(start: Floats, end: Floats, rng: np.random.Generator, lakes: STRtree) -> Floats | None:
    """A gently bending road between two points of (2,) degrees that keeps out of lakes; None where none is near."""
    direct = np.array([start, end])
    course = direct
    if wet_km(direct, lakes) > WET_KM:
        for lake in lakes.query(LineString(direct), predicate="intersects"):
            course = along_shore(course, lakes.geometries[lake], SHORE_KM)
        if length_km(course) > LONGEST_DETOUR * length_km(direct) or wet_km(course, lakes) > 2 * WET_KM:
            return None
    sway = min(5.0, 0.05 * length_km(course))
    for factor in (1.0, 0.4, 0.1):
        road = bend(course, rng, factor * sway)
        if wet_km(road, lakes) <= 2 * WET_KM:
            return road
    return None


def along_shore(points: Floats, lake: Any, offset_km: float) -> Floats:
    """The line, its part within `offset_km` of a lake laid along the shore, on whichever side is shorter.

    A negative offset follows the shore on the water.
    """
    zone = lake.buffer(offset_km / KM_PER_DEGREE).simplify(0.3 / KM_PER_DEGREE)
    line = LineString(points)
    nearest = max(getattr(zone, "geoms", [zone]), key=lambda part: part.intersection(line).length)
    ring = LineString(nearest.exterior.coords)
    inside = shapely.get_coordinates(line.intersection(nearest)) if offset_km > 0 else points
    if len(inside) < 2:
        return points
    first, last = (ring.project(Point(inside[place])) for place in (0, -1))
    arc = substring(ring, first, last)
    if arc.length > ring.length / 2:
        arc = _other_way(ring, first, last)
    way = np.vstack([points[:1], shapely.get_coordinates(arc), points[-1:]])
    return np.round(way, DECIMALS)


def cut_corners(points: Floats, water: Any) -> Floats:
    """The line between its ends, which stay, made as straight as the water lets it be."""
    kept = [0, 1]
    while kept[-1] < len(points) - 2:
        ahead = np.arange(kept[-1] + 1, len(points) - 1)
        here = np.broadcast_to(points[kept[-1]], (len(ahead), 2))
        clear = shapely.covers(water, shapely.linestrings(np.stack([here, points[ahead]], axis=1)))
        kept.append(int(ahead[np.flatnonzero(clear)[-1]] if clear.any() else ahead[0]))
    return points[[*kept, len(points) - 1]]


def _other_way(ring: LineString, first: float, last: float) -> LineString:
    low, high = sorted((first, last))
    around = np.vstack(
        [
            shapely.get_coordinates(substring(ring, high, ring.length)),
            shapely.get_coordinates(substring(ring, 0, low)),
        ]
    )
    return LineString(around if first > last else around[::-1])
