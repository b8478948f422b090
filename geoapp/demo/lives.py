"""The lives of incidents: how far each has come by a day, when it is due, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geoapp.demo.draw import Days, Flags, Ints, Objects, choose

# The days after which an open incident has usually moved on.
STEPS = (4, 15, 45, 110)
OPEN_STATUSES = np.array(["reported", "verifying", "open", "mitigating", "monitoring"], dtype=object)
# By level, the unknown one first.
MEAN_DAYS = np.array([60.0, 95.0, 75.0, 55.0])
DUE_DAYS = np.array([90, 1, 30, 90])
SLOW_SHARE, SLOW_FACTOR = 0.06, 3.0
REJECTED_SHARE, REOPENED_SHARE = 0.025, 0.012
OUTCOMES = {"resolved": 58, "mitigated": 27, "unresolved": 9, "disengaged": 3, "unfounded": 3}


@dataclass(frozen=True)
class Lives:
    """The state of incidents on a day; days that are not known are NaT."""

    status: Objects
    opened: Days
    due: Days
    closed: Days
    outcome: Objects


def make_lives(rng: np.random.Generator, known: Days, level: Ints, until: np.datetime64) -> Lives:
    """What has become by `until` of incidents known since `known`; level 0 is unknown."""
    number = len(known)
    age = (until - known).astype(np.int64)
    lasting = rng.gamma(2.2, MEAN_DAYS[level] / 2.2)
    lasting[rng.random(number) < SLOW_SHARE] *= SLOW_FACTOR
    days = lasting.astype(np.int64) + 1
    over = age >= days
    pace = age * rng.uniform(0.6, 1.4, number)
    status = OPEN_STATUSES[np.searchsorted(STEPS, pace, side="right")]
    chance = rng.random(number)
    rejected = over & (chance < REJECTED_SHARE)
    reopened = over & (chance >= 1 - REOPENED_SHARE)
    status[over] = "closed"
    status[rejected] = "rejected"
    status[reopened] = "reopened"
    ended = over & ~reopened
    outcome = choose(rng, OUTCOMES, number)
    outcome[rejected] = "unfounded"
    outcome[~ended] = None
    opened = _only(known, status != "reported")
    return Lives(status, opened, opened + DUE_DAYS[level], _only(known + days, ended), outcome)


def _only(days: Days, where: Flags) -> Days:
    return np.where(where, days, np.datetime64("NaT"))
