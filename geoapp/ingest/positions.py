"""Positions that stand in columns: WKT, longitude and latitude, or eastings and northings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geoapp.errors import ImportRefusedError
from geoapp.ingest import numbers
from geoapp.ingest.columns import first_named, required_source
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from geoapp.ingest.synonyms import EASTING, LATITUDE, LONGITUDE, NORTHING, WKT
from geoapp.ingest.values import is_missing

# What --map may name beside the columns of the table.
MAPPABLE = ("longitude", "latitude", "geom")


@dataclass(frozen=True)
class PositionColumns:
    """The columns that hold positions: one of WKT, or two of coordinates, in degrees where their names say so."""

    names: tuple[str, ...]
    degrees: bool = False


def find_positions(sources: Sequence[str], given: Mapping[str, Sequence[str]]) -> PositionColumns | None:
    """The columns of `sources` that hold positions, by `--map` or by their names; None where there are none."""
    chosen = {name: required_source(name, given[name][0], sources) for name in MAPPABLE if name in given}
    if ("longitude" in chosen) != ("latitude" in chosen):
        raise ImportRefusedError("--map longitude=... and --map latitude=... go together: give both.")
    if "geom" in chosen:
        return PositionColumns((chosen["geom"],))
    if chosen:
        return PositionColumns((chosen["longitude"], chosen["latitude"]))
    for x_names, y_names, degrees in ((LONGITUDE, LATITUDE, True), (EASTING, NORTHING, False)):
        x, y = first_named(x_names, sources), first_named(y_names, sources)
        if x is not None and y is not None:
            return PositionColumns((x, y), degrees)
    wkt = first_named(WKT, sources)
    return PositionColumns((wkt,)) if wkt is not None else None


def geometries(columns: Mapping[str, Values], found: PositionColumns, findings: Findings) -> Values:
    """The geometry of each row, None where its cells are empty; what cannot be read is a finding."""
    if len(found.names) == 1:
        return _from_wkt(columns[found.names[0]], found.names[0], findings)
    x, y = (_coordinates(columns[name], name, findings) for name in found.names)
    points = np.full(len(x), None, dtype=object)
    whole = ~(np.isnan(x) | np.isnan(y))
    points[whole] = shapely.points(x[whole], y[whole])
    for index in np.flatnonzero(np.isnan(x) != np.isnan(y)):
        if index + 1 not in findings.rejected:
            empty = found.names[0] if np.isnan(x[index]) else found.names[1]
            findings.add("bad_geometry", int(index) + 1, empty, f"{empty} is empty")
    return points


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


def _coordinates(values: Values, name: str, findings: Findings) -> Values:
    numbers_found = np.full(len(values), np.nan)
    for index, value in enumerate(values):
        if is_missing(value):
            continue
        try:
            numbers_found[index] = numbers.decimal(str(value).strip().rstrip("°") if isinstance(value, str) else value)
        except ValueError:
            findings.add("bad_geometry", index + 1, name, value)
    return numbers_found
