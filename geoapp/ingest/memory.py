"""Which columns went where in files of one shape, as somebody confirmed it: kept for the next file of that shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select

from geoapp.naming import squeeze
from layers.tables import ImportMapping

Columns = Mapping[str, Sequence[str]]


def fingerprint(names: Iterable[str]) -> str:
    """The SHA-256 of a file's column names, whatever their order and the way they are written."""
    return hashlib.sha256("\x1f".join(sorted(squeeze(name) for name in names)).encode("utf-8")).hexdigest()


def recall(connection: Connection, shape: str, table: str, source_id: str | None) -> dict[str, list[str]] | None:
    """What was confirmed for a shape: the viewer's own before the operator's, the same source's before any other.

    None where nothing was.
    """
    saved = (
        select(ImportMapping.columns)
        .where(
            ImportMapping.fingerprint == shape,
            ImportMapping.table_name == table,
            or_(ImportMapping.source_id.is_(None), ImportMapping.source_id == source_id),
            or_(ImportMapping.confirmed_by.is_(None), ImportMapping.confirmed_by == func.viewer()),
        )
        .order_by(ImportMapping.confirmed_by.is_(None), ImportMapping.source_id.is_(None))
        .limit(1)
    )
    found: dict[str, list[str]] | None = connection.scalar(saved)
    return found


def table_of(connection: Connection, names: Iterable[str]) -> str | None:
    """The table that files with these columns went to when somebody last confirmed them; None where nobody has."""
    saved = (
        select(ImportMapping.table_name)
        .where(
            ImportMapping.fingerprint == fingerprint(names),
            or_(ImportMapping.confirmed_by.is_(None), ImportMapping.confirmed_by == func.viewer()),
        )
        .order_by(ImportMapping.confirmed_by.is_(None), ImportMapping.confirmed_at.desc())
        .limit(1)
    )
    found: str | None = connection.scalar(saved)
    return found


def remember(connection: Connection, shape: str, table: str, source_id: str | None, columns: Columns) -> None:
    """Keep what whoever acts has confirmed, in place of what they confirmed before."""
    forget(connection, shape, table, source_id)
    values = {
        "fingerprint": shape,
        "table_name": table,
        "source_id": source_id,
        "columns": {name: list(sources) for name, sources in columns.items()},
        "confirmed_by": func.viewer(),
    }
    connection.execute(insert(ImportMapping).values(values))


def forget(connection: Connection, shape: str, table: str, source_id: str | None) -> int:
    """Drop what whoever acts has confirmed for a shape and source; how many were dropped."""
    own = ImportMapping.confirmed_by.is_not_distinct_from(func.viewer())
    same = ImportMapping.source_id.is_not_distinct_from(source_id)
    shaped = (ImportMapping.fingerprint == shape, ImportMapping.table_name == table)
    return connection.execute(delete(ImportMapping).where(*shaped, same, own)).rowcount
