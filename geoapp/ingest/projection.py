"""The coordinate reference system of a file, and the way from it to longitude and latitude on WGS 84."""

from __future__ import annotations

import re

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from geoapp.errors import ImportRefusedError
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Values

WGS84 = CRS.from_epsg(4326)
CODE = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,15}:)?[A-Za-z0-9_.]{1,20}")

# The box around Burundi, DR Congo, Rwanda and Uganda: west, south, east, north.
REGION = (12.1, -13.6, 35.1, 5.4)
REGION_NAMES = "Burundi, DR Congo, Rwanda and Uganda"


def crs_named(text: str) -> CRS:
    """The system that `--crs` names by a code; raises ImportRefusedError for one that is not known."""
    try:
        crs = CRS.from_user_input(f"EPSG:{text}" if text.isdecimal() else text) if CODE.fullmatch(text) else None
    except CRSError:
        crs = None
    if crs is None:
        raise ImportRefusedError(
            f"--crs {text}: no such coordinate reference system is known. Write its code, such as EPSG:32735."
        )
    return crs


def choose_crs(
    stated: str | None, given: str | None, geometry: Values, degrees: bool, origin: str
) -> tuple[CRS, Found]:
    """The system of the coordinates in `geometry`, and how it was found.

    `--crs` comes first, then what the file says. Without either, columns named longitude and latitude are degrees
    (`degrees`), and coordinates that all lie in the four countries as degrees are taken for such. Raises
    ImportRefusedError, asking for --crs, where nothing tells, or where what tells cannot be right.
    """
    known = _parsed(stated)
    name = _name(known) if known is not None else stated
    if given is not None:
        used = crs_named(given)
        return used, Found(name, _name(used), "--crs")
    if known is not None:
        if known.is_geographic and not _any_in_degrees(geometry):
            raise ImportRefusedError(
                f"{origin} says {name}, but its coordinates are no degrees. Say which system they are in with --crs."
            )
        return known, Found(name, _name(known), "from the file")
    if stated is not None:
        raise ImportRefusedError(
            f"{origin} says a coordinate reference system that is not known ({stated[:60]})."
            " Say which it is with --crs EPSG:CODE."
        )
    if degrees and _any_in_degrees(geometry):
        return WGS84, Found(None, "EPSG:4326", "columns of longitude and latitude, taken as WGS 84")
    if _all_in_region(geometry):
        return WGS84, Found(None, "EPSG:4326", f"not stated; all coordinates are degrees inside {REGION_NAMES}")
    if _all_in_region(shapely.transform(geometry, lambda coordinates: coordinates[:, ::-1])):
        raise ImportRefusedError(
            f"{origin} has longitude and latitude exchanged: only the other way round are its coordinates inside"
            f" {REGION_NAMES}. Export it with longitude first."
        )
    raise ImportRefusedError(
        f"{origin} does not say its coordinate reference system, and its coordinates are not all degrees inside"
        f" {REGION_NAMES}. Say which it is with --crs, such as --crs EPSG:32735 for UTM 35 south."
    )


def to_wgs84(geometry: Values, crs: CRS) -> Values:
    """`geometry` in longitude and latitude on WGS 84; coordinates that cannot be converted become infinite.

    Raises ImportRefusedError for a system from which there is no way.
    """
    if crs.equals(WGS84, ignore_axis_order=True) or crs.to_authority() == ("OGC", "CRS84"):
        return geometry
    try:
        transformer = Transformer.from_crs(crs, WGS84, always_xy=True)
    except ProjError:
        raise ImportRefusedError(
            f"There is no way from {_name(crs)} to longitude and latitude. Say another system with --crs."
        ) from None

    def transform(coordinates: Values) -> Values:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved: Values = shapely.transform(geometry, transform)
    return moved


def in_region(bounds: Values) -> Values:
    """Whether each box (west, south, east, north) lies inside the four countries' box."""
    west, south, east, north = REGION
    inside: Values = (bounds[:, 0] >= west) & (bounds[:, 1] >= south) & (bounds[:, 2] <= east) & (bounds[:, 3] <= north)
    return inside


def _parsed(text: str | None) -> CRS | None:
    try:
        return CRS.from_user_input(text) if text else None
    except CRSError:
        return None


def _name(crs: CRS) -> str:
    authority = crs.to_authority(min_confidence=90)
    return ":".join(authority) if authority else crs.name


def _all_in_region(geometry: Values) -> bool:
    bounds = _bounds(geometry)
    return len(bounds) > 0 and bool(in_region(bounds).all())


def _any_in_degrees(geometry: Values) -> bool:
    bounds = _bounds(geometry)
    if len(bounds) == 0:
        return True
    return bool((np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1).any())


def _bounds(geometry: Values) -> Values:
    bounds: Values = shapely.bounds(geometry)
    return bounds[~np.isnan(bounds).any(axis=1)]
