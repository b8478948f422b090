"""Pages of features a second: geoapp's with row-level security, pygeoapi's and tipg's without, and the bare SQL's."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from shutil import which
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, event, func, select

from geoapp.access.viewer import set_viewer
from geoapp.bench.access import ANALYST_OF_ALL, LAST_DAY, SPREAD_PLACES
from geoapp.bench.load import put_load
from geoapp.bench.servers import WORKERS, geoapp_server, pygeoapi_server, tipg_server
from geoapp.bench.tiles import session_of
from geoapp.errors import GeoappError
from geoapp.publish.box import Box
from geoapp.publish.features import Question, cursor_behind, read_page
from layers.attributes import attributes_of
from layers.catalogue import LAYERS
from layers.tables import Incident

LIMIT = 1_000
ROUNDS = 5
SECONDS = 4.0
PLACES = 12
HALF_BOX = 0.25
DAYS = 365
# What peers are to tell of each incident: the columns of a feature of geoapp's, but those of other tables.
PROPERTIES = [
    column.name
    for column in Incident.__table__.columns
    if column.name in {each.key for each in attributes_of(Incident)}
]
TIMES_PEERS, OF_PSQL, OF_FIRST = 8.0, 0.6, 0.9
WHERE = {
    "pygeoapi": "pip install pygeoapi geoalchemy2 psycopg2-binary gunicorn, into an environment of its own whose bin"
    " folder is on the PATH.",
    "tipg": "pip install tipg uvicorn, into an environment of its own whose bin folder is on the PATH.",
    "psql": "install the client of PostgreSQL.",
}


@dataclass(frozen=True)
class Asked:
    """A page: a box, and the days of an interval."""

    box: Box
    since: date
    until: date

    @property
    def question(self) -> Question:
        """The same to the database."""
        return Question(LIMIT, box=self.box, since=self.since, until=self.until)

    def query(self, *, column: str = "", to_peers: bool = False) -> str:
        """The same in an address; peers know one day of an incident, and tipg has to be told of which column."""
        sides = ",".join(f"{side:.6f}" for side in (self.box.west, self.box.south, self.box.east, self.box.north))
        times = ("T00:00:00Z", "T23:59:59Z") if to_peers else ("", "")
        days = f"{self.since}{times[0]}/{self.until}{times[1]}"
        return f"limit={LIMIT}&bbox={sides}&datetime={days}{column}"


@dataclass(frozen=True)
class Found:
    """A comparison: pages a second of both, and the least ratio; the other is None where it is missing."""

    name: str
    own: float
    other: float | None
    least: float

    @property
    def ratio(self) -> float | None:
        """How many times the other's pages a second."""
        return self.own / self.other if self.other else None

    @property
    def passed(self) -> bool:
        """Whether it stays within its limit, as far as it could be measured."""
        return self.ratio is None or self.ratio >= self.least


@dataclass(frozen=True)
class FeaturesBenchmark:
    """The data that was asked, what each comparison found, and which references are missing."""

    incidents: int
    found: Sequence[Found]
    missing: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether every comparison stays within its limit."""
        return all(each.passed for each in self.found)

    def report(self) -> str:
        """The figures as a table for people."""
        lines = [
            f"Data: {self.incidents:,} incidents. Pages of {LIMIT:,} in a box of {2 * HALF_BOX:g} degrees and a year.",
            f"{ROUNDS} rounds in turns of {SECONDS:g} s, medians, row-level security on for geoapp and psql.",
            "",
            f"{'pages a second':34} {'geoapp':>8} {'other':>8} {'ratio':>7} {'least':>6}",
        ]
        for each in self.found:
            other = f"{each.other:8.1f}" if each.other is not None else " missing"
            ratio = f"{each.ratio:7.2f}" if each.ratio is not None else " " * 7
            verdict = "" if each.passed else "  too slow"
            lines.append(f"{each.name:34} {each.own:8.1f} {other} {ratio} {each.least:6g}{verdict}")
        lines += [f"{name} is missing: {WHERE[name]}" for name in self.missing]
        return "\n".join(lines)


def run_features(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> FeaturesBenchmark:
    """Serve what is loaded, and ask for pages of features; `progress` is told of each round.

    Raises GeoappError where there is nothing to ask for, or no analyst of all countries to ask as.
    """
    with owner.connect() as connection:
        viewer = connection.scalar(ANALYST_OF_ALL)
        incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
        last = connection.scalar(LAST_DAY)
        places = [(float(x), float(y)) for x, y in connection.execute(SPREAD_PLACES, {"n": PLACES})]
    if not viewer or not places or last is None:
        raise GeoappError(
            "There is nothing to measure: it takes incidents and an analyst of all countries."
            " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
        )
    chance = random.Random(1)  # noqa: S311 - the same days each time.
    asked = [
        Asked(Box(x - HALF_BOX, y - HALF_BOX, x + HALF_BOX, y + HALF_BOX), until - timedelta(DAYS - 1), until)
        for x, y in places
        for until in [last - timedelta(chance.randrange(3 * DAYS))]
    ]
    with session_of(owner, viewer) as cookie, ExitStack() as stack:
        ports: dict[str, int | None] = {
            "geoapp": stack.enter_context(geoapp_server({})),
            "pygeoapi": stack.enter_context(pygeoapi_server(owner.url, PROPERTIES)),
            "tipg": stack.enter_context(tipg_server(owner.url)),
        }
        headers = [f"Cookie: {cookie}"]
        base = "/ogc/collections/incidents/items?"
        paths = {
            "geoapp": [f"{base}{each.query()}" for each in asked],
            "pygeoapi": [f"/collections/incidents/items?f=json&{each.query(to_peers=True)}" for each in asked],
            "tipg": [
                "/collections/public.incident/items?geom-column=geom&f=geojson&"
                + each.query(column=f"&datetime-column=occurred_from&properties={','.join(PROPERTIES)}", to_peers=True)
                for each in asked
            ],
        }
        statements = stack.enter_context(_script(web, viewer, asked))
        rates: dict[str, list[float]] = {}

        def measure(name: str) -> None:
            if name == "psql":
                rate = _psql(web, statements) if statements else None
            elif (port := ports[name.partition(",")[0]]) is not None:
                rate = put_load(port, paths[name], headers if name.startswith("geoapp") else [], SECONDS).rate
            else:
                rate = None
            if rate is not None:
                rates.setdefault(name, []).append(rate)

        paths |= _deep(web, viewer, base)
        for number in range(ROUNDS + 1):
            for name in ("geoapp", "pygeoapi", "geoapp", "tipg", "geoapp", "psql", "geoapp, first", "geoapp, deep"):
                measure(name)
            if number == 0:
                # What is read or planned for the first time does not count.
                rates.clear()
            else:
                progress(1)
    rate = {name: median(each) for name, each in rates.items()}
    own = rate["geoapp"]
    return FeaturesBenchmark(
        incidents,
        [
            Found("box and a year, against pygeoapi", own, rate.get("pygeoapi"), TIMES_PEERS),
            Found("box and a year, against tipg", own, rate.get("tipg"), TIMES_PEERS),
            Found("box and a year, against psql", own, rate.get("psql"), OF_PSQL),
            Found("a deep page, against the first", rate["geoapp, deep"], rate["geoapp, first"], OF_FIRST),
        ],
        [name for name in WHERE if name not in rate],
    )


def _deep(web: Engine, viewer: str, base: str) -> dict[str, list[str]]:
    """The address of the first page of all incidents, and of one behind nine tenths of them."""
    # Keys are random, so that nine tenths of them are before this one.
    behind = cursor_behind(UUID(int=2**128 // 10 * 9))
    with web.connect() as connection:
        set_viewer(connection, viewer)
        page = read_page(connection, LAYERS["incidents"], Question(LIMIT, after=behind))
    if len(page.features) < LIMIT:
        raise GeoappError(f"There is nothing to measure: it takes more than {10 * LIMIT:,} incidents.")
    return {
        "geoapp, first": [f"{base}limit={LIMIT}"],
        "geoapp, deep": [f"{base}limit={LIMIT}&after={behind}"],
    }


@contextmanager
def _script(web: Engine, viewer: str, asked: Sequence[Asked]) -> Iterator[Path | None]:
    """The SQL of the pages with their values in it, as psql reads it; None where there is no psql."""
    if which("psql") is None:
        yield None
        return
    lines = [f"SELECT set_config('geoapp.viewer', '{viewer}', false);"]
    with web.connect() as connection:
        set_viewer(connection, viewer)
        for each in asked:
            lines += [f"{statement};" for statement in _statements(connection, each.question)]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        yield Path(file.name)


def _statements(connection: Connection, question: Question) -> list[str]:
    """What a page asks of the database."""
    asked: list[str] = []
    driver = connection.connection.driver_connection
    cursor = psycopg.ClientCursor(driver)  # type: ignore[arg-type]

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append(cursor.mogrify(statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        read_page(connection, LAYERS["incidents"], question)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return asked


def _psql(web: Engine, script: Path) -> float:
    """Pages a second that as many psql reach as geoapp has workers, each with all pages over and over."""
    with web.connect() as connection:
        told = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    settings = {
        "PGHOST": told.get("host", ""),
        "PGPORT": told.get("port", ""),
        "PGUSER": told.get("user", ""),
        "PGPASSWORD": str(web.url.password or ""),
        "PGDATABASE": told.get("dbname", ""),
        "PGOPTIONS": told.get("options", ""),
    }
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--output", os.devnull]
    repeated = [each for _ in range(2) for each in ("--file", str(script))]
    environment = {**os.environ, **{name: value for name, value in settings.items() if value}}
    started = perf_counter()
    running = [subprocess.Popen([*command, *repeated], env=environment, stderr=subprocess.PIPE) for _ in range(WORKERS)]
    faults = [each.communicate()[1].decode() for each in running]
    taken = perf_counter() - started
    if any(each.returncode for each in running):
        raise GeoappError(f"psql did not answer: {faults[0][:300]}")
    return WORKERS * 2 * PLACES / taken
