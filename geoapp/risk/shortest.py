"""The cheapest way from one node of a network to another, compiled."""

from __future__ import annotations

import heapq
import math

import numpy as np

from geoapp.risk.compiled import compiled
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.network import Network

NONE = -1


def cheapest(network: Network, cost: Floats, begin: int, end: int) -> list[int] | None:
    """The edges of a cheapest way from node `begin` to node `end`, in order; None where there is none.

    `cost` of an edge is its metres or more. A* of P. E. Hart, N. J. Nilsson and B. Raphael, A formal basis for the
    heuristic determination of minimum cost paths, IEEE Trans. SSC 4 (1968): the straight chord to the end is never
    longer than any way there, so that the way found is a cheapest one.
    """
    if network.part[begin] != network.part[end]:
        return None
    arrived = _search(*network.arms, cost, network.points, begin, end)
    edges: list[int] = []
    node = end
    while node != begin:
        edge = int(arrived[node])
        edges.append(edge)
        node = int(network.begin[edge] + network.end[edge]) - node
    return edges[::-1]


@compiled
def _search(  # noqa: PLR0917
    first: Ints, head: Ints, edge: Ints, cost: Floats, points: Floats, begin: int, end: int
) -> Ints:
    """The edge by which each node that was looked at is best arrived at; NONE elsewhere."""
    best = np.full(len(points), np.inf)
    done = np.zeros(len(points), dtype=np.bool_)
    arrived = np.full(len(points), NONE, dtype=np.int64)
    best[begin] = 0.0
    heap = [(0.0, begin)]
    while len(heap) > 0:
        _, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        if node == end:
            break
        for arm in range(first[node], first[node + 1]):
            other = head[arm]
            there = best[node] + cost[edge[arm]]
            if there < best[other]:
                best[other] = there
                arrived[other] = edge[arm]
                dx = points[other, 0] - points[end, 0]
                dy = points[other, 1] - points[end, 1]
                dz = points[other, 2] - points[end, 2]
                # A little less than the chord, for what rounding may have added to it.
                ahead = max(math.sqrt(dx * dx + dy * dy + dz * dz) * (1.0 - 1e-9) - 1e-6, 0.0)
                heapq.heappush(heap, (there + ahead, other))
    return arrived
