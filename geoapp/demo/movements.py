"""Movements of explosives, detonators and minerals that have arrived, most of them under escort."""

from __future__ import annotations

import datetime as dt

import numpy as np

from geoapp.demo.draw import Floats, Ints, Objects, choose, identifiers, missing, objects, pick
from geoapp.demo.lines import length_km
from geoapp.demo.rows import Writer
from geoapp.demo.scene import Scene
from geoapp.demo.security import Escorts
from layers.tables import EscortMovement

MOVEMENTS = 600
DAYS = 730
SPEED_KM_H = {"foot": 3.5, "motorbike": 18.0, "light_vehicle": 22.0, "truck": 14.0}
SHORT_SHARE = 0.035
UNRECEIVED_SHARE = 0.03
UNESCORTED_STRENGTH_SHARE = 0.5
TRIPS = {"explosives": 5.0, "both": 2.5, "minerals": 1.0}
KILOGRAMS = {"explosives": 900, "detonators": 60, "minerals": 8_000}


def write_movements(writer: Writer, scene: Scene, escorts: Escorts) -> None:
    """Write the movements of the last two years, along land routes of their cargo's use."""
    rng = scene.plan.generator("movements")
    route, cargo = _trips(scene, rng)
    number = len(route)
    day = np.datetime64(scene.plan.until, "D") - rng.integers(1, DAYS, number)
    escort = _escorts(escorts, route, cargo, day, rng)
    arrived = day + np.timedelta64(7, "h") + rng.integers(0, 9 * 60, number).astype("timedelta64[m]")
    kilometres = np.array([length_km(points) for points in scene.routes.points])[route]
    speed = np.array([SPEED_KM_H[mode] for mode in scene.routes.mode[route]])
    minutes = kilometres / speed * 60 * rng.uniform(0.9, 2.0, number)
    departed = arrived - minutes.astype(np.int64).astype("timedelta64[m]")
    dispatched = (np.array([KILOGRAMS[each] for each in cargo]) * rng.lognormal(0, 0.5, number)).round(1)
    deviation = rng.exponential(250, number).round()
    strong = np.where(escort >= 0, escorts.strength[escort], 0)
    writer.write(
        EscortMovement,
        {
            "id": identifiers(rng, number),
            "movement_id": [f"MV-{serial:04d}" for serial in range(1, number + 1)],
            "route_ref": scene.routes.id[route],
            "deployment_ref": missing(escorts.id[escort], escort < 0),
            "cargo": cargo,
            "permit_no": missing(
                [f"PT-{each:05d}" for each in rng.integers(1, 99_999, number)],
                rng.random(number) < np.where(cargo == "minerals", 0.4, 0.05),
            ),
            "dispatched_kg": dispatched,
            "received_kg": missing(_received(rng, dispatched), rng.random(number) < UNRECEIVED_SHARE),
            "departed_at": _moments(departed),
            "arrived_at": _moments(arrived),
            "escort_strength": missing(strong, (escort < 0) & (rng.random(number) < UNESCORTED_STRENGTH_SHARE)),
            "vehicles": 1 + rng.poisson(0.8, number),
            "deviation_m": missing(deviation, rng.random(number) < 0.5),
        },
    )


def _trips(scene: Scene, rng: np.random.Generator) -> tuple[Ints, Objects]:
    """The route, as its place, and the cargo of each movement."""
    land = np.flatnonzero(scene.routes.on_land)
    weight = np.array([TRIPS[use] for use in scene.routes.use[land]])
    route = land[pick(rng, weight, MOVEMENTS)]
    use = scene.routes.use[route]
    blasting = choose(rng, {"explosives": 7, "detonators": 3}, MOVEMENTS)
    blasts = (use == "explosives") | ((use == "both") & (rng.random(MOVEMENTS) < 0.6))
    return route, np.where(blasts, blasting, "minerals").astype(object)


def _escorts(escorts: Escorts, route: Ints, cargo: Objects, day: np.ndarray, rng: np.random.Generator) -> Ints:
    """An escort on the route and valid on the day for each movement, -1 for none."""
    found = np.full(len(route), -1, dtype=np.int64)
    for at in range(len(route)):
        wanted = "convoy_escort" if cargo[at] == "minerals" else "explosives_escort"
        fits = np.flatnonzero(
            (escorts.route == route[at])
            & (escorts.function == wanted)
            & (escorts.since <= day[at])
            & (day[at] < escorts.until)
        )
        if len(fits):
            found[at] = rng.choice(fits)
    return found


def _received(rng: np.random.Generator, dispatched: Floats) -> Floats:
    """What arrived: mostly all or nearly all of it, at times over 1 % less."""
    number = len(dispatched)
    short = rng.random(number) < SHORT_SHARE
    lost = np.where(short, rng.uniform(0.012, 0.06, number), rng.uniform(0, 0.004, number))
    lost[~short & (rng.random(number) < 0.6)] = 0.0
    return np.asarray((dispatched * (1 - lost)).round(1))


def _moments(times: np.ndarray) -> Objects:
    """Times as datetimes in UTC."""
    return objects([time.replace(tzinfo=dt.UTC) for time in times.astype("datetime64[s]").tolist()])
