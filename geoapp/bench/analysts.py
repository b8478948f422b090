"""Analysts at work on a server: what they ask of the map, how long it takes them, and what becomes of its memory."""

from __future__ import annotations

import http.client
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, quantiles
from typing import Any
from urllib.request import urlopen

from sqlalchemy import Engine, Text, cast, func, select

from geoapp.bench.access import ANALYST_OF_ALL, LAST_DAY, SPREAD_PLACES
from geoapp.bench.importing import write_points
from geoapp.bench.servers import geoapp_server
from geoapp.bench.tiles import filters_of, session_of
from geoapp.bench.views import DENSEST, pixel_of, tiles_of
from geoapp.errors import GeoappError
from layers.tables import Incident

ANALYSTS, EVERY_SECONDS, MINUTES = 50, 10.0, 3.0
# They do not all come at the same moment.
ARRIVE_SECONDS = 30.0
MOST_P95_MS, MOST_GROWTH = 300.0, 1.1
IMPORTED = 20_000
SAMPLE_SECONDS, TIMEOUT_SECONDS = 5.0, 60.0
# What they do, and how often of a hundred times; the map is opened first.
ACTIONS = {"map": 8, "pan": 37, "filter": 30, "detail": 15, "search": 5, "list": 5}
ZOOMS = (6, 7, 8, 9, 10, 11, 12, 13)
KEYS = select(Incident.incident_id).order_by(func.md5(cast(Incident.incident_id, Text))).limit(200)
RESIDENT = "geoapp_resident_bytes "


@dataclass(frozen=True)
class Asked:
    """A request: for which action, when it began, how long it took, and whether it was answered as it should."""

    action: str
    at: float
    ms: float
    fault: str | None


@dataclass(frozen=True)
class LoadBenchmark:
    """All requests, the server's memory (bytes) over time (seconds), and how long the import beside them took."""

    incidents: int
    minutes: float
    asked: Sequence[Asked]
    memory: Sequence[tuple[float, float]]
    import_s: float | None

    @property
    def faults(self) -> list[str]:
        """What was not answered as it should be."""
        return [each.fault for each in self.asked if each.fault]

    @property
    def growth(self) -> float:
        """How many times the memory of the second third the server had in the last."""
        third = max(1, len(self.memory) // 3)
        sizes = [size for _, size in self.memory]
        return mean(sizes[-third:]) / mean(sizes[third : 2 * third] or sizes)

    @property
    def passed(self) -> bool:
        """Whether nothing failed, the 95th percentile is within its limit, and the memory did not grow."""
        return (
            not self.faults
            and self.import_s is not None
            and _percentiles(self.asked)[1] <= MOST_P95_MS
            and self.growth <= MOST_GROWTH
        )

    def report(self) -> str:
        """The figures for people."""
        lines = [
            f"Data: {self.incidents:,} incidents. {ANALYSTS} analysts, each an action every {EVERY_SECONDS:g} s on"
            f" average, for {self.minutes:g} minutes.",
            f"Meanwhile a file of {IMPORTED:,} sites is imported, and taken back.",
            "",
            f"{'':8} {'requests':>8} {'a second':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'errors':>7}",
        ]
        for name in (*ACTIONS, "all"):
            found = [each for each in self.asked if name in {each.action, "all"}]
            if len(found) < 2:
                continue
            p50, p95, p99 = _percentiles(found)
            faults = sum(each.fault is not None for each in found)
            rate = len(found) / (60 * self.minutes)
            lines.append(f"{name:8} {len(found):8,} {rate:8.1f} {p50:8.0f} {p95:8.0f} {p99:8.0f} {faults:7}")
        lines.append("")
        sizes = [size / 1e6 for _, size in self.memory]
        step = max(1, len(sizes) // 12)
        lines.append(f"Memory of all processes, MB: {' '.join(f'{size:.0f}' for size in sizes[::step])}")
        lines.append(f"The last third is {self.growth:.2f} times the second; at most {MOST_GROWTH:g}.")
        said = "came to no end" if self.import_s is None else f"took {self.import_s:.1f} s"
        lines.append(f"The import {said}. The limit of p95 is {MOST_P95_MS:g} ms, with 0 errors.")
        lines += sorted(set(self.faults))[:5]
        lines.append("Passed." if self.passed else "NOT passed.")
        return "\n".join(lines)


def run_load(owner: Engine, _web: Engine, progress: Callable[[int], Any], minutes: float = MINUTES) -> LoadBenchmark:
    """Serve what is loaded, and let analysts work; `progress` is told of each action.

    Raises GeoappError where there is nothing to look at, or no analyst of all countries to look as.
    """
    with owner.connect() as connection:
        viewer = connection.scalar(ANALYST_OF_ALL)
        incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
        last = connection.scalar(LAST_DAY)
        rows = [*connection.execute(DENSEST, {"n": 20}), *connection.execute(SPREAD_PLACES, {"n": 20})]
        places = [(float(x), float(y)) for x, y in rows]
        keys = [str(key) for key in connection.scalars(KEYS)]
    if not viewer or not places or last is None:
        raise GeoappError(
            "There is nothing to look at: it takes incidents and an analyst of all countries."
            " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
        )
    with ExitStack() as stack:
        cookies = [stack.enter_context(session_of(owner, viewer)) for _ in range(ANALYSTS)]
        port = stack.enter_context(geoapp_server({}))
        ground = Ground(port, places, keys, filters_of(last))
        # What a server makes at its first requests does not count.
        Analyst(ground, cookies[0], 0).open_map()
        end = time.monotonic() + 60 * minutes
        analysts = [Analyst(ground, cookie, number) for number, cookie in enumerate(cookies)]
        threads = [threading.Thread(target=each.work, args=(end, progress)) for each in analysts]
        for thread in threads:
            thread.start()
        importing = _Importing(stack.enter_context(tempfile.TemporaryDirectory(prefix="geoapp-bench-")))
        importing.start()
        memory = list(_memory(port, end))
        for thread in threads:
            thread.join()
        importing.join()
    asked = [each for analyst in analysts for each in analyst.asked]
    return LoadBenchmark(incidents, minutes, asked, memory, importing.seconds)


@dataclass(frozen=True)
class Ground:
    """What there is to look at."""

    port: int
    places: Sequence[tuple[float, float]]
    keys: Sequence[str]
    queries: Sequence[str]


@dataclass
class Analyst:
    """One of them, with what their browser keeps."""

    ground: Ground
    cookie: str
    number: int
    asked: list[Asked] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.number)  # noqa: S311 - the same work each time.
        self.place = self.random.choice(self.ground.places)
        self.zoom = 8
        self.query = ""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.ground.port, timeout=TIMEOUT_SECONDS)

    def work(self, end: float, progress: Callable[[int], Any]) -> None:
        """Act now and then until the end."""
        time.sleep(self.random.uniform(0, ARRIVE_SECONDS))
        self.open_map()
        doing = {
            "map": self.open_map,
            "pan": self.pan,
            "filter": self.filter,
            "detail": self.look_at_detail,
            "search": self.search,
            "list": self.list_incidents,
        }
        while time.monotonic() < end:
            time.sleep(min(self.random.expovariate(1 / EVERY_SECONDS), max(0.0, end - time.monotonic())))
            (name,) = self.random.choices(list(ACTIONS), list(ACTIONS.values()))
            doing[name]()
            progress(1)

    def open_map(self) -> None:
        """Open the page, with all that it asks for."""
        self._ask("map", f"/{self.query}")
        self._ask_counts("map")
        self._ask_tiles("map")

    def pan(self) -> None:
        """Look at another place, or nearer, or from farther away."""
        lon, lat = self.random.choice([self.place, self.random.choice(self.ground.places)])
        self.place = (lon + self.random.gauss(0, 0.2), lat + self.random.gauss(0, 0.2))
        self.zoom = self.random.choice(ZOOMS)
        self._ask_tiles("pan")

    def filter(self) -> None:
        """Change the filter: counts, rows and the tiles of the view."""
        self.query = self.random.choice(["", *self.ground.queries])
        self._ask_counts("filter")
        self._ask_tiles("filter")

    def look_at_detail(self) -> None:
        """Click on an incident."""
        self._ask("detail", f"/api/v1/layers/incidents/{self.random.choice(self.ground.keys)}?lang=en")

    def search(self) -> None:
        """Type a name."""
        for typed in ("wal", "walik"):
            self._ask("search", f"/api/v1/search?q={typed}")

    def list_incidents(self) -> None:
        """Open the page of one incident."""
        self._ask("list", f"/incidents/{self.random.choice(self.ground.keys)}?lang=fr")

    def _ask_counts(self, action: str) -> None:
        self._ask(action, f"/api/v1/counts{self.query}")
        self._ask(action, f"/map/rows{self.query}")

    def _ask_tiles(self, action: str) -> None:
        x, y = pixel_of(*self.place, self.zoom)
        for path in tiles_of(x, y, self.zoom, self.query):
            self._ask(action, path)

    def _ask(self, action: str, path: str) -> None:
        headers = {"Cookie": self.cookie, "Accept-Encoding": "gzip"}
        if path in self.tags:
            headers["If-None-Match"] = self.tags[path]
        started, fault = time.monotonic(), None
        try:
            answer = self._answer(path, headers)
            if answer.status not in {200, 204, 304}:
                fault = f"{path.split('?', maxsplit=1)[0]} answered {answer.status}"
            elif tag := answer.headers["ETag"]:
                self.tags[path] = tag
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            fault = f"{path.split('?', maxsplit=1)[0]}: {type(error).__name__}"
        now = time.monotonic()
        self.asked.append(Asked(action, started, 1000 * (now - started), fault))

    def _answer(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The answer, by a new connection where the server has closed an idle one, as browsers do."""
        idle = self.connection.sock is not None
        try:
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()
            if not idle:
                raise
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        answer.read()
        return answer


class _Importing(threading.Thread):
    """An import of a file by the command, with all its checks and writes, which are then taken back."""

    def __init__(self, folder: str):
        super().__init__()
        self.seconds: float | None = None
        self._path = write_points(Path(folder) / "points.gpkg", IMPORTED)

    def run(self) -> None:
        """Import."""
        started = time.monotonic()
        command = [sys.executable, "-m", "geoapp", "import", str(self._path), "--as", "mine_sites", "--dry-run"]
        done = subprocess.run(command, capture_output=True, check=False)
        self.seconds = time.monotonic() - started if done.returncode == 0 else None


def _memory(port: int, end: float) -> Iterator[tuple[float, float]]:
    started = time.monotonic()
    while (now := time.monotonic()) < end:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_SECONDS) as answer:
            told = answer.read().decode()
        yield now - started, float(told.split(f"\n{RESIDENT}")[1].split("\n")[0])
        time.sleep(min(SAMPLE_SECONDS, max(0.0, end - time.monotonic())))


def _percentiles(asked: Sequence[Asked]) -> tuple[float, float, float]:
    found = quantiles([each.ms for each in asked], n=100)
    return found[49], found[94], found[98]
