"""What happens where and who does it: the probabilities of categories, actors, victims, acts and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geoapp.demo.draw import Flags, Floats, Ints, Objects, objects, pick_by_row
from layers.vocabulary import ACTOR_KIND, CATEGORY

CATEGORIES = tuple(CATEGORY)
ACTORS = tuple(ACTOR_KIND)


@dataclass(frozen=True)
class Cause:
    """One category: how often at a site, on a road, at a facility and in a town, by whom, against whom, how grave.

    `conflict` is 1 where it grows with insecurity, -1 where it shrinks; `wet` is its factor in the rainy seasons.
    `levels` are the shares of levels 1, 2 and 3.
    """

    at: tuple[float, float, float, float]
    actors: Mapping[str, float]
    victims: Mapping[str, float]
    acts: Mapping[str, float]
    levels: tuple[float, float, float]
    conflict: int = 0
    wet: float = 1.0


FORCES = {"state_army": 5, "state_police": 2, "mining_police": 2, "other_state": 1}
ARMED = {"armed_group": 8, "unknown": 2, "state_army": 1}
TRADE = {"trader": 6, "cooperative": 3, "company": 2, "unknown": 2}
WORKERS = {"miner": 7, "trader": 2, "community": 1}
TRAVELLERS = {"transporter": 6, "trader": 3, "miner": 2}
PEOPLE = {"community": 5, "miner": 3, "unknown": 2}

CAUSES = {
    "armed_group_presence": Cause(
        (6, 6, 0.3, 2), {"armed_group": 1}, PEOPLE, {"threat": 7, "other": 3}, (0.16, 0.47, 0.37), 1
    ),
    "security_force_interference": Cause(
        (8, 4, 2, 2), FORCES, WORKERS, {"extortion": 5, "threat": 3, "confine": 1}, (0.07, 0.41, 0.52), 1
    ),
    "illegal_taxation": Cause(
        (9, 8, 2, 4),
        {**FORCES, "armed_group": 5, "community": 1},
        WORKERS,
        {"extortion": 1},
        (0.04, 0.34, 0.62),
        1,
        0.9,
    ),
    "roadblock_extortion": Cause(
        (0.5, 22, 0, 1),
        {**FORCES, "armed_group": 6, "unknown": 1},
        TRAVELLERS,
        {"extortion": 9, "threat": 1},
        (0.05, 0.36, 0.59),
        1,
        0.75,
    ),
    "violence": Cause(
        (6, 6, 2, 6),
        {**ARMED, "community": 4, "state_army": 3, "private_guard": 1},
        {**PEOPLE, "security_force": 1},
        {"attack": 8, "threat": 2},
        (0.22, 0.43, 0.35),
        1,
    ),
    "sexual_violence": Cause(
        (1, 1, 0, 1.2), {**ARMED, "community": 2}, {"community": 8, "miner": 2}, {"attack": 1}, (0.5, 0.4, 0.1), 1
    ),
    "abduction": Cause((1, 2.5, 0.2, 1), ARMED, {**PEOPLE, "transporter": 2}, {"confine": 1}, (0.42, 0.44, 0.14), 1),
    "theft_or_robbery": Cause(
        (7, 10, 8, 7),
        {"unknown": 7, "community": 2, "armed_group": 2, "state_army": 1},
        {"miner": 3, "trader": 3, "transporter": 3, "company": 1},
        {"theft": 8, "attack": 2},
        (0.02, 0.24, 0.74),
    ),
    "depot_break_in": Cause(
        (0.3, 0, 20, 0.5),
        {"unknown": 8, "community": 1, "private_guard": 1},
        {"trader": 5, "company": 4},
        {"theft": 1},
        (0.01, 0.29, 0.70),
    ),
    "tag_fraud": Cause((14, 2, 16, 1), TRADE, {"company": 5, "unknown": 5}, {"fraud": 1}, (0.005, 0.19, 0.805), -1),
    "origin_misrepresentation": Cause(
        (6, 4, 14, 2), TRADE, {"company": 5, "unknown": 5}, {"fraud": 1}, (0.01, 0.27, 0.72), -1
    ),
    "smuggling": Cause(
        (3, 14, 8, 6), TRADE, {"state_agent": 2, "unknown": 8}, {"fraud": 1}, (0.01, 0.24, 0.75), -1, 0.85
    ),
    "bribery": Cause(
        (3, 4, 8, 5),
        {"other_state": 5, "mining_police": 2, "trader": 2, "company": 1},
        {"trader": 4, "company": 3, "unknown": 3},
        {"fraud": 7, "extortion": 3},
        (0.01, 0.22, 0.77),
        -1,
    ),
    "child_labour": Cause(
        (8, 1, 1, 1),
        {"cooperative": 5, "community": 4, "unknown": 1},
        {"miner": 4, "community": 6},
        {"other": 1},
        (0.05, 0.28, 0.67),
        0,
        0.85,
    ),
    "forced_labour": Cause(
        (1.2, 0.2, 0, 0.3), ARMED, {"miner": 7, "community": 3}, {"confine": 6, "threat": 4}, (0.4, 0.45, 0.15), 1
    ),
    "mine_accident": Cause(
        (20, 0.2, 0.5, 0.2),
        {"cooperative": 5, "company": 1, "unknown": 4},
        {"miner": 1},
        {"accident": 1},
        (0.06, 0.22, 0.72),
        0,
        1.9,
    ),
    "explosives_loss_or_misuse": Cause(
        (1.5, 1.5, 4, 0.3),
        {"company": 4, "unknown": 4, "private_guard": 1, "cooperative": 1},
        {"company": 5, "unknown": 5},
        {"theft": 4, "accident": 3, "other": 3},
        (0.10, 0.45, 0.45),
    ),
    "community_conflict": Cause(
        (6, 2, 2, 9),
        {"community": 7, "cooperative": 2, "company": 1},
        {"community": 5, "company": 3, "miner": 2},
        {"threat": 5, "attack": 3, "other": 2},
        (0.02, 0.23, 0.75),
    ),
}

# Belts of like insecurity draw from the same probabilities.
BANDS = 5
UNKNOWN_LEVEL_SHARE = 0.07


def band(insecurity: Floats) -> Ints:
    """The band, 0 to BANDS - 1, that a belt's insecurity falls into."""
    return np.minimum((insecurity * BANDS).astype(np.int64), BANDS - 1)


@dataclass(frozen=True)
class Events:
    """What happened: `category` is a place in `codes`, `level` 0 is unknown."""

    codes: Objects
    category: Ints
    level: Ints
    actor: Objects
    victim: Objects
    act: Objects
    annex2: Objects


class Odds:
    """The tables of `CAUSES` as cumulated weights, ready to draw from."""

    def __init__(self) -> None:
        self._codes = objects(CATEGORIES)
        self._actors = objects(ACTORS)
        self._category = _categories()
        self._actor = _actor_weights()
        self._victims = _table("victims")
        self._acts = _table("acts")
        self._level = np.cumsum([CAUSES[category].levels for category in CATEGORIES], axis=-1)
        self._annex2 = _annex2()

    def draw(self, rng: np.random.Generator, kind: Ints, step: Ints, wet: Flags) -> Events:
        """One event for each kind of anchor, band of insecurity and season."""
        category = pick_by_row(rng, self._category[kind, step, wet.astype(np.int64)])
        actor = pick_by_row(rng, self._actor[step, category])
        level = 1 + pick_by_row(rng, self._level[category])
        return Events(
            codes=self._codes,
            category=category,
            level=np.where(rng.random(len(kind)) < UNKNOWN_LEVEL_SHARE, 0, level),
            actor=self._actors[actor],
            victim=self._victims[0][pick_by_row(rng, self._victims[1][category])],
            act=self._acts[0][pick_by_row(rng, self._acts[1][category])],
            annex2=self._annex2[category, actor],
        )


def _categories() -> Floats:
    """Cumulated weights of the categories, shaped (kind of anchor, band, wet season, category)."""
    weights = np.empty((4, BANDS, 2, len(CATEGORIES)))
    for place, category in enumerate(CATEGORIES):
        cause = CAUSES[category]
        for step in range(BANDS):
            danger = (step + 0.5) / BANDS
            factor = {1: 0.12 + 1.6 * danger, 0: 1.0, -1: 1.5 - danger}[cause.conflict]
            weights[:, step, 0, place] = np.array(cause.at) * factor
            weights[:, step, 1, place] = np.array(cause.at) * factor * cause.wet
    return np.cumsum(weights, axis=-1)


def _actor_weights() -> Floats:
    """Cumulated weights of the actors, shaped (band, category, actor): few armed groups where it is calm."""
    weights = np.zeros((BANDS, len(CATEGORIES), len(ACTORS)))
    for place, category in enumerate(CATEGORIES):
        for actor, weight in CAUSES[category].actors.items():
            weights[:, place, ACTORS.index(actor)] = weight
    alone = weights.sum(axis=-1) == weights[..., ACTORS.index("armed_group")]
    calm = (np.arange(BANDS) + 0.5) / BANDS
    weights[..., ACTORS.index("armed_group")] *= np.where(alone, 1.0, calm[:, None])
    return np.cumsum(weights, axis=-1)


def _table(column: str) -> tuple[Objects, Floats]:
    """The codes of `victims` or `acts`, and their cumulated weights shaped (category, code)."""
    tables: list[Mapping[str, float]] = [getattr(CAUSES[category], column) for category in CATEGORIES]
    codes = sorted({code for table in tables for code in table})
    weights = np.array([[table.get(code, 0.0) for code in codes] for table in tables])
    return objects(codes), np.cumsum(weights, axis=-1)


def _annex2() -> Objects:
    """The heading of Annex II, shaped (category, actor)."""
    fixed = {
        "violence": "1d",
        "sexual_violence": "1d",
        "abduction": "1d",
        "child_labour": "1c",
        "forced_labour": "1b",
        "tag_fraud": "4",
        "origin_misrepresentation": "4",
        "bribery": "4",
        "smuggling": "6",
    }
    # By non-state armed groups, and by public or private security forces.
    acts = {
        "armed_group_presence": ("2a", "3a"),
        "security_force_interference": ("2a", "3a"),
        "illegal_taxation": ("2b", "3b"),
        "roadblock_extortion": ("2b", "3b"),
    }
    forces = ("state_army", "state_police", "mining_police", "other_state", "private_guard")
    made = np.full((len(CATEGORIES), len(ACTORS)), "none", dtype=object)
    for place, category in enumerate(CATEGORIES):
        if category in fixed:
            made[place] = fixed[category]
        elif category in acts:
            made[place, ACTORS.index("armed_group")] = acts[category][0]
            made[place, [ACTORS.index(force) for force in forces]] = acts[category][1]
    return made
