"""Outlines of administrative units for tiles of low zooms, in which neighbours still share every border.

All borders together part the ground into faces. These are simplified as one coverage (Visvalingam's and Whyatt's way,
GEOS' CoverageSimplifier), so that a border is the same line on both its sides; a unit is then put together of its
faces. So a province keeps to its country's outline too, and a unit to those of an earlier day.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import shapely
from geoalchemy2 import WKBElement
from numpy.typing import NDArray
from shapely import MultiPolygon, STRtree
from shapely.errors import GEOSException
from sqlalchemy import Connection, delete, insert, select

from layers.tables import AdminUnit, AdminUnitOutline

# The zooms of tiles with outlines of their own; farther ones take the first, nearer ones the units as they are.
LOWEST, HIGHEST = 4, 9
# Half of Web Mercator's side in metres, and the pixels along a tile's side.
WORLD, TILE_PIXELS = 20037508.342789244, 512
# Corners whose triangle is smaller than a square of this side are left out.
TOLERANCE_PIXELS = 1.5

log = logging.getLogger(__name__)


def zoom_of_outline(zoom: int) -> int | None:
    """Which outlines tiles of a zoom are made of; None for the units as they are."""
    return max(zoom, LOWEST) if zoom <= HIGHEST else None


def draw_outlines(connection: Connection) -> int:
    """Draw the outlines of all units anew; how many there are, 0 where their shapes are too broken for it."""
    connection.execute(delete(AdminUnitOutline))
    units = connection.execute(select(AdminUnit.unit_code, AdminUnit.valid_from, AdminUnit.geom_3857)).all()
    if not units:
        return 0
    shapes = shapely.from_wkb([bytes(unit.geom_3857.data) for unit in units])
    try:
        drawn = simplified(shapes)
    except GEOSException as error:
        # Tiles then hold the units as they are.
        log.warning("no outlines could be drawn of the boundaries: %s", type(error).__name__)
        return 0
    rows = [
        {
            "unit_code": unit.unit_code,
            "valid_from": unit.valid_from,
            "zoom": zoom,
            "geom_3857": WKBElement(shapely.to_wkb(outline), srid=3857),
        }
        for zoom, outlines in drawn.items()
        for unit, outline in zip(units, outlines, strict=True)
        if not outline.is_empty
    ]
    connection.execute(insert(AdminUnitOutline), rows)
    return len(rows)


def simplified(shapes: NDArray[Any]) -> dict[int, list[MultiPolygon]]:
    """Polygons in EPSG:3857, which may cover each other, by zoom; a border of several is one line in all of them."""
    faces = _faces(shapes)
    points = shapely.point_on_surface(faces)
    of_shape, of_face = STRtree(points).query(shapes, predicate="intersects")
    found = {}
    # From near to far, each from the last, of which there is less and less.
    for zoom in range(HIGHEST, LOWEST - 1, -1):
        pixel = 2 * WORLD / 2**zoom / TILE_PIXELS
        faces = shapely.coverage_simplify(faces, TOLERANCE_PIXELS * pixel)
        found[zoom] = [_together(faces[of_face[of_shape == number]]) for number in range(len(shapes))]
    return found


def _faces(shapes: NDArray[Any]) -> NDArray[Any]:
    lines = shapely.get_parts(shapely.union_all(shapely.boundary(shapes)))
    made: NDArray[Any] = shapely.get_parts(shapely.polygonize(lines))
    return made


def _together(faces: NDArray[Any]) -> MultiPolygon:
    return MultiPolygon(shapely.get_parts(shapely.coverage_union_all(np.asarray(faces))).tolist())
