"""What the tests of the demonstration data share: a plan, and the rows of a database to compare."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Engine, select

from geoapp.demo.plan import Plan
from layers.tables import Base

UNTIL = dt.date(2024, 6, 30)
SMALL = Plan(UNTIL, incidents=60, routes=8)
# What the database itself gives to a row when it is written.
GIVEN = {"created_at", "base_feature_id", "part_id", "edition_id", "made_at"}
# What geoapp remembers of the data once they are gone.
APART = {"setting", "audit_event", "audit_seal", "change_log", "incident_country"}

Rows = dict[str, list[tuple[Any, ...]]]


def all_rows(engine: Engine) -> Rows:
    """Every row of every table but the log of when it was written, in an order that does not depend on that."""
    with engine.connect() as connection:
        return {
            name: sorted((tuple(map(str, row)) for row in connection.execute(select(*_columns(table)))), key=str)
            for name, table in Base.metadata.tables.items()
            if name not in APART
        }


def _columns(table: Any) -> list[Any]:
    return [column for column in table.columns if column.name not in GIVEN]
