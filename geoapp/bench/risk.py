"""What the risk questions take, against what analysts write: geopandas in one UTM zone, networkx, esda by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

import geopandas
import numpy as np
import shapely
from geoalchemy2 import Geography
from sqlalchemy import Connection, Engine, cast, func, select, text

from geoapp.access.viewer import set_viewer
from geoapp.bench.access import ANALYST_OF_ALL
from geoapp.errors import GeoappError
from geoapp.risk.asking import ask
from geoapp.risk.columns import as_day
from geoapp.risk.counting import Counted, Decay, Window
from geoapp.risk.earth import geodesic
from geoapp.risk.grid import Grid
from geoapp.risk.hexagons import Hexagons
from geoapp.risk.hotspots import cells_near, getis_ord, neighbours
from geoapp.risk.incidents import Incidents, load_incidents
from geoapp.risk.lines import Chords
from geoapp.risk.network import Network
from geoapp.risk.places import RouteLine, Sites, load_routes, load_sites
from geoapp.risk.shortest import cheapest
from layers.filter import Filter
from layers.tables import Incident, Route

ROUNDS = 5
WIDTH = 5000.0
UTM = "EPSG:32735"
SAMPLE = 10
# A lattice of about 200,000 edges.
SIDE = 317
PAIRS = 6

FEW = "There is nothing to measure: load the large data with `geoapp demo load --incidents 200000 --routes 400`."
COUNTING = text(
    "SELECT incident_id, geom FROM incident WHERE geom IS NOT NULL AND coalesce(location_precision, 0) < 4"
    " AND status <> 'rejected' AND coalesce(outcome, '') NOT IN ('unfounded', 'merged')"
)
ROUTES = text("SELECT id, geom FROM route ORDER BY route_id, id")


@dataclass(frozen=True)
class Measured:
    """One question: our milliseconds, the reference's (None where there is none), and how many times faster to be."""

    what: str
    ours_ms: float
    reference: str
    reference_ms: float | None
    least: float | None = None
    most_ms: float | None = None

    @property
    def passed(self) -> bool:
        """Whether it keeps its limits."""
        fast = self.least is None or self.reference_ms is None or self.reference_ms / self.ours_ms >= self.least
        return fast and (self.most_ms is None or self.ours_ms <= self.most_ms)


@dataclass(frozen=True)
class RiskBenchmark:
    """The data that was asked, what each question took, and what else is to be said."""

    data: str
    measured: Sequence[Measured]
    notes: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether every question keeps its limits."""
        return all(each.passed for each in self.measured)

    def report(self) -> str:
        """The figures as a table for people."""
        lines = [f"Data: {self.data}.", f"{ROUNDS} rounds in turns, medians.", ""]
        for each in self.measured:
            against = "" if each.reference_ms is None else f"{each.reference_ms:10.1f} ms {each.reference}"
            times = "" if each.reference_ms is None else f", {each.reference_ms / each.ours_ms:.1f} times faster"
            wanted = [] if each.least is None else [f"at least {each.least:g} times"]
            wanted += [] if each.most_ms is None else [f"at most {each.most_ms:g} ms"]
            verdict = "" if each.passed else "  MISSED"
            limits = f" ({', '.join(wanted)})" if wanted else ""
            lines.append(f"{each.what:34} {each.ours_ms:9.1f} ms {against}{times}{limits}{verdict}")
        return "\n".join([*lines, "", *self.notes])


def run_corridor(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> RiskBenchmark:
    """All routes' incidents within 5 km, cold from the database and warm."""
    del web
    with owner.connect() as connection:
        incidents, routes = _loaded(connection)
        found: dict[str, Any] = {}

        def cold() -> None:
            incidents = load_incidents(connection)
            _corridors(incidents, load_routes(connection))

        def warm() -> None:
            found["ours"] = _corridors(incidents, routes)

        def analysts() -> None:
            found["analysts"] = _by_geopandas(connection)

        def single() -> None:
            incidents.grid.near(routes[0].line, WIDTH, np.ones(len(incidents.grid.rows), dtype=np.bool_))

        took = _in_turns({"warm": warm, "cold": cold, "geopandas": analysts, "one": single}, progress)
        differ = _differ(connection, routes, found)
    reference = "geopandas from read_postgis, in UTM"
    return RiskBenchmark(
        _data(incidents, routes),
        [
            Measured("all corridors, rows held", took["warm"], reference, took["geopandas"], least=20),
            Measured("all corridors, rows to be read", took["cold"], reference, took["geopandas"], least=3),
            Measured("one corridor, rows held", took["one"], reference, None, most_ms=50),
        ],
        differ,
    )


def run_pressure(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> RiskBenchmark:
    """The pressure on all sites, and the whole answers to questions for one, as an analyst is given them."""
    with owner.connect() as connection:
        incidents, routes = _loaded(connection)
        sites = load_sites(connection)
        viewer = connection.scalar(ANALYST_OF_ALL)
        if not viewer or not len(sites.site_id):
            raise GeoappError(FEW)
    decay = Decay()
    day = as_day(incidents.rows.known.max())
    found: dict[str, Any] = {}

    def ours() -> None:
        counted = Counted.of(incidents, Window.of_pressure(day), Filter())
        found["ours"] = incidents.grid.sums(
            sites.lon, sites.lat, counted.weights(day, decay), decay.metres, decay.reach
        )

    def analysts() -> None:
        found["analysts"] = _pressure_by_geopandas(incidents, sites, Window.of_pressure(day))

    with web.connect() as asking:
        set_viewer(asking, viewer)

        def question(site: int) -> Callable[[], None]:
            values = {"lon": str(sites.lon[site]), "lat": str(sites.lat[site]), "on": str(day)}
            return lambda: found.update(asked=ask(asking, "pressure", values))

        ours()
        ranked = np.argsort(found["ours"].total, kind="stable")
        turns = {"all": ours, "geopandas": analysts}
        turns |= {"one": question(ranked[len(ranked) // 2]), "highest": question(ranked[-1])}
        took = _in_turns(turns, progress)
    off = np.abs(found["analysts"] / np.maximum(found["ours"].total, 1e-12) - 1)[found["ours"].total > 0]
    return RiskBenchmark(
        f"{_data(incidents, routes)}, {len(sites.site_id):,} sites",
        [
            Measured("pressure of all sites", took["all"], "geopandas, in UTM", took["geopandas"], most_ms=1000),
            Measured("one site, of middle pressure", took["one"], "", None, most_ms=50),
            Measured("one site, of the highest", took["highest"], "", None, most_ms=50),
        ],
        [
            f"The highest pressure has {found['asked'].used:,} terms.",
            f"In one UTM zone the pressure of a site is off by up to {100 * off.max():.2f} %.",
        ],
    )


def run_path(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> RiskBenchmark:
    """Ways across a lattice of 200,000 edges."""
    del web
    network = _lattice()
    rng = np.random.default_rng(1)
    cost = network.metres * (1 + rng.gamma(2, 1, len(network.metres)))
    pairs = rng.integers(0, len(network.node_id), (PAIRS, 2)).tolist()
    found: dict[str, Any] = {}

    def ours() -> None:
        ways = [cheapest(network, cost, begin, end) or [] for begin, end in pairs]
        found["ours"] = [float(cost[way].sum()) for way in ways]

    turns: dict[str, Callable[[], None]] = {"ours": ours}
    notes = [_pgrouting(owner)]
    if find_spec("networkx"):
        import networkx  # noqa: PLC0415

        graph = networkx.Graph()
        graph.add_weighted_edges_from(zip(network.begin.tolist(), network.end.tolist(), cost.tolist(), strict=True))

        def analysts() -> None:
            found["analysts"] = [networkx.dijkstra_path_length(graph, begin, end) for begin, end in pairs]

        turns["networkx"] = analysts
    else:
        notes.append("networkx is missing: install it to compare.")
    took = _in_turns(turns, progress)
    if "networkx" in took:
        same = np.allclose(found["ours"], found["analysts"], rtol=1e-12)
        notes.append("Both find ways of the same cost." if same else "The two find ways of DIFFERENT cost.")
    reference = took["networkx"] / PAIRS if "networkx" in took else None
    return RiskBenchmark(
        f"{len(network.edge_id):,} edges, {len(network.node_id):,} nodes, {PAIRS} pairs",
        [Measured("one way, network held", took["ours"] / PAIRS, "networkx, dijkstra_path_length", reference, least=8)],
        notes,
    )


def run_hotspots(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> RiskBenchmark:
    """Hot spots of the last year, against geopandas for the cells and esda for Gi* with the same permutations."""
    del web
    with owner.connect() as connection:
        incidents, routes = _loaded(connection)
    day = as_day(incidents.rows.known.max())
    mask = Counted.of(incidents, Window(day, as_day(incidents.rows.known.max() - 364), day), Filter()).mask
    lon, lat = incidents.mapped.lon[mask], incidents.mapped.lat[mask]
    weight = incidents.mapped.weight[mask]
    hexagons = Hexagons(1e8)

    def ours() -> None:
        cells = cells_near(hexagons, [each.line for each in routes], lon, lat)
        places = {tuple(cell): at for at, cell in enumerate(cells.tolist())}
        where = [places[tuple(each)] for each in hexagons.of(lon, lat).tolist()]
        value = np.bincount(where, weight, minlength=len(cells)).astype(np.float64)
        getis_ord(value, neighbours(*hexagons.centres(cells)))

    cells = cells_near(hexagons, [each.line for each in routes], lon, lat)
    outlines = geopandas.GeoDataFrame(geometry=shapely.polygons(hexagons.outlines(cells)), crs=4326)
    points = geopandas.GeoDataFrame({"weight": weight}, geometry=geopandas.points_from_xy(lon, lat), crs=4326)

    def analysts() -> None:
        joined = geopandas.sjoin(points, outlines, predicate="within")
        value = joined.groupby("index_right").weight.sum().reindex(range(len(outlines)), fill_value=0.0).to_numpy()
        getis_ord(value, _near_in_plane(hexagons, cells))

    took = _in_turns({"ours": ours, "geopandas": analysts}, progress)
    return RiskBenchmark(
        f"{_data(incidents, routes)}, {len(cells):,} cells",
        [Measured("hot spots of a year", took["ours"], "geopandas and esda", took["geopandas"])],
        ["Most of both is esda's permutations, 9,999 of them."],
    )


def _loaded(connection: Connection) -> tuple[Incidents, list[RouteLine]]:
    incidents, routes = load_incidents(connection), load_routes(connection)
    if not len(incidents.grid.rows) or not routes:
        raise GeoappError(FEW)
    for each in routes:
        _ = each.line.chords
    _ = incidents.mapped
    return incidents, routes


def _data(incidents: Incidents, routes: list[RouteLine]) -> str:
    return f"{len(incidents):,} incidents, {len(routes):,} routes"


def _in_turns(turns: dict[str, Callable[[], None]], progress: Callable[[int], Any]) -> dict[str, float]:
    """The median milliseconds of each; the first round compiles and fills caches, and does not count."""
    took: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(ROUNDS + 1):
        for name, turn in turns.items():
            started = perf_counter()
            turn()
            if number:
                took[name].append((perf_counter() - started) * 1000)
        progress(1)
    return {name: median(each) for name, each in took.items()}


def _corridors(incidents: Incidents, routes: list[RouteLine]) -> list[int]:
    grid: Grid = incidents.grid
    chords = Chords.together([each.line.chords for each in routes])
    hits = grid.along(chords, WIDTH, np.ones(len(grid.rows), dtype=np.bool_))
    settled = hits.settled(grid, [each.line for each in routes], WIDTH)
    return [int(each) for each in np.bincount(settled.line, minlength=len(routes))]


def _by_geopandas(connection: Connection) -> list[int]:
    points = geopandas.read_postgis(COUNTING, connection).to_crs(UTM)
    routes = geopandas.read_postgis(ROUTES, connection).to_crs(UTM)
    routes.geometry = routes.buffer(WIDTH)
    joined = geopandas.sjoin(points, routes, predicate="within")
    counted = joined.groupby("index_right").size().reindex(range(len(routes)), fill_value=0)
    return [int(each) for each in counted]


def _differ(connection: Connection, routes: list[RouteLine], found: dict[str, list[int]]) -> list[str]:
    """How many of some routes each way counts otherwise than PostGIS on geography."""
    some = range(0, len(routes), max(1, len(routes) // SAMPLE))
    exact = []
    for at in some:
        path = select(cast(Route.geom, Geography)).where(Route.id == routes[at].key).scalar_subquery()
        reach = select(func.ST_Expand(Route.geom, 2 * WIDTH / 110_500)).where(Route.id == routes[at].key)
        counts = (Incident.status != "rejected") & func.coalesce(Incident.outcome, "").not_in(("unfounded", "merged"))
        placed = func.coalesce(Incident.location_precision, 0) < 4
        asked = select(func.count()).where(
            Incident.geom.op("&&")(reach.scalar_subquery()),
            func.ST_DWithin(cast(Incident.geom, Geography), path, WIDTH),
            counts,
            placed,
        )
        exact.append(connection.scalar(asked))
    told = []
    for name, who in (("ours", "geoapp"), ("analysts", "geopandas")):
        wrong = sum(found[name][at] != number for at, number in zip(some, exact, strict=True))
        told.append(f"Of {len(exact)} routes {who} counts {wrong} otherwise than PostGIS on geography.")
    everywhere = sum(one != other for one, other in zip(found["ours"], found["analysts"], strict=True))
    return [*told, f"geopandas differs from geoapp on {everywhere} of {len(routes)} routes."]


def _pressure_by_geopandas(incidents: Incidents, sites: Sites, window: Window) -> Any:
    mask = Counted.of(incidents, window, Filter()).mask
    age = (np.datetime64(window.on) - incidents.mapped.day[mask].astype("datetime64[D]")).astype(np.float64)
    weight = incidents.mapped.weight[mask] * np.exp2(-age / Decay().days)
    placed = geopandas.points_from_xy(incidents.mapped.lon[mask], incidents.mapped.lat[mask])
    points = geopandas.GeoDataFrame({"weight": weight}, geometry=placed, crs=4326).to_crs(UTM)
    around = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(sites.lon, sites.lat), crs=4326).to_crs(UTM)
    joined = geopandas.sjoin(around, points, predicate="dwithin", distance=Decay().reach)
    there = points.geometry.iloc[joined.index_right.to_numpy()]
    apart = joined.geometry.distance(geopandas.GeoSeries(there.to_numpy(), index=joined.index, crs=UTM), align=False)
    parts = joined.weight * np.exp2(-apart / Decay().metres)
    return parts.groupby(level=0).sum().reindex(range(len(around)), fill_value=0.0).to_numpy()


def _near_in_plane(hexagons: Hexagons, cells: Any) -> dict[int, list[int]]:
    from libpysal.weights import DistanceBand  # noqa: PLC0415

    x, y = 1.5 * hexagons.side * cells[:, 0], hexagons.step * (cells[:, 1] + cells[:, 0] / 2)
    band = DistanceBand(np.stack((x, y), axis=1), 25_000, binary=True, silence_warnings=True)
    return {at: list(near) for at, near in band.neighbors.items()}


def _lattice() -> Network:
    """Streets of a town that is far too large: nodes 500 m apart or so."""
    step = 500 / 111_000
    x, y = (each.ravel() for each in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    lon, lat = np.asarray(28 + x * step, dtype=np.float64), np.asarray(-3 + y * step, dtype=np.float64)
    node = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    begin = np.concatenate((node[:, :-1].ravel(), node[:-1].ravel()))
    end = np.concatenate((node[:, 1:].ravel(), node[1:].ravel()))
    metres = geodesic(lon[begin], lat[begin], lon[end], lat[end])
    number = np.arange(len(begin))
    return Network(number, begin, end, metres, lon[begin], lat[begin], number * 0, node.ravel(), lon, lat)


def _pgrouting(owner: Engine) -> str:
    with owner.connect() as connection:
        there = connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pgrouting'"))
    return "pgRouting is installed, but not compared." if there else "pgRouting is missing: it is not compared."
