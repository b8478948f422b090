"""Surfaces as polygons: the TINs and polyhedral surfaces that GDAL makes of a shapefile's MultiPatch."""

from __future__ import annotations

import struct

# By their codes in WKB; a surface has the layout of a multipolygon, a triangle that of a polygon.
COLLECTIONS = {4, 5, 6, 7, 15, 16}
INSTEAD = {15: 6, 16: 6, 17: 3}


def as_polygons(wkb: bytes | None) -> bytes | None:
    """ISO WKB with its surfaces and triangles written as polygons; whatever has none comes back as it is."""
    if wkb is None or len(wkb) < 9 or _kind(wkb, 0)[1] % 1000 not in {7, *INSTEAD}:
        return wkb
    data = bytearray(wkb)
    try:
        _rewrite(data, 0)
    except (struct.error, IndexError):
        return wkb
    return bytes(data)


def _kind(data: bytes | bytearray, place: int) -> tuple[str, int]:
    order = "<" if data[place] else ">"
    return order, struct.unpack_from(f"{order}I", data, place + 1)[0]


def _rewrite(data: bytearray, place: int) -> int:
    """Rewrite the geometry at `place`; where the next one begins."""
    order, kind = _kind(data, place)
    plain, dimensions = kind % 1000, {0: 2, 1: 3, 2: 3, 3: 4}[min(kind // 1000, 3)]
    if plain in INSTEAD:
        struct.pack_into(f"{order}I", data, place + 1, kind - plain + INSTEAD[plain])
    place += 5
    if plain == 1:
        return place + 8 * dimensions
    count = int(struct.unpack_from(f"{order}I", data, place)[0])
    place += 4
    if plain == 2:
        return place + 8 * dimensions * count
    for _ in range(count):
        if plain in COLLECTIONS:
            place = _rewrite(data, place)
        else:
            points = int(struct.unpack_from(f"{order}I", data, place)[0])
            place += 4 + 8 * dimensions * points
    return place
