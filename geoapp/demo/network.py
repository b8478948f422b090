"""The schematic road network between real towns, and the shortest ways on it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import LineString

from geoapp.demo.draw import Floats, Ints
from geoapp.demo.ground import COUNTRIES, KM_PER_DEGREE, Ground, Towns, points
from geoapp.demo.lines import DECIMALS, dry_road, join
from geoapp.demo.rows import Writer
from layers.tables import BaseFeature

LONGEST_CROSSING_KM = 70.0
# What of a road within one country may lie outside it.
ABROAD_SHARE = 0.25
COARSE_DEGREES = 0.01


@dataclass(frozen=True)
class Vertex:
    """A vertex of the network: the `place`-th one of an edge."""

    edge: int
    place: int


@dataclass(frozen=True)
class Edge:
    """A road between two towns, as (n, 2) degrees from `start` to `end`."""

    start: int
    end: int
    points: Floats
    crosses_border: bool

    @cached_property
    def measures(self) -> Floats:
        """The distance of each vertex from the start in km."""
        steps = np.hypot(*np.diff(self.points, axis=0).T) * KM_PER_DEGREE
        return np.concatenate([[0.0], np.cumsum(steps)])


@dataclass
class Network:
    """Towns and the roads between them; roads share vertices exactly at towns."""

    towns: Towns
    edges: list[Edge]
    _trees: dict[int, tuple[dict[int, float], dict[int, int]]] = field(default_factory=dict)

    @cached_property
    def vertices(self) -> tuple[list[Vertex], Floats]:
        """Every vertex of every edge, and their coordinates."""
        known = [Vertex(at, place) for at, edge in enumerate(self.edges) for place in range(len(edge.points))]
        return known, np.vstack([edge.points for edge in self.edges])

    @cached_property
    def _leaving(self) -> dict[int, list[tuple[int, int, float]]]:
        leaving: dict[int, list[tuple[int, int, float]]] = {}
        for number, edge in enumerate(self.edges):
            length = float(edge.measures[-1])
            leaving.setdefault(edge.start, []).append((number, edge.end, length))
            leaving.setdefault(edge.end, []).append((number, edge.start, length))
        return leaving

    @cached_property
    def _vertex_tree(self) -> STRtree:
        return STRtree(points(*self.vertices[1].T))

    def nearest(self, x: Floats, y: Floats) -> list[Vertex]:
        """The vertex nearest to each point."""
        found = self._vertex_tree.query_nearest(points(x, y), all_matches=False)
        return [self.vertices[0][place] for place in found[1]]

    def point(self, vertex: Vertex) -> Floats:
        """The coordinates of a vertex."""
        point: Floats = self.edges[vertex.edge].points[vertex.place]
        return point

    def path(self, start: Vertex, end: Vertex) -> Floats | None:
        """The shortest way between two vertices as (n, 2) degrees; None where there is none.

        Its coordinates are the network's own, so that routes which share a road share its vertices.
        """
        if start.edge == end.edge:
            return self._part(start.edge, start.place, end.place)
        best: tuple[float, int, int] | None = None
        for leave, to_leave in self._ends(start):
            reached = self._tree(leave)[0]
            for arrive, to_arrive in self._ends(end):
                if arrive in reached:
                    length = to_leave + reached[arrive] + to_arrive
                    best = min(best or (length, leave, arrive), (length, leave, arrive))
        if best is None:
            return None
        _, leave, arrive = best
        parts = [self._to_town(start, leave), *self._between(leave, arrive), self._to_town(end, arrive)[::-1]]
        return join(parts)

    def _ends(self, vertex: Vertex) -> list[tuple[int, float]]:
        edge = self.edges[vertex.edge]
        gone = float(edge.measures[vertex.place])
        return [(edge.start, gone), (edge.end, float(edge.measures[-1]) - gone)]

    def _part(self, edge: int, start: int, end: int) -> Floats:
        points = self.edges[edge].points
        return points[start : end + 1] if start <= end else points[end : start + 1][::-1]

    def _to_town(self, vertex: Vertex, town: int) -> Floats:
        edge = self.edges[vertex.edge]
        return self._part(vertex.edge, vertex.place, 0 if town == edge.start else len(edge.points) - 1)

    def _between(self, start: int, end: int) -> list[Floats]:
        came_by = self._tree(start)[1]
        parts: list[Floats] = []
        while end != start:
            edge = self.edges[came_by[end]]
            forward = edge.end == end
            parts.append(edge.points if forward else edge.points[::-1])
            end = edge.start if forward else edge.end
        return parts[::-1]

    def _tree(self, start: int) -> tuple[dict[int, float], dict[int, int]]:
        """Dijkstra's shortest paths from a town: the distance of each town in km, and the edge that reaches it."""
        if start not in self._trees:
            reached: dict[int, float] = {}
            came_by: dict[int, int] = {}
            waiting = [(0.0, start, -1)]
            while waiting:
                gone, town, by = heapq.heappop(waiting)
                if town in reached:
                    continue
                reached[town] = gone
                came_by[town] = by
                for number, other, length in self._leaving.get(town, []):
                    if other not in reached:
                        heapq.heappush(waiting, (gone + length, other, number))
            self._trees[start] = reached, came_by
        return self._trees[start]


def build_network(ground: Ground, rng: np.random.Generator) -> Network:
    """A Gabriel graph of the towns of each country, and the closest pairs across each border."""
    towns = ground.towns
    countries = ground.countries[towns.province]
    everywhere = _distances(towns.x, towns.y)
    edges: list[Edge] = []
    for country in COUNTRIES:
        members = np.flatnonzero(countries == country)
        shape = shapely.union_all(
            [shapely.simplify(each, COARSE_DEGREES) for each in ground.province_shapes[ground.countries == country]]
        ).union(shapely.union_all(shapely.simplify(ground.lake_shapes, COARSE_DEGREES)))
        shapely.prepare(shape)
        near = everywhere[np.ix_(members, members)]
        for start, end in members[_gabriel(near)]:
            road = _road(ground, rng, start, end)
            if road is not None and not _strays(road, shape):
                edges.append(Edge(int(start), int(end), road, crosses_border=False))
    crossing = _relative_neighbours(everywhere)
    crossing = crossing[countries[crossing[:, 0]] != countries[crossing[:, 1]]]
    for start, end in crossing:
        if everywhere[start, end] * KM_PER_DEGREE <= LONGEST_CROSSING_KM:
            road = _road(ground, rng, start, end)
            if road is not None:
                edges.append(Edge(int(start), int(end), road, crosses_border=True))
    return Network(towns, edges)


def _distances(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.hypot(x[:, None] - x, y[:, None] - y))


def _gabriel(distance: Floats) -> Ints:
    """Pairs whose circle over their distance holds no third point."""
    squared = distance**2
    return _pairs(squared, lambda town: (squared[town] + squared).min(axis=1))


def _relative_neighbours(distance: Floats) -> Ints:
    """Pairs to neither of whose ends a third point is nearer than they are to each other."""
    return _pairs(distance, lambda town: np.maximum(distance[town], distance).min(axis=1))


def _pairs(apart: Floats, tightest: Callable[[int], Floats]) -> Ints:
    """The pairs (a, b), a < b, that are no further apart than their tightest way over any point."""
    found = [
        (town, other)
        for town in range(len(apart))
        for other in np.flatnonzero(apart[town] <= tightest(town))
        if other > town
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _road(ground: Ground, rng: np.random.Generator, start: int, end: int) -> Floats | None:
    towns = ground.towns
    places = np.column_stack([towns.x, towns.y]).round(DECIMALS)
    return dry_road(places[start], places[end], rng, ground.lakes)


def _strays(road: Floats, country: shapely.Geometry) -> bool:
    line = LineString(road)
    return bool(line.intersection(country).length < (1 - ABROAD_SHARE) * line.length)


def write_roads(writer: Writer, network: Network) -> None:
    """Put the network onto the base map, where it is drawn as schematic."""
    towns = network.towns
    names = [f"{towns.name[edge.start]} - {towns.name[edge.end]}" for edge in network.edges]
    writer.write(
        BaseFeature,
        {
            "kind": ["road"] * len(names),
            "name_en": [f"{name} (schematic)" for name in names],
            "name_fr": [f"{name} (schématique)" for name in names],
            "rank": [int(max(towns.rank[edge.start], towns.rank[edge.end])) for edge in network.edges],
            "geom": [LineString(edge.points) for edge in network.edges],
        },
    )
