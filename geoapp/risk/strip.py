"""A route along its kilometres: pressure, incidents, where deployments stand, and what is near none of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely import Point
from sqlalchemy import Connection

from geoapp.risk.asking import ask, ground_for_questions
from geoapp.risk.basis import find_route
from geoapp.risk.corridor import CorridorAnswer, Piece
from geoapp.risk.coverage import within_reach
from geoapp.risk.grid import Grid
from geoapp.risk.lines import Line
from geoapp.risk.places import STANDS
from geoapp.risk.profile import PIECE, ProfileAnswer
from layers.text import Text

# How near a deployment has to stand for a piece to count as covered, as the question about coverage asks by default.
RADIUS_KM = 5.0


@dataclass(frozen=True)
class Step:
    """A piece of some 500 m: its pressure, whether a deployment is near its middle, and its ends in degrees."""

    from_km: float
    to_km: float
    pressure: float
    covered: bool
    places: tuple[tuple[float, float], ...]


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
    pieces: list[Piece]
    stands: list[float]
    gaps: list[Gap]
    profile: Text
    corridor: Text

    @property
    def highest(self) -> float:
        """The highest pressure along it."""
        return max((step.pressure for step in self.steps), default=0.0)


def read_strip(connection: Connection, route_id: str) -> Strip:
    """The strip of a route; raises what the questions about it do."""
    ground = ground_for_questions(connection)
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
        corridor.pieces,
        _measures(line, points),
        _gaps(steps),
        profile.sentence,
        corridor.sentence,
    )


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
