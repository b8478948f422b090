"""Incidents as counts in the cells of a grid, out of the snapshot: what a tile shows of more rows than it can hold."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import numpy as np

from geoapp.publish.mvt import Value, point_layer
from geoapp.snapshot.cells import CELL_BITS, LOW_ZOOMS, Cells, count_cells
from geoapp.snapshot.columns import CODES, WEIGHT_UNIT, Columns, Near, matching
from geoapp.snapshot.curve import separate
from geoapp.snapshot.snapshot import Snapshot
from layers.filter import Filter


def cells_of_tile(snapshot: Snapshot, z: int, x: int, y: int, chosen: Filter, *, near: Near | None = None) -> Cells:
    """The rows of a tile that a filter lets through, by cell."""
    shared, gone, came = snapshot.parts_in_tile(z, x, y)

    def count(rows: Columns) -> Cells:
        passed = matching(rows, snapshot.unit_sets, chosen, near, sources=snapshot.sources)
        return count_cells(rows, passed, z + CELL_BITS)

    ahead = chosen == Filter() and z < LOW_ZOOMS
    cells = snapshot.base.pyramid.in_tile(z, x, y) if ahead else count(shared)
    return cells.with_changes(count(gone), count(came))


def ids_in_tile(
    snapshot: Snapshot, z: int, x: int, y: int, chosen: Filter, *, near: Near | None = None
) -> tuple[list[UUID], list[UUID]]:
    """The incidents of a tile that a filter lets through: those that are seen themselves, and those by a release."""
    rows = snapshot.in_tile(z, x, y)
    passed = matching(rows, snapshot.unit_sets, chosen, near, sources=snapshot.sources)
    if passed is not None:
        rows = rows.take(passed)
    return _ids(rows.take(~rows.released)), _ids(rows.take(rows.released))


def _ids(rows: Columns) -> list[UUID]:
    return [UUID(bytes=each.tobytes()) for each in rows.ids]


def encode_cells(cells: Cells, name: str, extent: int, tile: tuple[int, int, int], *, thinned: bool = False) -> bytes:
    """The tile of some cells: a point each, at the mean of its rows, with what they add up to.

    `thinned` says of each that it stands for rows which the tile would hold if they were fewer.
    """
    mark: dict[str, Value] = {"thinned": True} if thinned else {}
    return point_layer(name, extent, ((x, y, each | mark) for x, y, each in _points(cells, extent, *tile)))


def _points(cells: Cells, extent: int, z: int, x: int, y: int) -> Iterator[tuple[int, int, dict[str, Value]]]:
    lon, lat = cells.lon / cells.count, np.radians(cells.lat / cells.count)
    across = ((lon + 180) / 360 * 2**z - x) * extent
    down = ((1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**z - y) * extent
    # Rounding takes no point out of its cell.
    side = extent >> CELL_BITS
    column, row = separate(cells.cell.astype(np.uint64))
    left, top = (column - (x << CELL_BITS)) * side, (row - (y << CELL_BITS)) * side
    columns = np.clip(np.rint(across), left, left + side - 1).astype(int).tolist()
    rows = np.clip(np.rint(down), top, top + side - 1).astype(int).tolist()
    categories = ["", *CODES["category"]]
    weights = (cells.weight / WEIGHT_UNIT).tolist()
    counted = zip(
        columns, rows, cells.count.tolist(), cells.level.tolist(), cells.category.tolist(), weights,
        cells.synthetic.tolist(), strict=True,
    )  # fmt: skip
    for px, py, count, level, category, weighted, synthetic in counted:
        properties: dict[str, Value] = {"count": count, "weighted": weighted, "cell": True}
        if level:
            properties["level"] = level
        if category:
            properties["category"] = categories[category]
        if synthetic:
            properties["synthetic"] = True
        yield px, py, properties
