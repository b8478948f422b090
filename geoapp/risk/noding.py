"""Cutting routes into the edges of a network: at shared vertices, at crossings, and every 500 m."""

from __future__ import annotations

import hashlib
import math
import struct
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import LineString, MultiLineString, STRtree, get_coordinates, linestrings

from geoapp.risk.earth import Floats, Ints, cartesian
from geoapp.risk.lines import ROUNDING, Line

LONGEST_EDGE = 500.0
# Ends of routes that lie this near to each other, in metres, are one place.
JOINED = 25.0
# Vertices as near as this, in degrees (about a centimetre), are one.
SAME = 7
# As near as this to the end of a segment, in metres, a crossing is that end.
AT_END = 0.01
# Geodesics are crossed as straight in degrees once they are cut this short, in metres.
STRAIGHT = 4000.0
FLYING = "air"

Node = tuple[float, float]


@dataclass(frozen=True)
class Way:
    """A route as the network takes it."""

    key: uuid.UUID
    mode: str | None
    synthetic: bool
    shape: LineString | MultiLineString


@dataclass(frozen=True)
class Edge:
    """An edge with its nodes, its length in metres, the point half way in degrees and its vertices."""

    edge_id: int
    from_node: int
    to_node: int
    metres: float
    middle: Node
    points: Floats
    way: Way


@dataclass(frozen=True)
class _Part:
    """A part of a way, cut to segments so short that they may be taken as straight in degrees."""

    way: Way
    line: Line
    vertices: list[Node]


def cut(ways: Sequence[Way]) -> list[Edge]:
    """The edges of the network of `ways`, those that fly left out; an edge that several share is there once.

    Vertices that routes share are junctions, whatever their modes; crossings are where the modes are the same.
    """
    parts = [_part(way, points) for way in ways if way.mode != FLYING for points in _parts_of(way.shape)]
    cuts: list[dict[float, Node]] = [{} for _ in parts]
    _cut_at_vertices(parts, cuts)
    for mode in {part.way.mode for part in parts}:
        _cut_at_crossings(parts, cuts, [at for at, part in enumerate(parts) if part.way.mode == mode])
    joined = _join_ends(parts)
    found: dict[tuple[int, int, int], Edge] = {}
    for part, at in zip(parts, cuts, strict=True):
        for edge in _edges(part, sorted(at.items()), joined):
            # Two ways of one mode that share a road have the same edge; other modes have their own beside it.
            found.setdefault((edge.edge_id, edge.from_node, edge.to_node), edge)
    return list(found.values())


def node_number(node: Node) -> int:
    """The number of a place: 53 bits, so that a browser can hold it, of a hash of where it is."""
    return _hash(struct.pack(">qq", *(round(each * 10**SAME) for each in node)))


def _hash(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest()) >> 11


def _parts_of(shape: LineString | MultiLineString) -> Iterable[Floats]:
    for part in shape.geoms if isinstance(shape, MultiLineString) else [shape]:
        points = get_coordinates(part)
        moved = np.r_[True, np.any(np.diff(points, axis=0) != 0, axis=1)]
        if moved.sum() > 1:
            yield points[moved]


def _part(way: Way, points: Floats) -> _Part:
    line = Line.of(LineString(points))
    # The inner points of long geodesics become vertices, which changes neither course nor length.
    inner = [
        start + length * at / times
        for start, length in zip(line.start.tolist(), line.metres.tolist(), strict=True)
        for times in [max(1, math.ceil(length / STRAIGHT))]
        for at in range(1, times)
    ]
    measures = np.sort(np.concatenate((line.start, [line.length], inner)))
    lon, lat = line.at(measures)
    kept = np.isin(measures, line.start)
    lon[kept], lat[kept] = line.lon, line.lat
    lon[-1], lat[-1] = line.to_lon[-1], line.to_lat[-1]
    fine = np.stack((lon, lat), axis=1)
    return _Part(way, Line.of(LineString(fine)), [tuple(each) for each in fine.tolist()])


def _key(node: Node) -> tuple[int, int]:
    return round(node[0] * 10**SAME), round(node[1] * 10**SAME)


def _cut_at_vertices(parts: list[_Part], cuts: list[dict[float, Node]]) -> None:
    """Cut at the ends of parts, and at vertices that are there twice."""
    users: dict[tuple[int, int], list[tuple[int, float, Node]]] = defaultdict(list)
    for at, part in enumerate(parts):
        measures = [*part.line.start.tolist(), part.line.length]
        for measure, node in zip(measures, part.vertices, strict=True):
            users[_key(node)].append((at, measure, node))
        cuts[at][0.0], cuts[at][part.line.length] = part.vertices[0], part.vertices[-1]
    for each in users.values():
        if len(each) > 1:
            for at, measure, _ in each:
                cuts[at][measure] = each[0][2]


def _cut_at_crossings(parts: list[_Part], cuts: list[dict[float, Node]], chosen: list[int]) -> None:
    """Cut where segments of the chosen parts cross or touch, their common vertices apart."""
    owner = np.concatenate([np.full(len(parts[at].line.start), at) for at in chosen])
    nth = np.concatenate([np.arange(len(parts[at].line.start)) for at in chosen])
    lines = [parts[at].line for at in chosen]
    begin = np.concatenate([np.stack((each.lon, each.lat), axis=1) for each in lines])
    end = np.concatenate([np.stack((each.to_lon, each.to_lat), axis=1) for each in lines])
    segments = np.asarray(linestrings(np.stack((begin, end), axis=1)))
    one, other = STRtree(segments).query(segments, predicate="intersects")
    once = one < other
    for a, b in zip(one[once].tolist(), other[once].tolist(), strict=True):
        for s, t in _meetings(begin[a], end[a], begin[b], end[b]):
            first, second = parts[owner[a]], parts[owner[b]]
            measure_a, node_a = _on(first, int(nth[a]), s)
            measure_b, node_b = _on(second, int(nth[b]), t)
            # A crossing at the vertex of one of them is that vertex.
            node = node_a or node_b or _between(begin[a], end[a], s)
            if node_a and node_b:
                continue
            cuts[owner[a]].setdefault(measure_a, node)
            cuts[owner[b]].setdefault(measure_b, node)


def _meetings(p: Floats, q: Floats, r: Floats, s: Floats) -> Iterable[tuple[float, float]]:
    """Where two segments meet, as shares of each; for two on one straight line the ends that lie within the other."""
    u, v, w = q - p, s - r, r - p
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) > 1e-9 * math.hypot(*u) * math.hypot(*v):
        yield (w[0] * v[1] - w[1] * v[0]) / cross, (w[0] * u[1] - w[1] * u[0]) / cross
        return
    for share in (0.0, 1.0):
        on_other = float(np.dot(p + share * u - r, v) / np.dot(v, v))
        if 0 <= on_other <= 1:
            yield share, on_other
        on_one = float(np.dot(r + share * v - p, u) / np.dot(u, u))
        if 0 <= on_one <= 1:
            yield on_one, share


def _on(part: _Part, nth: int, share: float) -> tuple[float, Node | None]:
    """The measure of a share of a segment, and the vertex where it is one."""
    length, start = float(part.line.metres[nth]), float(part.line.start[nth])
    along = min(max(share, 0.0), 1.0) * length
    if along <= AT_END:
        return start, part.vertices[nth]
    if along >= length - AT_END:
        return (float(part.line.start[nth + 1]) if nth + 1 < len(part.line.start) else part.line.length), part.vertices[
            nth + 1
        ]
    return start + along, None


def _between(p: Floats, q: Floats, share: float) -> Node:
    x, y = (p + share * (q - p)).tolist()
    return x, y


def _join_ends(parts: list[_Part]) -> dict[tuple[int, int], Node]:
    """The node that stands for each end of a part: one for all that lie within reach of each other."""
    ends = list({_key(node): node for part in parts for node in (part.vertices[0], part.vertices[-1])}.items())
    if not ends:
        return {}
    lon, lat = np.array([node for _, node in ends]).T
    pairs = cKDTree(cartesian(lon, lat)).query_pairs(JOINED, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    labels: Ints = connected_components(links, directed=False)[1]
    standing: dict[int, Node] = {}
    for (_, node), label in zip(ends, labels.tolist(), strict=True):
        standing[label] = min(standing.get(label, node), node)
    return {key: standing[label] for (key, _), label in zip(ends, labels.tolist(), strict=True)}


def _edges(part: _Part, cuts: list[tuple[float, Node]], joined: dict[tuple[int, int], Node]) -> Iterable[Edge]:
    for (begin, one), (end, other) in pairwise(cuts):
        # From the smaller end on, so that two ways that share a road cut it at the same places.
        stretch = _stretch(part, begin, end, one, other)
        turned = _key(other) < _key(one)
        first, last = (other, one) if turned else (one, other)
        stretch = stretch[::-1] if turned else stretch
        yield from _split(part.way, stretch, joined.get(_key(first), first), joined.get(_key(last), last))


def _stretch(part: _Part, begin: float, end: float, first: Node, last: Node) -> Floats:
    inner = (part.line.start > begin) & (part.line.start < end)
    middle = np.stack((part.line.lon[inner], part.line.lat[inner]), axis=1)
    return np.concatenate(([first], middle, [last]))


def _split(way: Way, points: Floats, first: Node, last: Node) -> Iterable[Edge]:
    if len(points) == 2 and _key((points[0][0], points[0][1])) == _key((points[1][0], points[1][1])):
        return
    line = Line.of(LineString(points))
    number = max(1, math.ceil((line.length - ROUNDING) / LONGEST_EDGE))
    bounds = np.linspace(0, line.length, number + 1)
    at = [tuple(each) for each in np.stack(line.at(bounds), axis=1).tolist()]
    middle = np.stack(line.at((bounds[:-1] + bounds[1:]) / 2), axis=1).tolist()
    nodes = [node_number(each) for each in (first, *at[1:-1], last)]
    at[0], at[-1] = (points[0][0], points[0][1]), (points[-1][0], points[-1][1])
    for piece in range(number):
        inner = (line.start > bounds[piece] + ROUNDING) & (line.start < bounds[piece + 1] - ROUNDING)
        vertices = np.stack((line.lon[inner], line.lat[inner]), axis=1)
        made = Edge(
            0,
            nodes[piece],
            nodes[piece + 1],
            line.length / number,
            (middle[piece][0], middle[piece][1]),
            np.concatenate(([at[piece]], vertices, [at[piece + 1]])),
            way,
        )
        yield replace(made, edge_id=_edge_number(made))


def _edge_number(edge: Edge) -> int:
    where = struct.pack(">qqqq", edge.from_node, edge.to_node, *_key(edge.middle))
    return _hash(where + (edge.way.mode or "").encode())
