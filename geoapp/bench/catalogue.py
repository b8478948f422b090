"""The benchmarks by name: what each measures, and how it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine

from geoapp.bench.access import run_access
from geoapp.bench.analysts import run_load
from geoapp.bench.features import run_features
from geoapp.bench.importing import run_importing
from geoapp.bench.page import run_page
from geoapp.bench.risk import run_corridor, run_hotspots, run_path, run_pressure
from geoapp.bench.tiles import run_tiles
from geoapp.bench.using import run_using
from geoapp.bench.views import run_views


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
    "features": Benchmark("pages of 1,000 features, against pygeoapi, tipg and the same SQL by psql", run_features),
    "import": Benchmark("how fast a file of 100,000 points is imported, against ogr2ogr with COPY", run_importing),
    "corridor": Benchmark("the corridors of all routes against geopandas, and their counts", run_corridor),
    "hotspots": Benchmark("hot spots of a year against geopandas and esda", run_hotspots),
    "load": Benchmark("50 analysts at work and an import: requests a second, percentiles, errors, memory", run_load),
    "page": Benchmark("the first view of the map on a slow link, in a browser, against plain Folium", run_page),
    "path": Benchmark("ways over 200,000 edges against networkx", run_path),
    "pressure": Benchmark("the pressure on all sites against geopandas", run_pressure),
    "tiles": Benchmark("tiles of incidents a second, against tipg and a file sent by nginx", run_tiles),
    "using": Benchmark("how soon a change of the filter is there, and how smoothly the map pans", run_using),
    "views": Benchmark("the bytes of a view and of a pan, at every zoom, under filters", run_views),
}
