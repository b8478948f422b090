"""What a view of the map costs: the bytes of its tiles, wherever it is and whatever the filter, and of a pan."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select, text

from geoapp.bench.access import ANALYST_OF_ALL, LAST_DAY, SPREAD_PLACES
from geoapp.bench.load import weigh
from geoapp.bench.servers import geoapp_server
from geoapp.bench.tiles import filters_of, session_of
from geoapp.errors import GeoappError
from layers.catalogue import LAYERS
from layers.tables import Incident

WIDTH, HEIGHT = 1366, 768
MOST_VIEW, MOST_PAN = 250_000, 120_000
ZOOMS = range(4, 19)
DENSE, SPREAD = 6, 6
# The map's zoom is one higher than that of its tiles, which are 512 pixels wide; nearer ones are enlarged.
TILE_PIXELS, NEAREST, NEAREST_BASE = 512, 15, 10
# Where most incidents lie on a hundredth of a degree.
DENSEST = text(
    "SELECT avg(ST_X(geom)), avg(ST_Y(geom)) FROM incident WHERE geom IS NOT NULL"
    " GROUP BY floor(ST_X(geom) * 100), floor(ST_Y(geom) * 100) ORDER BY count(*) DESC, 1, 2 LIMIT :n"
)


@dataclass(frozen=True)
class Worst:
    """The dearest view of a zoom, and the dearest half screen beside one; bytes with the headers."""

    zoom: int
    view: int
    view_query: str
    requests: int
    pan: int
    pan_query: str

    @property
    def passed(self) -> bool:
        """Whether both are within their budgets."""
        return self.view <= MOST_VIEW and self.pan <= MOST_PAN


@dataclass(frozen=True)
class ViewsBenchmark:
    """The dearest views by zoom."""

    incidents: int
    worst: Sequence[Worst]

    @property
    def passed(self) -> bool:
        """Whether each is within its budget."""
        return all(each.passed for each in self.worst)

    def report(self) -> str:
        """The figures as a table for people."""
        lines = [
            f"Data: {self.incidents:,} incidents. Views of {WIDTH} x {HEIGHT} at {DENSE} of the densest and {SPREAD}"
            " other places, all layers that are shown at first, as an analyst; kB on the wire with headers.",
            "",
            f"{'zoom':>4} {'view':>6} {'of':>4} {'tiles':>6}  {'pan':>5} {'of':>4}",
        ]
        for each in self.worst:
            verdict = "" if each.passed else "  too much"
            lines.append(
                f"{each.zoom:4} {each.view / 1000:6.0f} {MOST_VIEW // 1000:4} {each.requests:6}"
                f"  {each.pan / 1000:5.0f} {MOST_PAN // 1000:4}{verdict}  {each.view_query or 'no filter'}"
            )
        return "\n".join(lines)


def run_views(owner: Engine, _web: Engine, progress: Callable[[int], Any]) -> ViewsBenchmark:
    """Serve what is loaded, and weigh views; `progress` is told of each zoom.

    Raises GeoappError where there is nothing to look at, or no analyst of all countries to look as.
    """
    with owner.connect() as connection:
        viewer = connection.scalar(ANALYST_OF_ALL)
        incidents = connection.scalar(select(func.count()).select_from(Incident)) or 0
        last = connection.scalar(LAST_DAY)
        rows = [*connection.execute(DENSEST, {"n": DENSE}), *connection.execute(SPREAD_PLACES, {"n": SPREAD})]
        places = [(float(x), float(y)) for x, y in rows]
    if not viewer or not places or last is None:
        raise GeoappError(
            "There is nothing to look at: it takes incidents and an analyst of all countries."
            " Load the demonstration data with `geoapp demo load --incidents 1000000 --routes 400`."
        )
    with session_of(owner, viewer) as cookie, geoapp_server({}) as port:
        scales = Scales(port, [f"Cookie: {cookie}", "Accept-Encoding: gzip"])
        worst = []
        for zoom in ZOOMS:
            worst.append(_worst(scales, zoom, places, filters_of(last)))
            progress(1)
    return ViewsBenchmark(incidents, worst)


class Scales:
    """What the tiles of a server weigh, each asked for once."""

    def __init__(self, port: int, headers: Sequence[str]):
        self._port, self._headers = port, headers
        self._known: dict[str, int] = {}

    def weight(self, paths: Iterable[str]) -> int:
        """The bytes of some tiles together, with their headers."""
        wanted = list(paths)
        self._known |= weigh(self._port, [path for path in wanted if path not in self._known], self._headers)
        return sum(self._known[path] for path in wanted)


def _worst(scales: Scales, zoom: int, places: Sequence[tuple[float, float]], queries: Sequence[str]) -> Worst:
    view, pan = (0, "", 0), (0, "")
    for lon, lat in places:
        x, y = pixel_of(lon, lat, zoom)
        for query in queries:
            here = set(tiles_of(x, y, zoom, query))
            view = max(view, (scales.weight(here), query, len(here)))
            for across, down in ((WIDTH // 2, 0), (0, HEIGHT // 2)):
                there = set(tiles_of(x + across, y + down, zoom, query)) - here
                pan = max(pan, (scales.weight(there), query))
    return Worst(zoom, view[0], view[1], view[2], *pan)


def tiles_of(x: float, y: float, zoom: int, query: str) -> Iterator[str]:
    """The addresses of the tiles of a view whose middle is at a pixel of the world."""
    for name in ["base", *(layer.name for layer in LAYERS.values() if layer.visible)]:
        z = min(zoom - 1, NEAREST_BASE if name == "base" else NEAREST)
        side = TILE_PIXELS * 2 ** (zoom - 1 - z)
        asked = query if name == "incidents" else ""
        for column in range(int((x - WIDTH / 2) // side), int((x + WIDTH / 2) // side) + 1):
            for row in range(int((y - HEIGHT / 2) // side), int((y + HEIGHT / 2) // side) + 1):
                if 0 <= column < 2**z and 0 <= row < 2**z:
                    yield f"/tiles/{name}/{z}/{column}/{row}.mvt{asked}"


def pixel_of(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """The pixel of the world, in Web Mercator, that a place is on; the world is 256 pixels wide at zoom 0."""
    world = 256 * 2**zoom
    return (lon + 180) / 360 * world, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * world
