"""Stability: how far a ranking by pressure depends on the house's choices of decay and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from geoapp.risk.counting import Decay
from geoapp.risk.earth import Floats, Ints
from layers.weights import LevelWeights

TIMES = (0.5, 2.0)


@dataclass(frozen=True)
class Choice:
    """The decay and the weights of the levels, 0 being the unknown one, that a pressure is worked out with."""

    decay: Decay
    levels: Mapping[int, float]


def variations(levels: LevelWeights) -> Iterator[Choice]:
    """The house's choice, with these weights of the levels, and each part of it halved and doubled, one at a time.

    An unknown level has the weight of level 3, and changes with it.
    """
    house = Decay()
    yield Choice(house, levels)
    for times in TIMES:
        yield Choice(Decay(house.metres * times, house.days), levels)
        yield Choice(Decay(house.metres, house.days * times), levels)
        for level in (1, 2, 3):
            changed = {each: weight * times for each, weight in levels.items() if (each or 3) == level}
            yield Choice(house, {**levels, **changed})


def ranks(pressure: Floats) -> Ints:
    """1 for the highest; who is as high as another shares its rank."""
    return 1 + np.searchsorted(np.sort(-pressure), -pressure, side="left").astype(np.int64)


def rank_ranges(levels: LevelWeights, pressure_of: Callable[[Choice], Floats]) -> tuple[Ints, Ints]:
    """The best and the worst rank of each place over all variations."""
    all_ranks = np.stack([ranks(pressure_of(each)) for each in variations(levels)])
    return all_ranks.min(axis=0), all_ranks.max(axis=0)
