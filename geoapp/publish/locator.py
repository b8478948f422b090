"""A small map of a province with one point on it, drawn by the server and seen without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select, union_all

from layers.provinces import VALID_TODAY
from layers.tables import AdminUnit, BaseFeature

# The point of a locality lies within this many kilometres, as the release says.
LOCALITY_KM = 5
# Kilometres of Web Mercator, which are those of the ground to 3 % in the four countries.
KILOMETRE = 0.001
# Room on each side of the province, and how fine its outline is drawn, as shares of the square's side.
ROOM, FINE = 0.08, 0.004
# From below.
KINDS = ("other", "home", "lake")


@dataclass(frozen=True)
class Locator:
    """An SVG drawing in kilometres of Web Mercator: paths by kind, one of `KINDS`, and the point's circle.

    `box` is left, top and side of a square; `point` is x, y and the circle's radius, None where there is none.
    """

    box: tuple[float, float, float]
    paths: Sequence[tuple[str, str]]
    point: tuple[float, float, float] | None

    @property
    def dot(self) -> float:
        """The radius of the mark of the point itself."""
        return round(self.box[2] / 60, 2)


def read_locator(
    connection: Connection, unit_code: str, point: tuple[float, float] | None, precision: int
) -> Locator | None:
    """The map of the unit, with `point` (longitude, latitude in EPSG:4326) as far as `precision` says where it lies."""
    shape = (
        select(AdminUnit.geom_3857)
        .where(AdminUnit.unit_code == unit_code)
        .order_by(AdminUnit.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    extent = connection.execute(
        select(func.ST_XMin(shape), func.ST_YMin(shape), func.ST_XMax(shape), func.ST_YMax(shape))
    ).one()
    if extent[0] is None:
        return None
    side = (1 + 2 * ROOM) * max(extent[2] - extent[0], extent[3] - extent[1])
    west, north = (extent[0] + extent[2] - side) / 2, (extent[1] + extent[3] + side) / 2
    # Cut a little outside, so that the cut is not seen.
    over = ROOM * side
    area = func.ST_MakeEnvelope(west - over, north - side - over, west + side + over, north + over, 3857)
    return Locator(
        box=(round(west * KILOMETRE, 2), round(-north * KILOMETRE, 2), round(side * KILOMETRE, 2)),
        paths=_paths(connection, unit_code, area, FINE * side),
        point=_mark(connection, point, precision),
    )


def _paths(connection: Connection, unit_code: str, area: ColumnElement[Any], tolerance: float) -> list[tuple[str, str]]:
    def drawn(geom: Any) -> ColumnElement[str]:
        simple = func.ST_SimplifyPreserveTopology(func.ST_ClipByBox2D(geom, area), tolerance)
        return func.ST_AsSVG(func.ST_Scale(simple, KILOMETRE, KILOMETRE), 0, 1)

    near = AdminUnit.geom_3857.op("&&")(area)
    others = select(literal("other"), drawn(AdminUnit.geom_3857)).where(
        near, AdminUnit.level == 1, AdminUnit.unit_code != unit_code, *VALID_TODAY
    )
    home = (
        select(literal("home"), drawn(AdminUnit.geom_3857))
        .where(AdminUnit.unit_code == unit_code)
        .order_by(AdminUnit.valid_from.desc())
        .limit(1)
    )
    lakes = select(literal("lake"), drawn(BaseFeature.geom_3857)).where(
        BaseFeature.geom_3857.op("&&")(area), BaseFeature.kind == "lake"
    )
    rows = connection.execute(union_all(others, home.subquery().select(), lakes))
    # In an order of their own: whoever looks twice is asked whether they saw the same.
    return sorted(((kind, path) for kind, path in rows if path), key=lambda drawn: (KINDS.index(drawn[0]), drawn[1]))


def _mark(
    connection: Connection, point: tuple[float, float] | None, precision: int
) -> tuple[float, float, float] | None:
    if point is None:
        return None
    place = func.ST_Transform(func.ST_SetSRID(func.ST_MakePoint(*point), 4326), 3857)
    x, y = connection.execute(select(func.ST_X(place), func.ST_Y(place))).one()
    return round(x * KILOMETRE, 2), round(-y * KILOMETRE, 2), LOCALITY_KM if precision <= 3 else 0
