"""Random draws, vectorised: choices by weight, identifiers, days, and values that are missing at times."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]
Days = NDArray[np.datetime64]

VERSION, VARIANT = 0x40, 0x80


def identifiers(rng: np.random.Generator, number: int) -> Objects:
    """Random (version 4) UUIDs as text, `number` of them."""
    raw = rng.integers(0, 256, size=(number, 16), dtype=np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | VERSION
    raw[:, 8] = raw[:, 8] & 0x3F | VARIANT
    digits = raw.tobytes().hex()
    return objects([str(uuid.UUID(digits[at : at + 32])) for at in range(0, len(digits), 32)])


def objects(values: Sequence[Any]) -> Objects:
    """A one-dimensional array of any values, lists and None among them."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def choose(rng: np.random.Generator, weights: Mapping[str, float], number: int) -> Objects:
    """`number` keys of `weights`, each as likely as its weight says."""
    return objects(list(weights))[pick(rng, np.fromiter(weights.values(), float), number)]


def pick(rng: np.random.Generator, weights: Floats, number: int) -> Ints:
    """`number` places in `weights`, each as likely as its weight says."""
    cumulated = np.cumsum(weights)
    drawn: Ints = np.searchsorted(cumulated, rng.random(number) * cumulated[-1], side="right")
    return np.minimum(drawn, len(weights) - 1)


def pick_by_row(rng: np.random.Generator, cumulated: Floats) -> Ints:
    """One column for each row of `cumulated`, rows of cumulated weights whose last is their sum."""
    drawn = rng.random(len(cumulated)) * cumulated[:, -1]
    return np.asarray((drawn[:, None] >= cumulated[:, :-1]).sum(axis=1), dtype=np.int64)


def missing(values: Any, where: Flags) -> Objects:
    """The values as objects, None at the places that `where` marks."""
    made = np.asarray(values).astype(object)
    made[where] = None
    return made


def is_none(values: Objects) -> Flags:
    """Where values are missing."""
    return np.array([value is None for value in values], dtype=bool)


def unknown(rng: np.random.Generator, values: Any, share: float) -> Objects:
    """The values as objects, None for about `share` of them."""
    return missing(values, rng.random(len(values)) < share)


def dates(days: Days) -> Objects:
    """Days as dates, NaT as None."""
    return objects(days.astype("datetime64[D]").tolist())
