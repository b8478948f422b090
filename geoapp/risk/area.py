"""Area and near: what was recorded inside a polygon, or within a radius of a point."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, in_period, scope_of
from geoapp.risk.counting import Counted, Tally
from geoapp.risk.earth import Ints, square_metres
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.scope import area_outside, circle
from geoapp.risk.wording import counted as in_words
from geoapp.risk.wording import incidents, n
from layers.text import Text


@dataclass(frozen=True, kw_only=True)
class AreaAnswer(Answer):
    """What was recorded in an area."""

    area_km2: float
    incidents: int
    by_level: dict[str, int]
    weighted: float


def ask_near(connection: Connection, ground: Ground, asked: Asked) -> AreaAnswer:
    """Answer for a radius around a point."""
    lon, lat, km = (asked.values[name] for name in ("lon", "lat", "radius_km"))
    counted = in_period(connection, ground, asked)
    place, _ = counted.incidents.grid.around(lon, lat, km * 1000, counted.mask)
    where = Text(f"within {n(km, 1).en} km of the point", f"à moins de {n(km, 1).fr} km du point")
    outside = area_outside(scope_of(connection, ground), circle(lon, lat, km * 1000))
    return _answer(
        "near", ground, asked, (counted, place), shape=circle(lon, lat, km * 1000), outside=outside, where=where
    )


def ask_area(connection: Connection, ground: Ground, asked: Asked) -> AreaAnswer:
    """Answer for a polygon, whose edges are straight in longitude and latitude."""
    shape = asked.shape
    if shape is None:
        raise AssertionError("the question is asked with a polygon")
    counted = in_period(connection, ground, asked)
    grid = counted.incidents.grid
    place = grid.within(shapely.bounds(shape).tolist())
    place = place[counted.mask[place]]
    shapely.prepare(shape)
    place = place[shapely.intersects_xy(shape, grid.lon[place], grid.lat[place])]
    where = Text("inside the area drawn", "dans la zone tracée")
    outside = area_outside(scope_of(connection, ground), shape)
    return _answer("area", ground, asked, (counted, place), shape=shape, outside=outside, where=where)


def _answer(
    question: str,
    ground: Ground,
    asked: Asked,
    found: tuple[Counted, Ints],
    *,
    shape: shapely.Geometry,
    outside: float,
    where: Text,
) -> AreaAnswer:
    counted, place = found
    tally = Tally.of(counted.incidents.mapped, place)
    many, days, weighted = incidents(tally.incidents), in_words(asked), n(tally.weighted, 1)
    told = Text(
        f"{many.en} {where.en} ({days.en}), weight {weighted.en}.",
        f"{many.fr} {where.fr} ({days.fr}), poids {weighted.fr}.",
    )
    return AreaAnswer(
        **basis(question, ground, asked, Basis(counted, tally, told, outside)),
        area_km2=square_metres(shape) / 1e6,
        incidents=tally.incidents,
        by_level=tally.by_level,
        weighted=tally.weighted,
    )
