"""Geometries as the tables store them: longitude and latitude, flat, valid, of the right type, on the right spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from geoapp.ingest.findings import Findings
from geoapp.ingest.projection import PIECE, in_region
from geoapp.ingest.sheet import Values

GEOD = Geod(ellps="WGS84")
DISAGREES_M = 1000
# The most detailed outline of a country has fewer; with more, mending and cutting it takes minutes.
MOST_VERTICES = 1_000_000
# A row is far from the others where it is so many times as far from their middle as nine of ten of them are.
FAR_TIMES = 5
FAR_M = 100_000
FEW = 10
MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
COLLECT: dict[str, Callable[[Any], BaseGeometry]] = {
    "MultiPoint": shapely.MultiPoint,
    "MultiLineString": shapely.MultiLineString,
    "MultiPolygon": shapely.MultiPolygon,
}


def store_form(geometry: Values, types: tuple[str, ...], findings: Findings) -> Values:
    """`geometry` (EPSG:4326, None where a row has none) in the form in which a column of `types` stores it.

    Rows whose geometry cannot be stored get a finding that refuses them, and None.
    """
    result = shapely.force_2d(geometry) if shapely.has_z(geometry).any() else geometry.copy()
    for start in range(0, len(result), PIECE):
        _refuse_impossible(result[start : start + PIECE], start, findings)
    for index in np.flatnonzero(~shapely.is_missing(result) & ~_is_as_stored(result, types)):
        result[index] = _stored(result[index], types, int(index) + 1, findings)
    for start in range(0, len(result), PIECE):
        _look_at_place(result[start : start + PIECE], start, findings)
    _look_for_outliers(result, findings)
    return result


def compare_stated(geometry: Values, longitude: Values, latitude: Values, names: str, findings: Findings) -> None:
    """Note where columns of longitude and latitude (degrees) disagree with the geometry by more than a kilometre."""
    bounds = shapely.bounds(geometry)
    here = np.flatnonzero(~np.isnan(bounds).any(axis=1) & np.isfinite(longitude) & np.isfinite(latitude))
    if len(here) == 0:
        return
    # Columns in metres, or of another geometry than a point's, say nothing that can be compared.
    here = here[(np.abs(longitude[here]) <= 180) & (np.abs(latitude[here]) <= 90)]
    x, y = (bounds[here, 0] + bounds[here, 2]) / 2, (bounds[here, 1] + bounds[here, 3]) / 2
    points = shapely.get_type_id(geometry[here]) == 0
    _, _, metres = GEOD.inv(x, y, longitude[here], latitude[here])
    for index, away in zip(here[points], np.asarray(metres)[points], strict=True):
        if away > DISAGREES_M:
            place = f"{longitude[index]:g} {latitude[index]:g}"
            findings.add("position_differs", int(index) + 1, names, place, f"{away / 1000:.1f} km")


def describe(geometry: BaseGeometry) -> str:
    """A short word for where a geometry is: a point's coordinates, else the middle of its box."""
    west, south, east, north = geometry.bounds
    return f"{round((west + east) / 2, 6)} {round((south + north) / 2, 6)}"


def _is_as_stored(geometry: Values, types: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether each geometry is valid and of a stored type as it is."""
    kinds = shapely.get_type_id(geometry)
    wanted = np.isin(kinds, [int(shapely.GeometryType[name.upper()]) for name in types])
    # Points are always valid.
    wanted[wanted & (kinds > 0)] &= shapely.is_valid(geometry[wanted & (kinds > 0)])
    return wanted


def _refuse_impossible(geometry: Values, start: int, findings: Findings) -> None:
    """Take out what is empty or has coordinates that are none of this world; the first has the index `start`."""
    geometry[shapely.is_empty(geometry)] = None
    endless = shapely.get_num_coordinates(geometry) > MOST_VERTICES
    for index in np.flatnonzero(endless):
        vertices = f"{shapely.get_num_coordinates(geometry[index]):,}"
        findings.add("too_many_vertices", start + int(index) + 1, "geom", vertices, f"{MOST_VERTICES:,}")
    geometry[endless] = None
    bounds = shapely.bounds(geometry)
    present = ~shapely.is_missing(geometry)
    # A box leaves out what is no number, so the sums of all coordinates are looked at too.
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    broken = np.zeros(len(geometry), dtype=bool)
    broken[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    with np.errstate(invalid="ignore"):
        outside = present & ~broken & ~(np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1)
    for index in np.flatnonzero(present & broken):
        findings.add(
            "bad_geometry", start + int(index) + 1, "geom", "a coordinate is not a number, or cannot be converted"
        )
    for index in np.flatnonzero(outside):
        findings.add("outside_world", start + int(index) + 1, "geom", describe(geometry[index]))
    geometry[broken | outside] = None


def _stored(geometry: BaseGeometry, types: tuple[str, ...], row: int, findings: Findings) -> BaseGeometry | None:
    if geometry.geom_type == "Point" and "Point" in types:
        return geometry
    mended = geometry if geometry.is_valid else _mended(geometry, row, findings)
    if mended is None:
        return None
    for wanted in types:
        if mended.geom_type == wanted:
            return mended
        if MULTI.get(mended.geom_type) == wanted:
            return COLLECT[wanted]([mended])
        if MULTI.get(wanted) == mended.geom_type and shapely.get_num_geometries(mended) == 1:
            return shapely.get_geometry(mended, 0)
    findings.add("wrong_type", row, "geom", geometry.geom_type, " or ".join(types))
    return None


def _mended(geometry: BaseGeometry, row: int, findings: Findings) -> BaseGeometry | None:
    """A valid geometry of the same area; None, with a finding, for one that has no length or area."""
    reason = shapely.is_valid_reason(geometry)
    try:
        mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    except shapely.errors.GEOSException:
        mended = shapely.Polygon()
    if mended.is_empty or "Polygon" not in geometry.geom_type:
        findings.add("bad_geometry", row, "geom", reason)
        return None
    # Parts that run opposite ways would take each other's area away.
    before, after = (
        abs(GEOD.geometry_area_perimeter(each)[0]) / 1e6 for each in (geometry, shapely.orient_polygons(mended))
    )
    change = f" ({(after - before) / before:+.1%})" if before else ""
    findings.add("geometry_repaired", row, "geom", reason, f"area {before:.3f} km² to {after:.3f} km²{change}")
    return mended


def _look_at_place(geometry: Values, start: int, findings: Findings) -> None:
    """Notice what lies outside the four countries, and refuse it where exchanged axes would bring it inside.

    The first row has the index `start`.
    """
    bounds = shapely.bounds(geometry)
    far = ~shapely.is_missing(geometry) & ~in_region(bounds)
    exchanged = far & in_region(bounds[:, [1, 0, 3, 2]])
    for index in np.flatnonzero(far):
        place = describe(geometry[index])
        row = start + int(index) + 1
        if exchanged[index]:
            findings.add("swapped_axes", row, "geom", place, " ".join(reversed(place.split())))
            geometry[index] = None
        else:
            findings.add("outside_countries", row, "geom", place)


def _look_for_outliers(geometry: Values, findings: Findings) -> None:
    """Notice what lies inside the four countries, but far from the rest of the file."""
    middles = np.full((len(geometry), 2), np.nan)
    for start in range(0, len(geometry), PIECE):
        bounds = shapely.bounds(geometry[start : start + PIECE])
        here = in_region(bounds)
        middles[start : start + PIECE][here] = (bounds[here, :2] + bounds[here, 2:]) / 2
    there = np.flatnonzero(~np.isnan(middles[:, 0]))
    if len(there) < FEW:
        return
    middle = np.median(middles[there], axis=0)
    metres = np.empty(len(there))
    for start in range(0, len(there), PIECE):
        x, y = middles[there[start : start + PIECE]].T
        metres[start : start + PIECE] = GEOD.inv(np.full(len(x), middle[0]), np.full(len(x), middle[1]), x, y)[2]
    limit = max(FAR_M, FAR_TIMES * float(np.quantile(metres, 0.9)))
    for place in np.flatnonzero(metres > limit).tolist():
        index, away = int(there[place]), float(metres[place])
        findings.add("far_from_others", index + 1, "geom", describe(geometry[index]), f"{away / 1000:.0f} km")
