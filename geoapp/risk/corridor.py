"""Corridor: what was recorded within some kilometres of a route, in all and by piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2
from shapely import LineString, MultiLineString
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, find_route, in_period, scope_of, window_of
from geoapp.risk.counting import Tally
from geoapp.risk.earth import Floats
from geoapp.risk.ground import Ground
from geoapp.risk.lines import Line
from geoapp.risk.parameters import Asked
from geoapp.risk.scope import line_outside
from geoapp.risk.wording import counted as in_words
from geoapp.risk.wording import incidents, n
from layers.text import Text

PIECE = 5000.0
DAYS_OF_A_YEAR = 365.25
UNNAMED = Text("the line drawn", "la ligne tracée")


@dataclass(frozen=True)
class Rate:
    """Incidents per 100 km and year, with Garwood's exact 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, incidents: int, length_km: float, days: int) -> Rate:
        """The rate of a count.

        The interval is that of F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
        """
        exposure = length_km / 100 * days / DAYS_OF_A_YEAR
        low, high = garwood(incidents)
        return cls(incidents / exposure, low / exposure, high / exposure)


@dataclass(frozen=True)
class Piece:
    """A part of the route between two measures."""

    from_km: float
    to_km: float
    incidents: int
    weighted: float


@dataclass(frozen=True, kw_only=True)
class CorridorAnswer(Answer):
    """What was recorded along a route."""

    length_km: float
    incidents: int
    by_level: dict[str, int]
    weighted: float
    rate: Rate
    pieces: list[Piece]


def garwood(count: int) -> tuple[float, float]:
    """The exact 95 % interval of the mean of a Poisson count."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2)) / 2


def by_piece(line: Line, measure: Floats, weight: Floats) -> list[Piece]:
    """The incidents with these measures, in metres, and weights, in each of the equal pieces of a line."""
    pieces = line.pieces(PIECE)
    step = line.length / pieces
    piece = np.clip((measure / step).astype(np.int64), 0, pieces - 1)
    number = np.bincount(piece, minlength=pieces).tolist()
    weighted = np.bincount(piece, weight, minlength=pieces).tolist()
    return [Piece(at * step / 1000, (at + 1) * step / 1000, number[at], weighted[at]) for at in range(pieces)]


def ask_corridor(connection: Connection, ground: Ground, asked: Asked) -> CorridorAnswer:
    """Answer for a route by its name, or for a line drawn by hand."""
    shape: LineString | MultiLineString
    if isinstance(asked.shape, LineString | MultiLineString):
        shape, line, name = asked.shape, Line.of(asked.shape), UNNAMED
    else:
        route = find_route(connection, ground, asked.values["route"])
        shape, line = route.shape, route.line
        name = Text(f"{route.name} ({route.route_id})", f"{route.name} ({route.route_id})")
    counted = in_period(connection, ground, asked)
    metres = asked.values["width_km"] * 1000
    hits = counted.incidents.grid.near(line, metres, counted.mask)
    mapped = counted.incidents.mapped
    tally = Tally.of(mapped, hits.place)
    length_km = line.length / 1000
    outside = line_outside(scope_of(connection, ground), shape)
    rate = Rate.of(tally.incidents, length_km, window_of(asked).days)
    within, many, long = n(asked.values["width_km"], 1), incidents(tally.incidents), n(length_km, 1)
    days, value, low, high = in_words(asked), n(rate.value, 2), n(rate.low, 2), n(rate.high, 2)
    told = Text(
        f"{many.en} within {within.en} km of {name.en}, {long.en} km long ({days.en}): {value.en} per 100 km"
        f" and year (95 % interval {low.en} to {high.en}).",
        f"{many.fr} à moins de {within.fr} km de {name.fr}, long de {long.fr} km ({days.fr}) : {value.fr} par"
        f" 100 km et an (intervalle à 95 % de {low.fr} à {high.fr}).",
    )
    return CorridorAnswer(
        **basis("corridor", ground, asked, Basis(counted, tally, told, outside)),
        length_km=length_km,
        incidents=tally.incidents,
        by_level=tally.by_level,
        weighted=tally.weighted,
        rate=rate,
        pieces=by_piece(line, hits.measure, mapped.weight[hits.place]),
    )
