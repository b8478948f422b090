"""How fast an import is: points with all checks on, against `ogr2ogr` with COPY and none, in turns."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from geoapp.errors import GeoappError
from geoapp.ingest.importing import import_file
from geoapp.ingest.request import Request

# How many times as long as the reference an import may take.
MOST = 2.0
POINTS = 100_000
ROUNDS = 5
TIME_ZONE = "Africa/Kigali"
# A table like the real one: its columns, checks, foreign keys and indexes. GDAL names every geometry in a COPY, which
# takes no generated one, so that the second geometry is there as an index over what would generate it.
PREPARE = (
    "CREATE TABLE bench_import (LIKE mine_site INCLUDING ALL)",
    "ALTER TABLE bench_import DROP COLUMN geom_3857",
    "CREATE INDEX bench_import_geom_3857 ON bench_import USING gist (ST_Transform(geom, 3857))",
    "CREATE TABLE bench_batch (import_batch_id uuid PRIMARY KEY)",
    "ALTER TABLE bench_import ADD FOREIGN KEY (source_id) REFERENCES source,"
    " ADD FOREIGN KEY (import_batch_id) REFERENCES bench_batch",
)
BATCH = "6f0d5a52-5c0e-4b0e-9d39-4f5c0f6f2f11"
# What the import writes beside the columns of its file. With a column that has a default and that the file does not
# bring, GDAL would give up COPY for INSERT.
FINISHED = {
    "name_alt": "[]",
    "minerals": "[]",
    "synthetic": False,
    "created_at": "2026-01-01 12:00:00+00",
    "created_by": "geoapp",
    "country": "CD",
    "units": '["CD", "CD-SK"]',
    "import_batch_id": BATCH,
}
EMPTY = "TRUNCATE bench_import"
REMOVE = "DROP TABLE IF EXISTS bench_import, bench_batch"
LACKING = (
    "The reference reads a GeoPackage in EPSG:4326 that holds the finished rows, their units and batch too, and writes"
    " them as they are. It lacks: row-level security and every trigger, finding columns, system and encoding, the"
    " reading of words and dates, finding units and doubles, every check but the constraints, matching with what is"
    " there, the batch and its report, and the stored second geometry, of which it has the index alone."
)


@dataclass(frozen=True)
class ImportBenchmark:
    """Seconds that an import and the reference took, and how many times as long the import took."""

    points: int
    ours_s: float
    reference_s: float | None
    ratio: float | None

    @property
    def passed(self) -> bool:
        """Whether the import is at least half as fast as the reference; so it is where there is nothing to compare."""
        return self.ratio is None or self.ratio <= MOST

    def report(self) -> str:
        """The figures for people."""
        speed = f"{self.points:,} points, {ROUNDS} rounds in turns, medians: import {self.ours_s:.2f} s"
        if self.reference_s is None or self.ratio is None:
            return f"{speed}.\nNo ogr2ogr is here to compare with: install gdal-bin for it."
        said = "within" if self.passed else "ABOVE"
        return (
            f"{speed}, ogr2ogr {self.reference_s:.2f} s.\nThe ratio, {self.ratio:.2f}, is {said} the limit of"
            f" {MOST:.2f}.\n{LACKING}"
        )


def run_importing(owner: Engine, _web: Engine, progress: Callable[[int], Any]) -> ImportBenchmark:
    """Time the import of a file into the mine sites, taken back each time; `progress` is told of each round.

    Raises GeoappError where the database has no boundaries to find units in, or the reference fails.
    """
    with owner.connect() as connection:
        if not connection.scalar(text("SELECT EXISTS (SELECT FROM admin_unit WHERE unit_code = 'CD-SK')")):
            raise GeoappError("There are no boundaries. Load them with `geoapp db migrate`.")
    ours: list[float] = []
    reference: list[float] = []
    has_reference = shutil.which("ogr2ogr") is not None
    with tempfile.TemporaryDirectory(prefix="geoapp-bench-") as name:
        path = write_points(Path(name) / "points.gpkg", POINTS)
        finished = write_points(Path(name) / "finished.gpkg", POINTS, FINISHED)
        try:
            if has_reference:
                _prepare(owner)
            for number in range(ROUNDS + 1):
                took = _import(owner, path)
                beside = _copy(owner, finished) if has_reference else None
                # The first round fills the caches and does not count.
                if number:
                    ours.append(took)
                    reference += [beside] if beside is not None else []
                    progress(1)
        finally:
            _execute(owner, REMOVE)
    if not reference:
        return ImportBenchmark(POINTS, median(ours), None, None)
    # Pairs that ran one after the other, so that a machine which is busy for a while slows both.
    ratio = median(slow / fast for slow, fast in zip(ours, reference, strict=True))
    return ImportBenchmark(POINTS, median(ours), median(reference), ratio)


def write_points(path: Path, count: int, more: Mapping[str, object] | None = None) -> Path:
    """Sites in South Kivu with names of their own, and what files say of them; the same at each run.

    With `more`, every row has these values too, by column.
    """
    chance = np.random.default_rng(5)
    numbers = np.arange(count)
    frame = geopandas.GeoDataFrame(
        {
            "site_id": [f"BENCH-{number:07d}" for number in numbers],
            "name": [f"Carrière de l'Été {number}" for number in numbers],
            "stated_unit": "Sud-Kivu",
            "territory": chance.choice(["Kalehe", "Walungu", "Shabunda", "Mwenga", "Fizi"], count),
            "icglr_status": chance.choice(["green", "yellow", "red", "blue"], count),
            "workers_est": chance.integers(0, 400, count),
            "workers_on": pd.to_datetime("2020-01-01") + pd.to_timedelta(chance.integers(0, 1800, count), unit="D"),
            **(more or {}),
        },
        geometry=shapely.points(chance.uniform(27.6, 28.6, count), chance.uniform(-3.6, -2.3, count)),
        crs=4326,
    )
    frame["workers_on"] = frame["workers_on"].dt.date
    frame.to_file(path, engine="pyogrio")
    return path


def _prepare(owner: Engine) -> None:
    """Make the table of the reference."""
    _execute(owner, REMOVE, *PREPARE, f"INSERT INTO bench_batch VALUES ('{BATCH}')")  # noqa: S608 - a constant.


def _import(owner: Engine, path: Path) -> float:
    started = perf_counter()
    report = import_file(owner, Request(path=path, table="mine_sites", dry_run=True), TIME_ZONE)
    took = perf_counter() - started
    if report.rows.inserted != POINTS:
        raise GeoappError(f"The import did not accept all points: {report.summary()}")
    return took


def _copy(owner: Engine, path: Path) -> float:
    _execute(owner, EMPTY)
    command = ["ogr2ogr", "-append", "-f", "PostgreSQL", _address(owner.url), str(path), "-nln", "bench_import"]
    environment = {**os.environ, "PG_USE_COPY": "YES"}
    if owner.url.password:
        environment["PGPASSWORD"] = str(owner.url.password)
    started = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    took = perf_counter() - started
    with owner.connect() as connection:
        count = connection.scalar(text("SELECT count(*) FROM bench_import"))
    if done.returncode or count != POINTS:
        raise GeoappError(f"ogr2ogr failed: {done.stderr.strip() or f'{count} rows'}")
    return took


def _address(url: URL) -> str:
    """The database as GDAL names it; the password goes by the environment, where no list of processes shows it."""
    parts = {
        "host": url.host or url.query.get("host"),
        "port": url.port or url.query.get("port"),
        "dbname": url.database,
        "user": url.username,
    }
    return "PG:" + " ".join(f"{name}='{value}'" for name, value in parts.items() if value)


def _execute(owner: Engine, *statements: str) -> None:
    with owner.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
