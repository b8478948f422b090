"""The coordinate reference system of a file, and the way from it to longitude and latitude on WGS 84."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from geoapp.errors import ImportRefusedError
from geoapp.ingest.outlines import in_stated_province, inside_countries
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Values
from layers.text import Text

WGS84 = CRS.from_epsg(4326)
CODE = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,15}:)?[A-Za-z0-9_.]{1,20}")

# The box around Burundi, DR Congo, Rwanda and Uganda: west, south, east, north.
REGION = (12.1, -13.6, 35.1, 5.4)
REGION_NAMES = "Burundi, DR Congo, Rwanda and Uganda"
REGION_NAMES_FR = "le Burundi, la RD Congo, le Rwanda et l'Ouganda"

# What is usual in the region, the commonest first. Those of one place differ by their datum alone: 0.3 km here, which
# no outline tells apart, so that the first of them is taken and the others are named.
USUAL = {
    "EPSG:4326": "WGS 84",
    "EPSG:32735": "UTM 35S",
    "EPSG:32736": "UTM 36S",
    "EPSG:32635": "UTM 35N",
    "EPSG:32636": "UTM 36N",
    "EPSG:32734": "UTM 34S",
    "EPSG:32634": "UTM 34N",
    "EPSG:32733": "UTM 33S",
    "EPSG:32633": "UTM 33N",
    "EPSG:3857": "Web Mercator",
    "EPSG:3395": "World Mercator",
    "EPSG:21035": "Arc 1960 / UTM 35S",
    "EPSG:21036": "Arc 1960 / UTM 36S",
}
OLDER = {"EPSG:32735": "EPSG:21035", "EPSG:32736": "EPSG:21036"}
SAMPLE = 2_000
# The coordinates of so many rows are looked at together.
PIECE = 200_000
# A system that puts fewer points inside than this share of them does not fit.
MOST = 0.98
# Another is set aside where it puts fewer points into the provinces that their rows state than this share of the best.
CLEARLY = 0.5


@dataclass(frozen=True)
class Choice:
    """The system of a file: what was found, whether the axes stand the other way round, and what must be said."""

    crs: CRS
    found: Found
    exchanged: bool = False
    assumed: tuple[str, Text] | None = None


@dataclass(frozen=True)
class _Fit:
    """How well a system fits: the share of points inside the countries, and of those in their stated provinces."""

    code: str
    exchanged: bool
    inside: float
    stated: float
    first: tuple[float, float]


def crs_named(text: str) -> CRS:
    """The system that `--crs` names by a code; raises ImportRefusedError for one that is not known."""
    try:
        crs = CRS.from_user_input(f"EPSG:{text}" if text.isdecimal() else text) if CODE.fullmatch(text) else None
    except CRSError:
        crs = None
    if crs is None:
        raise ImportRefusedError(
            f"--crs {text}: no such coordinate reference system is known. Write its code, such as EPSG:32735.",
            f"--crs {text} : ce système de coordonnées est inconnu. Écrivez son code, par exemple EPSG:32735.",
        )
    return crs


def choose_crs(
    stated: str | None,
    given: str | None,
    geometry: Values,
    origin: str,
    *,
    degrees: bool = False,
    provinces: Values | None = None,
) -> Choice:
    """The system of the coordinates in `geometry`, and how it was found.

    `--crs` comes first, then what the file says. Without either, columns named longitude and latitude are degrees
    (`degrees`), and otherwise the usual systems are tried: the one that puts the points inside the four countries, and
    of several the one that puts them into the `provinces` that their rows state. Raises ImportRefusedError, naming the
    candidates, where several fit equally well, and where what tells cannot be right.
    """
    known = _parsed(stated)
    name = _name(known) if known is not None else stated
    if given is not None:
        used = crs_named(given)
        return Choice(used, Found(name, _name(used), _with_shift("--crs", used, geometry)))
    if known is not None:
        if known.is_geographic and not _any_in_degrees(geometry):
            raise ImportRefusedError(
                f"{origin} says {name}, but its coordinates are no degrees. Say which system they are in with --crs.",
                f"{origin} indique {name}, mais ses coordonnées ne sont pas des degrés. Indiquez leur système avec"
                " --crs.",
            )
        exchanged = known.is_geographic and _all_exchanged(geometry)
        found = Found(name, _name(known), _with_shift("from the file", known, geometry))
        return Choice(known, found, exchanged)
    if stated is not None:
        raise ImportRefusedError(
            f"{origin} says a coordinate reference system that is not known ({stated[:60]})."
            " Say which it is with --crs EPSG:CODE.",
            f"{origin} indique un système de coordonnées inconnu ({stated[:60]}). Indiquez-le avec --crs EPSG:CODE.",
        )
    if degrees and _any_in_degrees(geometry):
        how = "columns of longitude and latitude, taken as WGS 84"
        return Choice(WGS84, Found(None, "EPSG:4326", how), _all_exchanged(geometry))
    return _by_place(geometry, origin, provinces)


def to_wgs84(geometry: Values, crs: CRS, *, in_place: bool = False) -> Values:
    """`geometry` in longitude and latitude on WGS 84; coordinates that cannot be converted become infinite.

    The best transformation that is here for where the data lie is taken; with `in_place` the array itself is filled, so
    that millions are not held twice. Raises ImportRefusedError for a system from
    which there is no way.
    """
    if crs.equals(WGS84, ignore_axis_order=True) or crs.to_authority() == ("OGC", "CRS84"):
        return geometry
    transformer, _ = _best(crs, geometry)

    def transform(coordinates: Values) -> Values:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved = geometry if in_place else geometry.copy()
    for start in range(0, len(moved), PIECE):
        moved[start : start + PIECE] = shapely.transform(moved[start : start + PIECE], transform)
    return moved


def exchange_axes(geometry: Values) -> Values:
    """`geometry` with its first and second coordinates exchanged."""
    exchanged: Values = shapely.transform(geometry, lambda coordinates: coordinates[:, ::-1])
    return exchanged


def in_region(bounds: Values) -> Values:
    """Whether each box (west, south, east, north) lies inside the four countries' box."""
    west, south, east, north = REGION
    inside: Values = (bounds[:, 0] >= west) & (bounds[:, 1] >= south) & (bounds[:, 2] <= east) & (bounds[:, 3] <= north)
    return inside


def utm(zone: int, south: bool) -> CRS:
    """UTM on WGS 84."""
    return CRS.from_epsg((32700 if south else 32600) + zone)


def _by_place(geometry: Values, origin: str, provinces: Values | None) -> Choice:
    points, stated = _sample(geometry, provinces)
    fits = [fit for fit in _fits(points, stated) if fit.inside >= MOST]
    if not fits:
        raise ImportRefusedError(
            f"{origin} does not say its coordinate reference system, and none of the usual ones"
            f" ({', '.join(USUAL.values())}) puts its coordinates inside {REGION_NAMES}."
            " Say which it is with --crs, such as --crs EPSG:32735 for UTM 35 south.",
            f"{origin} n'indique pas son système de coordonnées, et aucun des systèmes usuels"
            f" ({', '.join(USUAL.values())}) ne place ses coordonnées dans {REGION_NAMES_FR}."
            " Indiquez-le avec --crs, par exemple --crs EPSG:32735 pour UTM 35 sud.",
        )
    best = max(fit.stated for fit in fits)
    left = [fit for fit in fits if not best or fit.stated > CLEARLY * best]
    # A datum alone, or axes that fit as they are, do not compete.
    left = [
        fit for fit in left if fit.code not in OLDER.values() or not any(OLDER.get(o.code) == fit.code for o in left)
    ]
    if any(not fit.exchanged for fit in left):
        left = [fit for fit in left if not fit.exchanged]
    if len(left) > 1:
        told = "; ".join(f"{fit.code} ({USUAL[fit.code]}) at {fit.first[0]:.4f} {fit.first[1]:.4f}" for fit in left)
        raise ImportRefusedError(
            f"{origin} does not say its coordinate reference system, and several put it inside the four countries. Its"
            f" first point would lie, as longitude and latitude, with {told}. Say which it is, such as"
            f" --crs {left[0].code}.",
            f"{origin} n'indique pas son système de coordonnées, et plusieurs le placent dans les quatre pays. Son"
            f" premier point serait, en longitude et latitude, avec {told.replace(' at ', ' à ')}. Indiquez-le, par"
            f" exemple --crs {left[0].code}.",
        )
    return _chosen(left[0], geometry, bool(best))


def _chosen(fit: _Fit, geometry: Values, by_province: bool) -> Choice:
    crs = CRS.from_user_input(fit.code)
    if fit.code == "EPSG:4326":
        how = f"not stated; all coordinates are degrees inside {REGION_NAMES}"
        return Choice(crs, Found(None, fit.code, how), fit.exchanged)
    reason = (
        "inside the four countries and the provinces that rows state" if by_province else "inside the four countries"
    )
    how = f"not stated; of the usual systems only {USUAL[fit.code]} puts the data {reason}"
    older = OLDER.get(fit.code)
    advice = Text("", "")
    if older:
        advice = Text(
            f"Were they on {USUAL[older]}, they would lie some 0.3 km off: add --crs {older}",
            f"S'il s'agissait de {USUAL[older]}, elles seraient à quelque 0,3 km : ajoutez --crs {older}",
        )
    found = Found(None, fit.code, _with_shift(how, crs, geometry))
    return Choice(crs, found, fit.exchanged, (f"{fit.code} ({USUAL[fit.code]})", advice))


def _fits(points: Values, stated: Values | None) -> list[_Fit]:
    fits = []
    for code in USUAL:
        transformer = Transformer.from_crs(CRS.from_user_input(code), WGS84, always_xy=True)
        for exchanged in (False, True):
            given = points[:, ::-1] if exchanged else points
            if code != "EPSG:4326" and (np.abs(given) < 1000).all(axis=1).any():
                # Metres so near to the origin of a projection are degrees.
                continue
            longitude, latitude = transformer.transform(given[:, 0], given[:, 1])
            # What is no place is inside nothing; shapely wants numbers all the same.
            broken = ~(np.isfinite(longitude) & np.isfinite(latitude))
            longitude, latitude = np.where(broken, 0.0, longitude), np.where(broken, 0.0, latitude)
            inside = inside_countries(longitude, latitude)
            share = np.nan
            if stated is not None and inside.any():
                hits = in_stated_province(longitude, latitude, stated)
                share = float(np.nanmean(hits)) if not np.isnan(hits).all() else np.nan
            first = (float(longitude[0]), float(latitude[0]))
            fits.append(_Fit(code, exchanged, float(inside.mean()), 0.0 if np.isnan(share) else share, first))
    return fits


def _sample(geometry: Values, provinces: Values | None) -> tuple[Values, Values | None]:
    """Some points of the data, one a geometry, and the provinces that their rows state."""
    bounds = shapely.bounds(geometry)
    good = np.flatnonzero(~np.isnan(bounds).any(axis=1))
    good = good[:: max(1, len(good) // SAMPLE)]
    points = shapely.get_coordinates(shapely.force_2d(geometry[good]), return_index=True)
    coordinates, owner = points
    _, first = np.unique(owner, return_index=True)
    return coordinates[first], None if provinces is None else provinces[good]


def _best(crs: CRS, geometry: Values) -> tuple[Transformer, tuple[str, ...]]:
    """The most accurate way to WGS 84 for where the data lie, and the grids that better ways would need.

    A way made for a neighbouring area is better than none between the datums, which is what PROJ falls back to.
    """
    for area in (_area(crs, geometry), None):
        try:
            ways = TransformerGroup(crs, WGS84, always_xy=True, area_of_interest=area)
        except ProjError:
            continue
        missing = {grid.short_name for way in ways.unavailable_operations for grid in way.grids if not grid.available}
        for way in ways.transformers:
            if way.accuracy >= 0:
                return way, tuple(sorted(missing))
    try:
        return Transformer.from_crs(crs, WGS84, always_xy=True), ()
    except ProjError:
        raise ImportRefusedError(
            f"There is no way from {_name(crs)} to longitude and latitude. Say another system with --crs.",
            f"Il n'y a pas de chemin de {_name(crs)} vers longitude et latitude. Indiquez un autre système avec --crs.",
        ) from None


def _area(crs: CRS, geometry: Values) -> Any:
    """The box of the data in degrees, as far as it lies on Earth."""
    bounds = _bounds(geometry)
    if len(bounds) == 0:
        return None
    corners = [*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)]
    box = Transformer.from_crs(crs, WGS84, always_xy=True).transform_bounds(*corners)
    west, south, east, north = box
    if not np.isfinite(box).all() or not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        return None
    return AreaOfInterest(west, south, east, north)


def _with_shift(how: str, crs: CRS, geometry: Values) -> str:
    """`how`, with the transformation between the datums where they differ, its accuracy and what would be better."""
    if crs.geodetic_crs is not None and crs.geodetic_crs.equals(WGS84.geodetic_crs, ignore_axis_order=True):
        return how
    if crs.to_authority() == ("OGC", "CRS84"):
        return how
    used, grids = _best(crs, geometry)
    steps = [
        step for step in used.description.split(" + ") if "axis order" not in step and "Inverse of UTM" not in step
    ]
    accuracy = f"accuracy {used.accuracy:g} m" if used.accuracy >= 0 else "accuracy not known"
    better = f"; grids that are missing here: {', '.join(grids)}" if grids else ""
    return f"{how}; shifted by {' + '.join(steps)}, {accuracy}{better}"


def _parsed(text: str | None) -> CRS | None:
    try:
        return CRS.from_user_input(text) if text else None
    except CRSError:
        return None


def _name(crs: CRS) -> str:
    authority = crs.to_authority(min_confidence=90)
    return ":".join(authority) if authority else crs.name


def _all_exchanged(geometry: Values) -> bool:
    """Whether all coordinates lie outside the region's box, and inside it the other way round."""
    inside: list[Values] = []
    for bounds in _bounds_in_pieces(geometry):
        if in_region(bounds).any() or not in_region(bounds[:, [1, 0, 3, 2]]).all():
            return False
        middle = (bounds[:, :2] + bounds[:, 2:]) / 2
        inside.append(inside_countries(middle[:, 1], middle[:, 0]))
    return bool(inside) and bool(np.concatenate(inside).mean() >= MOST)


def _any_in_degrees(geometry: Values) -> bool:
    there = False
    for bounds in _bounds_in_pieces(geometry):
        if (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1).any():
            return True
        there = True
    return not there


def _bounds(geometry: Values) -> Values:
    found = list(_bounds_in_pieces(geometry))
    return np.concatenate(found) if found else np.empty((0, 4))


def _bounds_in_pieces(geometry: Values) -> Iterator[Values]:
    """The boxes of geometries that have one, some at a time, since those of millions take much memory."""
    for start in range(0, len(geometry), PIECE):
        bounds: Values = shapely.bounds(geometry[start : start + PIECE])
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        if len(bounds):
            yield bounds
