"""The history of a row: which batch brought it, from which file and row, and who changed what of it since."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from sqlalchemy import Connection, Row, Table, func, literal, select

from geoapp.desk import rows
from geoapp.ingest.targets import TARGETS, Target
from layers.tables import ImportBatch, ImportPart, RowChange


@dataclass
class Event:
    """Something that happened to a row; the batch, file, hash and row number are known where a batch did it.

    `changes` holds for each column what was before and after.
    """

    at: dt.datetime
    deed: str
    who: str | None
    batch: uuid.UUID | None = None
    file: str | None = None
    sha256: str | None = None
    row: int | None = None
    undoing: bool = False
    undone: bool = False
    # What kind of batch did it: a file, or an edit or a merge by hand.
    kind: str | None = None
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def keys_of(connection: Connection, target: Target, name: str) -> list[str]:
    """The keys under which the log has the rows that people call `name`: by id, or by the key that files bear."""
    table = target.table
    asked = select(rows.key_of(table)).where(rows.key_of(table) == name)
    found = list(connection.scalars(asked))
    if not found and len(target.key) == 1:
        found = list(connection.scalars(select(rows.key_of(table)).where(table.c[target.key[0]] == name)))
    gone = select(RowChange.row_key).where(RowChange.table_name == table.name, RowChange.row_key == name).limit(1)
    return found or list(connection.scalars(gone))


def history_of(connection: Connection, table: Table, key: str) -> list[Event]:
    """What happened to a row, as far as the viewer may know, the newest first."""
    parts = select(
        ImportPart.import_batch_id,
        ImportPart.deed,
        ImportPart.written_at,
        ImportPart.rows[func.array_position(ImportPart.keys, literal(key))].label("row"),
    ).where(ImportPart.keys.contains([key]), ImportPart.table_name == table.name)
    brought = {part.import_batch_id: part for part in connection.execute(parts)}
    asked = select(RowChange.__table__).where(RowChange.table_name == table.name, RowChange.row_key == key)
    changes = connection.execute(asked.order_by(RowChange.changed_at)).all()
    batches = _batches(connection, {*brought, *(change.import_batch_id for change in changes)} - {None})
    events = [_changed(change, brought, batches) for change in changes]
    told = {change.import_batch_id for change in changes if not change.undoing}
    for batch, part in brought.items():
        if batch not in told and part.deed != "update":
            about = batches.get(batch)
            event = Event(part.written_at, part.deed, about.imported_by if about else None)
            events.append(_of_batch(event, batch, about, part.row))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _batches(connection: Connection, ids: set[Any]) -> Mapping[Any, Row[Any]]:
    asked = select(ImportBatch.__table__).where(ImportBatch.import_batch_id.in_(ids))
    return {row.import_batch_id: row for row in connection.execute(asked)}


def _changed(change: Row[Any], brought: Mapping[Any, Row[Any]], batches: Mapping[Any, Row[Any]]) -> Event:
    after = change.after or {}
    hidden = {"import_batch_id", "content_key"}
    columns = {
        name: (_place(value), _place(after.get(name))) if name == "geom" else (value, after.get(name))
        for name, value in change.before.items()
        if name not in hidden
    }
    event = Event(change.changed_at, change.deed, change.changed_by, undoing=change.undoing, changes=columns)
    part = brought.get(change.import_batch_id)
    return _of_batch(event, change.import_batch_id, batches.get(change.import_batch_id), part.row if part else None)


def _place(stored: str | None) -> str | None:
    """A stored geometry for people: a point by its degrees, anything else by its kind and size."""
    if stored is None:
        return None
    shape = shapely.from_wkb(stored)
    if isinstance(shape, shapely.Point):
        return f"{shape.x:.6f} {shape.y:.6f}"
    return f"{shape.geom_type}, {shapely.get_num_coordinates(shape)} × lon lat"


def _of_batch(event: Event, batch: uuid.UUID | None, about: Row[Any] | None, row: int | None) -> Event:
    event.batch, event.row = batch, row or None
    if about is not None:
        event.file, event.sha256, event.undone = about.file_name, about.sha256, about.undone_at is not None
        event.kind = about.kind
    return event


def list_batches(connection: Connection, limit: int = 200) -> Sequence[Row[Any]]:
    """The batches that the viewer may see, the newest first."""
    asked = select(ImportBatch.__table__).order_by(ImportBatch.imported_at.desc(), ImportBatch.import_batch_id)
    return connection.execute(asked.limit(limit)).all()


def target_of(table: str) -> Target | None:
    """The target of a table of the log; None where files do not feed it."""
    return next((target for target in TARGETS.values() if target.table.name == table), None)
