"""The version of a row: a hash of all that somebody gave it, by which a file tells whether it was changed since."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, func, literal, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

# Written by the database from the other columns, or once.
DERIVED = {
    "units",
    "country",
    "geom_3857",
    "length_km",
    "near_magazine",
    "area_km2",
    "participants",
    "women",
    "created_at",
    "created_by",
}
# Which batch wrote a row last is no part of what it says.
UNSAID = {"import_batch_id"}


def said_by(table: Table) -> ColumnElement[Any]:
    """What a row of a table says, as JSON, its geometry as the server has it."""
    left_out = literal(sorted(DERIVED | UNSAID), ARRAY(Text()))
    said = func.to_jsonb(literal_column(f'"{table.name}"')).op("-", return_type=JSONB())(left_out)
    if "geom" not in table.columns:
        return said
    place = func.jsonb_build_object("geom", cast(table.c.geom, Text()))
    return said.op("||", return_type=JSONB())(place)


def version_of(table: Table) -> ColumnElement[str]:
    """The version of a row of a table."""
    return func.md5(cast(said_by(table), Text()))
