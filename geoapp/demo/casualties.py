"""Casualties of incidents: mostly none or not known, more where the level is high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geoapp.demo.draw import Flags, Floats, Ints, Objects, missing

VIOLENT = ("violence", "mine_accident", "explosives_loss_or_misuse", "community_conflict", "abduction")
ROUGH = (*VIOLENT, "roadblock_extortion", "theft_or_robbery", "armed_group_presence", "sexual_violence")
# By level, the unknown one first: how often somebody was killed or injured, in incidents that may cost lives.
KILLED_SHARE = np.array([0.03, 0.45, 0.05, 0.0])
INJURED_SHARE = np.array([0.12, 0.5, 0.3, 0.12])
MORE_KILLED, MORE_INJURED, MORE_ABDUCTED = 0.8, 1.6, 2.4
UNKNOWN_SHARE, UNKNOWN_SHARE_ROUGH = 0.55, 0.15


@dataclass(frozen=True)
class Casualties:
    """People killed, injured and abducted; None is not known, 0 is known to be none."""

    killed: Objects
    injured: Objects
    abducted: Objects


def make_casualties(rng: np.random.Generator, category: Objects, level: Ints) -> Casualties:
    """The casualties of incidents of some category and level (0 unknown)."""
    violent = np.isin(category, VIOLENT)
    rough = np.isin(category, ROUGH)
    taken = category == "abduction"
    return Casualties(
        _count(rng, violent * KILLED_SHARE[level], MORE_KILLED, rough),
        _count(rng, rough * INJURED_SHARE[level], MORE_INJURED, rough),
        _count(rng, taken.astype(float), MORE_ABDUCTED, taken),
    )


def _count(rng: np.random.Generator, share: Floats, more: float, sure: Flags) -> Objects:
    number = len(share)
    hit = rng.random(number) < share
    count = np.where(hit, 1 + rng.poisson(more, number), 0)
    lost = rng.random(number) < np.where(sure, UNKNOWN_SHARE_ROUGH, UNKNOWN_SHARE)
    return missing(count, lost & ~hit)
