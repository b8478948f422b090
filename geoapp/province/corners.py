"""What part of the Earth a unit takes up, and which units lie beside it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from geoapp.province.unit import Unit
from layers.tables import AdminUnit
from layers.text import Text

# How far apart, in degrees, the outlines of neighbours may run: those of two sources seldom meet exactly.
APART = 0.01


@dataclass(frozen=True)
class Neighbour:
    """A unit of the same level that a unit has a border with."""

    unit_code: str
    name: Text


def read_corners(connection: Connection, unit: Unit) -> list[list[float]] | None:
    """The south-west and north-east corners of a unit as it last was; None where no outline of it is known."""
    edges = [edge(AdminUnit.geom) for edge in (func.ST_YMin, func.ST_XMin, func.ST_YMax, func.ST_XMax)]
    found = connection.execute(
        select(*edges)
        .where(AdminUnit.unit_code == unit.unit_code, AdminUnit.geom.is_not(None))
        .order_by(AdminUnit.valid_from.desc())
        .limit(1)
    ).one_or_none()
    return None if found is None else [[found[0], found[1]], [found[2], found[3]]]


def read_neighbours(connection: Connection, unit: Unit, on: dt.date) -> list[Neighbour]:
    """The units of a day that touch a unit, of any country, in the order of their codes."""
    own = (
        select(AdminUnit.geom)
        .where(AdminUnit.unit_code == unit.unit_code, AdminUnit.geom.is_not(None))
        .order_by(AdminUnit.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    valid = (AdminUnit.valid_from <= on) & (AdminUnit.valid_to.is_(None) | (on < AdminUnit.valid_to))
    rows = connection.execute(
        select(AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr)
        .where(
            valid,
            AdminUnit.level == unit.level,
            AdminUnit.unit_code != unit.unit_code,
            AdminUnit.geom.op("&&")(func.ST_Expand(own, APART)),
            func.ST_DWithin(AdminUnit.geom, own, APART),
        )
        .order_by(AdminUnit.unit_code)
    )
    return [Neighbour(row.unit_code, Text(row.name_en, row.name_fr)) for row in rows]
