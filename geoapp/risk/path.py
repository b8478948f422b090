"""Path: the shortest way between two places, and one of lower recorded exposure, with what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point
from sqlalchemy import Connection, func, select

from geoapp.errors import QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, scope_of, under_pressure, weights_of
from geoapp.risk.counting import Counted, Decay, Mask, Tally
from geoapp.risk.earth import Floats, Ints, geodesic
from geoapp.risk.ground import Ground
from geoapp.risk.incidents import INCIDENTS, Incidents
from geoapp.risk.lines import Chords, Line
from geoapp.risk.network import NETWORK, Network
from geoapp.risk.parameters import Asked
from geoapp.risk.scope import line_outside
from geoapp.risk.shortest import cheapest
from geoapp.risk.wording import n
from geoapp.risk.wording import share as in_percent
from layers.tables import NetworkEdge
from layers.text import Text


@dataclass(frozen=True)
class Course:
    """A way along the network: `exposure` is the mean pressure weighted by length, `nodes` the numbers of its nodes."""

    length_km: float
    exposure: float
    nodes: list[int]
    geometry: LineString


@dataclass(frozen=True)
class TradeOff:
    """What the way of lower exposure costs and saves against the shortest, as differences and as shares of it."""

    longer_km: float
    longer_share: float
    exposure_change: float
    exposure_change_share: float | None


@dataclass(frozen=True)
class Reachable:
    """The point nearest to the end that can be reached, and how far from the end it is."""

    lon: float
    lat: float
    metres: float


@dataclass(frozen=True, kw_only=True)
class PathAnswer(Answer):
    """Two ways; None where the network does not connect the two places, and `reachable` then tells how far it goes."""

    shortest: Course | None
    lower: Course | None
    trade_off: TradeOff | None
    reachable: Reachable | None
    snapped_m: list[float]
    aversion: float
    reference_pressure: float


@dataclass(frozen=True)
class Weighted:
    """The pressure on each edge, and its mean over the network weighted by length.

    `used` are the incidents, in the order of their grid, that are part of any; of these `incidents` is the version.
    """

    total: Floats
    used: Mask
    reference: float
    network: int
    incidents: int

    @classmethod
    def of(cls, network: Network, counted: Counted, weights: Floats, before: Weighted | None) -> Weighted:
        """Weigh all edges; after a change of few incidents only those in reach of them."""
        incidents, decay = counted.incidents, Decay()
        steps = incidents.steps_from(before.incidents) if before and before.network == network.number else None
        if before is None or steps is None:
            sums = incidents.grid.sums(network.lon, network.lat, weights, decay.metres, decay.reach)
            return cls._made(network, incidents, sums.total, sums.used)
        used, total = before.used, before.total.copy()
        near = [_edges_around(network, each.lon, each.lat, decay.reach) for each in steps]
        edges = np.unique(np.concatenate([each for each, _ in near])) if near else np.zeros(0, dtype=np.int64)
        for step, (_, points) in zip(steps, near, strict=True):
            came = points[len(step.gone) :]
            used = step.splice.of(used, came)
        sums = incidents.grid.sums(network.lon[edges], network.lat[edges], weights, decay.metres, decay.reach)
        total[edges] = sums.total
        return cls._made(network, incidents, total, used & counted.mask)

    @classmethod
    def _made(cls, network: Network, incidents: Incidents, total: Floats, used: Mask) -> Weighted:
        metres = float(network.metres.sum())
        reference = float((total * network.metres).sum()) / metres if metres else 0.0
        return cls(total, used, reference, network.number, incidents.number)

    def cost(self, metres: Floats, aversion: float) -> Floats:
        """Metres * (1 + aversion * R / R_ref); metres where nothing presses anywhere."""
        if self.reference <= 0:
            return metres
        return np.asarray(metres * (1 + aversion * self.total / self.reference), dtype=np.float64)


def weigh_edges(connection: Connection, ground: Ground, asked: Asked) -> Weighted:
    """The pressure on the edges that the viewer sees, on the day asked for."""
    network = ground.get(connection, NETWORK)
    counted = under_pressure(connection, ground, asked)
    weights = weights_of(connection, ground, asked)
    return ground.work_out(
        connection,
        ("edges", asked.on, asked.chosen),
        (INCIDENTS, NETWORK),
        lambda before: Weighted.of(network, counted, weights, before),
        renewable=True,
    )


def _edges_around(network: Network, lon: Floats, lat: Floats, metres: float) -> tuple[Ints, Mask]:
    """The edges whose middles are within reach of any of some points, and which of these points have one."""
    hits = network.middles.along(Chords.of_points(lon, lat), metres, np.ones(len(network.metres), dtype=np.bool_))
    hits = hits.settled(network.middles, [Line.of(Point(each)) for each in zip(lon, lat, strict=True)], metres)
    near = np.zeros(len(lon), dtype=np.bool_)
    near[hits.line] = True
    return network.middles.rows[hits.place], near


def ask_path(connection: Connection, ground: Ground, asked: Asked) -> PathAnswer:
    """Answer for two points."""
    network = ground.get(connection, NETWORK)
    if not len(network.edge_id):
        raise QuestionError(
            "There is no network that you may see: the operator builds it with `geoapp network build`.",
            "Il n'y a pas de réseau que vous puissiez voir : l'opérateur le construit par `geoapp network build`.",
        )
    weighted = weigh_edges(connection, ground, asked)
    ends = [asked.values["from"], asked.values["to"]]
    begin, end = (network.nearest(*place) for place in ends)
    snapped = [_away(network, node, place) for node, place in zip((begin, end), ends, strict=True)]
    costs = (network.metres, weighted.cost(network.metres, asked.values["aversion"]))
    ways = [cheapest(network, each, begin, end) for each in costs]
    shortest, lower = (None if way is None else _course(connection, network, weighted, way, begin) for way in ways)
    counted = under_pressure(connection, ground, asked)
    tally = Tally.of(counted.incidents.mapped, weighted.used)
    reachable = None if shortest else _reachable(network, begin, ends[1])
    trade = _trade_off(shortest, lower) if shortest and lower else None
    outside = line_outside(scope_of(connection, ground), shortest.geometry) if shortest and shortest.length_km else 0.0
    told = _told(shortest, lower, trade, reachable, asked.values["aversion"])
    near, far = (n(each / 1000, 1) for each in snapped)
    told = Text(
        f"{told.en} From the places given to the network it is {near.en} and {far.en} km.",
        f"{told.fr} Des lieux donnés au réseau il y a {near.fr} et {far.fr} km.",
    )
    return PathAnswer(
        **basis("path", ground, asked, Basis(counted, tally, told, outside)),
        shortest=shortest,
        lower=lower,
        trade_off=trade,
        reachable=reachable,
        snapped_m=snapped,
        aversion=asked.values["aversion"],
        reference_pressure=weighted.reference,
    )


def _course(connection: Connection, network: Network, weighted: Weighted, way: list[int], begin: int) -> Course:
    metres = network.metres[way]
    length = float(metres.sum())
    nodes = [begin]
    for edge in way:
        nodes.append(int(network.begin[edge] + network.end[edge]) - nodes[-1])
    exposure = float((weighted.total[way] * metres).sum() / length) if length else 0.0
    return Course(length / 1000, exposure, network.node_id[nodes].tolist(), _geometry(connection, network, way, nodes))


def _geometry(connection: Connection, network: Network, way: list[int], nodes: list[int]) -> LineString:
    ids = network.edge_id[way].tolist()
    asked = select(NetworkEdge.edge_id, func.ST_AsBinary(NetworkEdge.geom)).where(NetworkEdge.edge_id.in_(ids))
    shapes = {row[0]: shapely.get_coordinates(shapely.from_wkb(bytes(row[1]))) for row in connection.execute(asked)}
    points = [np.array([[network.node_lon[nodes[0]], network.node_lat[nodes[0]]]])]
    for edge, number, node in zip(way, ids, nodes, strict=False):
        along = shapes[number] if network.begin[edge] == node else shapes[number][::-1]
        points.append(along[1:] if np.array_equal(along[0], points[-1][-1]) else along)
    joined = np.concatenate(points)
    return LineString(joined if len(joined) > 1 else np.repeat(joined, 2, axis=0))


def _away(network: Network, node: int, place: tuple[float, float]) -> float:
    lon, lat = (np.array([each]) for each in place)
    return float(geodesic(lon, lat, network.node_lon[[node]], network.node_lat[[node]])[0])


def _reachable(network: Network, begin: int, place: tuple[float, float]) -> Reachable:
    connected = np.flatnonzero(network.part == network.part[begin])
    node = network.nearest(*place, among=connected)
    return Reachable(float(network.node_lon[node]), float(network.node_lat[node]), _away(network, node, place))


def _trade_off(shortest: Course, lower: Course) -> TradeOff:
    longer = lower.length_km - shortest.length_km
    change = lower.exposure - shortest.exposure
    return TradeOff(
        longer,
        longer / shortest.length_km if shortest.length_km else 0.0,
        change,
        change / shortest.exposure if shortest.exposure else None,
    )


def _told(
    shortest: Course | None, lower: Course | None, trade: TradeOff | None, reachable: Reachable | None, aversion: float
) -> Text:
    if shortest is None or lower is None or trade is None:
        far = n(reachable.metres / 1000 if reachable else 0.0, 1)
        return Text(
            f"The network does not connect the two places; from the first it comes within {far.en} km of the second.",
            f"Le réseau ne relie pas les deux lieux ; depuis le premier il s'approche à {far.fr} km du second.",
        )
    short, exposed, long = n(shortest.length_km, 1), n(shortest.exposure, 2), n(lower.length_km, 1)
    if lower.nodes == shortest.nodes:
        averse = n(aversion, 1)
        return Text(
            f"The shortest way is {short.en} km long, with an exposure of {exposed.en}; with an aversion of"
            f" {averse.en} no other is worth the detour.",
            f"Le chemin le plus court fait {short.fr} km, avec une exposition de {exposed.fr} ; avec une aversion de"
            f" {averse.fr}, aucun autre ne vaut le détour.",
        )
    less, more, change = n(lower.exposure, 2), n(trade.longer_km, 1), in_percent(trade.exposure_change_share or 0.0)
    return Text(
        f"The shortest way is {short.en} km long, with an exposure of {exposed.en}; the way of lower recorded exposure"
        f" is {long.en} km long, with {less.en}: {more.en} km more for a change of {change.en}.",
        f"Le chemin le plus court fait {short.fr} km, avec une exposition de {exposed.fr} ; celui dont l'exposition"
        f" connue est plus faible fait {long.fr} km, avec {less.fr} : {more.fr} km de plus pour un changement de"
        f" {change.fr}.",
    )
