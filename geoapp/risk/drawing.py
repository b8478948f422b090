"""What an answer looks like on the map: its line, area, pieces, places, and what of it is not visible to the viewer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import shapely
from shapely import Geometry, LineString, MultiLineString, Point
from sqlalchemy import Connection, func, select

from geoapp.risk.answer import Answer, as_json
from geoapp.risk.area import AreaAnswer
from geoapp.risk.basis import find_route, scope_of
from geoapp.risk.corridor import CorridorAnswer
from geoapp.risk.counting import Decay
from geoapp.risk.coverage import CoverageAnswer, covered_pieces
from geoapp.risk.earth import DEGREE
from geoapp.risk.ground import Ground
from geoapp.risk.hotspots import HotspotsAnswer
from geoapp.risk.lines import Line
from geoapp.risk.parameters import Asked
from geoapp.risk.path import PathAnswer
from geoapp.risk.places import SITES
from geoapp.risk.pressure import PressureAnswer
from geoapp.risk.profile import ProfileAnswer
from geoapp.risk.scope import circle
from layers.tables import Incident

Feature = dict[str, Any]
Drawn = Iterator[tuple[Geometry, dict[str, Any]]]
# Of an answer from tens of thousands of incidents those that add most are told apart on the map.
MOST_TERMS = 500


def draw_answer(
    connection: Connection, ground: Ground, asked: Asked, answer: Answer, decimals: int = 9
) -> list[Feature]:
    """GeoJSON features in EPSG:4326, each with a `kind`, those to be drawn first standing first.

    Degrees are rounded to `decimals`.
    """
    for kind, draw in DRAWN.items():
        if isinstance(answer, kind):
            return [
                _feature(shape, properties, decimals) for shape, properties in draw(connection, ground, asked, answer)
            ]
    return []


def piece_of(line: Line, begin: float, end: float) -> MultiLineString:
    """The part of a line between two measures in metres."""
    starts, ends = line.start, line.start + line.metres
    held = np.flatnonzero((ends > begin) & (starts < end))
    low, high = np.maximum(starts[held], begin), np.minimum(ends[held], end)
    parts: list[list[tuple[float, float]]] = []
    for at, first, last in zip(held.tolist(), low.tolist(), high.tolist(), strict=True):
        points = [_on(line, at, first), _on(line, at, last)]
        if parts and parts[-1][-1] == points[0]:
            parts[-1].append(points[1])
        else:
            parts.append(points)
    return MultiLineString(parts)


def around(shape: Geometry, metres: float) -> Geometry:
    """The ground within some metres of a line, as near as is drawn: in a plane that is true in the line's middle."""
    if shapely.is_empty(shape):
        return shape
    _, south, _, north = shapely.bounds(shape).tolist()
    flat = math.cos(math.radians((south + north) / 2))
    scaled = shapely.transform(shape, lambda points: points * [flat, 1.0])
    return shapely.transform(shapely.buffer(scaled, metres / DEGREE, quad_segs=16), lambda points: points / [flat, 1.0])


def _on(line: Line, at: int, measure: float) -> tuple[float, float]:
    """A point of one segment; its ends are its vertices to the last digit, so that parts meet."""
    if measure <= line.start[at]:
        return float(line.lon[at]), float(line.lat[at])
    if measure >= line.start[at] + line.metres[at]:
        return float(line.to_lon[at]), float(line.to_lat[at])
    lon, lat = line.at(np.array([measure]))
    return float(lon[0]), float(lat[0])


def _feature(shape: Geometry, properties: dict[str, Any], decimals: int) -> Feature:
    rounded = shapely.transform(shape, lambda points: np.round(points, decimals))
    return {
        "type": "Feature",
        "geometry": json.loads(shapely.to_geojson(rounded)),
        "properties": as_json(properties),
    }


def _hidden(connection: Connection, ground: Ground, shape: Geometry) -> Drawn:
    """The part where the viewer sees no incidents: not the same as one where nothing was reported."""
    hidden = shapely.difference(shape, scope_of(connection, ground))
    if not shapely.is_empty(hidden):
        yield hidden, {"kind": "outside"}


def _corridor(connection: Connection, ground: Ground, asked: Asked, answer: CorridorAnswer) -> Drawn:
    shape: Geometry = asked.shape or find_route(connection, ground, asked.values["route"]).shape
    yield around(shape, asked.values["width_km"] * 1000), {"kind": "width", "width_km": asked.values["width_km"]}
    yield from _hidden(connection, ground, around(shape, asked.values["width_km"] * 1000))
    if not isinstance(shape, LineString | MultiLineString):
        return
    line = Line.of(shape)
    for number, piece in enumerate(answer.pieces):
        end = line.length if number == len(answer.pieces) - 1 else piece.to_km * 1000
        told = {"from_km": piece.from_km, "to_km": piece.to_km, "incidents": piece.incidents}
        yield piece_of(line, piece.from_km * 1000, end), {"kind": "piece", **told, "weighted": piece.weighted}


def _profile(connection: Connection, ground: Ground, asked: Asked, answer: ProfileAnswer) -> Drawn:
    line = find_route(connection, ground, asked.values["route"]).line
    step = line.length / len(answer.points)
    for number, point in enumerate(answer.points):
        shape = piece_of(line, number * step, (number + 1) * step)
        yield shape, {"kind": "step", "km": point.km, "pressure": point.pressure}


def _area(connection: Connection, ground: Ground, asked: Asked, answer: AreaAnswer) -> Drawn:
    shape = asked.shape
    if shape is None:
        lon, lat = asked.values["lon"], asked.values["lat"]
        shape = circle(lon, lat, asked.values["radius_km"] * 1000)
        yield Point(lon, lat), {"kind": "place"}
    told = {"incidents": answer.incidents, "weighted": answer.weighted, "area_km2": answer.area_km2}
    yield shape, {"kind": "area", **told}
    yield from _hidden(connection, ground, shape)


def _pressure(connection: Connection, ground: Ground, asked: Asked, answer: PressureAnswer) -> Drawn:
    lon, lat = asked.values["lon"], asked.values["lat"]
    reach = circle(lon, lat, Decay().reach)
    yield reach, {"kind": "reach"}
    yield from _hidden(connection, ground, reach)
    yield Point(lon, lat), {"kind": "place", "pressure": answer.pressure}
    terms = list(answer.terms[:MOST_TERMS])
    asked_for = select(Incident.incident_id, func.ST_X(Incident.geom), func.ST_Y(Incident.geom)).where(
        Incident.incident_id.in_([term.incident_id for term in terms]), Incident.geom.is_not(None)
    )
    places = {row[0]: Point(row[1], row[2]) for row in connection.execute(asked_for)}
    for term in terms:
        if term.incident_id in places:
            told = {"incident_no": term.incident_no, "distance_m": term.distance_m, "age_days": term.age_days}
            yield places[term.incident_id], {"kind": "term", **told, "contribution": term.contribution}


def _path(connection: Connection, ground: Ground, asked: Asked, answer: PathAnswer) -> Drawn:
    if answer.shortest:
        yield from _hidden(connection, ground, answer.shortest.geometry)
    for kind, course in (("shortest", answer.shortest), ("lower", answer.lower)):
        if course:
            yield course.geometry, {"kind": kind, "length_km": course.length_km, "exposure": course.exposure}
    for end in ("from", "to"):
        yield Point(*asked.values[end]), {"kind": "end", "end": end}
    if answer.reachable:
        reached = answer.reachable
        yield Point(reached.lon, reached.lat), {"kind": "reachable", "metres": reached.metres}


def _coverage(connection: Connection, ground: Ground, asked: Asked, answer: CoverageAnswer) -> Drawn:
    for route, covered in covered_pieces(connection, ground, asked):
        step = route.line.length / len(covered)
        for held, run in groupby(enumerate(covered.tolist()), key=lambda each: each[1]):
            if held:
                continue
            places = [place for place, _ in run]
            begin, end = places[0] * step, (places[-1] + 1) * step
            told = {"route_id": route.route_id, "from_km": begin / 1000, "to_km": end / 1000}
            yield piece_of(route.line, begin, end), {"kind": "uncovered", **told}
    sites = ground.get(connection, SITES)
    place = {site_id: at for at, site_id in enumerate(sites.site_id)}
    for gap in answer.gaps:
        at = place[gap.site_id]
        point = Point(float(sites.lon[at]), float(sites.lat[at]))
        yield point, {"kind": "gap", "site_id": gap.site_id, "pressure": gap.pressure, "rank": gap.rank}


def _hotspots(_connection: Connection, _ground: Ground, _asked: Asked, answer: HotspotsAnswer) -> Drawn:
    for cell in answer.cells:
        told = {"id": cell.id, "incidents": cell.incidents, "value": cell.value, "z": cell.z, "p": cell.p}
        yield cell.geometry or Point(cell.lon, cell.lat), {"kind": "cell", **told, "hot": cell.hot}


DRAWN: dict[type[Answer], Callable[[Connection, Ground, Asked, Any], Drawn]] = {
    CorridorAnswer: _corridor,
    ProfileAnswer: _profile,
    AreaAnswer: _area,
    PressureAnswer: _pressure,
    PathAnswer: _path,
    CoverageAnswer: _coverage,
    HotspotsAnswer: _hotspots,
}
