"""A route along its kilometres: pressure, incidents by level, deployments, what is near none, facilities and towns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import Point
from sqlalchemy import Connection, Select, cast, func, literal, select
from sqlalchemy import Text as TextType

from geoapp.risk.asking import ask, read_question
from geoapp.risk.basis import find_route, in_period
from geoapp.risk.corridor import CorridorAnswer
from geoapp.risk.coverage import within_reach
from geoapp.risk.grid import Grid
from geoapp.risk.ground import Ground
from geoapp.risk.lines import Line
from geoapp.risk.parameters import Asked
from geoapp.risk.places import STANDS
from geoapp.risk.profile import PIECE, ProfileAnswer
from layers.tables import BaseFeature, Facility
from layers.text import Text

# How near a deployment has to stand for a piece to count as covered, as the question about coverage asks by default.
RADIUS_KM = 5.0
# How much of a chart the name of a town takes.
LABEL_SHARE = 0.22
LEVELS = ("1", "2", "3", "level_unknown")
# The columns' levels, of which 0 is the unknown one, in the order of LEVELS.
ORDER = np.array([3, 0, 1, 2])


@dataclass(frozen=True)
class Step:
    """A piece of some 500 m: its pressure, whether a deployment is near its middle, and its ends in degrees."""

    from_km: float
    to_km: float
    pressure: float
    covered: bool
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Stretch:
    """A piece of the corridor, some 5 km long, with its incidents by level and the highest pressure along it."""

    from_km: float
    to_km: float
    incidents: int
    by_level: dict[str, int]
    weighted: float
    highest: float
    uncovered_km: float


@dataclass(frozen=True)
class Stop:
    """A facility or a town near the route: `kind` is a facility's kind, or `town`; `key` is of a facility's page."""

    km: float
    name: Text
    kind: str
    rank: int
    key: str = ""


@dataclass(frozen=True)
class Gap:
    """A stretch without a deployment near it."""

    from_km: float
    to_km: float


@dataclass(frozen=True)
class Strip:
    """A route along its kilometres, with what the questions say of it; `stands` are kilometres."""

    length_km: float
    exposure: float
    steps: list[Step]
    pieces: list[Stretch]
    stands: list[float]
    gaps: list[Gap]
    facilities: list[Stop]
    towns: list[Stop]
    profile: Text
    corridor: Text

    @property
    def highest(self) -> float:
        """The highest pressure along it."""
        return max((step.pressure for step in self.steps), default=0.0)

    @property
    def named_towns(self) -> list[Stop]:
        """The towns whose names have room beside each other on a chart, the most important first to be named."""
        named: list[Stop] = []
        for town in sorted(self.towns, key=lambda each: (each.rank, each.km)):
            if all(abs(town.km - other.km) >= LABEL_SHARE * self.length_km for other in named):
                named.append(town)
        return sorted(named, key=lambda each: each.km)

    def stops_of(self, step: Step) -> list[Stop]:
        """The towns and facilities of a step."""
        last = self.steps[-1] is step
        return [
            stop
            for stop in (*self.towns, *self.facilities)
            if step.from_km <= stop.km and (stop.km < step.to_km or last)
        ]


def read_strip(connection: Connection, route_id: str) -> Strip:
    """The strip of a route; raises what the questions about it do."""
    ground, asked = read_question(connection, "corridor", {"route": route_id})
    route = find_route(connection, ground, route_id)
    profile, corridor = (ask(connection, name, {"route": route_id}) for name in ("profile", "corridor"))
    if not isinstance(profile, ProfileAnswer) or not isinstance(corridor, CorridorAnswer):
        raise TypeError("the questions about a route are answered by something else")
    line, number = route.line, route.line.pieces(PIECE)
    shapes = [each.shape for each in ground.get(connection, STANDS) if each.valid(ground.today)]
    lines = [Line.of(shape) for shape in shapes if shape is not None]
    middles = Grid.of(*line.at(line.middles(number)))
    covered = within_reach(middles, lines, RADIUS_KM * 1000)
    ends = np.linspace(0, line.length, 2 * number + 1)
    lon, lat = (each.tolist() for each in line.at(ends))
    step_km = line.length / number / 1000
    steps = [
        Step(
            at * step_km,
            (at + 1) * step_km,
            point.pressure,
            bool(covered[at]),
            tuple((lat[each], lon[each]) for each in (2 * at, 2 * at + 1, 2 * at + 2)),
        )
        for at, point in enumerate(profile.points)
    ]
    points = [shape for shape in shapes if isinstance(shape, Point)]
    return Strip(
        line.length / 1000,
        profile.exposure,
        steps,
        _stretches(steps, corridor, _levels(connection, ground, asked, line, len(corridor.pieces))),
        _measures(line, points),
        _gaps(steps),
        _stops(connection, line, FACILITIES),
        _stops(connection, line, TOWNS),
        profile.sentence,
        corridor.sentence,
    )


FACILITIES = select(
    func.ST_AsBinary(Facility.geom),
    Facility.name,
    Facility.name,
    Facility.kind,
    literal(1),
    cast(Facility.id, TextType),
)
TOWNS = select(
    func.ST_AsBinary(BaseFeature.geom),
    BaseFeature.name_en,
    func.coalesce(BaseFeature.name_fr, BaseFeature.name_en),
    BaseFeature.kind,
    BaseFeature.rank,
    literal(""),
).where(BaseFeature.kind == "town", BaseFeature.name_en.is_not(None))


def _levels(connection: Connection, ground: Ground, asked: Asked, line: Line, pieces: int) -> list[dict[str, int]]:
    """The incidents of the corridor by piece and level, each in the piece of its nearest point as in the answer."""
    counted = in_period(connection, ground, asked)
    hits = counted.incidents.grid.near(line, asked.values["width_km"] * 1000, counted.mask)
    piece = np.clip((hits.measure / (line.length / pieces)).astype(np.int64), 0, pieces - 1)
    key = piece * len(LEVELS) + ORDER[counted.incidents.mapped.level[hits.place]]
    number = np.bincount(key, minlength=pieces * len(LEVELS)).reshape(pieces, len(LEVELS))
    return [dict(zip(LEVELS, row, strict=True)) for row in number.tolist()]


def _stretches(steps: list[Step], corridor: CorridorAnswer, by_level: list[dict[str, int]]) -> list[Stretch]:
    made = []
    for piece, levels in zip(corridor.pieces, by_level, strict=True):
        inside = [step for step in steps if piece.from_km <= (step.from_km + step.to_km) / 2 < piece.to_km]
        made.append(
            Stretch(
                piece.from_km,
                piece.to_km,
                piece.incidents,
                levels,
                piece.weighted,
                max((step.pressure for step in inside), default=0.0),
                sum(step.to_km - step.from_km for step in inside if not step.covered),
            )
        )
    return made


def _stops(connection: Connection, line: Line, asked: Select[Any]) -> list[Stop]:
    """What stands within 5 km of the line, in the order of its kilometres."""
    rows = connection.execute(asked).all()
    shapes = shapely.from_wkb([bytes(row[0]) for row in rows])
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)) if len(rows) else np.zeros((0, 2))
    if not len(points):
        return []
    grid = Grid.of(points[:, 0], points[:, 1])
    hits = grid.near(line, RADIUS_KM * 1000, np.ones(len(points), dtype=np.bool_))
    found = [(measure, rows[grid.rows[place]]) for measure, place in zip(hits.measure, hits.place, strict=True)]
    stops = [
        Stop(float(measure) / 1000, Text(row[1] or "", row[2] or row[1] or ""), row[3], row[4], row[5])
        for measure, row in found
    ]
    return sorted(stops, key=lambda stop: (stop.km, stop.name.en))


def _measures(line: Line, points: list[Point]) -> list[float]:
    """The kilometres of the points that are near a line."""
    if not points:
        return []
    grid = Grid.of(np.array([each.x for each in points]), np.array([each.y for each in points]))
    hits = grid.near(line, RADIUS_KM * 1000, np.ones(len(points), dtype=bool))
    return sorted((hits.measure / 1000).tolist())


def _gaps(steps: list[Step]) -> list[Gap]:
    gaps: list[Gap] = []
    for step in steps:
        if step.covered:
            continue
        if gaps and abs(gaps[-1].to_km - step.from_km) < 1e-9:
            gaps[-1] = Gap(gaps[-1].from_km, step.to_km)
        else:
            gaps.append(Gap(step.from_km, step.to_km))
    return sorted(gaps, key=lambda gap: gap.from_km - gap.to_km)
