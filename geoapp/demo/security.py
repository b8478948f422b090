"""Security: forces deployed at sites, facilities and on routes, and the movements that they escort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString

from geoapp.demo.belts import BELTS, nearest_belt
from geoapp.demo.draw import (
    Days,
    Flags,
    Floats,
    Ints,
    Objects,
    choose,
    dates,
    identifiers,
    missing,
    objects,
    unknown,
)
from geoapp.demo.ground import KM_PER_DEGREE
from geoapp.demo.names import invent
from geoapp.demo.rows import Writer
from geoapp.demo.scene import Scene
from layers.tables import Deployment

# How many of each function; 400 in all.
FUNCTIONS = {
    "site_guard": 140,
    "depot_guard": 80,
    "checkpoint": 60,
    "patrol": 60,
    "convoy_escort": 35,
    "explosives_escort": 25,
}
GUARDED = ("depot", "buying_house", "processor", "exporter", "explosives_magazine")
ESCORTS = ("convoy_escort", "explosives_escort")
GUARDS = {"mining_police": 8, "police": 3, "army": 1, "private_company": 4, "in_house": 3, "other_state": 0.5}
MOVERS = {"police": 4, "mining_police": 4, "army": 4, "private_company": 1.5}
STRENGTH = {
    "site_guard": 6,
    "depot_guard": 4,
    "checkpoint": 5,
    "patrol": 9,
    "convoy_escort": 6,
    "explosives_escort": 8,
}
PROVIDERS = {
    "police": "Police",
    "mining_police": "Police des mines",
    "army": "Armée",
    "other_state": "Service de l'État",
    "in_house": "Gardes internes",
}
PRIVATE = ("private_company", "in_house")
PLACED_SHARE, WHOLE_ROUTE_SHARE = 0.7, 0.75
ENDED_SHARE = 0.25
OLDEST_DAYS, NEWEST_DAYS = 1_500, 20
PATROL_KM = (10, 60)


@dataclass(frozen=True)
class Subjects:
    """The site, facility or route of each deployment as its place, -1 for none."""

    site: Ints
    facility: Ints
    route: Ints


@dataclass(frozen=True)
class Escorts:
    """The deployments that escort: their ids, routes (places), cargo, lives and strengths."""

    id: Objects
    route: Ints
    function: Objects
    since: Days
    until: Days
    strength: Ints


def write_deployments(writer: Writer, scene: Scene) -> Escorts:
    """Write the deployments; those that escort are returned."""
    rng = scene.plan.generator("deployments")
    until = np.datetime64(scene.plan.until, "D")
    function = objects([name for name, number in FUNCTIONS.items() for _ in range(number)])
    number = len(function)
    subjects = _subjects(scene, function, rng)
    near = _near(scene, subjects)
    insecurity = np.array([belt.insecurity for belt in BELTS])[nearest_belt(*near.T)]
    force = _forces(rng, function, insecurity)
    private = np.isin(force, PRIVATE)
    strength = 1 + rng.poisson(objects([STRENGTH[each] for each in function]).astype(float))
    trained = rng.binomial(strength, rng.beta(1.2, 1.0, number))
    since = until - rng.integers(NEWEST_DAYS, OLDEST_DAYS, number)
    ended = rng.random(number) < ENDED_SHARE
    end = np.minimum(since + rng.integers(NEWEST_DAYS // 2, 700, number), until)
    mandate = _mandates(rng, private, since)
    ids = identifiers(rng, number)
    writer.write(
        Deployment,
        {
            "id": ids,
            "deployment_id": [f"DEP-{serial:03d}" for serial in range(1, number + 1)],
            "provider_class": np.where(private, "private", "public"),
            "force": force,
            "provider_name": unknown(rng, _provider_names(rng, force), 0.05),
            "force_unit": missing(
                [f"Peloton {each}" for each in rng.integers(1, 9, number)], private | (rng.random(number) < 0.4)
            ),
            "function": function,
            "site_id": missing(scene.sites.site_id[subjects.site], subjects.site < 0),
            "route_ref": missing(scene.routes.id[subjects.route], subjects.route < 0),
            "facility_ref": missing(scene.facilities.id[subjects.facility], subjects.facility < 0),
            "strength": unknown(rng, strength, 0.08),
            "armed": unknown(rng, _arms(rng, force), 0.08),
            "mandate_ref": unknown(rng, mandate, 0.15),
            "mou_on": missing(dates(since - rng.integers(5, 200, number)), ~private & (rng.random(number) < 0.6)),
            "vetted": choose(rng, {"yes": 48, "no": 17, "unknown": 35}, number),
            "vps_trained": unknown(rng, trained, 0.2),
            "vps_trained_on": missing(dates(np.minimum(since + rng.integers(0, 300, number), until)), trained == 0),
            "equipment_transferred": missing(
                choose(rng, {"radios": 3, "imperméables, bottes": 3, "moto, carburant": 2, "tente": 1}, number),
                private | (rng.random(number) < 0.8),
            ),
            "coverage_m": unknown(rng, rng.choice([500, 1_000, 2_000, 5_000], number), 0.6),
            "valid_from": dates(since),
            "valid_to": missing(dates(end), ~ended | (end <= since)),
            "geom": _points(scene, function, subjects, near, rng),
        },
    )
    kept = np.isin(function, ESCORTS)
    over = np.where(ended, end, until + 1)
    return Escorts(ids[kept], subjects.route[kept], function[kept], since[kept], over[kept], strength[kept])


def _subjects(scene: Scene, function: Objects, rng: np.random.Generator) -> Subjects:
    site, facility, route = (np.full(len(function), -1, dtype=np.int64) for _ in range(3))
    working = np.flatnonzero(scene.sites.activity != "abandoned")
    guarded = np.flatnonzero(np.isin(scene.facilities.kind, GUARDED))
    land = np.flatnonzero(scene.routes.on_land)
    for name, number in FUNCTIONS.items():
        at = function == name
        if name == "site_guard":
            weight = scene.sites.workers[working].astype(float)
            site[at] = rng.choice(working, number, replace=False, p=weight / weight.sum())
        elif name == "depot_guard":
            facility[at] = rng.choice(guarded, number)
        else:
            wanted = ("explosives", "both") if name == "explosives_escort" else ("minerals", "both")
            used = land[np.isin(scene.routes.use[land], wanted)] if name in ESCORTS else land
            route[at] = rng.choice(used if len(used) else land, number)
    return Subjects(site, facility, route)


def _near(scene: Scene, subjects: Subjects) -> Floats:
    """A point at or near each deployment's subject: of a route its start."""
    starts = np.array([points[0] for points in scene.routes.points])
    return np.select(
        [subjects.site[:, None] >= 0, subjects.facility[:, None] >= 0],
        [
            np.column_stack([scene.sites.x, scene.sites.y])[subjects.site],
            np.column_stack([scene.facilities.x, scene.facilities.y])[subjects.facility],
        ],
        starts[subjects.route],
    )


def _points(scene: Scene, function: Objects, subjects: Subjects, near: Floats, rng: np.random.Generator) -> Objects:
    """Where each deployment stands or moves; None where only its subject is known."""
    beside = near + rng.uniform(-0.2, 0.2, near.shape) / KM_PER_DEGREE
    made = np.asarray(shapely.points(beside.round(6)), dtype=object)
    made[rng.random(len(function)) > PLACED_SHARE] = None
    for at in np.flatnonzero(subjects.route >= 0):
        points = scene.routes.points[subjects.route[at]]
        if function[at] == "checkpoint":
            made[at] = shapely.points(points[rng.integers(len(points))])
        elif function[at] == "patrol":
            made[at] = LineString(_stretch(points, rng))
        else:
            made[at] = LineString(points) if rng.random() < WHOLE_ROUTE_SHARE else None
    return made


def _stretch(points: Floats, rng: np.random.Generator) -> Floats:
    """A part of a route, vertex to vertex."""
    gone = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))) * KM_PER_DEGREE
    first = int(rng.integers(len(points) - 1))
    last = int(np.searchsorted(gone, gone[first] + rng.uniform(*PATROL_KM)))
    return points[first : max(last, first + 1) + 1]


def _forces(rng: np.random.Generator, function: Objects, insecurity: Floats) -> Objects:
    standing = choose(rng, GUARDS, len(function))
    moving = choose(rng, MOVERS, len(function))
    force = np.where(np.isin(function, ("site_guard", "depot_guard")), standing, moving)
    # The army stands in for the police where it is tense.
    force[(rng.random(len(function)) < 0.25 * insecurity) & (function != "depot_guard")] = "army"
    return np.asarray(force)


def _arms(rng: np.random.Generator, force: Objects) -> Objects:
    number = len(force)
    public = choose(rng, {"long_arm": 75, "sidearm": 20, "no": 5}, number)
    private = choose(rng, {"no": 75, "sidearm": 20, "long_arm": 5}, number)
    return np.asarray(np.where(np.isin(force, PRIVATE), private, public))


def _provider_names(rng: np.random.Generator, force: Objects) -> Objects:
    companies = invent(rng, len(force), french=True)
    return objects(
        [PROVIDERS.get(each, f"Gardiennage {company} (fictif)") for each, company in zip(force, companies, strict=True)]
    )


def _mandates(rng: np.random.Generator, private: Flags, since: Days) -> Objects:
    years = since.astype("datetime64[Y]").astype(np.int64) + 1970
    kinds = np.where(private, "Contrat", choose(rng, {"OM": 6, "Protocole d'accord": 4}, len(private)))
    numbers = rng.integers(1, 300, len(private))
    return objects([f"{kind} {n:03d}/{year}" for kind, n, year in zip(kinds, numbers, years, strict=True)])
