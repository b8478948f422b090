"""The benchmarks by name: what each measures, and how it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine

from geoapp.bench.access import run_access
from geoapp.bench.tiles import run_tiles


class Result(Protocol):
    """What a benchmark found."""

    @property
    def passed(self) -> bool:
        """Whether it stays within its limit."""

    def report(self) -> str:
        """The figures for people, and the verdict."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark; `run` takes the operator's engine, the web role's, and what to call with the steps done."""

    measures: str
    run: Callable[[Engine, Engine, Callable[[int], Any]], Result]


BENCHMARKS = {
    "access": Benchmark("what row-level security costs maps, features and corridors", run_access),
    "tiles": Benchmark("tiles of incidents a second, against tipg and a file sent by nginx", run_tiles),
}
