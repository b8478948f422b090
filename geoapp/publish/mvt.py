"""Writing Mapbox vector tiles (version 2.1 of the specification) of points, without a database."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

Value = str | int | float | bool

POINT, MOVE_TO_ONE = 1, 9


def point_layer(name: str, extent: int, points: Iterable[tuple[int, int, Mapping[str, Value]]]) -> bytes:
    """A tile with one layer of points: x and y in units of the tile from its north-west corner, and properties."""
    keys: dict[str, int] = {}
    values: dict[tuple[type, Value], int] = {}
    features = []
    for x, y, properties in points:
        tags = bytearray()
        for key, value in properties.items():
            tags += varint(keys.setdefault(key, len(keys)))
            tags += varint(values.setdefault((type(value), value), len(values)))
        place = varint(MOVE_TO_ONE) + varint(x << 1) + varint(y << 1)
        features.append(_field(2, _field(2, bytes(tags)) + b"\x18\x01" + _field(4, place)))
    if not features:
        return b""
    parts = [b"\x78\x02", _field(1, name.encode()), *features]
    parts += (_field(3, key.encode()) for key in keys)
    parts += (_field(4, _value(value)) for _, value in values)
    parts.append(b"\x28" + varint(extent))
    return _field(3, b"".join(parts))


def varint(number: int) -> bytes:
    """A whole number from 0 on, seven bits a byte."""
    if number < 128:
        return SHORT[number]
    written = bytearray()
    while number >= 128:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


SHORT: Sequence[bytes] = [bytes([number]) for number in range(128)]


def _field(number: int, content: bytes) -> bytes:
    return SHORT[number << 3 | 2] + varint(len(content)) + content


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return b"\x38\x01" if value else b"\x38\x00"
        case int():
            return b"\x28" + varint(value)
        case float():
            return b"\x19" + struct.pack("<d", value)
        case _:
            return _field(1, value.encode())
