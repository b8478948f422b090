"""Taking a text out of its row and of every row that repeats it, in one transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    SQLColumnExpression,
    Table,
    Text,
    case,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from geoapp.access.audit import record
from geoapp.publish.leaks import repeats
from geoapp.redaction.subject import REDACTED, Subject
from layers.tables import AuditEvent, Base, ImportIssue, Incident, IncidentRelease

# A shorter text stands in many rows by chance: only what is equal to it is taken for a repetition.
SHORTEST_PART = 8
# Tables that hold no words of people about the programme.
SKIPPED = {
    AuditEvent.__tablename__,
    "audit_seal",
    "vocab",
    "setting",
    "web_session",
    "admin_unit_part",
    "admin_unit_outline",
    "base_feature",
}


@dataclass
class Redacted:
    """What was done: places with how many rows of each, tables to be written anew, and where the text still stands."""

    places: dict[str, int] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    left: dict[str, int] = field(default_factory=dict)
    transaction: int = 0

    def add(self, table: str, column: str, rows: int) -> None:
        """Count rows of a column that were redacted."""
        if rows:
            self.places[f"{table}.{column}"] = self.places.get(f"{table}.{column}", 0) + rows
            self.tables.add(table)


def redact(connection: Connection, subject: Subject) -> Redacted:
    """Take the text out within the caller's transaction, which must be the operator's; and record it.

    The rows that were there before stay in the files of the database until `geoapp.redaction.remains` writes them anew.
    """
    done = Redacted(tables={subject.table.name, ImportIssue.__tablename__})
    if subject.texts:
        values: dict[str, Any] = {subject.column.name: subject.replacement}
        if subject.table is Incident.__table__:
            # A hash of the text among others: somebody who guesses it could tell.
            values["content_key"] = case((Incident.content_key.is_not(None), secrets.token_hex(32)))
        connection.execute(update(subject.table).where(subject.where).values(values))
        done.add(subject.table.name, subject.column.name, 1)
        for words in subject.texts:
            _redact_findings(connection, words, done)
            if subject.table is Incident.__table__:
                _redact_releases(connection, subject, words, done)
            done.left |= _still_there(connection, words)
    place = "/".join((subject.table.name, *map(str, subject.row)))
    record(connection, "redact", place, after={"column": subject.column.name, "rows": sum(done.places.values())})
    done.transaction = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
    return done


def _holds(column: SQLColumnExpression[Any], words: str) -> ColumnElement[bool]:
    """Whether a column repeats the text."""
    return func.strpos(column, words) > 0 if len(words) >= SHORTEST_PART else column == words


def _redact_findings(connection: Connection, words: str, done: Redacted) -> None:
    """Findings of imports quote the cells that they are about, some of them cut short."""
    for column in (ImportIssue.value, ImportIssue.repair):
        bare = func.rtrim(column, "…")
        part = (func.length(bare) >= SHORTEST_PART) & (func.strpos(literal(words), bare) > 0)
        found = update(ImportIssue).where(or_(_holds(column, words), part)).values({column.key: REDACTED})
        done.add(ImportIssue.__tablename__, column.key, connection.execute(found).rowcount)


def _redact_releases(connection: Connection, subject: Subject, words: str, done: Redacted) -> None:
    """A summary that holds the text, or a run of its words as a coordinator would be warned of, goes as a whole."""
    released = select(IncidentRelease.id, IncidentRelease.summary_fr, IncidentRelease.summary_en).where(
        IncidentRelease.incident_id == subject.row[0]
    )
    for release in connection.execute(released).all():
        for name in ("summary_fr", "summary_en"):
            summary = getattr(release, name)
            if words in summary or repeats(summary, words):
                change = update(IncidentRelease).where(IncidentRelease.id == release.id).values({name: REDACTED})
                done.add(IncidentRelease.__tablename__, name, connection.execute(change).rowcount)


def _still_there(connection: Connection, words: str) -> dict[str, int]:
    """How many rows of which other columns hold the text: they are others' words, for people to judge."""
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns if table.name not in SKIPPED else ():
            if condition := _found_in(table, column, words):
                number = connection.scalar(select(func.count()).select_from(table).where(*condition))
                if number:
                    found[f"{table.name}.{column.name}"] = number
    return found


def _found_in(table: Table, column: Column[str], words: str) -> list[ColumnElement[bool]]:
    if isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Text):
        return [_holds(func.array_to_string(column, "\n"), words)]
    if isinstance(column.type, Text) and not column.foreign_keys and column not in table.primary_key.columns.values():
        return [_holds(column, words)]
    return []
