"""Coordinate reference systems that features are given in, and boxes in them as addresses and commands write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pyproj import Transformer

from geoapp.errors import BadRequestError


@dataclass(frozen=True)
class Crs:
    """A coordinate reference system that features are given in; `flipped` where latitude comes first."""

    uri: str
    srid: int
    flipped: bool = False


EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326)
SYSTEMS: Mapping[str, Crs] = {
    each.uri: each
    for each in (
        CRS84,
        Crs(f"{EPSG}4326", 4326, flipped=True),
        Crs(f"{EPSG}3857", 3857),
        *(
            Crs(f"{EPSG}{code}", code)
            for code in (32633, 32634, 32635, 32636, 32733, 32734, 32735, 32736, 21035, 21036)
        ),
    )
}


@dataclass(frozen=True)
class Box:
    """A rectangle in one system; west of east and south of north, in the system's order of axes put right."""

    west: float
    south: float
    east: float
    north: float
    srid: int = 4326


def read_box(text: str | None) -> Box | None:
    """The box of degrees that a text such as "28.5,-3,29.5,-2" means; BadRequestError where it means none."""
    if not text:
        return None
    west, south, east, north = _box_numbers(text, {4})
    return _box_of_degrees(west, south, east, north)


def box_of(text: str, crs: Crs) -> Box:
    """The box that a text of four numbers, or six with heights, means in a system; BadRequestError for none."""
    numbers = _box_numbers(text, {4, 6})
    # With heights there are six; nothing here has one.
    first, second, third, fourth = numbers if len(numbers) == 4 else (*numbers[:2], *numbers[3:5])
    if crs.flipped:
        first, second, third, fourth = second, first, fourth, third
    if crs.srid == 4326:
        return _box_of_degrees(first, second, third, fourth)
    _require_order(first, second, third, fourth)
    if not _on_earth(crs.srid, (first, second, third, fourth)):
        raise BadRequestError("bbox: is outside the system that bbox-crs names.")
    return Box(first, second, third, fourth, crs.srid)


def _box_numbers(text: str, lengths: set[int]) -> list[float]:
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in lengths or not all(math.isfinite(each) and abs(each) < 1e9 for each in numbers):
        raise BadRequestError("bbox: is not four numbers, west,south,east,north, such as 28.5,-3,29.5,-2.")
    return numbers


def _box_of_degrees(west: float, south: float, east: float, north: float) -> Box:
    _require_order(west, south, east, north)
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise BadRequestError("bbox: is outside -180,-90,180,90. Is it in another system? Then say bbox-crs.")
    return Box(west, south, east, north)


def _require_order(west: float, south: float, east: float, north: float) -> None:
    if south > north:
        raise BadRequestError("bbox: its south is north of its north. Write west,south,east,north.")
    if west > east:
        raise BadRequestError("bbox: its west is east of its east; no area here crosses the antimeridian.")


def _on_earth(srid: int, box: tuple[float, float, float, float]) -> bool:
    """Whether the corners have a longitude and a latitude, without which the database would fail on them."""
    transformer = Transformer.from_crs(srid, 4326, always_xy=True)
    corners = [transformer.transform(x, y) for x in box[::2] for y in box[1::2]]
    return all(math.isfinite(value) for corner in corners for value in corner)
