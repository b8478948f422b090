"""Vector tiles: a layer's rows, cut by PostGIS; counts of incidents, where there are many; and the base map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    Connection,
    Select,
    SQLColumnExpression,
    Uuid,
    any_,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.errors import NotFoundError
from geoapp.publish.cells import cells_of_tile, encode_cells, ids_in_tile
from geoapp.publish.corridor import near_routes
from geoapp.snapshot.curve import BITS, WORLD
from geoapp.snapshot.snapshot import Snapshot
from layers.filter import Filter
from layers.layer import MapLayer
from layers.provinces import VALID_TODAY
from layers.tables import AdminUnit, BaseFeature

MAX_ZOOM = 22
# A feature beside a tile is still drawn by it: half a large symbol, in 256ths of a tile's side.
MARGIN = 16 / 256
# Rows that a tile holds at most; more are counted in cells. Compressed, this many weigh some 20 kB.
MOST_ROWS = 400
# The base map's features by kind: from which zoom of the tile each rank is worth its bytes.
RANK_FROM_ZOOM = {
    "context": (0,),
    "lake": (0, 4, 6, 7),
    "river": (4, 5, 7, 8),
    "town": (3, 5, 7, 8),
    "road": (5, 6, 7, 7),
}


@dataclass(frozen=True)
class Tile:
    """A tile of the Web Mercator scheme."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not 0 <= self.z <= MAX_ZOOM or not (0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFoundError(f"There is no tile {self.z}/{self.x}/{self.y}.")

    @property
    def bounds(self) -> SQLColumnExpression[Any]:
        """Its square in EPSG:3857."""
        return func.ST_TileEnvelope(self.z, self.x, self.y)

    @property
    def reach(self) -> SQLColumnExpression[Any]:
        """Its square with the margin in which features are drawn too."""
        world = func.ST_MakeEnvelope(
            *(literal_column(str(edge)) for edge in (-WORLD, -WORLD, WORLD, WORLD)), literal_column("3857")
        )
        return func.ST_TileEnvelope(self.z, self.x, self.y, world, MARGIN)


def layer_tile(
    connection: Connection, layer: MapLayer, tile: Tile, chosen: Filter, snapshot: Snapshot | None = None
) -> bytes:
    """The Mapbox vector tile of one layer; empty where nothing lies in it.

    Incidents are counted in the cells of a grid where the map is far, and where a tile would hold more than MOST_ROWS.
    It takes the snapshot of whose viewer the transaction is; without one they are rows everywhere.
    """
    chosen = chosen.applying(layer.filters)
    if snapshot is not None and layer.weight is not None:
        near = near_routes(connection, chosen)
        cells = cells_of_tile(snapshot, tile.z, tile.x, tile.y, chosen, near=near)
        number = int(cells.count.sum())
        if number == 0:
            return b""
        if tile.z < layer.rows_from_zoom or number > MOST_ROWS:
            return encode_cells(cells, layer.name, layer.extent, (tile.z, tile.x, tile.y))
        # By their ids: a filter may leave few of the many rows that lie in the tile.
        rows = _rows(layer, tile, chosen, ids_in_tile(snapshot, tile.z, tile.x, tile.y, chosen, near=near))
        return _encode(connection, rows.cte("feature"), layer.name, layer.extent)
    return _encode(connection, _rows(layer, tile, chosen).cte("feature"), layer.name, layer.extent)


def base_tile(connection: Connection, tile: Tile) -> bytes:
    """The base map's tile, one sublayer each for context, countries, borders, lakes, rivers, roads and towns."""
    kinds = {"context": "context", "lake": "lakes", "river": "rivers", "road": "roads", "town": "towns"}
    parts = [_encode(connection, _base_features(tile, kind).cte("feature"), name, 1024) for kind, name in kinds.items()]
    for name, shape in (
        ("countries", AdminUnit.geom_3857),
        ("borders", func.ST_Boundary(AdminUnit.geom_3857)),
    ):
        rows = select(_clip(shape, tile, 1024), AdminUnit.unit_code).where(
            AdminUnit.geom_3857.op("&&")(tile.reach), AdminUnit.level == 0, *VALID_TODAY
        )
        parts.append(_encode(connection, rows.cte("feature"), name, 1024))
    return b"".join(parts)


def _rows(layer: MapLayer, tile: Tile, chosen: Filter, ids: list[UUID] | None = None) -> Select[Any]:
    parts = [
        each.rows(place, chosen)
        .add_columns(_drawn(each, place.geom_3857, tile), *each.properties, _synthetic(each))
        .where(*_reached(each, place.geom_3857, tile), *_among(each, ids))
        for each in _shown(layer)
        for place in each.places
    ]
    return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery())


def _among(layer: MapLayer, ids: list[UUID] | None) -> Sequence[SQLColumnExpression[bool]]:
    # One array, so that the statement stays the same whatever their number.
    return [] if ids is None else [layer.key == any_(cast(ids, ARRAY(Uuid())))]


def _reached(layer: MapLayer, geom: SQLColumnExpression[Any], tile: Tile) -> Sequence[SQLColumnExpression[bool]]:
    """What a tile draws: points that lie in it, its west and north bound included, and what else reaches into it."""
    if not layer.points:
        return [geom.op("&&")(tile.reach)]
    column, row = (0.5 + func.ST_X(geom) / (2 * WORLD)) * 2.0**BITS, (0.5 - func.ST_Y(geom) / (2 * WORLD)) * 2.0**BITS
    # As the snapshot does it, to the last bit, so that a row is in the tile that counts it.
    side = float(2 ** (BITS - tile.z))
    return [
        # A millimetre more, for what was rounded to the line.
        geom.op("&&")(func.ST_Expand(tile.bounds, literal_column("0.001"))),
        column >= tile.x * side,
        column < (tile.x + 1) * side,
        row >= tile.y * side,
        row < (tile.y + 1) * side,
    ]


def _drawn(layer: MapLayer, geom: SQLColumnExpression[Any], tile: Tile) -> SQLColumnExpression[Any]:
    if not layer.points:
        return _clip(geom, tile, layer.extent)
    unit = 2 * WORLD / 2**tile.z / layer.extent
    west, north = tile.x * unit * layer.extent - WORLD, WORLD - tile.y * unit * layer.extent
    # The nearest unit may be the first of the next tile.
    last = float(layer.extent - 1)
    across = func.least(func.greatest(func.round((func.ST_X(geom) - west) / unit), 0.0), last)
    down = func.least(func.greatest(func.round((north - func.ST_Y(geom)) / unit), 0.0), last)
    return func.ST_Point(across, down).label("geom")


def _shown(layer: MapLayer) -> list[MapLayer]:
    return [layer, layer.stand_in] if layer.stand_in else [layer]


def _synthetic(layer: MapLayer) -> SQLColumnExpression[Any]:
    """The mark of a row, absent unless it is true, so that it costs nothing where it says nothing."""
    mark = null() if layer.synthetic is None else func.nullif(layer.synthetic, literal_column("false"))
    return cast(mark, Boolean).label("synthetic")


def _base_features(tile: Tile, kind: str) -> Select[Any]:
    zooms = RANK_FROM_ZOOM[kind]
    shown = sum(1 for zoom in zooms if tile.z >= zoom)
    ranks = BaseFeature.rank <= (9 if shown == len(zooms) else shown)
    return select(
        _clip(BaseFeature.geom_3857, tile, 1024),
        BaseFeature.name_en,
        BaseFeature.name_fr,
        BaseFeature.rank,
        func.nullif(BaseFeature.synthetic, literal_column("false")).label("synthetic"),
    ).where(BaseFeature.geom_3857.op("&&")(tile.reach), BaseFeature.kind == kind, ranks)


def _clip(geom: SQLColumnExpression[Any], tile: Tile, extent: int) -> SQLColumnExpression[Any]:
    return func.ST_AsMVTGeom(geom, tile.bounds, extent, int(extent * MARGIN), true()).label("geom")


def _encode(connection: Connection, features: CTE, name: str, extent: int) -> bytes:
    # The row as a whole is what ST_AsMVT takes; `feature` is the name that each caller gives its rows.
    encoded = select(func.ST_AsMVT(literal_column("feature"), name, extent, "geom")).select_from(features)
    found = connection.scalar(encoded.where(column("geom").is_not(None)))
    return bytes(found or b"")
