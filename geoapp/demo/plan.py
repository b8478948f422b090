"""The plan: how much demonstration data is asked for, until which day, and from which seed."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from geoapp.errors import DemoError

DEFAULT_INCIDENTS = 20_000
DEFAULT_ROUTES = 60
DEFAULT_SEED = 20_240_501
MOST_INCIDENTS = 5_000_000
MOST_ROUTES = 2_000
# About what is written besides incidents, routes and actions on incidents, and the most of the latter.
PLACED_ROWS = 9_400
MOST_ACTIONS = 20_000
EARLIEST = dt.date(2000, 1, 1)
# PostgreSQL and JSON hold it whole, and so does everything in between.
LARGEST_SEED = 2**53


@dataclass(frozen=True)
class Plan:
    """What to make; the same plan over the same base map makes the same rows, identifiers included."""

    until: dt.date
    incidents: int = DEFAULT_INCIDENTS
    routes: int = DEFAULT_ROUTES
    seed: int = DEFAULT_SEED

    @property
    def about_rows(self) -> int:
        """About how many rows the plan makes, for a progress bar."""
        return self.incidents + self.routes + PLACED_ROWS + min(self.incidents // 20, MOST_ACTIONS)

    def check(self, today: dt.date) -> None:
        """Raise DemoError where a number is out of its range or the last day lies after `today`."""
        for name, value, low, high in (
            ("--incidents", self.incidents, 0, MOST_INCIDENTS),
            ("--routes", self.routes, 1, MOST_ROUTES),
            ("--seed", self.seed, 0, LARGEST_SEED),
        ):
            if not low <= value <= high:
                raise DemoError(f"{name} {value} is out of range: give a number from {low} to {high}.")
        if not EARLIEST <= self.until <= today:
            raise DemoError(f"--until {self.until} is out of range: give a day from {EARLIEST} to today, {today}.")

    def generator(self, part: str) -> np.random.Generator:
        """The random numbers of one part of the data, which no other part's size changes."""
        return np.random.default_rng([self.seed, crc32(part.encode())])

    def record(self) -> dict[str, int | str]:
        """The plan as JSON, for the installation to remember."""
        return {**asdict(self), "until": self.until.isoformat()}


def today_in(time_zone: str) -> dt.date:
    """The day that it is in a time zone."""
    return dt.datetime.now(ZoneInfo(time_zone)).date()
