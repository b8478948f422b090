"""Facilities: depots, buying houses and exporters in towns, magazines near sites, posts on roads and borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geoapp.demo.belts import nearest_belt
from geoapp.demo.draw import Floats, Ints, Objects, identifiers, objects, pick, unknown
from geoapp.demo.ground import KM_PER_DEGREE, Ground, points
from geoapp.demo.network import Network, Vertex
from geoapp.demo.rows import Writer
from geoapp.demo.sites import Sites
from layers.tables import Facility

IN_MINING_TOWNS = {"depot": 48, "buying_house": 42}
IN_HUBS = {"processor": 9, "exporter": 15}
NEAR_SITES = {"explosives_magazine": 12, "police_post": 20}
BORDER_POSTS = 14
REACH_KM = 15.0
HUB_REACH_KM = 240
NAMES = {
    "depot": "Dépôt",
    "buying_house": "Comptoir",
    "processor": "Usine",
    "exporter": "Entrepôt export",
    "explosives_magazine": "Poudrière",
    "police_post": "Poste de police",
    "border_post": "Poste-frontière",
}


@dataclass(frozen=True)
class Facilities:
    """The facilities, column by column; `vertex` is where each joins the network."""

    id: Objects
    facility_id: Objects
    kind: Objects
    name: Objects
    x: Floats
    y: Floats
    province: Ints
    belt: Ints
    town: Ints
    vertex: list[Vertex]

    def __len__(self) -> int:
        return len(self.id)


def make_facilities(ground: Ground, network: Network, sites: Sites, rng: np.random.Generator) -> Facilities:
    """Facilities where minerals pass: towns by the sites around them, hubs by their rank, roads near sites."""
    kinds: list[str] = []
    places: list[Floats] = []
    served = sites.shared_out(ground.towns.x, ground.towns.y, REACH_KM)
    for kind, number in IN_MINING_TOWNS.items():
        kinds += [kind] * number
        places.append(_in_towns(ground, served, number, (0.2, 1.5), rng))
    for kind, number in IN_HUBS.items():
        kinds += [kind] * number
        places.append(_in_towns(ground, _hub_weight(ground, sites), number, (0.5, 4.0), rng))
    for kind, number in NEAR_SITES.items():
        kinds += [kind] * number
        places.append(_near_sites(network, sites, number, rng))
    borders = _border_points(ground, network, sites)[:BORDER_POSTS]
    kinds += ["border_post"] * len(borders)
    x, y = np.vstack([*places, borders]).round(6).T
    province = ground.province_near(x, y)
    town = ground.towns.nearest(x, y)
    return Facilities(
        id=identifiers(rng, len(kinds)),
        facility_id=objects([f"FAC-{serial:03d}" for serial in range(1, len(kinds) + 1)]),
        kind=objects(kinds),
        name=_names(kinds, ground.towns.name[town]),
        x=x,
        y=y,
        province=province,
        belt=nearest_belt(x, y),
        town=town,
        vertex=network.nearest(x, y),
    )


def _hub_weight(ground: Ground, sites: Sites) -> Floats:
    towns = ground.towns
    apart = np.hypot(towns.x[:, None] - sites.x, towns.y[:, None] - sites.y) * KM_PER_DEGREE
    served = (apart < HUB_REACH_KM).mean(axis=1)
    return np.asarray(served * np.select([towns.rank == 1, towns.rank == 2], [6.0, 1.0], 0.0) + 1e-9)


def _in_towns(
    ground: Ground, weight: Floats, number: int, away_km: tuple[float, float], rng: np.random.Generator
) -> Floats:
    town = pick(rng, weight, number)
    centres = np.column_stack([ground.towns.x, ground.towns.y])[town]
    found = centres.copy()
    # A shore or a border may be near: what does not lie in the town's province is drawn again, nearer each time.
    for nearer in (1.0, 0.5, 0.25):
        drawn = centres + _around(rng, number, away_km) * nearer
        good = ground.province_at(drawn[:, 0], drawn[:, 1]) == ground.towns.province[town]
        good &= ~ground.on_lake(drawn[:, 0], drawn[:, 1]) & (found == centres).all(axis=1)
        found[good] = drawn[good]
    return found


def _around(rng: np.random.Generator, number: int, away_km: tuple[float, float]) -> Floats:
    angle = rng.uniform(0, 2 * np.pi, number)
    away = rng.uniform(*away_km, number) / KM_PER_DEGREE
    return np.asarray((np.array([np.cos(angle), np.sin(angle)]) * away).T)


def _near_sites(network: Network, sites: Sites, number: int, rng: np.random.Generator) -> Floats:
    """Points beside the road vertices that are nearest to some sites."""
    chosen = rng.choice(len(sites), number, replace=False)
    vertices = network.nearest(sites.x[chosen], sites.y[chosen])
    return np.array([network.point(vertex) for vertex in vertices]) + _around(rng, number, (0.1, 0.6))


def _border_points(ground: Ground, network: Network, sites: Sites) -> Floats:
    """Where roads cross a border, those nearest to the sites first."""
    found = []
    for edge in network.edges:
        if edge.crosses_border:
            country = ground.countries[ground.province_near(*edge.points.T)]
            at = int(np.flatnonzero(country != country[0])[0])
            found.append(edge.points[at])
    points = np.array(found).reshape(-1, 2)
    nearness = [np.hypot(sites.x - x, sites.y - y).min() for x, y in points]
    return np.asarray(points[np.argsort(nearness, kind="stable")])


def _names(kinds: list[str], towns: Objects) -> Objects:
    """The kind and the town, numbered where several are alike."""
    counted: dict[str, int] = {}
    made = []
    for kind, town in zip(kinds, towns, strict=True):
        name = f"{NAMES[kind]} {town}"
        counted[name] = counted.get(name, 0) + 1
        made.append(name if counted[name] == 1 else f"{name} {counted[name]}")
    return objects(made)


def write_facilities(writer: Writer, ground: Ground, facilities: Facilities, rng: np.random.Generator) -> None:
    """Write the facilities."""
    public = np.isin(facilities.kind, ("police_post", "border_post"))
    private = [f"Société {name.split(' ', 1)[1]} (fictive)" for name in facilities.name]
    writer.write(
        Facility,
        {
            "id": facilities.id,
            "facility_id": facilities.facility_id,
            "kind": facilities.kind,
            "name": facilities.name,
            "operator": unknown(rng, np.where(public, "État", objects(private)), 0.15),
            "stated_unit": unknown(rng, ground.codes[facilities.province], 0.2),
            "geom": points(facilities.x, facilities.y),
        },
    )


def approach(network: Network, facilities: Facilities, place: int) -> Floats:
    """The last stretch from the network to a facility, as (n, 2) degrees; one point where it lies on a vertex."""
    on_road = network.point(facilities.vertex[place])
    gate = np.array([facilities.x[place], facilities.y[place]])
    return np.array([on_road]) if (gate == on_road).all() else np.array([on_road, gate])
