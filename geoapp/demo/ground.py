"""The ground that the demonstration data stands on: towns, lakes and provinces, as the database holds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from shapely import STRtree
from sqlalchemy import Connection, func, or_, select

from geoapp.demo.draw import Floats, Ints, Objects
from geoapp.errors import DemoError
from layers.tables import AdminUnit, BaseFeature

COUNTRIES = ("BI", "CD", "RW", "UG")
KM_PER_DEGREE = 111.2
# A border or a shore may be drawn coarsely: a town this near to a unit is in it.
NEAR_DEGREES = 25 / KM_PER_DEGREE


def points(x: Floats, y: Floats) -> Objects:
    """Points of longitudes and latitudes."""
    return np.asarray(shapely.points(x, y), dtype=object)


@dataclass(frozen=True)
class Towns:
    """Towns in a fixed order; `x` and `y` are longitude and latitude, `rank` 1 is the most important."""

    name: Objects
    rank: Ints
    x: Floats
    y: Floats
    province: Ints

    def __len__(self) -> int:
        return len(self.name)

    def nearest(self, x: Floats, y: Floats) -> Ints:
        """The place of the town nearest to each point."""
        found = STRtree(points(self.x, self.y)).query_nearest(points(x, y), all_matches=False)
        return np.asarray(found[1], dtype=np.int64)


@dataclass(frozen=True)
class Ground:
    """Where things may lie. Provinces are known by their place in `codes`; -1 is none."""

    codes: Objects
    names: Objects
    countries: Objects
    province_shapes: Objects
    lake_names: Objects
    lake_shapes: Objects
    towns: Towns

    def province_at(self, x: Floats, y: Floats) -> Ints:
        """The province that holds each point; -1 on a lake or abroad."""
        found = np.full(len(x), -1, dtype=np.int64)
        for place, shape in enumerate(self.province_shapes):
            west, south, east, north = shape.bounds
            near = np.flatnonzero((found < 0) & (x >= west) & (x <= east) & (y >= south) & (y <= north))
            if len(near):
                found[near[shapely.contains_xy(shape, x[near], y[near])]] = place
        return found

    def province_near(self, x: Floats, y: Floats) -> Ints:
        """The same, a point in no province taking the nearest one within 25 km."""
        return _near(self.province_shapes, self.province_at(x, y), x, y)

    def on_lake(self, x: Floats, y: Floats) -> Any:
        """Whether each point lies on a lake."""
        wet = np.zeros(len(x), dtype=bool)
        for shape in self.lake_shapes:
            wet |= shapely.contains_xy(shape, x, y)
        return wet

    def prefix(self, province: int) -> str:
        """A province's letters in the numbers of sites: `COD-SK`, `RWA-03`."""
        return f"{ALPHA_3[self.countries[province]]}-{self.codes[province].split('-')[1]}"

    def short_prefix(self, province: int) -> str:
        """A province's letters in the numbers of incidents: `SK` in DR Congo, elsewhere with the country's."""
        country, code = self.codes[province].split("-")
        return str(code if country == "CD" else country + code)

    @cached_property
    def lakes(self) -> STRtree:
        """The lakes, for asking which ones something crosses."""
        return STRtree(self.lake_shapes)


ALPHA_3 = {"BI": "BDI", "CD": "COD", "RW": "RWA", "UG": "UGA"}


def read_ground(connection: Connection) -> Ground:
    """Read towns, lakes and today's provinces; DemoError where the base map is not loaded."""
    today = func.today()
    units = connection.execute(
        select(AdminUnit.unit_code, AdminUnit.country, AdminUnit.name_fr, func.ST_AsBinary(AdminUnit.geom))
        .where(
            AdminUnit.level == 1,
            AdminUnit.valid_from <= today,
            or_(AdminUnit.valid_to.is_(None), today < AdminUnit.valid_to),
        )
        .order_by(AdminUnit.unit_code)
    ).all()
    lakes = connection.execute(_features("lake")).all()
    towns = connection.execute(_features("town")).all()
    if not units or len(towns) < 2 or {unit.country for unit in units} != set(COUNTRIES):
        raise DemoError(
            "The base map is not loaded: its provinces and towns are what the demonstration data is laid on."
            " Run `geoapp db migrate` first."
        )
    shapes = _shapes([unit[3] for unit in units])
    x, y = shapely.get_coordinates(_shapes([town[3] for town in towns])).T
    return Ground(
        codes=np.array([unit[0] for unit in units], dtype=object),
        names=np.array([unit[2] for unit in units], dtype=object),
        countries=np.array([unit[1] for unit in units], dtype=object),
        province_shapes=shapes,
        lake_names=np.array([lake[0] or "" for lake in lakes], dtype=object),
        lake_shapes=_shapes([lake[3] for lake in lakes]),
        towns=_towns(towns, x, y, shapes),
    )


def _features(kind: str) -> Any:
    return (
        select(BaseFeature.name_en, BaseFeature.name_fr, BaseFeature.rank, func.ST_AsBinary(BaseFeature.geom))
        .where(BaseFeature.kind == kind, ~BaseFeature.synthetic)
        .order_by(BaseFeature.name_en, func.ST_X(func.ST_Centroid(BaseFeature.geom)), BaseFeature.base_feature_id)
    )


def _shapes(binary: list[Any]) -> Objects:
    made = np.asarray(shapely.from_wkb([bytes(each) for each in binary]), dtype=object)
    shapely.prepare(made)
    return made


def _towns(rows: Any, x: Floats, y: Floats, shapes: Objects) -> Towns:
    """The towns that lie in a province or near one."""
    province = _near(shapes, np.full(len(x), -1, dtype=np.int64), x, y)
    kept = province >= 0
    return Towns(
        name=np.array([row[1] or row[0] or "" for row in rows], dtype=object)[kept],
        rank=np.array([row[2] for row in rows])[kept],
        x=x[kept],
        y=y[kept],
        province=province[kept],
    )


def _near(shapes: Objects, found: Ints, x: Floats, y: Floats) -> Ints:
    lost = np.flatnonzero(found < 0)
    if len(lost):
        near = STRtree(shapes).query_nearest(points(x[lost], y[lost]), max_distance=NEAR_DEGREES, all_matches=False)
        found = found.copy()
        found[lost[near[0]]] = near[1]
    return found
