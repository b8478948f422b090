"""Tiles of incidents a second: geoapp's, tipg's of the same data, and nginx's of a file, in turns."""

from __future__ import annotations

import gzip
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, func, select, text

from geoapp.access.viewer import set_viewer
from geoapp.bench.access import ANALYST_OF_ALL, LAST_DAY, SPREAD_PLACES
from geoapp.bench.load import Load, put_load
from geoapp.bench.servers import geoapp_server, nginx_server, tipg_server
from geoapp.errors import GeoappError
from geoapp.publish.tiles import Tile, layer_tile, tile_at
from geoapp.snapshot.rows import read_rows
from geoapp.snapshot.snapshot import Base, Snapshot
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.tables import Incident

ROUNDS = 5
SECONDS = 2.0
PLACES = 40
GROWTH_ROUNDS, MOST_GROWTH = 30, 3.0
GZIP_LEVEL = 5
TIPG_PROPERTIES = "incident_id,incident_no,occurred_from,level,category,status,location_precision"
COOKIE = "geoapp_session"
SESSION = text(
    "INSERT INTO web_session (token_hash, user_name, expires_at) VALUES (:hash, :name, now() + interval '1 hour')"
)
END_SESSION = text("DELETE FROM web_session WHERE token_hash = :hash")


@dataclass(frozen=True)
class Case:
    """What is asked of geoapp, what of the reference, and the least that the one has to reach of the other."""

    name: str
    server: str
    paths: Sequence[str]
    reference: str | None
    reference_paths: Sequence[str]
    least: float | None
    most_p95_ms: float | None = None


@dataclass(frozen=True)
class Found:
    """The medians of a case: geoapp's load and the reference's, None where that is missing."""

    case: Case
    own: Load
    other: Load | None

    @property
    def ratio(self) -> float | None:
        """How many times the reference's tiles a second."""
        return self.own.rate / self.other.rate if self.other else None

    @property
    def passed(self) -> bool:
        """Whether it stays within its limits, as far as these could be measured."""
        fast = self.case.least is None or self.ratio is None or self.ratio >= self.case.least
        return fast and (self.case.most_p95_ms is None or self.own.p95_ms <= self.case.most_p95_ms)


@dataclass(frozen=True)
class TilesBenchmark:
    """The data that was asked, what each case found, and which references are missing."""

    incidents: int
    found: Sequence[Found]
    missing: Sequence[str]
    # How many times as long all incidents take as a tenth of them.
    growth: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """Whether every case stays within its limits."""
        return all(each.passed for each in self.found) and max(self.growth.values()) <= MOST_GROWTH

    def report(self) -> str:
        """The figures as a table for people."""
        lines = [f"Data: {self.incidents:,} incidents. {ROUNDS} rounds in turns of {SECONDS:g} s, medians.", ""]
        lines.append(
            f"{'case':32} {'tiles/s':>8} {'p95 ms':>7} {'bytes':>7}  {'reference':>16} {'ratio':>7} {'least':>6}"
        )
        for each in self.found:
            missing = "missing" if each.case.reference else ""
            other = f"{each.case.reference} {each.other.rate:,.0f}/s" if each.other else missing
            ratio = f"{each.ratio:7.3f}" if each.ratio is not None else " " * 7
            least = f"{each.case.least:6g}" if each.case.least is not None else " " * 6
            verdict = "" if each.passed else "  too slow"
            lines.append(
                f"{each.case.name:32} {each.own.rate:8,.0f} {each.own.p95_ms:7.1f} {each.own.bytes:7,.0f}"
                f"  {other:>16} {ratio} {least}{verdict}"
            )
        for name, times in self.growth.items():
            verdict = "" if times <= MOST_GROWTH else "  too much"
            lines.append(
                f"z5, {name}: {times:.1f} times what a tenth of the incidents take, of {MOST_GROWTH:g}{verdict}"
            )
        lines += [f"{name} is missing: {WHERE[name]}" for name in self.missing]
        return "\n".join(lines)


WHERE = {
    "tipg": "pip install tipg uvicorn, into an environment of its own whose bin folder is on the PATH.",
    "nginx": "install nginx from the distribution.",
}


def run_tiles(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> TilesBenchmark:
    """Serve what is loaded, and ask for tiles; `progress` is told of each round.

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
    filters = [
        f"?since={last - timedelta(days=400 + 37 * n)}&until={last - timedelta(days=11 * n)}&level=1,2"
        "&category=violence,illegal_taxation,smuggling"
        for n in range(12)
    ]
    with session_of(owner, viewer) as cookie, ExitStack() as stack:
        headers = [f"Cookie: {cookie}", "Accept-Encoding: gzip"]
        ports: dict[str, int | None] = {
            "geoapp": stack.enter_context(geoapp_server({"GEOAPP_TILE_CACHE_MB": "0"})),
            "geoapp, kept": stack.enter_context(geoapp_server({})),
            "tipg": stack.enter_context(tipg_server(owner.url)),
        }
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # As large as a tile at zoom 5.
        ports["nginx"] = stack.enter_context(nginx_server({"tile.mvt": secrets.token_bytes(1500)}, folder))
        found = [_measure(case, ports, headers, progress) for case in _cases(places, filters, filters_of(last))]
        growth = _growth(web, viewer, tile_at(*places[0], 5), filters[0])
        progress(1)
    return TilesBenchmark(incidents, found, [name for name in WHERE if ports[name] is None], growth)


def filters_of(last: date) -> list[str]:
    """Filters that leave all, many, some and few of the incidents before a day."""
    since = last - timedelta(days=180)
    return [
        "",
        f"?since={since}&until={last}",
        f"?since={last - timedelta(days=20)}&until={last}",
        "?level=1,2&category=violence,illegal_taxation,smuggling",
        f"?since={since}&until={last}&level=1&unit=CD",
    ]


def _growth(web: Engine, viewer: str, tile: Tile, query: str) -> Mapping[str, float]:
    """How many times as long a tile takes to cut from all incidents as from a tenth of them."""
    chosen = Filter.parse(dict(part.split("=") for part in query.removeprefix("?").split("&")))
    found: dict[str, float] = {}
    with web.connect() as connection:
        set_viewer(connection, viewer)
        rows = read_rows(connection)
        sizes = [
            Snapshot(Base.of(columns), rows.unit_sets, rows.sources, "", {})
            for columns in (rows.columns, rows.columns.take(slice(None, None, 10)))
        ]
        for name, each in (("no filter", Filter()), ("days, levels, categories", chosen)):
            taken: list[list[float]] = [[], []]
            for _ in range(GROWTH_ROUNDS):
                for size, times in zip(sizes, taken, strict=True):
                    started = perf_counter()
                    connection.rollback()
                    set_viewer(connection, viewer)
                    connection.scalars(text("SELECT 1 FROM viewer_rights()")).all()
                    gzip.compress(layer_tile(connection, LAYERS["incidents"], tile, each, size), GZIP_LEVEL)
                    times.append(perf_counter() - started)
            found[name] = median(taken[0]) / median(taken[1])
    return found


def _cases(
    places: Sequence[tuple[float, float]], filters: Sequence[str], others: Sequence[str] = ("",)
) -> Iterator[Case]:
    def own(z: int, queries: Sequence[str] = ("",)) -> list[str]:
        tiles = sorted({(tile.x, tile.y) for tile in (tile_at(*place, z) for place in places)})
        number = max(len(tiles), len(queries))
        pairs = ((tiles[n % len(tiles)], queries[n % len(queries)]) for n in range(number))
        return [f"/tiles/incidents/{z}/{x}/{y}.mvt{query}" for (x, y), query in pairs]

    def tipg(z: int) -> list[str]:
        tiles = sorted({(tile.x, tile.y) for tile in (tile_at(*place, z) for place in places)})
        address = "/collections/public.incident/tiles/WebMercatorQuad/{}/{}/{}?geom-column=geom&properties={}"
        return [address.format(z, x, y, TIPG_PROPERTIES) for x, y in tiles]

    for z, least in ((5, 10), (8, 10), (11, 2)):
        yield Case(f"z{z}", "geoapp", own(z), "tipg", tipg(z), least, 50)
        yield Case(f"z{z}, days, levels, categories", "geoapp", own(z, filters), "tipg", tipg(z), None, 50)
    for z in range(5, 15):
        yield Case(f"z{z}, one filter or another", "geoapp", own(z, [*filters, *others]), None, (), None, 50)
    yield Case("z5, kept", "geoapp, kept", own(5), "nginx", ["/tile.mvt"], 0.04)


def _measure(case: Case, ports: dict[str, int | None], headers: Sequence[str], progress: Callable[[int], Any]) -> Found:
    mine, others = ports[case.server], ports[case.reference] if case.reference else None
    own: list[Load] = []
    other: list[Load] = []
    for number in range(ROUNDS + 1):
        if mine is not None:
            own.append(put_load(mine, case.paths, headers, SECONDS))
        if others is not None:
            other.append(put_load(others, case.reference_paths, ["Accept-Encoding: gzip"], SECONDS))
        if number == 0:
            # What is read or planned for the first time does not count.
            own.clear()
            other.clear()
        else:
            progress(1)
    return Found(case, _middle(own), _middle(other) if other else None)


def _middle(loads: Sequence[Load]) -> Load:
    return Load(*(median(getattr(load, name) for load in loads) for name in ("rate", "median_ms", "p95_ms", "bytes")))


@contextmanager
def session_of(owner: Engine, viewer: str) -> Iterator[str]:
    """The cookie of a session of somebody, which ends with the benchmark."""
    token = secrets.token_urlsafe(32)
    hashed = sha256(token.encode()).hexdigest()
    with owner.begin() as connection:
        connection.execute(SESSION, {"hash": hashed, "name": viewer})
    try:
        yield f"{COOKIE}={token}"
    finally:
        with owner.begin() as connection:
            connection.execute(END_SESSION, {"hash": hashed})
