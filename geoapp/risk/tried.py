"""The places of a backtest: cells of the ground, or pieces of the roads, which are put in the order of their danger."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from sqlalchemy import Connection, func, select

from geoapp.errors import QuestionError
from geoapp.risk.columns import Columns
from geoapp.risk.earth import Floats, Ints, cartesian
from geoapp.risk.ground import Ground
from geoapp.risk.hexagons import Hexagons
from geoapp.risk.hotspots import cells_near
from geoapp.risk.network import NETWORK
from geoapp.risk.places import ROUTES, SITES
from layers.tables import AdminUnit
from layers.text import Text

CELL_KM2 = 100
# How far from the middle of a piece of road an incident counts as one on that road, in metres.
ROADSIDE = 5000.0


@dataclass(frozen=True)
class Kind:
    """What places are compared, in words: `of` which a share is looked at, and what last year's counts are `per`."""

    name: str
    of: Text
    per: Text


CELLS = Kind("cells", Text("cells", "cellules"), Text("cell", "cellule"))
ROADS = Kind("routes", Text("route km", "km d'itinéraire"), Text("piece of road", "tronçon"))
KINDS = {each.name: each for each in (CELLS, ROADS)}


@dataclass(frozen=True)
class Tried:
    """Places: the points in degrees where pressure is measured, sizes, and the province of each, -1 for none.

    `held` is the place that each incident fell in, in the order of their grid; -1 for none. `whole`: the share looked
    at is made of whole places.
    """

    kind: Kind
    lon: Floats
    lat: Floats
    size: Floats
    province: Ints
    held: Ints
    whole: bool

    def limit(self, top: float) -> float:
        """The size of a share of all places; of whole ones at least one."""
        total = float(self.size.sum())
        return float(max(1, math.ceil(top * total))) if self.whole else top * total


def cells_of(connection: Connection, ground: Ground, mapped: Columns) -> Tried:
    """Hexagons near sites and routes, and which of them each incident fell in."""
    hexagons = Hexagons(CELL_KM2 * 1e6)
    sites = ground.get(connection, SITES)
    lines = [each.line for each in ground.get(connection, ROUTES)]
    cells = cells_near(hexagons, lines, sites.lon, sites.lat)
    if not len(cells):
        raise QuestionError("There are no sites or routes to look around.", "Il n'y a ni site ni itinéraire alentour.")
    places = {tuple(cell): at for at, cell in enumerate(cells.tolist())}
    held = [places.get(tuple(each), -1) for each in hexagons.of(mapped.lon, mapped.lat).tolist()]
    lon, lat = hexagons.centres(cells)
    provinces = _provinces(connection, lon, lat)
    return Tried(CELLS, lon, lat, np.ones(len(cells)), provinces, np.array(held, dtype=np.int64), whole=True)


def roads_of(connection: Connection, ground: Ground, mapped: Columns) -> Tried:
    """The edges of the network, by their middles, and the nearest one to each incident beside a road."""
    network = ground.get(connection, NETWORK)
    if not len(network.edge_id):
        raise QuestionError(
            "There is no network that you may see: the operator builds it with `geoapp network build`.",
            "Il n'y a pas de réseau que vous puissiez voir : l'opérateur le construit par `geoapp network build`.",
        )
    tree = cKDTree(cartesian(network.lon, network.lat))
    metres, nearest = tree.query(cartesian(mapped.lon, mapped.lat), distance_upper_bound=ROADSIDE)
    held = np.where(np.isfinite(metres), nearest, -1).astype(np.int64)
    provinces = _provinces(connection, network.lon, network.lat)
    return Tried(ROADS, network.lon, network.lat, network.metres / 1000, provinces, held, whole=False)


def share_in_top(scores: Floats, fell: Ints, size: Floats, limit: float) -> float:
    """The share of incidents in the places with the highest scores, up to a size; NaN without incidents.

    Places that tie for what is left of it count in part.
    """
    total = fell.sum()
    if not total:
        return math.nan
    order = np.argsort(-scores, kind="stable")
    last = scores[order[min(int(np.searchsorted(np.cumsum(size[order]), limit)), len(order) - 1)]]
    above, tied = scores > last, scores == last
    part = min((limit - size[above].sum()) / size[tied].sum(), 1.0)
    return float((fell[above].sum() + part * fell[tied].sum()) / total)


def _provinces(connection: Connection, lon: Floats, lat: Floats) -> Ints:
    asked = select(func.ST_AsBinary(AdminUnit.geom)).where(AdminUnit.level == 1, AdminUnit.valid_to.is_(None))
    provinces = shapely.from_wkb([bytes(each) for each in connection.scalars(asked.order_by(AdminUnit.unit_code))])
    points, found = shapely.STRtree(provinces).query(shapely.points(lon, lat), predicate="within")
    province = np.full(len(lon), -1, dtype=np.int64)
    province[points] = found
    return province
