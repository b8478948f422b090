"""Named transport routes: roads along the network, tracks that join it, boats on the great lakes, flights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice, zip_longest

import numpy as np
import shapely
from shapely.geometry import MultiLineString

from geoapp.demo.belts import CENTRES_X, CENTRES_Y
from geoapp.demo.draw import Floats, Objects, choose, identifiers, objects, pick, unknown
from geoapp.demo.facilities import Facilities, approach
from geoapp.demo.ground import KM_PER_DEGREE, Ground, points
from geoapp.demo.lines import along_shore, bend, cut_corners, join, length_km, wet_km
from geoapp.demo.network import Network, Vertex
from geoapp.demo.rows import Writer
from geoapp.demo.sites import Sites
from geoapp.errors import DemoError
from layers.tables import Route

TRACK_SHARE, RIDE_SHARE, BOAT_SHARE, FLIGHT_SHARE = 0.2, 0.2, 0.06, 0.035
MOST_BOATS, MOST_FLIGHTS = 12, 8
ROAD_KM = (20, 420)
TRACK_KM = (0.8, 18)
RIDE_KM = (8, 160)
FLIGHT_KM = (90, 450)
BOAT_LAKES = ("Lake Kivu", "Lake Tanganyika")
PORT_KM, PORT_RANK, OFFSHORE_KM = 8, 2, 0.8
BELT_KM = 90
PULL_KM = 25.0
# Of the pairs of places in two countries, how many are taken.
ABROAD_SHARE = 0.12
ATTEMPTS_A_ROUTE = 60
MODES_OF_ROADS = {"truck": 5, "light_vehicle": 4, "motorbike": 1}
SURFACES = {
    "truck": {"asphalt": 4, "laterite": 5, "earth": 1},
    "light_vehicle": {"asphalt": 2, "laterite": 5, "earth": 3},
    "motorbike": {"laterite": 3, "earth": 7},
    "foot": {"earth": 1},
}
PASSABILITY = {
    "asphalt": {"all_year": 1},
    "laterite": {"all_year": 5, "dry_season": 2, "difficult": 3},
    "earth": {"all_year": 2, "dry_season": 4, "difficult": 4},
    None: {"all_year": 1},
}


@dataclass(frozen=True)
class Draft:
    """A route in the making: its ends' names and codes, and its parts as (n, 2) degrees in travelling order."""

    mode: str
    names: tuple[str, str]
    refs: tuple[str, str]
    parts: tuple[Floats, ...]
    explosives: bool = False


@dataclass(frozen=True)
class Routes:
    """The routes, column by column; `points` is each one's whole course as (n, 2) degrees."""

    id: Objects
    route_id: Objects
    name: Objects
    mode: Objects
    use: Objects
    points: list[Floats]
    drafts: list[Draft]

    def __len__(self) -> int:
        return len(self.id)

    @property
    def on_land(self) -> np.ndarray:
        """Whether each route is travelled on the ground."""
        return ~np.isin(self.mode, ("boat", "air"))


@dataclass(frozen=True)
class Place:
    """An end of a road: its name, its code, where it joins the network, and the stretch from there to its gate."""

    name: str
    ref: str
    vertex: Vertex
    stretch: Floats
    country: str
    kind: str = "town"


def make_routes(
    ground: Ground,
    network: Network,
    sites: Sites,
    facilities: Facilities,
    *,
    number: int,
    rng: np.random.Generator,
) -> Routes:
    """`number` routes; DemoError where the towns do not suffice for them."""
    ends = _places(ground, network, facilities)
    order = rng.permutation(len(sites))
    half = len(order) // 2
    flights = _up_to(_flights(ground, rng), min(MOST_FLIGHTS, int(number * FLIGHT_SHARE)))
    boats = _up_to(_boats(ground, rng), min(MOST_BOATS, int(number * BOAT_SHARE)))
    tracks = _up_to(_tracks(ground, network, sites, order[:half], rng), int(number * TRACK_SHARE))
    rides = _up_to(_rides(ground, network, sites, order[half:], rng), int(number * RIDE_SHARE))
    others = [*rides, *tracks, *boats, *flights]
    roads = _up_to(_roads(network, sites, ends, number, rng), number - len(others))
    drafts = [*roads, *others]
    if len(drafts) < number:
        raise DemoError(
            f"The base map has towns for {len(drafts)} routes only: ask for at most that many with --routes."
        )
    use = choose(rng, {"minerals": 7, "both": 3}, number)
    use[[draft.explosives for draft in drafts]] = "explosives"
    return Routes(
        id=identifiers(rng, number),
        route_id=objects([f"RT-{serial:03d}" for serial in range(1, number + 1)]),
        name=objects([" - ".join(draft.names) for draft in drafts]),
        mode=objects([draft.mode for draft in drafts]),
        use=use,
        points=[join(draft.parts) for draft in drafts],
        drafts=drafts,
    )


def _up_to(drafts: Iterator[Draft], number: int) -> list[Draft]:
    return list(islice(drafts, number))


def _places(ground: Ground, network: Network, facilities: Facilities) -> list[Place]:
    towns = ground.towns
    at_towns: dict[int, Vertex] = {}
    for number, edge in enumerate(network.edges):
        at_towns.setdefault(edge.start, Vertex(number, 0))
        at_towns.setdefault(edge.end, Vertex(number, len(edge.points) - 1))
    places = [
        Place(
            facilities.name[at],
            facilities.facility_id[at],
            facilities.vertex[at],
            approach(network, facilities, at),
            ground.countries[facilities.province[at]],
            facilities.kind[at],
        )
        for at in range(len(facilities))
        if facilities.kind[at] != "police_post"
    ]
    in_belts = np.hypot(towns.x[:, None] - CENTRES_X, towns.y[:, None] - CENTRES_Y).min(axis=1)
    for town, vertex in sorted(at_towns.items()):
        if in_belts[town] * KM_PER_DEGREE < BELT_KM:
            places.append(
                Place(
                    towns.name[town],
                    towns.name[town],
                    vertex,
                    network.point(vertex)[None],
                    ground.countries[towns.province[town]],
                )
            )
    return places


def _roads(
    network: Network, sites: Sites, places: list[Place], number: int, rng: np.random.Generator
) -> Iterator[Draft]:
    """Roads between two places, each pair once; few cross a border that do not lead to its post."""
    seen: set[frozenset[str]] = set()
    x, y = np.array([place.stretch[-1] for place in places]).T
    pull = sites.shared_out(x, y, PULL_KM)
    for at in pick(rng, pull, 2 * number * ATTEMPTS_A_ROUTE).reshape(-1, 2):
        start, end = places[at[0]], places[at[1]]
        abroad = start.country != end.country and "border_post" not in {start.kind, end.kind}
        if abroad and rng.random() > ABROAD_SHARE:
            continue
        pair = frozenset((start.name, end.name))
        # Two places of one name are a place and its namesake far away: a route between them would mislead.
        if pair in seen or len(pair) == 1:
            continue
        way = network.path(start.vertex, end.vertex)
        if way is None or not ROAD_KM[0] <= length_km(way) <= ROAD_KM[1]:
            continue
        seen.add(pair)
        mode = str(choose(rng, MODES_OF_ROADS, 1)[0])
        yield Draft(
            mode,
            (start.name, end.name),
            (start.ref, end.ref),
            (np.vstack([start.stretch[::-1], way[1:], end.stretch[1:]]),),
            "explosives_magazine" in {start.kind, end.kind},
        )


def _tracks(
    ground: Ground, network: Network, sites: Sites, order: np.ndarray, rng: np.random.Generator
) -> Iterator[Draft]:
    """Foot tracks from a site to the road."""
    for site in order:
        vertex = network.nearest(sites.x[[site]], sites.y[[site]])[0]
        track = _track(ground, np.array([[sites.x[site], sites.y[site]], network.point(vertex)]), rng)
        if track is not None:
            town = ground.towns.nearest(*track[-1:].T)[0]
            name = ground.towns.name[town]
            yield Draft("foot", (sites.name[site], name), (sites.site_id[site], name), (track,))


def _rides(
    ground: Ground, network: Network, sites: Sites, order: np.ndarray, rng: np.random.Generator
) -> Iterator[Draft]:
    """Motorbike routes: a track from a site to the road, then the road to a town."""
    for site in order:
        vertex = network.nearest(sites.x[[site]], sites.y[[site]])[0]
        track = _track(ground, np.array([[sites.x[site], sites.y[site]], network.point(vertex)]), rng)
        if track is None:
            continue
        edge = network.edges[vertex.edge]
        town, last = ((edge.start, 0), (edge.end, len(edge.points) - 1))[int(rng.random() < 0.5)]
        road = network.path(vertex, Vertex(vertex.edge, last))
        if road is not None and len(road) > 1 and RIDE_KM[0] <= length_km(road) <= RIDE_KM[1]:
            name = ground.towns.name[town]
            yield Draft("motorbike", (sites.name[site], name), (sites.site_id[site], name), (track, road))


def _track(ground: Ground, ends: Floats, rng: np.random.Generator) -> Floats | None:
    """A track between two points, None where they are too far apart or a lake lies between."""
    if not TRACK_KM[0] <= length_km(ends) <= TRACK_KM[1]:
        return None
    track = bend(ends, rng, 0.06 * length_km(ends))
    return track if wet_km(track, ground.lakes) == 0 else None


def _boats(ground: Ground, rng: np.random.Generator) -> Iterator[Draft]:
    """Boats between ports of the great lakes, off the shore, the lakes taking turns."""
    towns = ground.towns
    lakes = [lake for name in BOAT_LAKES for lake in ground.lake_shapes[ground.lake_names == name]]
    voyages = []
    for lake in lakes:
        near = shapely.distance(lake, points(towns.x, towns.y)) * KM_PER_DEGREE < PORT_KM
        pairs = list(combinations(np.flatnonzero(near & (towns.rank <= PORT_RANK)), 2))
        voyages.append([(lake, *pairs[at]) for at in rng.permutation(len(pairs))])
    for lake, start, end in filter(None, chain.from_iterable(zip_longest(*voyages))):
        ends = np.array([[towns.x[at], towns.y[at]] for at in (start, end)]).round(6)
        names = (towns.name[start], towns.name[end])
        course = cut_corners(along_shore(ends, lake, -OFFSHORE_KM), lake)
        yield Draft("boat", names, names, (course,))


def _flights(ground: Ground, rng: np.random.Generator) -> Iterator[Draft]:
    """Flights between a remote town of a belt and a city."""
    towns = ground.towns
    in_belts = np.hypot(towns.x[:, None] - CENTRES_X, towns.y[:, None] - CENTRES_Y).min(axis=1)
    remote = np.flatnonzero((in_belts * KM_PER_DEGREE < 40) & (ground.countries[towns.province] == "CD"))
    cities = remote[towns.rank[remote] <= 2]
    for start in rng.permutation(remote[towns.rank[remote] > 2]):
        for end in rng.permutation(cities):
            ends = np.array([[towns.x[at], towns.y[at]] for at in (start, end)])
            if FLIGHT_KM[0] <= length_km(ends) <= FLIGHT_KM[1]:
                names = (towns.name[start], towns.name[end])
                yield Draft("air", names, names, (np.linspace(ends[0], ends[1], 9).round(6),))
                break


def write_routes(writer: Writer, ground: Ground, routes: Routes, rng: np.random.Generator) -> None:
    """Write the routes."""
    surface = objects([choose(rng, SURFACES[mode], 1)[0] if mode in SURFACES else None for mode in routes.mode])
    starts = np.array([points[0] for points in routes.points])
    codes = ground.codes[ground.province_near(*starts.T)]
    writer.write(
        Route,
        {
            "id": routes.id,
            "route_id": routes.route_id,
            "name": routes.name,
            "use": routes.use,
            "mode": routes.mode,
            "from_ref": [draft.refs[0] for draft in routes.drafts],
            "to_ref": [draft.refs[1] for draft in routes.drafts],
            "surface": surface,
            "passability": [choose(rng, PASSABILITY[each], 1)[0] for each in surface],
            "stated_unit": unknown(rng, codes, 0.5),
            "geom": [MultiLineString(list(draft.parts)) for draft in routes.drafts],
        },
    )
