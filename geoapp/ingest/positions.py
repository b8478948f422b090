"""Positions that stand in columns: WKT, longitude and latitude, eastings and northings, or both in one cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import shapely

from geoapp.errors import ImportRefusedError
from geoapp.ingest import coordinates, numbers
from geoapp.ingest.columns import first_named, required_source
from geoapp.ingest.findings import Findings
from geoapp.ingest.projection import WGS84, Choice, in_region, to_wgs84, utm
from geoapp.ingest.report import Found
from geoapp.ingest.sheet import Values
from geoapp.ingest.synonyms import EASTING, LATITUDE, LONGITUDE, NORTHING, PAIR, WKT, ZONE
from geoapp.ingest.values import is_missing
from geoapp.naming import squeeze

# What --map may name beside the columns of the table.
MAPPABLE = ("longitude", "latitude", "geom")
# Such as 35s at the end of x_utm35s.
ZONE_SUFFIX = re.compile(r"(zone)?3[3-6](n|s|nord|sud|m|l|k)?")

Kind = Literal["wkt", "degrees", "plane", "pair"]


@dataclass(frozen=True)
class PositionColumns:
    """The columns that hold positions: one of WKT or of pairs, or two of coordinates; and one of UTM zones."""

    names: tuple[str, ...]
    kind: Kind
    zone: str | None = None

    @property
    def degrees(self) -> bool:
        """Whether the names say that the coordinates are degrees."""
        return self.kind in ("degrees", "pair")

    @property
    def used(self) -> tuple[str, ...]:
        """All of the columns."""
        return self.names if self.zone is None else (*self.names, self.zone)


def find_positions(sources: Sequence[str], given: Mapping[str, Sequence[str]]) -> PositionColumns | None:
    """The columns of `sources` that hold positions, by `--map` or by their names; None where there are none."""
    chosen = {name: required_source(name, given[name][0], sources) for name in MAPPABLE if name in given}
    zone = first_named(ZONE, sources)
    if ("longitude" in chosen) != ("latitude" in chosen):
        raise ImportRefusedError(
            "--map longitude=... and --map latitude=... go together: give both.",
            "--map longitude=... et --map latitude=... vont ensemble : donnez les deux.",
            column="latitude" if "longitude" in chosen else "longitude",
        )
    if "geom" in chosen:
        return PositionColumns((chosen["geom"],), "wkt")
    if chosen:
        return PositionColumns((chosen["longitude"], chosen["latitude"]), "plane", zone)
    x, y = first_named(LONGITUDE, sources), first_named(LATITUDE, sources)
    if x is not None and y is not None:
        return PositionColumns((x, y), "degrees")
    x, y = _plane(EASTING, sources), _plane(NORTHING, sources)
    if x is not None and y is not None:
        return PositionColumns((x, y), "plane", zone)
    for names, kind in ((WKT, "wkt"), (PAIR, "pair")):
        found = first_named(names, sources)
        if found is not None:
            return PositionColumns((found,), "wkt" if kind == "wkt" else "pair")
    return None


def stated_degrees(columns: Mapping[str, Values]) -> tuple[Values, Values, str] | None:
    """Longitude and latitude that columns state beside a geometry, with their names; None where there are none.

    What cannot be read is NaN: the geometry is what counts.
    """
    sources = list(columns)
    x, y = first_named(LONGITUDE, sources), first_named(LATITUDE, sources)
    if x is None or y is None:
        return None
    silent = Findings()
    longitude = _numbers(columns[x], x, coordinates.longitude, silent)
    latitude = _numbers(columns[y], y, coordinates.latitude, silent)
    return longitude, latitude, f"{x}, {y}"


def geometries(
    columns: dict[str, Values], found: PositionColumns, file_name: str, findings: Findings
) -> tuple[Values, Choice | None]:
    """The geometry of each row, None where its cells are empty, and the system where UTM zones are told.

    What cannot be read is a finding. Columns of coordinates are taken out of `columns` once they are read.
    """
    if found.kind == "wkt":
        return _from_wkt(columns[found.names[0]], found.names[0], findings), None
    if found.kind == "pair":
        x, y = _from_pairs(columns[found.names[0]], found.names[0], findings)
    else:
        readers = (coordinates.longitude, coordinates.latitude) if found.degrees else (_plane_or_degrees,) * 2
        x, y = (_numbers(columns[name], name, read, findings) for name, read in zip(found.names, readers, strict=True))
        for name in found.names:
            columns.pop(name, None)
    points = np.full(len(x), None, dtype=object)
    whole = ~(np.isnan(x) | np.isnan(y))
    points[whole] = shapely.points(x[whole], y[whole])
    for index in np.flatnonzero(np.isnan(x) != np.isnan(y)):
        if index + 1 not in findings.rejected:
            empty = found.names[0] if np.isnan(x[index]) else found.names[-1]
            findings.add("bad_geometry", int(index) + 1, empty, f"{empty} is empty")
    if found.kind != "plane":
        return points, None
    return _in_zones(points, columns, found, file_name, findings)


def _plane(names: Sequence[str], sources: Sequence[str]) -> str | None:
    """The column of such a name, also where a UTM zone stands behind it."""
    found = first_named(names, sources)
    if found is not None:
        return found
    bare = {ZONE_SUFFIX.sub("", squeeze(source)): source for source in reversed(sources)}
    wanted = [squeeze(name) for name in names]
    return next((bare[name] for name in wanted if name in bare), None)


def _plane_or_degrees(raw: object) -> float:
    """A coordinate of a column whose name says nothing: blanks stand between thousands, signs make degrees of it."""
    try:
        return numbers.decimal(str(raw).strip().rstrip("°") if isinstance(raw, str) else raw)
    except ValueError:
        return coordinates.degrees(raw)


def _in_zones(
    points: Values, columns: Mapping[str, Values], found: PositionColumns, file_name: str, findings: Findings
) -> tuple[Values, Choice | None]:
    """Points with the system that their zones tell; of several zones, as longitude and latitude."""
    present = ~shapely.is_missing(points)
    if not present.any() or in_region(shapely.bounds(points[present])).any():
        return points, None
    if found.zone is None:
        named = [(name, coordinates.zone_in_name(name)) for name in (*found.names, file_name)]
        told = next(((name, zone) for name, zone in named if zone is not None), None)
        if told is None:
            return points, None
        name, (number, south) = told
        crs = utm(number, south)
        used = f"EPSG:{crs.to_epsg()}"
        return points, Choice(crs, Found(_zone_name(number, south), used, f"UTM zone in the name {name}"))
    zones: dict[tuple[int, bool], list[int]] = {}
    for index in np.flatnonzero(present):
        value = columns[found.zone][index]
        try:
            zones.setdefault(coordinates.zone(value), []).append(int(index))
        except ValueError:
            findings.add("bad_geometry", int(index) + 1, found.zone, value)
            points[index] = None
    how = f"UTM zone in the column {found.zone}"
    names = ", ".join(_zone_name(*zone) for zone in zones)
    used = ", ".join(f"EPSG:{utm(*zone).to_epsg()}" for zone in zones)
    if len(zones) == 1:
        return points, Choice(utm(*next(iter(zones))), Found(names, used, how))
    for zone, indexes in zones.items():
        points[indexes] = to_wgs84(points[indexes], utm(*zone))
    return points, Choice(WGS84, Found(names or None, used or None, how))


def _zone_name(number: int, south: bool) -> str:
    return f"UTM {number}{'S' if south else 'N'}"


def _from_wkt(values: Values, name: str, findings: Findings) -> Values:
    geometry = np.full(len(values), None, dtype=object)
    for index, value in enumerate(values):
        if is_missing(value):
            continue
        # PostGIS writes the system before the geometry.
        text = str(value).strip().rpartition(";")[2]
        try:
            geometry[index] = shapely.from_wkt(text)
        except shapely.errors.ShapelyError:
            findings.add("bad_geometry", index + 1, name, value)
    return geometry


def _from_pairs(values: Values, name: str, findings: Findings) -> tuple[Values, Values]:
    """Longitude and latitude; which of the two comes first is told by letters, else by where it lies."""
    x, y = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for index, value in enumerate(values):
        if is_missing(value):
            continue
        try:
            first, second = coordinates.pair(value)
        except ValueError:
            findings.add("bad_geometry", index + 1, name, value)
            continue
        # Latitude comes first, but for a name or a place that says otherwise.
        latitude_first = not squeeze(name).startswith("lon")
        swapped = (first, second) if latitude_first else (second, first)
        y[index], x[index] = swapped
        both = np.array([[x[index], y[index], x[index], y[index]]])
        if not in_region(both)[0] and in_region(both[:, [1, 0, 3, 2]])[0]:
            x[index], y[index] = y[index], x[index]
    return x, y


def _numbers(values: Values, name: str, read: Callable[[object], float], findings: Findings) -> Values:
    """The number of each cell, NaN where it is empty or cannot be read, which is a finding."""
    if values.dtype.kind in "fiu":
        plain: Values = values.astype(float)
        plain[~np.isfinite(plain)] = np.nan
        return plain
    found = np.full(len(values), np.nan)
    fast = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    # Python's own numbers need no reading; underscores and words such as "inf" are no coordinates.
    good = np.isfinite(fast)
    found[good] = fast[good]
    for index in np.flatnonzero(~good):
        value = values[index]
        if is_missing(value):
            continue
        try:
            found[index] = read(value)
        except ValueError:
            findings.add("bad_geometry", int(index) + 1, name, value)
    return found
