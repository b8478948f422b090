"""Writing the rows of the stage into their table, with the batch that they belong to."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from geoapp.access.viewer import Viewer, acting_viewer
from geoapp.ingest import placing, repairs, rights
from geoapp.ingest.findings import Findings
from geoapp.ingest.report import Report
from geoapp.ingest.stage import Stage
from geoapp.ingest.targets import Target
from layers.tables import ImportBatch, Source

# Any number will do, as long as it is always the same and no other lock of geoapp has it.
LOCK = 6_318_005
CHUNK = 10_000
# One statement of arrays, since COPY refuses a table that is under a policy.
WRITE_FINDINGS = text("""
    INSERT INTO import_issue (import_batch_id, "row", "column", rule, severity, value, repair)
    SELECT :batch, found.*
      FROM unnest(CAST(:row AS integer[]), CAST(:column AS text[]), CAST(:rule AS text[]), CAST(:severity AS text[]),
                  CAST(:value AS text[]), CAST(:repair AS text[])) AS found""")


@dataclass(frozen=True)
class Origin:
    """Where the rows of a file come from: their source, the day as of which it describes them, and its licence."""

    source_id: str | None
    day: dt.date | None = None
    licence: str | None = None


def lock_table(connection: Connection, target: Target) -> None:
    """Let only one import at a time write to the table; others wait here until it has ended."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock, hashtext(:name))"), {"lock": LOCK, "name": target.name}
    )


def known_source(connection: Connection, name: str) -> str | None:
    """The id of the source that people call `name`; None where there is none yet."""
    known = (
        select(Source.source_id).where((Source.source_id == name) | (Source.name == name)).order_by(Source.source_id)
    )
    found: str | None = connection.scalar(known.limit(1))
    return found


def find_source(connection: Connection, name: str, licence: str | None = None) -> str:
    """The id of the source that people call `name`, made, under `licence`, if there is none."""
    found = known_source(connection, name)
    if found is not None:
        return found
    values = {"source_id": name, "name": name, "licence": licence}
    connection.execute(insert_or_skip(Source).values(values).on_conflict_do_nothing())
    return name


def count_actions(connection: Connection, stage: Stage) -> dict[str, int]:
    """How many rows of the stage are to be inserted, updated and left unchanged."""
    counted = connection.execute(select(stage.action, func.count().label("actions")).group_by(stage.action)).all()
    return {"insert": 0, "update": 0, "unchanged": 0} | {row.import_action: row.actions for row in counted}


def record_batch(
    connection: Connection,
    report: Report,
    origin: Origin,
    columns: Sequence[str],
    *,
    kind: str = "file",
    removed: int = 0,
    private: bool = True,
) -> uuid.UUID:
    """Write the batch of `report`, whose counts are final, and which brings `columns` of the table; its id.

    `kind` is a code of layers.vocabulary.BATCH_KIND; `removed` rows go. A private one is for whoever makes it alone.
    """
    viewer = acting_viewer(connection)
    batch = uuid.uuid4()
    values = {
        "import_batch_id": batch,
        "file_name": report.file,
        "sha256": report.sha256,
        "layer": report.layer,
        "table_name": report.table,
        "source_id": origin.source_id,
        "source_date": origin.day,
        "licence": origin.licence,
        "crs_found": report.crs.found,
        "crs_used": report.crs.used,
        "encoding_found": report.encoding.found,
        "encoding_used": report.encoding.used,
        "rows_in": report.rows.read,
        "rows_inserted": report.rows.inserted,
        "rows_updated": report.rows.updated,
        "rows_unchanged": report.rows.unchanged,
        "rows_rejected": report.rows.rejected,
        "imported_by": func.coalesce(func.viewer(), literal_column("session_user")),
        "columns": list(columns),
        "units": list(_units(viewer, report.table, kind)) if viewer else [],
        "synthetic": ~func.viewer_sees_real() if viewer else False,
        "kind": kind,
        "rows_removed": removed,
        "private": private,
    }
    connection.execute(insert(ImportBatch).values(values))
    return batch


def _units(viewer: Viewer, table: str, kind: str) -> tuple[str, ...]:
    """The units of a batch: files are brought as a GIS officer, rows entered by hand as whoever may."""
    return rights.units_of(viewer, table) if kind == "edit" else viewer.rights.get(rights.ROLE, ())


def write_rows(
    connection: Connection,
    stage: Stage,
    batch: uuid.UUID,
    source_id: str | None,
    advance: Callable[[int], Any],
    *,
    inserts: bool,
    updates: bool,
) -> None:
    """Update and insert, each where there is something to, piece by piece, so that progress can be told.

    Within a piece rows lie along a space-filling curve, so that neighbours on the map are read together.
    """
    last = connection.scalar(select(func.max(stage.row))) or 0
    placed = placing.announce_places(connection, stage)
    pieces = [stage.row.between(start, start + CHUNK - 1) for start in range(1, last + 1, CHUNK)]
    # First what is there already: a join with what was inserted would be planned for the table as it was before.
    for piece in pieces if updates else []:
        advance(_update(connection, stage, piece, batch, source_id))
    for piece in pieces if inserts else []:
        advance(_insert(connection, stage, piece, batch, source_id, placed=placed))
    placing.withdraw_places(connection)


def _insert(
    connection: Connection, stage: Stage, piece: Any, batch: uuid.UUID, source_id: str | None, *, placed: bool
) -> int:
    table = stage.target.table
    values: dict[str, Any] = {name: stage.brought_value(name) for name in stage.brought}
    values |= {"source_id": literal(source_id, table.c.source_id.type), "import_batch_id": literal(batch)}
    if stage.target.random_id is not None:
        values[stage.target.random_id.name] = stage.table.c.import_id
    if repairs.kept_for(stage):
        values[repairs.COLUMN] = stage.table.c.import_repairs
    place = [stage.table.c.geom] if "geom" in stage.brought else []
    if placed:
        values |= {"units": stage.table.c.import_units, "country": stage.table.c.import_lies_in}
    new = select(*values.values()).where(piece, stage.action == "insert").order_by(*place, stage.row)
    statement = insert(table).from_select(list(values), new).execution_options(preserve_rowcount=True)
    return connection.execute(statement).rowcount


def _update(connection: Connection, stage: Stage, piece: Any, batch: uuid.UUID, source_id: str | None) -> int:
    table = stage.target.table
    values: dict[str, Any] = {name: stage.kept_value(name) for name in stage.brought if name not in stage.target.key}
    values["import_batch_id"] = batch
    if source_id is not None:
        values["source_id"] = source_id
    if repairs.kept_for(stage):
        values[repairs.COLUMN] = repairs.afterwards(stage)
    statement = update(table).where(stage.is_same_row(), piece, stage.action == "update").values(values)
    return connection.execute(statement).rowcount


def record_findings(connection: Connection, batch: uuid.UUID, findings: Findings) -> None:
    """Write the findings of a batch."""
    columns = ("row", "column", "rule", "severity", "value", "repair")
    found = list(findings)
    arrays = {name: [getattr(each, name) for each in found] for name in columns}
    connection.execute(WRITE_FINDINGS, {"batch": batch, **arrays})
