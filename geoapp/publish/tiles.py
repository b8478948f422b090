"""Vector tiles: a layer's rows, cut by PostGIS; counts of incidents, where there are many; and the base map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import asinh, pi, radians, tan
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    Boolean,
    Connection,
    FromClause,
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

from geoapp.database.outlines import zoom_of_outline
from geoapp.errors import NotFoundError
from geoapp.publish.cells import cells_of_tile, encode_cells, ids_in_tile
from geoapp.publish.corridor import near_routes
from geoapp.snapshot.curve import BITS, WORLD
from geoapp.snapshot.snapshot import Snapshot
from layers.filter import Filter
from layers.layer import MapLayer, Place
from layers.provinces import VALID_TODAY
from layers.tables import AdminUnit, AdminUnitOutline, BaseFeature

MAX_ZOOM = 22
# A feature beside a tile is still drawn by it: half a large symbol, in 256ths of a tile's side.
MARGIN = 16 / 256
# Rows that a tile holds at most; more are counted in cells. Compressed, this many weigh some 20 kB.
MOST_ROWS = 400
# From which zoom on lines and areas are finer than half a pixel, for maps that draw a tile larger than it is.
FINE_ZOOM, COARSE_EXTENT = 13, 1024
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


def tile_at(lon: float, lat: float, z: int) -> Tile:
    """The tile at zoom `z` that holds a point in degrees."""
    return Tile(z, int((lon + 180) / 360 * 2**z), int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z))


def layer_tile(
    connection: Connection, layer: MapLayer, tile: Tile, chosen: Filter, snapshot: Snapshot | None = None
) -> bytes:
    """The Mapbox vector tile of one layer; empty where nothing lies in it.

    Incidents are counted in the cells of a grid where the map is far, and where a tile would hold more than MOST_ROWS.
    It takes the snapshot of whose viewer the transaction is; without one they are rows everywhere.
    """
    chosen = chosen.applying(layer.filters)
    if snapshot is not None and layer.weighted:
        routes = near_routes(connection, chosen)
        cells = cells_of_tile(snapshot, tile.z, tile.x, tile.y, chosen, near=routes)
        number = int(cells.count.sum())
        if number == 0:
            return b""
        near = tile.z >= layer.rows_from_zoom
        if not near or number > MOST_ROWS:
            return encode_cells(cells, layer.name, layer.extent, (tile.z, tile.x, tile.y), thinned=near)
        # By their ids: a filter may leave few of the many rows that lie in the tile.
        own, released = ids_in_tile(snapshot, tile.z, tile.x, tile.y, chosen, near=routes)
        parts = [_rows_of(layer, tile, chosen, own)] if own else []
        if released and layer.stand_in is not None:
            parts.append(_rows_of(layer.stand_in, tile, chosen, released))
        return _encode(connection, _together(parts).cte("feature"), layer.name, layer.extent)
    return _encode(connection, _rows(layer, tile, chosen).cte("feature"), layer.name, _extent(layer, tile))


def base_tile(connection: Connection, tile: Tile) -> bytes:
    """The base map's tile, one sublayer each for context, countries, borders, lakes, rivers, roads and towns."""
    kinds = {"context": "context", "lake": "lakes", "river": "rivers", "road": "roads", "town": "towns"}
    parts = [_encode(connection, _base_features(tile, kind).cte("feature"), name, 1024) for kind, name in kinds.items()]
    drawn = _outline(tile, 1024)
    shapes: dict[str, SQLColumnExpression[Any]] = {"countries": drawn, "borders": func.ST_Boundary(drawn)}
    for name, shape in shapes.items():
        outline: SQLColumnExpression[Any] = shape.label("geom")
        rows = (
            select(outline, AdminUnit.unit_code)
            .select_from(_outlined(AdminUnit.__table__, tile))
            .where(AdminUnit.geom_3857.op("&&")(tile.reach), AdminUnit.level == 0, *VALID_TODAY)
        )
        parts.append(_encode(connection, rows.cte("feature"), name, 1024))
    return b"".join(parts)


def _rows(layer: MapLayer, tile: Tile, chosen: Filter) -> Select[Any]:
    return _together(
        [
            _features(each, place, tile, chosen).where(*_reached(each, place.geom_3857, tile))
            for each in _shown(layer)
            for place in each.places
        ]
    )


def _rows_of(layer: MapLayer, tile: Tile, chosen: Filter, ids: list[UUID]) -> Select[Any]:
    """The rows of some ids, of which it is known that they lie in the tile."""
    # One array, so that the statement stays the same whatever their number.
    among = layer.key == any_(cast(ids, ARRAY(Uuid())))
    return _together([_features(layer, place, tile, chosen).where(among) for place in layer.places])


def _features(layer: MapLayer, place: Place, tile: Tile, chosen: Filter) -> Select[Any]:
    drawn = _drawn(layer, place.geom_3857, tile)
    if place.rows is AdminUnit.__table__:
        place = replace(place, rows=_outlined(place.rows, tile))
        drawn = _outline(tile, _extent(layer, tile)).label("geom")
    return layer.rows(place, chosen).add_columns(drawn, *layer.properties, _synthetic(layer))


def _together(parts: Sequence[Select[Any]]) -> Select[Any]:
    return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery())


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


def _extent(layer: MapLayer, tile: Tile) -> int:
    # Half a pixel is enough where tiles are drawn at their own size.
    return layer.extent if layer.points or tile.z >= FINE_ZOOM else min(layer.extent, COARSE_EXTENT)


def _drawn(layer: MapLayer, geom: SQLColumnExpression[Any], tile: Tile) -> SQLColumnExpression[Any]:
    if not layer.points:
        return _clip(geom, tile, _extent(layer, tile))
    unit = 2 * WORLD / 2**tile.z / layer.extent
    west, north = tile.x * unit * layer.extent - WORLD, WORLD - tile.y * unit * layer.extent
    # The nearest unit may be the first of the next tile.
    last = float(layer.extent - 1)
    across = func.least(func.greatest(func.round((func.ST_X(geom) - west) / unit), 0.0), last)
    down = func.least(func.greatest(func.round((north - func.ST_Y(geom)) / unit), 0.0), last)
    return func.ST_Point(across, down).label("geom")


def _outlined(units: FromClause, tile: Tile) -> FromClause:
    """Units, each beside its outline of the tile's zoom where there is one."""
    joined = (
        (AdminUnitOutline.unit_code == AdminUnit.unit_code)
        & (AdminUnitOutline.valid_from == AdminUnit.valid_from)
        & (AdminUnitOutline.zoom == zoom_of_outline(tile.z))
    )
    return units.outerjoin(AdminUnitOutline.__table__, joined)


def _outline(tile: Tile, extent: int) -> SQLColumnExpression[Any]:
    """A unit in units of the tile, each corner at the nearest whole one: where neighbours share it they still do.

    ST_AsMVTGeom would simplify each unit by itself.
    """
    unit = 2 * WORLD / 2**tile.z / extent
    whole = func.coalesce(AdminUnitOutline.geom_3857, AdminUnit.geom_3857)
    placed = func.ST_Affine(
        func.ST_ClipByBox2D(whole, tile.reach),
        *(1 / unit, 0.0, 0.0, -1 / unit, WORLD / unit - tile.x * extent, WORLD / unit - tile.y * extent),
    )
    # What has an area after the corners have moved, outer rings the way round that the specification asks for.
    snapped = func.ST_CollectionExtract(func.ST_SnapToGrid(placed, 1.0), 3)
    # Nothing of a unit may be left, as one polygon or as several: the browser cannot draw a feature without a shape.
    shape = func.ST_Multi(func.ST_ForcePolygonCCW(snapped))
    return func.nullif(shape, func.ST_GeomFromText("MULTIPOLYGON EMPTY", 3857))


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
