"""Checkpoints on the roads: who holds them, whether by law, and what is taken."""

from __future__ import annotations

import numpy as np

from geoapp.demo.belts import BELTS, nearest_belt
from geoapp.demo.draw import choose, dates, identifiers, missing, objects, unknown
from geoapp.demo.ground import points
from geoapp.demo.rows import Writer
from geoapp.demo.scene import Scene
from layers.tables import Checkpoint

CHECKPOINTS = 120
CALM = {"state_police": 5, "other_state": 4, "mining_police": 2, "community": 1}
TENSE = {
    "state_army": 6,
    "state_police": 3,
    "armed_group": 5,
    "mining_police": 1,
    "other_state": 2,
    "unknown": 1,
}
UNLAWFUL = ("armed_group", "unknown", "community")


def write_checkpoints(writer: Writer, scene: Scene) -> None:
    """Write checkpoints at vertices of the land routes, insecure belts having more of them."""
    rng = scene.plan.generator("checkpoints")
    until = np.datetime64(scene.plan.until, "D")
    land = [points for points, by_land in zip(scene.routes.points, scene.routes.on_land, strict=True) if by_land]
    vertices = np.unique(np.vstack(land), axis=0)
    insecurity = np.array([belt.insecurity for belt in BELTS])[nearest_belt(*vertices.T)]
    weight = 0.15 + insecurity
    number = min(CHECKPOINTS, len(vertices))
    at = rng.choice(len(vertices), number, replace=False, p=weight / weight.sum())
    x, y = vertices[at].T
    tense = rng.random(number) < insecurity[at]
    operator = np.where(tense, choose(rng, TENSE, number), choose(rng, CALM, number))
    lawful = np.where(np.isin(operator, UNLAWFUL), "no", choose(rng, {"yes": 5, "unclear": 4, "no": 1}, number))
    levy = np.where(
        lawful == "yes",
        choose(rng, {"none": 6, "cash": 4}, number),
        choose(rng, {"cash": 6, "minerals": 1, "both": 3}, number),
    )
    first = until - rng.integers(90, 1_800, number)
    last = np.minimum(first + rng.integers(10, 1_800, number), until - rng.integers(1, 60, number))
    town = scene.ground.towns.name[scene.ground.towns.nearest(x, y)]
    writer.write(
        Checkpoint,
        {
            "id": identifiers(rng, number),
            "checkpoint_id": [f"CP-{serial:03d}" for serial in range(1, number + 1)],
            "name": unknown(rng, objects([f"Barrière {name}" for name in town]), 0.3),
            "operator_kind": operator,
            "lawful": lawful,
            "levy": unknown(rng, levy, 0.1),
            "first_seen": dates(first),
            "last_seen": missing(dates(last), rng.random(number) < 0.1),
            "stated_unit": unknown(rng, scene.ground.codes[scene.ground.province_near(x, y)], 0.3),
            "geom": points(x, y),
        },
    )
