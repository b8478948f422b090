"""Rows for the tests of the risk questions, and the same figures worked out by plain loops over them."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pyproj import Geod
from scipy.optimize import minimize_scalar
from shapely import LineString, MultiLineString, Point, from_geojson
from sqlalchemy import Connection, text

GEOD = Geod(ellps="WGS84")
TODAY = dt.date(2026, 6, 30)

ROUTES = {
    # Crosses the equator, and itself.
    "LOOP": [[(29.0, -0.3), (29.6, 0.25), (29.0, 0.2), (29.5, -0.25)]],
    # Two parts with a gap, the second running back along the first.
    "PARTS": [[(28.8, -2.6), (28.9, -2.5)], [(29.1, -2.4), (29.0, -2.45), (28.9, -2.5), (28.8, -2.6)]],
    # Long geodesics.
    "LONG": [[(27.5, -4.0), (30.5, -1.0)]],
    "SHORT": [[(30.0, -2.0), (30.0004, -2.0003)]],
}
CATEGORIES = ["violence", "illegal_taxation", None]
ACTORS = ["state_army", "armed_group", "private_guard", None]


@dataclass(frozen=True)
class Row:
    """An incident as the loops take it."""

    number: str
    place: tuple[float, float] | None
    day: dt.date
    known: dt.date
    level: int | None
    killed: int | None
    injured: int | None
    precision: int | None
    status: str
    outcome: str | None
    category: str | None
    actor: str | None
    opened: dt.date | None
    closed: dt.date | None
    units: tuple[str, ...]

    @property
    def weight(self) -> float:
        """L * H."""
        by_level = {1: 9, 2: 3, 3: 1, None: 1}[self.level]
        return by_level * (1 + min(self.killed or 0, 10) / 5 + min(self.injured or 0, 40) / 20)

    def counts(self, on: dt.date) -> bool:
        """Whether it counts on a day."""
        return self.known <= on and self.status != "rejected" and self.outcome not in {"unfounded", "merged"}

    @property
    def mapped(self) -> bool:
        """Whether it has a place that is no area."""
        return self.place is not None and (self.precision or 0) < 4


def write_rows(connection: Connection, incidents: int, seed: int = 1) -> None:
    """Routes, sites, deployments and incidents, many of them near the routes or on the spot of another."""
    rng = random.Random(seed)
    for name, parts in ROUTES.items():
        lines = ", ".join("(" + ", ".join(f"{x} {y}" for x, y in part) + ")" for part in parts)
        connection.execute(
            text("INSERT INTO route (route_id, name, geom) VALUES (:id, :id, :geom)"),
            {"id": name, "geom": f"SRID=4326;MULTILINESTRING({lines})"},
        )
    vertices = [place for parts in ROUTES.values() for part in parts for place in part]
    for at in range(20):
        x, y = rng.choice(vertices)
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, activity, geom) VALUES (:id, :id, :activity, :geom)"),
            {
                "id": f"S{at:02}",
                "activity": rng.choice(["active", "seasonal", None, "abandoned"]),
                "geom": _point(x + rng.gauss(0, 0.05), y + rng.gauss(0, 0.05)),
            },
        )
    places: list[tuple[float, float]] = []
    for at in range(incidents):
        x, y = rng.choice(vertices)
        place = (x + rng.gauss(0, 0.12), y + rng.gauss(0, 0.12))
        if at % 10 == 0 and places:
            place = rng.choice(places)
        places.append(place)
        connection.execute(INCIDENT, incident(rng, at, place))


INCIDENT = text("""
    INSERT INTO incident (incident_no, occurred_from, occurred_to, reported_on, opened_on, closed_on, level, killed,
                          injured, location_precision, status, outcome, category, actor_kind, geom, stated_unit)
    VALUES (:incident_no, :occurred_from, :occurred_to, :reported_on, :opened_on, :closed_on, :level, :killed, :injured,
            :location_precision, :status, :outcome, :category, :actor_kind, :geom, :stated_unit)""")


def incident(rng: random.Random, at: int, place: tuple[float, float]) -> dict[str, Any]:
    day = TODAY - dt.timedelta(days=rng.randrange(0, 1300))
    opened = rng.choice([None, day + dt.timedelta(days=rng.randrange(0, 60))])
    return {
        "incident_no": f"N{at:04}",
        "occurred_from": day,
        "occurred_to": rng.choice([None, day + dt.timedelta(days=rng.randrange(0, 20))]),
        "reported_on": rng.choice([None, day + dt.timedelta(days=rng.randrange(0, 200))]),
        "opened_on": opened,
        "closed_on": rng.choice([None, opened + dt.timedelta(days=rng.randrange(0, 300))]) if opened else None,
        "level": rng.choice([1, 2, 3, None]),
        "killed": rng.choice([None, 0, 0, 3, 12]),
        "injured": rng.choice([None, 0, 5, 50]),
        "location_precision": rng.choice([None, 1, 2, 3, 3, 4, 5]),
        "status": rng.choice(["open", "open", "closed", "rejected"]),
        "outcome": rng.choice([None, None, None, "unfounded", "merged", "resolved"]),
        "category": rng.choice(CATEGORIES),
        "actor_kind": rng.choice(ACTORS),
        "geom": rng.choice([_point(*place)] * 8 + [None]),
        "stated_unit": rng.choice(["CD-SK", None]),
    }


def _point(x: float, y: float) -> str:
    return f"SRID=4326;POINT({x} {y})"


def read_rows(connection: Connection) -> list[Row]:
    """All incidents, read as plainly as can be."""
    rows = connection.execute(text("SELECT *, ST_X(geom) AS x, ST_Y(geom) AS y FROM incident ORDER BY incident_no"))
    return [
        Row(
            row.incident_no,
            None if row.x is None else (row.x, row.y),
            row.occurred_from,
            row.reported_on or row.occurred_to or row.occurred_from,
            row.level,
            row.killed,
            row.injured,
            row.location_precision,
            row.status,
            row.outcome,
            row.category,
            row.actor_kind,
            row.opened_on,
            row.closed_on,
            tuple(row.units),
        )
        for row in rows
    ]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The geodesic distance."""
    return float(GEOD.inv(*a, *b)[2])


def nearest(place: tuple[float, float], parts: list[list[tuple[float, float]]]) -> tuple[float, float]:
    """The distance from a point to a line, and the lowest measure of a point that is as near within a millimetre."""
    found = []
    start = 0.0
    for part in parts:
        for begin, end in pairwise(part):
            azimuth, _, long = GEOD.inv(*begin, *end)
            found.append(_nearest_on(place, begin, azimuth, long, start))
            start += long
    least = min(distance for distance, _ in found)
    return least, min(measure for distance, measure in found if distance <= least + 0.001)


def _nearest_on(
    place: tuple[float, float], begin: tuple[float, float], azimuth: float, long: float, start: float
) -> tuple[float, float]:
    def at(along: float) -> float:
        x, y, _ = GEOD.fwd(*begin, azimuth, along)
        return metres(place, (x, y))

    best = minimize_scalar(at, bounds=(0, long), method="bounded", options={"xatol": 1e-4})
    return min((best.fun, start + best.x), (at(0), start), (at(long), start + long))


def length(parts: list[list[tuple[float, float]]]) -> float:
    """The length of a line in metres."""
    return sum(metres(a, b) for part in parts for a, b in pairwise(part))


def point_at(parts: list[list[tuple[float, float]]], measure: float) -> tuple[float, float]:
    """The point at a measure."""
    for part in parts:
        for begin, end in pairwise(part):
            azimuth, _, long = GEOD.inv(*begin, *end)
            if measure <= long:
                x, y, _ = GEOD.fwd(*begin, azimuth, measure)
                return x, y
            measure -= long
    return parts[-1][-1]


def pressure(rows: list[Row], place: tuple[float, float], on: dt.date) -> tuple[float, int]:
    """The pressure on a point, and how many terms it has."""
    total, terms = 0.0, 0
    for row in rows:
        age = (on - row.day).days
        if row.counts(on) and row.mapped and 0 <= age <= 1096:
            assert row.place is not None
            distance = metres(place, row.place)
            if distance <= 20_000:
                total += row.weight * 2 ** (-distance / 5000) * 2 ** (-age / 183)
                terms += 1
    return total, terms


def place_of(shape: Any) -> MultiLineString | LineString | Point:
    """A GeoJSON geometry as a shape."""
    return from_geojson(json.dumps(shape))
