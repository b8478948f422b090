"""Neighbouring units share their border in tiles of every zoom: no gap opens between them, and none covers another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from flask.testing import FlaskClient
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text
from test_tiles import GOMA, tile_of

from geoapp.database.boundaries import load_base_map
from geoapp.database.outlines import HIGHEST, LOWEST, simplified

# Where four countries and a lake meet, and a place with borders on all sides.
PLACES = (GOMA, (29.0, -4.4))
WORLD, EXTENT = 20037508.342789244, 1024
# Square units of a tile, each half a pixel wide: a pixel in all, for corners that change places when they are rounded.
HAIR = 4.0
SHAPES = text("SELECT ST_AsBinary(geom_3857) FROM admin_unit WHERE level = 1 AND valid_from <= today()"
              " AND (valid_to IS NULL OR valid_to > today())")  # fmt: skip


def drawn(client: FlaskClient, folder: Path, name: str, tile: tuple[int, int, int]) -> NDArray[Any]:
    """The polygons of a tile, in its units, and no more of them than lies in it."""
    z, x, y = tile
    file = folder / f"{name}-{z}-{x}-{y}.mvt"
    file.write_bytes(client.get(f"/tiles/{name}/{z}/{x}/{y}.mvt").data)
    if not file.stat().st_size:
        return np.array([], dtype=object)
    # GDAL would cut off the margin by itself, and lose slivers of what is left.
    shapes = pyogrio.read_dataframe(file, layer=name, X=x, Y=y, Z=z, CLIP="NO").geometry.to_numpy()
    unit = 2 * WORLD / 2**z / EXTENT
    corner = np.array([x * EXTENT, (2**z - 1 - y) * EXTENT])
    placed = shapely.transform(shapes, lambda points: np.rint((points + WORLD) / unit) - corner)
    inside = shapely.intersection(shapely.make_valid(placed), shapely.box(0, 0, EXTENT, EXTENT))
    return np.asarray(inside, dtype=object)


def overlap(shapes: NDArray[Any]) -> float:
    """How much ground more than one of them covers."""
    return float(shapely.area(shapes).sum() - shapely.area(shapely.union_all(shapes)))


@pytest.mark.parametrize("zoom", range(13))
def test_neighbours_meet_in_tiles(zoom: int, visitor: FlaskClient, tmp_path: Path) -> None:
    seen = 0
    for place in PLACES:
        z, x, y = tile_of(*place, zoom)
        for column in (x - 1, x, x + 1) if zoom > 1 else (x,):
            provinces = drawn(visitor, tmp_path, "provinces", (z, column, y))
            countries = drawn(visitor, tmp_path, "countries", (z, column, y))
            seen += len(provinces)
            if len(provinces):
                assert overlap(provinces) <= HAIR
                assert overlap(countries) <= HAIR
                # The provinces make up the countries: whatever lay between two of them would be missing here.
                between = shapely.union_all(countries).symmetric_difference(shapely.union_all(provinces))
                assert between.area <= HAIR
    assert seen > 4


def test_simplified_alone_they_would_not_meet(connection: Connection) -> None:
    shapes = shapely.from_wkb([bytes(each) for each in connection.scalars(SHAPES)])
    together = simplified(shapes)
    for zoom in range(LOWEST, HIGHEST + 1):
        tolerance = 2 * WORLD / 2**zoom / 512
        alone = shapely.simplify(shapes, tolerance)
        outlines = np.array(together[zoom], dtype=object)
        assert overlap(alone) > tolerance**2
        assert overlap(outlines) < 1
        assert shapely.coverage_is_valid(outlines)
        assert shapely.is_valid(outlines).all()
    # There is less and less of them.
    corners = [shapely.get_num_coordinates(np.array(each, dtype=object)).sum() for each in together.values()]
    assert corners == sorted(corners, reverse=True)
    assert corners[-1] < shapely.get_num_coordinates(shapes).sum() / 10


def test_of_several_days_they_keep_to_the_same_lines() -> None:
    wavy = [(x, 20_000 * (x // 10_000 % 2)) for x in range(0, 1_000_000, 10_000)]
    north = shapely.Polygon([*wavy, (990_000, 900_000), (0, 900_000)])
    south = shapely.Polygon([*wavy, (990_000, -900_000), (0, -900_000)])
    both = shapely.union(north, south)
    for outlines in simplified(np.array([north, south, both], dtype=object)).values():
        upper, lower, whole = outlines
        assert overlap(np.array([upper, lower], dtype=object)) < 1
        assert shapely.union(upper, lower).symmetric_difference(whole).area < 1


def test_a_changed_unit_is_drawn_as_it_is_until_all_are_drawn_anew(
    engine: Engine, client: FlaskClient, tmp_path: Path
) -> None:
    tile = tile_of(*GOMA, 6)
    before = drawn(client, tmp_path, "provinces", tile)
    with engine.begin() as connection:
        connection.execute(text("UPDATE admin_unit SET geom = ST_Multi(ST_Buffer(geom, -0.02)) WHERE unit_code = 'BI'"))
    now = drawn(client, tmp_path, "provinces", tile)
    assert overlap(now) <= HAIR
    assert shapely.get_num_coordinates(now).sum() > shapely.get_num_coordinates(before).sum()
    # Nothing new to load: outlines are what lacks.
    assert load_base_map(engine) == 0
    again = drawn(client, tmp_path, "provinces", tile)
    assert shapely.get_num_coordinates(again).sum() < shapely.get_num_coordinates(now).sum()


def test_shapes_that_cover_each_other_are_drawn_all_the_same() -> None:
    square = shapely.box(0, 0, 500_000, 500_000)
    across = shapely.box(400_000, 100_000, 900_000, 400_000)
    for first, second in simplified(np.array([square, across], dtype=object)).values():
        assert first.symmetric_difference(square).area / square.area < 0.01
        assert second.symmetric_difference(across).area / across.area < 0.01


def test_a_unit_of_which_a_tile_has_nothing_is_not_in_it(visitor: FlaskClient, tmp_path: Path) -> None:
    seen = 0
    for z, x, y in ((2, 2, 1), (2, 2, 2), (3, 4, 3), (3, 4, 4), (4, 9, 7), (4, 9, 8)):
        shapes = drawn(visitor, tmp_path, "provinces", (z, x, y))
        seen += len(shapes)
        file = tmp_path / f"provinces-{z}-{x}-{y}.mvt"
        assert not pyogrio.read_dataframe(file, layer="provinces", X=x, Y=y, Z=z, CLIP="NO").geometry.isna().any()
    assert seen > 40
