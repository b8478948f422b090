"""The sites, routes and deployments that a viewer may see, as the questions take them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point
from sqlalchemy import Connection, func, select

from geoapp.risk.earth import Floats
from geoapp.risk.lines import Line
from geoapp.risk.source import Source
from layers.tables import Deployment, Facility, MineSite, Route, SiteVisit

Units = tuple[str, ...]
Shape = Point | LineString | MultiLineString


@dataclass(frozen=True)
class Sites:
    """Sites in the order of their `site_id`, with their points in degrees."""

    site_id: tuple[str, ...]
    name: tuple[str, ...]
    activity: tuple[str | None, ...]
    units: tuple[Units, ...]
    visits: tuple[tuple[dt.date, ...], ...]
    synthetic: tuple[bool, ...]
    lon: Floats
    lat: Floats

    def take(self, rows: list[int]) -> Sites:
        """Some of them."""
        names = ("site_id", "name", "activity", "units", "visits", "synthetic")
        columns = {each: tuple(getattr(self, each)[row] for row in rows) for each in names}
        return Sites(**columns, lon=self.lon[rows], lat=self.lat[rows])


@dataclass(frozen=True)
class RouteLine:
    """A route; `key` is the random id of its row, while `route_id` is given by people."""

    key: uuid.UUID
    route_id: str
    name: str
    mode: str | None
    units: Units
    synthetic: bool
    shape: MultiLineString

    @cached_property
    def line(self) -> Line:
        """Its geodesics."""
        return Line.of(self.shape)


@dataclass(frozen=True)
class Stand:
    """A deployment with its place, None where the viewer sees none; valid on `[valid_from, valid_to)`."""

    valid_from: dt.date
    valid_to: dt.date | None
    units: Units
    shape: Shape | None

    def valid(self, on: dt.date) -> bool:
        """Whether it is there on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


def load_sites(connection: Connection) -> Sites:
    """Read all sites."""
    visited = (
        select(SiteVisit.site_id, func.array_agg(SiteVisit.visited_on).label("days"))
        .group_by(SiteVisit.site_id)
        .subquery()
    )
    asked = (
        select(
            MineSite.site_id,
            MineSite.name,
            MineSite.activity,
            MineSite.units,
            visited.c.days,
            MineSite.synthetic,
            func.ST_X(MineSite.geom),
            func.ST_Y(MineSite.geom),
        )
        .outerjoin(visited, visited.c.site_id == MineSite.site_id)
        .order_by(MineSite.site_id)
    )
    rows = [tuple(row) for row in connection.execute(asked)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    return Sites(
        columns[0],
        columns[1],
        columns[2],
        tuple(tuple(units) for units in columns[3]),
        tuple(tuple(days or ()) for days in columns[4]),
        columns[5],
        np.array(columns[6], dtype=np.float64),
        np.array(columns[7], dtype=np.float64),
    )


def load_routes(connection: Connection) -> list[RouteLine]:
    """Read all routes, in the order of `route_id`."""
    asked = select(
        Route.id, Route.route_id, Route.name, Route.mode, Route.units, Route.synthetic, func.ST_AsBinary(Route.geom)
    ).order_by(Route.route_id, Route.id)
    rows = connection.execute(asked).all()
    shapes = shapely.from_wkb([bytes(row[6]) for row in rows])
    return [
        RouteLine(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], shape)
        for row, shape in zip(rows, shapes, strict=True)
    ]


def load_stands(connection: Connection) -> list[Stand]:
    """Read all deployments with their own place, else that of the site, facility or route that they refer to."""
    place = func.coalesce(Deployment.geom, MineSite.geom, Facility.geom, Route.geom)
    asked = (
        select(Deployment.valid_from, Deployment.valid_to, Deployment.units, func.ST_AsBinary(place))
        .outerjoin(MineSite, MineSite.site_id == Deployment.site_id)
        .outerjoin(Facility, Facility.id == Deployment.facility_ref)
        .outerjoin(Route, Route.id == Deployment.route_ref)
        .order_by(Deployment.id)
    )
    return [Stand(row[0], row[1], tuple(row[2]), _shape(row[3])) for row in connection.execute(asked)]


SITES = Source(("mine_site", "site_visit"), load_sites)
ROUTES = Source(("route",), load_routes)
STANDS = Source(("deployment", "mine_site", "facility", "route"), load_stands)


def _shape(content: Any) -> Shape | None:
    return None if content is None else cast(Shape, shapely.from_wkb(bytes(content)))
