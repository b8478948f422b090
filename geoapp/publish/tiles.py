"""Vector tiles, cut by PostGIS: a layer's rows, a grid of counts where there are many, and the base map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    Connection,
    Double,
    Integer,
    Select,
    SQLColumnExpression,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from geoapp.errors import NotFoundError
from layers.filter import Filter
from layers.layer import MapLayer, Place
from layers.provinces import VALID_TODAY
from layers.tables import AdminUnit, BaseFeature

MAX_ZOOM = 22
# A feature beside a tile is still drawn by it: half a large symbol, in 256ths of a tile's side.
MARGIN = 16 / 256
# Counting cells along a tile's side: about 43 pixels each where tiles are drawn 512 pixels wide.
CELLS = 12
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


# Half the side of the Web Mercator square, in metres.
WORLD = 20037508.342789244


def layer_tile(connection: Connection, layer: MapLayer, tile: Tile, chosen: Filter) -> bytes:
    """The Mapbox vector tile of one layer; empty where nothing lies in it."""
    features = _counted(layer, tile, chosen) if tile.z < layer.rows_from_zoom else _rows(layer, tile, chosen)
    return _encode(connection, features.cte("feature"), layer.name, layer.extent)


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


def _rows(layer: MapLayer, tile: Tile, chosen: Filter) -> Select[Any]:
    parts = [
        each.rows(place, chosen)
        .add_columns(_clip(place.geom_3857, tile, each.extent), *each.properties, _synthetic(each))
        .where(place.geom_3857.op("&&")(tile.reach))
        for each in _shown(layer)
        for place in each.places
    ]
    return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery())


def _counted(layer: MapLayer, tile: Tile, chosen: Filter) -> Select[Any]:
    """One point a cell, at the mean of its rows; the bounds are half open, so that a row counts in one tile only."""
    parts = [_points(each, place, tile, chosen) for each in _shown(layer) for place in each.places]
    points = (parts[0] if len(parts) == 1 else union_all(*parts)).cte("point")
    return select(
        func.ST_AsMVTGeom(
            func.ST_Point(func.avg(points.c.x), func.avg(points.c.y), 3857), tile.bounds, layer.extent, 0, true()
        ).label("geom"),
        cast(func.count(), Integer).label("count"),
        func.min(points.c.level).label("level"),
        func.mode().within_group(points.c.category).label("category"),
        func.sum(points.c.weight).label("weighted"),
        func.bool_or(points.c.synthetic).label("synthetic"),
        literal(value=True).label("cell"),
    ).group_by(points.c.cell_x, points.c.cell_y)


def _points(layer: MapLayer, place: Place, tile: Tile, chosen: Filter) -> Select[Any]:
    x, y = func.ST_X(place.geom_3857), func.ST_Y(place.geom_3857)
    side = 2 * WORLD / 2**tile.z
    west, north = tile.x * side - WORLD, WORLD - tile.y * side
    return (
        layer.rows(place, chosen)
        .add_columns(
            x.label("x"),
            y.label("y"),
            func.floor((x - west) * (CELLS / side)).label("cell_x"),
            func.floor((north - y) * (CELLS / side)).label("cell_y"),
            layer.filters["level"].label("level"),
            layer.filters["category"].label("category"),
            cast(layer.weight, Double).label("weight"),
            _synthetic(layer),
        )
        .where(place.geom_3857.op("&&")(tile.bounds), x >= west, x < west + side, y <= north, y > north - side)
    )


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
