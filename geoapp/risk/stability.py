"""Stability: how far a ranking by pressure depends on the house's choices of decay and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from geoapp.risk.columns import LEVEL_WEIGHTS
from geoapp.risk.counting import Decay
from geoapp.risk.earth import Floats, Ints

TIMES = (0.5, 2.0)


@dataclass(frozen=True)
class Choice:
    """The decay and the weights of the levels, 0 being the unknown one, that a pressure is worked out with."""

    decay: Decay
    levels: dict[int, float]


def variations() -> Iterator[Choice]:
    """The house's choice, and each part of it halved and doubled, one at a time.

    An unknown level has the weight of level 3, and changes with it.
    """
    house = Decay()
    yield Choice(house, LEVEL_WEIGHTS)
    for times in TIMES:
        yield Choice(Decay(house.metres * times, house.days), LEVEL_WEIGHTS)
        yield Choice(Decay(house.metres, house.days * times), LEVEL_WEIGHTS)
        for level in (1, 2, 3):
            changed = {each: weight * times for each, weight in LEVEL_WEIGHTS.items() if (each or 3) == level}
            yield Choice(house, LEVEL_WEIGHTS | changed)


def ranks(pressure: Floats) -> Ints:
    """1 for the highest; who is as high as another shares its rank."""
    return 1 + np.searchsorted(np.sort(-pressure), -pressure, side="left").astype(np.int64)


def rank_ranges(pressure_of: Callable[[Choice], Floats]) -> tuple[Ints, Ints]:
    """The best and the worst rank of each place over all variations."""
    all_ranks = np.stack([ranks(pressure_of(each)) for each in variations()])
    return all_ranks.min(axis=0), all_ranks.max(axis=0)
