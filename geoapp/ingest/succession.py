"""Ending the lives of units whose successors an import has brought."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection, and_, func, or_, select, update

from geoapp.database.boundaries import assign_units_anew
from geoapp.ingest.findings import Findings
from geoapp.ingest.stage import Stage, plain
from layers.tables import AdminUnit

# A unit is succeeded where units of a later day of the same level cover more of it than this.
COVERED = 0.5


def succeed(connection: Connection, stage: Stage, batch: uuid.UUID, findings: Findings) -> None:
    """End open units that units of the batch succeed, and units of the batch that others succeed already.

    Then has the database find the units of every row again; incidents before the earliest new unit stay as they are.
    """
    earliest = _earliest(connection, stage)
    if earliest is None:
        return
    older, newer = AdminUnit.__table__.alias("older"), AdminUnit.__table__.alias("newer")
    old_shape, new_shape = plain(older.c.geom), plain(newer.c.geom)
    union = func.ST_Union(new_shape)
    pairs = (
        select(older.c.unit_code, older.c.valid_from, newer.c.valid_from.label("successor_from"))
        .join(
            newer,
            and_(
                newer.c.country == older.c.country,
                newer.c.level == older.c.level,
                newer.c.valid_from > older.c.valid_from,
                new_shape.op("&&")(old_shape),
            ),
        )
        .where(older.c.valid_to.is_(None), or_(older.c.import_batch_id == batch, newer.c.import_batch_id == batch))
        .group_by(older.c.unit_code, older.c.valid_from, older.c.geom, newer.c.valid_from)
        .having(func.ST_Area(func.ST_Intersection(old_shape, union)) > COVERED * func.ST_Area(old_shape))
        .order_by(older.c.unit_code, newer.c.valid_from)
    )
    ended: dict[tuple[str, dt.date], dt.date] = {}
    for code, valid_from, successor_from in connection.execute(pairs).all():
        ended.setdefault((code, valid_from), successor_from)
    for (code, valid_from), end in ended.items():
        unit = (AdminUnit.unit_code == code) & (AdminUnit.valid_from == valid_from)
        connection.execute(update(AdminUnit).where(unit).values(valid_to=end, awaits_successor=False))
        findings.add("unit_succeeded", None, "valid_to", f"{code} of {valid_from}", end)
    assign_units_anew(connection, since=earliest)


def _earliest(connection: Connection, stage: Stage) -> dt.date | None:
    written = stage.action.in_(("insert", "update"))
    day: dt.date | None = connection.scalar(select(func.min(stage.table.c.valid_from)).where(written))
    return day
