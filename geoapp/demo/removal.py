"""Taking the demonstration data out again, and nothing else."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, ForeignKey, Table, and_, delete, func, or_, select

from geoapp.access.audit import record_counts
from geoapp.demo.people import remove_people
from geoapp.demo.rows import SOURCE
from geoapp.errors import DemoError
from geoapp.publish.edition import remove_synthetic
from layers.tables import (
    Base,
    BaseFeature,
    Deployment,
    Facility,
    ImportJob,
    ImportUpload,
    MineSite,
    Route,
    RowChange,
    Source,
)


def remove_rows(connection: Connection) -> dict[str, int]:
    """Delete the demonstration rows within the caller's transaction; how many of each table.

    Other rows that refer to a synthetic one lose that reference. DemoError, with nothing done, where they cannot do
    without it: they would be deleted along, or be left without a place.
    """
    _refuse_dependents(connection)
    removed = {
        table.name: connection.execute(delete(table).where(_is_demo(table))).rowcount for table in reversed(_recorded())
    }
    # What its people have brought and done, whose files the worker removes.
    for table in (ImportJob, ImportUpload, RowChange):
        connection.execute(delete(table).where(table.synthetic))
    removed["published_edition"] = remove_synthetic(connection)
    remove_people(connection)
    roads = delete(BaseFeature).where(BaseFeature.kind == "road", BaseFeature.synthetic)
    removed["base_feature"] = connection.execute(roads).rowcount
    in_use = [select(table).where(table.c.source_id == Source.source_id).exists() for table in _sourced()]
    connection.execute(delete(Source).where(Source.source_id == SOURCE, ~or_(*in_use)))
    record_counts(connection, "delete", removed)
    return {name: number for name, number in removed.items() if number}


def _sourced() -> list[Table]:
    return [
        table for table in Base.metadata.sorted_tables if "source_id" in table.columns and table is not Source.__table__
    ]


def _recorded() -> list[Table]:
    return [table for table in _sourced() if "synthetic" in table.columns]


def _is_demo(table: Table) -> ColumnElement[bool]:
    return and_(table.c.synthetic, table.c.source_id.is_not_distinct_from(SOURCE))


def _refuse_dependents(connection: Connection) -> None:
    recorded = _recorded()
    found = {
        table.name: number
        for table in recorded
        for key in table.foreign_keys
        if key.column.table in recorded and key.ondelete != "SET NULL"
        for number in [_count_dependents(connection, table, key)]
        if number
    }
    displaced = _count_displaced(connection)
    if displaced:
        found[Deployment.__tablename__] = displaced
    if found:
        listed = ", ".join(f"{number} in {name}" for name, number in sorted(found.items()))
        raise DemoError(
            "Rows that are not synthetic hang on synthetic ones and would be lost with them: "
            f"{listed}. Delete them, or give them another site, route, facility or committee, and try again."
        )


def _count_dependents(connection: Connection, table: Table, key: ForeignKey) -> int:
    parents = key.column.table
    synthetic = select(parents.c[key.column.name]).where(_is_demo(parents))
    dependents = select(func.count()).select_from(table).where(~_is_demo(table), key.parent.in_(synthetic))
    return connection.scalar(dependents) or 0


def _count_displaced(connection: Connection) -> int:
    """Deployments whose only place is a synthetic one."""
    tables = Base.metadata.tables
    deployment = tables[Deployment.__tablename__]
    synthetic = [
        deployment.c[mine].in_(select(tables[name].c[its]).where(_is_demo(tables[name])))
        for name, its, mine in (
            (MineSite.__tablename__, "site_id", "site_id"),
            (Facility.__tablename__, "id", "facility_ref"),
            (Route.__tablename__, "id", "route_ref"),
        )
    ]
    own = deployment.c.geom.is_(None), ~_is_demo(deployment)
    displaced = select(func.count()).select_from(deployment).where(*own, or_(*synthetic))
    return connection.scalar(displaced) or 0
