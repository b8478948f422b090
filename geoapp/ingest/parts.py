"""What a batch did to which row: what its history is told from, and what undoing it needs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import Connection, Text, bindparam, case, cast, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest.stage import Stage
from layers.tables import ImportPart, RowChange, SiteAlias

ROWS_OF_A_PART = 10_000
NAMES = ["import_batch_id", "table_name", "deed", "keys", "rows"]


def begin_batch(connection: Connection, batch: uuid.UUID) -> None:
    """Have the database note the batch beside each row that the rest of the transaction changes."""
    connection.execute(select(func.set_config("geoapp.batch", str(batch), True)))


def note_rows(connection: Connection, stage: Stage, batch: uuid.UUID) -> None:
    """Note the keys of all rows that the batch brought, those that it left unchanged as well."""
    columns = stage.target.table.primary_key.columns
    random_id = stage.target.random_id
    parts = [stage.table.c.import_id if random_id is not None else stage.table.c[column.name] for column in columns]
    key = func.concat_ws("/", *(cast(part, Text) for part in parts))
    gathered = (
        select(
            literal(batch).label("import_batch_id"),
            literal(stage.target.table.name).label("table_name"),
            stage.action.label("deed"),
            func.array_agg(key).label("keys"),
            func.array_agg(stage.row).label("rows"),
        )
        .group_by(stage.action, stage.row // ROWS_OF_A_PART)
        .order_by(func.min(stage.row))
    )
    connection.execute(insert(ImportPart).from_select(NAMES, gathered))


def note_aliases(connection: Connection, batch: uuid.UUID, source: str, codes: Iterable[str | None]) -> None:
    """Note the aliases that the batch brought: what its source calls the sites of its rows."""
    named = bindparam("codes", sorted({code for code in codes if code is not None}), type_=ARRAY(Text()))
    key = cast(SiteAlias.id, Text)
    changed = (
        select(RowChange.id)
        .where(RowChange.table_name == SiteAlias.__tablename__, RowChange.row_key == key)
        .where(RowChange.import_batch_id == batch)
        .exists()
    )
    untouched = SiteAlias.import_batch_id.is_distinct_from(batch)
    deed = case((untouched, "unchanged"), (changed, "update"), else_="insert").label("deed")
    of_rows = (SiteAlias.source == source, SiteAlias.code == func.any(named))
    brought = select(key.label("key"), deed).where(*of_rows).subquery()
    gathered = select(
        literal(batch),
        literal(SiteAlias.__tablename__),
        brought.c.deed,
        func.array_agg(brought.c.key),
        func.array_agg(literal(0)),
    ).group_by(brought.c.deed)
    connection.execute(insert(ImportPart).from_select(NAMES, gathered))
