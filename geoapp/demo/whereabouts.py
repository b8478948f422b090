"""Whereabouts: how exactly the place of an incident is known, and the point that is recorded for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geoapp.demo.anchors import Anchors
from geoapp.demo.draw import Ints, Objects, missing, pick
from geoapp.demo.ground import KM_PER_DEGREE, Ground, points

# Shares of the precisions 1 (exact) to 5 (province), and how far off a point of precision 1 to 3 may be.
PRECISION = np.array([0.34, 0.30, 0.21, 0.10, 0.05])
OFF_KM = np.array([0.12, 0.8, 4.0, 0.0, 0.0])
NO_POINT_SHARE = 0.1
UNSTATED_SHARE, MISSTATED_SHARE = 0.25, 0.004


@dataclass(frozen=True)
class Whereabouts:
    """The recorded places of incidents; `points` holds None where no point is known."""

    precision: Ints
    points: Objects
    stated_unit: Objects


def make_whereabouts(rng: np.random.Generator, ground: Ground, anchors: Anchors, anchor: Ints) -> Whereabouts:
    """Where incidents at anchors are said to have happened.

    A point of precision 4 is that of the nearest town, of precision 5 that of the province's seat; a few of those two
    have none. The others never leave the province of their anchor.
    """
    number = len(anchor)
    precision = 1 + pick(rng, PRECISION, number)
    along = rng.random(number)
    away = OFF_KM[precision - 1] / KM_PER_DEGREE * np.sqrt(rng.random(number))
    turn = rng.uniform(0, 2 * np.pi, number)
    x = anchors.x[anchor] + along * anchors.dx[anchor]
    y = anchors.y[anchor] + along * anchors.dy[anchor]
    off_x, off_y = x + away * np.cos(turn), y + away * np.sin(turn)
    province = anchors.province[anchor]
    inside = ground.province_at(off_x, off_y) == province
    seat = _seats(ground)[province]
    town = np.select([precision == 4, precision == 5], [anchors.town[anchor], seat], -1)
    x = np.where(town >= 0, ground.towns.x[town], np.where(inside, off_x, x)).round(6)
    y = np.where(town >= 0, ground.towns.y[town], np.where(inside, off_y, y)).round(6)
    without = (precision >= 4) & (rng.random(number) < NO_POINT_SHARE)
    other = np.where(rng.random(number) < MISSTATED_SHARE, rng.integers(0, len(ground.codes), number), province)
    stated = missing(ground.codes[other], rng.random(number) < UNSTATED_SHARE)
    stated[without] = ground.codes[province[without]]
    return Whereabouts(precision, missing(points(x, y), without), stated)


def _seats(ground: Ground) -> Ints:
    """The most important town of each province, -1 where it has none."""
    towns = ground.towns
    seats = np.full(len(ground.codes), -1, dtype=np.int64)
    for town in np.argsort(-towns.rank, kind="stable"):
        seats[towns.province[town]] = town
    return seats
