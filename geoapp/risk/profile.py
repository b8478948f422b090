"""Profile: the pressure along a route, and its mean, the route's exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, find_route, incidents_of, scope_of, under_pressure, weights_of
from geoapp.risk.counting import Decay, Tally
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.scope import line_outside
from geoapp.risk.wording import d, incidents, n
from layers.text import Text

PIECE = 500.0


@dataclass(frozen=True)
class ProfilePoint:
    """The pressure in the middle of a piece, at `km` along the route."""

    km: float
    pressure: float


@dataclass(frozen=True, kw_only=True)
class ProfileAnswer(Answer):
    """The pressure along a route."""

    length_km: float
    exposure: float
    points: list[ProfilePoint]


def ask_profile(connection: Connection, ground: Ground, asked: Asked) -> ProfileAnswer:
    """Answer for a route by its name."""
    route = find_route(connection, ground, asked.values["route"])
    line = route.line
    measures = line.middles(line.pieces(PIECE))
    counted = under_pressure(connection, ground, asked)
    weights = weights_of(connection, ground, asked)
    decay = Decay()
    grid = incidents_of(connection, ground).grid
    sums = grid.sums(*line.at(measures), weights, decay.metres, decay.reach)
    tally = Tally.of(counted.incidents.mapped, sums.used)
    exposure = float(np.mean(sums.total))
    highest = int(np.argmax(sums.total))
    long, mean, most, at = (
        n(line.length / 1000, 1),
        n(exposure, 2),
        n(float(sums.total[highest]), 2),
        n(measures[highest] / 1000, 1),
    )
    day, used = d(asked.on), incidents(tally.incidents)
    told = Text(
        f"Exposure of {route.name} ({route.route_id}), {long.en} km long, on {day.en}: {mean.en}, the mean pressure"
        f" along it; the highest, {most.en}, is at km {at.en}. Counted from {used.en} over three years"
        " within 20 km.",
        f"Exposition de {route.name} ({route.route_id}), long de {long.fr} km, le {day.fr} : {mean.fr}, la pression"
        f" moyenne le long de l'itinéraire ; la plus forte, {most.fr}, est au km {at.fr}. Calculé à partir de {used.fr}"
        " sur trois ans à moins de 20 km.",
    )
    outside = line_outside(scope_of(connection, ground), route.shape)
    return ProfileAnswer(
        **basis("profile", ground, asked, Basis(counted, tally, told, outside)),
        length_km=line.length / 1000,
        exposure=exposure,
        points=[
            ProfilePoint(km, pressure)
            for km, pressure in zip((measures / 1000).tolist(), sums.total.tolist(), strict=True)
        ],
    )
