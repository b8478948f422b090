"""What row-level security costs: the same tile, feature and corridor queries with it and without, in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import Connection, Engine, cast, event, func, select, text

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import PLANS_FOR_THE_VALUES
from geoapp.errors import GeoappError
from geoapp.publish.tiles import layer_tile, tile_at
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.tables import Base, Incident, IncidentRelease, Route

# How much slower than without any policy the queries may be.
MOST = 1.10
# Rounds of each pair of connections, besides the one that fills the caches.
ROUNDS = 3
PAIRS = 3
PLACES = 6
CORRIDOR_M = 5000
# Half the side of a feature query's box, in degrees: about 50 km across.
HALF_BOX = 0.225
YEAR = timedelta(days=365)
ALL = Filter()

COUNTED = (Incident, IncidentRelease, Route)
# Places and routes spread over the data, the same at each run.
SPREAD_PLACES = text("SELECT ST_X(geom), ST_Y(geom) FROM incident WHERE geom IS NOT NULL ORDER BY incident_id LIMIT :n")
SPREAD_ROUTES = text("SELECT route_id FROM route ORDER BY md5(route_id) LIMIT :n")
LAST_DAY = text("SELECT max(occurred_from) FROM incident")
ANALYST_OF_ALL = text(
    "SELECT user_name FROM user_scope JOIN app_user USING (user_name)"
    " WHERE disabled_at IS NULL AND role = 'analyst' GROUP BY user_name"
    " HAVING array_agg(unit_code) @> (SELECT array_agg(DISTINCT unit_code) FROM admin_unit WHERE level = 0)"
    " ORDER BY user_name LIMIT 1"
)

# A statement as it goes to the driver, with its parameters.
Statement = tuple[str, Any]


@dataclass(frozen=True)
class Cost:
    """One kind of query: milliseconds a place without policies and with them, and how many times as long it takes."""

    query: str
    without_ms: float
    with_ms: float
    ratio: float


@dataclass(frozen=True)
class AccessBenchmark:
    """The data that was asked, as whom, and what each kind of query cost.

    The control is the first kind asked by two connections of the owner: how far from 1 chance alone takes a ratio.
    """

    rows: dict[str, int]
    viewer: str
    costs: Sequence[Cost]
    control: Cost

    @property
    def passed(self) -> bool:
        """Whether every query stays within the limit."""
        return all(cost.ratio <= MOST for cost in self.costs)

    def report(self) -> str:
        """The figures as a table for people."""
        data = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        lines = [
            f"Data: {data}.",
            f"Viewer: {self.viewer}, {PAIRS} pairs of connections with {ROUNDS} rounds in turns, medians.",
            "",
        ]
        lines.append(f"{'query':28} {'without':>10} {'with':>10} {'ratio':>7}")
        for cost in self.costs:
            verdict = "" if cost.ratio <= MOST else "  too slow"
            lines.append(f"{cost.query:28} {cost.without_ms:7.2f} ms {cost.with_ms:7.2f} ms {cost.ratio:7.3f}{verdict}")
        lines += ["", f"Control, {self.control.query} by two connections without policies: {self.control.ratio:.3f}."]
        worst = max(cost.ratio for cost in self.costs)
        said = "within" if self.passed else "ABOVE"
        return "\n".join([*lines, "", f"The largest ratio, {worst:.3f}, is {said} the limit of {MOST:.2f}."])


def run_access(owner: Engine, web: Engine, progress: Callable[[int], Any]) -> AccessBenchmark:
    """Time the queries on what is loaded; `progress` is told of each round.

    Raises GeoappError where there is nothing to ask for, or no analyst of all countries to ask as.
    """
    with owner.connect() as without:
        viewer = without.scalar(ANALYST_OF_ALL)
        rows = {model.__tablename__: _count(without, model) for model in COUNTED}
        if not viewer or not rows["incident"] or not rows["route"]:
            raise GeoappError(
                "There is nothing to measure: it takes incidents, routes and an analyst of all countries."
                " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
            )
        cases = queries(without)

    first, *_ = cases
    control = _Rounds(cases[first])
    measured = {name: _Rounds(asked) for name, asked in cases.items()}
    for _ in range(PAIRS):
        with _fresh(owner) as without, _fresh(owner) as twin, _fresh(web) as bound:
            set_viewer(bound, viewer)
            for connection in (without, twin, bound):
                for asked in cases.values():
                    connection.exec_driver_sql(*asked[0]).all()
            control.run(without, twin)
            for rounds in measured.values():
                rounds.run(without, bound)
                progress(ROUNDS)
    return AccessBenchmark(rows, viewer, [rounds.cost(name) for name, rounds in measured.items()], control.cost(first))


@contextmanager
def _fresh(engine: Engine) -> Iterator[Connection]:
    """A connection that nobody had before, with plans as the server's own have them.

    A backend that has once answered a large query gives its memory back more rarely, and is some 7 % faster from then
    on: all have to begin alike, and to have answered every kind of query before one is timed, as those of a server
    have. Even so two connections of one role differ by some per cent for as long as they live, hence several pairs.
    """
    engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET {PLANS_FOR_THE_VALUES}")
        yield connection


def queries(connection: Connection) -> dict[str, list[Statement]]:
    """The statements of each kind of query, over places and routes that are spread over the data."""
    last = connection.scalar(LAST_DAY)
    recent = Filter(since=last - YEAR, until=last) if last else ALL
    places = [(float(x), float(y)) for x, y in connection.execute(SPREAD_PLACES, {"n": PLACES})]
    routes = list(connection.scalars(SPREAD_ROUTES, {"n": PLACES}))

    def tiles(z: int) -> list[Statement]:
        found = {tile_at(x, y, z) for x, y in places}
        asked = sorted(found, key=lambda tile: (tile.x, tile.y))
        return statements(
            connection, lambda: [layer_tile(connection, LAYERS["incidents"], each, ALL) for each in asked]
        )

    return {
        "incidents, tile at z12": tiles(12),
        "incidents, tile at z8": tiles(8),
        "incidents, features in a box": statements(
            connection, lambda: [features(connection, place, recent) for place in places]
        ),
        "incidents along a route": statements(connection, lambda: [corridor(connection, route) for route in routes]),
    }


def features(connection: Connection, centre: tuple[float, float], chosen: Filter) -> Sequence[Any]:
    """The properties of the incidents in a box around a point in degrees, on the days of a filter."""
    layer = LAYERS["incidents"]
    place = layer.places[0]
    x, y = centre
    box = func.ST_MakeEnvelope(x - HALF_BOX, y - HALF_BOX, x + HALF_BOX, y + HALF_BOX, 4326)
    asked = layer.rows(place, chosen).add_columns(*layer.properties, func.ST_AsBinary(place.geom))
    return connection.execute(asked.where(place.geom.op("&&")(box))).all()


def corridor(connection: Connection, route_id: str) -> Sequence[Any]:
    """The incidents within 5 km of a route: its box first, which has an index, then the geodesic distance."""
    chosen = select(Route).where(Route.route_id == route_id).limit(1).subquery()
    # One degree is 110.5 km at least. Expanded inside the subquery: a function around it would count as leaky, and bar
    # the index.
    reach = select(func.ST_Expand(chosen.c.geom, CORRIDOR_M / 110_500)).scalar_subquery()
    path = select(cast(chosen.c.geom, Geography)).scalar_subquery()
    near = func.ST_DWithin(cast(Incident.geom, Geography), path, CORRIDOR_M)
    asked = select(Incident.incident_id, Incident.level, Incident.occurred_from)
    return connection.execute(asked.where(Incident.geom.op("&&")(reach), near)).all()


def statements(connection: Connection, ask: Callable[[], Any]) -> list[Statement]:
    """What `ask` sends over the connection, to be sent again as it is."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return sent


def _count(connection: Connection, model: type[Base]) -> int:
    return connection.scalar(select(func.count()).select_from(model)) or 0


class _Rounds:
    """Rounds of one kind of query, in each of which every place is asked by both connections in turns.

    A machine that is busy with something else for a while slows both. The cost is of all places together, as an
    analyst who moves the map pays it; the ratio is the median over the rounds.
    """

    def __init__(self, cases: Sequence[Statement]) -> None:
        self.cases = cases
        self.taken: list[tuple[float, float]] = []

    def run(self, without: Connection, bound: Connection) -> None:
        """Ask in one round more than are kept: the first fills the caches."""
        for number in range(ROUNDS + 1):
            taken = {without: 0.0, bound: 0.0}
            for case in self.cases:
                # Who comes first changes, so that neither always finds what the other has fetched.
                for connection in (without, bound) if number % 2 else (bound, without):
                    taken[connection] += _milliseconds(connection, case)
            if number > 0:
                self.taken.append((taken[without], taken[bound]))

    def cost(self, name: str) -> Cost:
        """The median of all rounds so far."""
        ratio = median(slow / fast for fast, slow in self.taken)
        plain, policed = (median(each) / len(self.cases) for each in zip(*self.taken, strict=True))
        return Cost(name, plain, policed, ratio)


def _milliseconds(connection: Connection, case: Statement) -> float:
    # Python's collector would stop the same side at every round, for longer than most queries take.
    gc.disable()
    started = perf_counter()
    connection.exec_driver_sql(*case).all()
    taken = (perf_counter() - started) * 1000
    gc.enable()
    return taken
