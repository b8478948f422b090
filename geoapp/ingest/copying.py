"""Columns as the text of a COPY, made column by column: equal values are written once and used many times."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Any

import shapely
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from geoapp.ingest.sheet import Values

NULL = "\\N"
SPECIAL = "\\\t\n\r\b\f\v"
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"})


def lines(columns: Sequence[Sequence[str]]) -> bytes:
    """The lines of a COPY from the texts of its columns."""
    return ("\n".join(map("\t".join, zip(*columns, strict=True))) + "\n").encode()


def plain_texts(values: Values) -> list[str]:
    """Texts in which nothing has to be escaped, None for NULL."""
    return [NULL if value is None else value for value in values.tolist()]


def texts(values: Values, kind: TypeEngine[Any]) -> list[str]:
    """Each value as COPY reads it; geometries are taken for EPSG:4326, None for NULL."""
    if getattr(kind, "geometry_type", None) is not None:
        # The column's type adds the system.
        hexed = shapely.to_wkb(values, hex=True)
        return [NULL if each is None else each for each in hexed]
    if isinstance(kind, JSONB):
        return [NULL if value is None else json.dumps(value, ensure_ascii=False).translate(ESCAPED) for value in values]
    listed = values.tolist()
    kinds = set(map(type, listed)) - {type(None)}
    if kinds <= {str}:
        joined = "\x1f".join(filter(None, listed))
        if not any(each in joined for each in SPECIAL):
            return plain_texts(values)
    if kinds == {int}:
        return [NULL if value is None else str(value) for value in listed]
    known: dict[Any, str] = {None: NULL}
    found = []
    for value in values:
        # 1, 1.0 and True are equal, but not written alike.
        key = tuple(value) if isinstance(value, list) else value if isinstance(value, str) else (type(value), value)
        if value is None:
            found.append(NULL)
            continue
        word = known.get(key)
        if word is None:
            word = known[key] = _text(value).translate(ESCAPED)
        found.append(word)
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        return "{" + ",".join(_quoted(str(each)) for each in value) + "}"
    return (
        value.isoformat()
        if isinstance(value, dt.date)
        else float.__repr__(value)
        if isinstance(value, float)
        else str(value)
    )


def _quoted(element: str) -> str:
    """An element of an array, in quotes so that commas, braces and the word null mean themselves."""
    return '"' + re.sub(r'(["\\])', r"\\\1", element) + '"'
