"""The part of the ground that a viewer's rights cover, and how much of a route, an area or a radius lies outside it."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Geometry, LineString, MultiLineString, Polygon
from sqlalchemy import Connection, text

from geoapp.access.viewer import FULL_ROLES, acting_viewer
from geoapp.risk.earth import GEOD, Floats, square_metres
from geoapp.risk.lines import LONGEST
from geoapp.risk.source import Source

# Corners of a circle: its area is then right within 0.2 %, which is far less than borders are known.
CORNERS = 64
# What a border line drawn twice may leave between two units, in degrees.
GAP = 0.0005

UNITS = text("""
    SELECT ST_AsBinary(geom) FROM admin_unit
     WHERE unit_code = ANY (CAST(:codes AS text[]))
       AND NOT (units && array_remove(CAST(:codes AS text[]), unit_code))
       AND valid_from <= today() AND (valid_to IS NULL OR today() < valid_to)""")
COUNTRIES = text("SELECT DISTINCT unit_code FROM admin_unit WHERE level = 0")


def load_scope(connection: Connection) -> Geometry:
    """The ground, in EPSG:4326, where the transaction's viewer sees whole incidents; all countries for the operator."""
    viewer = acting_viewer(connection)
    if viewer is None:
        codes = set(connection.scalars(COUNTRIES))
    else:
        codes = {unit for role in FULL_ROLES for unit in viewer.rights.get(role, ())}
    shapes = shapely.from_wkb([bytes(each) for each in connection.scalars(UNITS, {"codes": sorted(codes)})])
    joined = shapely.buffer(shapely.union_all(shapely.buffer(shapes, GAP)), -GAP)
    shapely.prepare(joined)
    return joined


SCOPE = Source(("admin_unit",), load_scope)


def line_outside(scope: Geometry, shape: LineString | MultiLineString) -> float:
    """The share of a line's length outside."""
    if shapely.covers(scope, shape):
        return 0.0
    total = _length(shape)
    return _length(shapely.difference(shape, scope)) / total if total else 0.0


def area_outside(scope: Geometry, shape: Geometry) -> float:
    """The share of an area outside."""
    if shapely.covers(scope, shape):
        return 0.0
    total = square_metres(shape)
    return square_metres(shapely.difference(shape, scope)) / total if total else 0.0


def circle(lon: float, lat: float, metres: float) -> Polygon:
    """The circle around a point in degrees."""
    turn = np.linspace(0, 360, CORNERS, endpoint=False)
    x, y, _ = GEOD.fwd(np.full(CORNERS, lon), np.full(CORNERS, lat), turn, np.full(CORNERS, metres))
    # A circle over the antimeridian goes on beyond 180 degrees.
    return Polygon(np.stack((lon + (np.asarray(x) - lon + 540) % 360 - 180, y), axis=1))


def _length(shape: Geometry) -> float:
    long = shapely.segmentize(shape, LONGEST / 110_000)
    return abs(float(GEOD.geometry_length(long))) if not shapely.is_empty(shape) else 0.0


def circles_outside(scope: Geometry, lon: Floats, lat: Floats, metres: float) -> Floats:
    """The shares of the circles around several points outside."""
    circles = [circle(x, y, metres) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)]
    inside = shapely.covers(scope, circles)
    return np.array([0.0 if held else area_outside(scope, each) for held, each in zip(inside, circles, strict=True)])
