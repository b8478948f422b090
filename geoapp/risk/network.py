"""The network of the routes: building it, and reading it for paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, cast

import numpy as np
import psycopg
import shapely
from psycopg import sql
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from sqlalchemy import Connection, delete

from geoapp.risk.earth import Floats, Ints, cartesian, geodesic
from geoapp.risk.grid import Grid
from geoapp.risk.noding import Way, cut
from geoapp.risk.places import load_routes
from geoapp.risk.source import Source
from layers.tables import NetworkEdge

TARGET = sql.SQL(
    "COPY network_edge (edge_id, from_node, to_node, mode, metres, middle_lon, middle_lat, route_ref, geom, synthetic)"
    " FROM STDIN"
)
# COPY of a query, not of the table: the policies bind it.
COLUMNS = """
    COPY (SELECT edge_id, from_node, to_node, metres, middle_lon, middle_lat,
                 ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)),
                 ST_X(ST_EndPoint(geom)), ST_Y(ST_EndPoint(geom)), synthetic
            FROM network_edge ORDER BY edge_id)
    TO STDOUT (FORMAT BINARY)"""
WIDTHS = (
    ("edge_id", ">i8"),
    ("from_node", ">i8"),
    ("to_node", ">i8"),
    *((name, ">f8") for name in ("metres", "lon", "lat", "from_lon", "from_lat", "to_lon", "to_lat")),
    ("synthetic", "i1"),
)
ROW = np.dtype(
    [("fields", ">i2"), *(pair for name, kind in WIDTHS for pair in ((f"{name}_width", ">i4"), (name, kind)))]
)
HEADER, TRAILER = 19, 2


@dataclass(frozen=True)
class Network:
    """Edges between nodes, which `begin` and `end` give by their place.

    `lon` and `lat` are the middles of the edges, `node_lon` and `node_lat` the nodes, in degrees.
    """

    edge_id: Ints
    begin: Ints
    end: Ints
    metres: Floats
    lon: Floats
    lat: Floats
    synthetic: Ints
    node_id: Ints
    node_lon: Floats
    node_lat: Floats
    number: int = field(default_factory=count().__next__)

    @cached_property
    def arms(self) -> tuple[Ints, Ints, Ints]:
        """Where each node's arms begin, and of each arm the node at its other end and the edge."""
        tail = np.concatenate((self.begin, self.end))
        order = np.argsort(tail, kind="stable")
        first = np.zeros(len(self.node_id) + 1, dtype=np.int64)
        np.cumsum(np.bincount(tail, minlength=len(self.node_id)), out=first[1:])
        head = np.concatenate((self.end, self.begin))[order]
        edges = np.arange(len(self.edge_id))
        return first, head, np.concatenate((edges, edges))[order]

    @cached_property
    def points(self) -> Floats:
        """The nodes in geocentric metres."""
        return cartesian(self.node_lon, self.node_lat)

    @cached_property
    def middles(self) -> Grid:
        """The grid of the middles of the edges."""
        return Grid.of(self.lon, self.lat)

    @cached_property
    def part(self) -> Ints:
        """The number of the connected part that each node is in."""
        shape = (len(self.node_id), len(self.node_id))
        links = coo_matrix((np.ones(len(self.begin)), (self.begin, self.end)), shape=shape)
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points)

    def nearest(self, lon: float, lat: float, among: Ints | None = None) -> int:
        """The node nearest to a point in degrees, of all or of some."""
        if among is None:
            at = cartesian(np.array([lon]), np.array([lat]))[0]
            # Chords are in the order of geodesics but where these differ by less than a hundredth.
            among = np.array(self._tree.query_ball_point(at, self._tree.query(at)[0] * 1.01), dtype=np.int64)
        metres = geodesic(np.array(lon), np.array(lat), self.node_lon[among], self.node_lat[among])
        return int(among[np.argmin(metres)])


def build_network(connection: Connection, progress: Callable[[int], Any]) -> int:
    """Make the network anew from all routes, within the caller's transaction; how many edges it has."""
    routes = load_routes(connection)
    edges = cut([Way(each.key, each.mode, each.synthetic, each.shape) for each in routes])
    connection.execute(delete(NetworkEdge))
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(TARGET) as copy:
        for edge in edges:
            shape = shapely.set_srid(shapely.LineString(edge.points), 4326)
            copy.write_row(
                (
                    edge.edge_id,
                    edge.from_node,
                    edge.to_node,
                    edge.way.mode,
                    edge.metres,
                    *edge.middle,
                    edge.way.key,
                    shapely.to_wkb(shape, hex=True, include_srid=True),
                    edge.way.synthetic,
                )
            )
            progress(1)
    return len(edges)


def load_network(connection: Connection) -> Network:
    """Read what the transaction's viewer may see of it."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(COLUMNS) as copy:
        content = b"".join(bytes(block) for block in copy)
    rows = np.frombuffer(content[HEADER : len(content) - TRAILER], dtype=ROW)
    ends = np.concatenate((rows["from_node"], rows["to_node"])).astype(np.int64)
    node_id, first, place = np.unique(ends, return_index=True, return_inverse=True)
    lon = np.concatenate((rows["from_lon"], rows["to_lon"])).astype(np.float64)
    lat = np.concatenate((rows["from_lat"], rows["to_lat"])).astype(np.float64)
    return Network(
        edge_id=rows["edge_id"].astype(np.int64),
        begin=place[: len(rows)].astype(np.int64),
        end=place[len(rows) :].astype(np.int64),
        metres=rows["metres"].astype(np.float64),
        lon=rows["lon"].astype(np.float64),
        lat=rows["lat"].astype(np.float64),
        synthetic=rows["synthetic"].astype(np.int64),
        node_id=node_id,
        node_lon=lon[first],
        node_lat=lat[first],
    )


NETWORK = Source(("network_edge", "route"), load_network)
