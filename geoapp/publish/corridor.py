"""What lies near routes: the corridor of a filter, as the risk questions measure it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString
from sqlalchemy import Connection, func, select

from geoapp.risk.earth import box_around
from geoapp.risk.grid import Grid
from geoapp.risk.lines import Line
from geoapp.snapshot.columns import Near
from layers.filter import Filter, routes_named
from layers.tables import Route


def near_routes(connection: Connection, chosen: Filter) -> Near | None:
    """Which places are within reach of the routes of a filter that the transaction's viewer sees; None without any."""
    if not chosen.route:
        return None
    shapes = connection.scalars(select(func.ST_AsBinary(Route.geom)).where(routes_named(chosen.route))).all()
    parts = [part for shape in shapes for part in shapely.get_parts(shapely.from_wkb(bytes(shape)))]
    return _near(MultiLineString(parts), chosen.within_km * 1000) if parts else _nowhere


def _nowhere(lon: NDArray[np.float64], _: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.zeros(len(lon), dtype=bool)


def _near(lines: MultiLineString, metres: float) -> Near:
    line = Line.of(lines)
    west, south, east, north = lines.bounds
    wide, tall = box_around(np.array([west]), np.array([max(abs(south), abs(north))]), metres * 1.01)

    def near(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        found = (lon >= west - wide) & (lon <= east + wide) & (lat >= south - tall) & (lat <= north + tall)
        candidates = np.flatnonzero(found)
        grid = Grid.of(lon[candidates], lat[candidates])
        hits = grid.near(line, metres, np.ones(len(candidates), dtype=bool))
        found[:] = False
        found[candidates[grid.rows[hits.place]]] = True
        return found

    return near
