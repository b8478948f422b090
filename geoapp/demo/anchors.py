"""Anchors: the sites, stretches of road, facilities and towns that incidents happen at, and how often at each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geoapp.demo.belts import BELTS, CENTRES_X, CENTRES_Y, nearest_belt
from geoapp.demo.draw import Floats, Ints, Objects
from geoapp.demo.facilities import Facilities
from geoapp.demo.ground import KM_PER_DEGREE, Ground
from geoapp.demo.routes import Routes
from geoapp.demo.sites import Sites

SITE, ROAD, FACILITY, TOWN = range(4)
# How many of all incidents happen at each kind of anchor.
SHARES = (0.53, 0.29, 0.07, 0.11)
STRETCH_KM = 1.0
WATER_FACTOR = 0.15
TOWN_KM = 60


@dataclass(frozen=True)
class Anchors:
    """Anchors, column by column: `kind` and `of` say what they belong to, `dx` and `dy` how far a stretch reaches.

    `where_en` and `where_fr` continue a sentence ("at the site Nyabira"); `town` is the nearest one.
    """

    kind: Ints
    of: Ints
    x: Floats
    y: Floats
    dx: Floats
    dy: Floats
    weight: Floats
    belt: Ints
    province: Ints
    town: Ints
    name: Objects
    where_en: Objects
    where_fr: Objects


def make_anchors(
    ground: Ground, sites: Sites, routes: Routes, facilities: Facilities, rng: np.random.Generator
) -> Anchors:
    """Every anchor, a few of each kind seeing far more than the others."""
    road, x, y, dx, dy = _stretches(routes)
    towns = ground.towns
    near = np.hypot(towns.x[:, None] - CENTRES_X, towns.y[:, None] - CENTRES_Y).min(axis=1) * KM_PER_DEGREE
    town = np.flatnonzero(near < TOWN_KM)
    kinds = (
        (SITE, np.arange(len(sites)), sites.x, sites.y, _at_sites(sites, rng)),
        (ROAD, road, x, y, _on_roads(routes, road, x, y, rng)),
        (FACILITY, np.arange(len(facilities)), facilities.x, facilities.y, _uneven(rng, len(facilities), 0.8)),
        (TOWN, town, towns.x[town], towns.y[town], _in_towns(ground, town, rng)),
    )
    kind = np.concatenate([np.full(len(of), number) for number, of, *_ in kinds])
    of = np.concatenate([each[1] for each in kinds])
    x, y = (np.concatenate([each[column] for each in kinds]) for column in (2, 3))
    # A kind without any anchor leaves its share to the others.
    weight = np.concatenate([SHARES[number] * each / each.sum() for number, *_, each in kinds if len(each)])
    stretch = kind == ROAD
    reach_x, reach_y = np.zeros(len(kind)), np.zeros(len(kind))
    reach_x[stretch], reach_y[stretch] = dx, dy
    near_town = towns.nearest(x, y)
    province = ground.province_near(x, y)
    province = np.where(province >= 0, province, towns.province[near_town])
    name, where_en, where_fr = _phrases(
        kind, (sites.name, routes.name, facilities.name, towns.name), of, towns.name[near_town]
    )
    return Anchors(
        kind=kind,
        of=of,
        x=x,
        y=y,
        dx=reach_x,
        dy=reach_y,
        weight=weight,
        belt=nearest_belt(x, y),
        province=province,
        town=near_town,
        name=name,
        where_en=where_en,
        where_fr=where_fr,
    )


def _uneven(rng: np.random.Generator, number: int, sigma: float) -> Floats:
    return rng.lognormal(0, sigma, number)


def _insecurity(belt: Ints) -> Floats:
    return np.array([each.insecurity for each in BELTS])[belt]


def _at_sites(sites: Sites, rng: np.random.Generator) -> Floats:
    busy = np.select([sites.activity == "abandoned", sites.activity == "suspended"], [0.15, 0.4], 1.0)
    crowd = np.sqrt(sites.workers) * busy * (0.35 + _insecurity(sites.belt))
    return np.asarray(crowd * _uneven(rng, len(sites), 1.0))


def _in_towns(ground: Ground, town: Ints, rng: np.random.Generator) -> Floats:
    towns = ground.towns
    insecurity = _insecurity(nearest_belt(towns.x[town], towns.y[town]))
    return np.asarray((0.25 + insecurity) * _uneven(rng, len(town), 0.7) / towns.rank[town])


def _on_roads(routes: Routes, road: Ints, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Dangerous routes, and on them dangerous stretches of some 10 km, shared by routes on the same road."""
    danger = _uneven(rng, len(routes), 0.6) * np.where(routes.on_land, 1.0, WATER_FACTOR)
    danger[routes.mode == "air"] = 0.0
    cells = np.round(x * 10).astype(np.int64) * 100_000 + np.round(y * 10).astype(np.int64)
    _, cell = np.unique(cells, return_inverse=True)
    hot = _uneven(rng, cell.max() + 1, 1.1)[cell]
    return np.asarray(danger[road] * hot * (0.35 + _insecurity(nearest_belt(x, y))))


def _stretches(routes: Routes) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Each route cut into stretches of about 1 km: its place, where each begins, and how far it reaches."""
    road, begin, reach = [], [], []
    for place, points in enumerate(routes.points):
        steps = np.hypot(*np.diff(points, axis=0).T) * KM_PER_DEGREE
        pieces = np.maximum(1, np.round(steps / STRETCH_KM)).astype(np.int64)
        segment = np.repeat(np.arange(len(steps)), pieces)
        within = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        step = (np.diff(points, axis=0) / pieces[:, None])[segment]
        road.append(np.full(len(segment), place))
        begin.append(points[segment] + step * within[:, None])
        reach.append(step)
    x, y = np.vstack(begin).T
    dx, dy = np.vstack(reach).T
    return np.concatenate(road), x, y, dx, dy


def _phrases(kind: Ints, names: tuple[Objects, ...], of: Ints, near: Objects) -> tuple[Objects, Objects, Objects]:
    """What each anchor is called, and the phrases that place an incident at it in English and in French."""
    name = np.empty(len(kind), dtype=object)
    for number, column in enumerate(names):
        name[kind == number] = column[of[kind == number]]
    english = np.empty(len(kind), dtype=object)
    french = np.empty(len(kind), dtype=object)
    for number, (en, fr) in enumerate(
        (
            ("at the site {name}, near {near}", "au site {name}, près de {near}"),
            ("on the route {name}, near {near}", "sur l'itinéraire {name}, près de {near}"),
            ("at the facility {name}", "à l'installation {name}"),
            ("in {name}", "à {name}"),
        )
    ):
        for at in np.flatnonzero(kind == number):
            english[at] = en.format(name=name[at], near=near[at])
            french[at] = fr.format(name=name[at], near=near[at])
    on_road = kind == ROAD
    name[on_road] = near[on_road] + " (" + name[on_road] + ")"
    return name, english, french
