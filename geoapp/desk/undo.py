"""Undoing a whole batch: its rows are as if it had never been, but for what later batches and people gave them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, Uuid, bindparam, func, select, text, update
from sqlalchemy import Text as SqlText
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from geoapp.access.audit import announce_bulk
from geoapp.database.boundaries import assign_units_anew
from geoapp.desk import rows
from geoapp.desk.replay import MARKS, Bringing, Change, without
from geoapp.errors import ImportRefusedError, NotFoundError
from geoapp.ingest import removing
from geoapp.ingest.load import lock_table
from geoapp.ingest.targets import TARGETS
from layers.tables import AdminUnit, Base, ImportBatch, MineSite, RowChange, SiteAlias

NO_SUCH_BATCH = "There is no such batch, or it is not for you."
# What is listed of the rows that stay; all of them are counted.
LISTED = 500
# First what hangs on others.
ORDER = (SiteAlias.__tablename__,)
# Columns by which a row is found, or that say who wrote it.
OF_THE_BATCH = {"import_batch_id", *MARKS}
IDENTITY = {column for target in TARGETS.values() for column in target.key} | {"id", "content_key", "synthetic"}
NAMES = (
    "name",
    "incident_no",
    "route_id",
    "facility_id",
    "deployment_id",
    "checkpoint_id",
    "movement_id",
    "training_id",
)


@dataclass(frozen=True)
class Stays:
    """A row, or a part of one, that stays: why, and in which columns.

    `why` is "later" (others gave it these values since), "needed" (rows of others refer to it, or it cannot be without
    these), "gone" (it is no longer there), or "refused" (the database does not let it go, or come back).
    """

    table: str
    key: str
    name: str
    why: str
    columns: tuple[str, ...] = ()


@dataclass
class Undone:
    """What an undo did: how many rows it removed, changed back and brought back, and what stays, and why."""

    removed: int = 0
    restored: int = 0
    brought_back: int = 0
    stays: list[Stays] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def stay(self, found: Stays) -> None:
        """Count a row that stays, and list it if there is room."""
        self.counts[found.why] = self.counts.get(found.why, 0) + 1
        if len(self.stays) < LISTED:
            self.stays.append(found)

    def as_json(self) -> dict[str, Any]:
        """The same for a page and a program."""
        return asdict(self)


def undo_batch(connection: Connection, batch: uuid.UUID, advance: Callable[[int], Any] = lambda _: None) -> Undone:
    """Undo a batch within the caller's transaction, with the rights of whoever acts.

    Raises NotFoundError for a batch that they may not see, and ImportRefusedError for one that was undone before, or
    that was imported before geoapp kept what undoing needs.
    """
    found = connection.execute(select(ImportBatch.__table__).where(ImportBatch.import_batch_id == batch)).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_BATCH)
    if found.columns is None:
        raise ImportRefusedError(
            "This batch was imported before geoapp kept what undoing needs. Mend its rows by another import.",
            "Ce lot a été importé avant que geoapp ne garde ce qu'il faut pour l'annuler. Corrigez ses lignes par un"
            " autre import.",
        )
    lock_table(connection, TARGETS[found.table_name])
    who = func.coalesce(func.viewer(), text("session_user"))
    mark = update(ImportBatch).where(ImportBatch.import_batch_id == batch, ImportBatch.undone_at.is_(None))
    if connection.execute(mark.values(undone_at=func.now(), undone_by=who)).rowcount != 1:
        raise ImportRefusedError(
            "This batch was undone already, or is not yours to undo.",
            "Ce lot a déjà été annulé, ou il ne vous appartient pas de l'annuler.",
        )
    announce_bulk(connection)
    connection.execute(select(func.set_config("geoapp.batch", str(batch), True)))
    connection.execute(select(func.set_config("geoapp.undoing", "on", True)))
    done = Undone()
    job = _Undo(connection, batch, done, advance)
    # What was removed is back before rows refer to it again.
    for table in Base.metadata.sorted_tables:
        job.undo_table(table, job.removed[table.name])
    if job.removed:
        connection.execute(select(func.refer_back(batch)))
    for name in sorted(job.touched, key=lambda each: (each not in ORDER, each)):
        job.undo_table(rows.table_named(name), job.touched[name] - job.removed[name])
    if AdminUnit.__tablename__ in job.touched:
        assign_units_anew(connection, since=_earliest(job.touched[AdminUnit.__tablename__]))
    return done


def _earliest(keys: Iterable[str]) -> dt.date:
    return min(dt.date.fromisoformat(key.rpartition("/")[2]) for key in keys)


class _Undo:
    """One undo under way."""

    def __init__(self, connection: Connection, batch: uuid.UUID, done: Undone, advance: Callable[[int], Any]):
        self.connection = connection
        self.batch = batch
        self.done = done
        self.advance = advance
        self.bringings: dict[tuple[str, str], list[Bringing]] = defaultdict(list)
        self.changes: dict[tuple[str, str], list[Change]] = defaultdict(list)
        self.touched: dict[str, set[str]] = defaultdict(set)
        # Rows that the batch removed.
        self.removed: dict[str, set[str]] = defaultdict(set)
        for row in connection.execute(text("SELECT * FROM brought_beside(:batch)"), {"batch": batch}):
            bringing = Bringing(
                row.written_at,
                row.deed,
                row.import_batch_id,
                _columns(row.table_name, row.columns),
                row.source_id if row.table_name != SiteAlias.__tablename__ else None,
                row.undone,
                frozenset(row.lost or ()),
            )
            self.bringings[row.table_name, row.row_key].append(bringing)
            if row.import_batch_id == batch:
                self.touched[row.table_name].add(row.row_key)
        changed = select(RowChange.table_name, RowChange.row_key, RowChange.deed).where(
            RowChange.import_batch_id == batch, ~RowChange.undoing
        )
        for name, key, deed in connection.execute(changed):
            self.touched[name].add(key)
            if deed == "delete":
                self.removed[name].add(key)

    def undo_table(self, table: Table, touched: Collection[str]) -> None:
        """Undo what the batch did to some rows of one table."""
        keys = sorted(touched)
        changes = self._changes(table, keys)
        alone = [key for key in keys if key not in changes and self._is_own(table, key)]
        self._remove(table, alone)
        rest = sorted(set(keys) - set(alone))
        for start in range(0, len(rest), rows.PIECE):
            piece = rest[start : start + rows.PIECE]
            states = rows.read_states(self.connection, table, piece)
            said = self._said(table, piece)
            undone = self._undone(changes, piece)
            leaving = []
            for key in piece:
                current = states.get(key)
                bringings = self.bringings[table.name, key]
                outcome = without(
                    self.batch, current, changes.get(key, ()), bringings, said.get(key, {}), undone=undone
                )
                if outcome.state is None and current is not None:
                    leaving.append(key)
                elif outcome.state is not None:
                    self._settle(table, key, current, outcome.state, outcome.by_others)
                else:
                    self.done.stay(Stays(table.name, key, key, "gone"))
                self.advance(1)
            self._remove(table, leaving)

    def _is_own(self, table: Table, key: str) -> bool:
        """Whether the row came with the batch, and no other that stands brought it."""
        kept = [each for each in self.bringings[table.name, key] if not each.undone or each.batch == self.batch]
        return len(kept) == 1 and kept[0].deed == "insert"

    def _touched(self, table: Table, key: str) -> set[str]:
        """The columns that the batch gave a row, or changed of it."""
        found = {"import_batch_id", "source_id"}
        for bringing in self.bringings[table.name, key]:
            found |= set(bringing.columns) if bringing.batch == self.batch else set()
        for change in self.changes[table.name, key]:
            found |= set(change.before) if change.batch == self.batch else set()
        return found

    def _changes(self, table: Table, keys: Sequence[str]) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = defaultdict(list)
        for start in range(0, len(keys), rows.PIECE):
            asked = select(RowChange.__table__).where(
                RowChange.table_name == table.name, RowChange.row_key.in_(keys[start : start + rows.PIECE])
            )
            for row in self.connection.execute(asked):
                change = Change(row.changed_at, row.deed, row.import_batch_id, row.undoing, row.before, row.after)
                found[row.row_key].append(change)
                self.changes[table.name, row.row_key].append(change)
        return found

    def _undone(self, changes: Mapping[str, Sequence[Change]], keys: Sequence[str]) -> set[uuid.UUID]:
        """Which of the batches that changed some rows are undone."""
        batches = {change.batch for key in keys for change in changes.get(key, ()) if change.batch is not None}
        named = bindparam("batches", sorted(batches), type_=ARRAY(Uuid()))
        return set(self.connection.scalars(select(func.undone_among(named)))) if batches else set()

    def _said(self, table: Table, keys: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
        """What each source says of each site, which counts where the winner over it is undone."""
        found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        if table is MineSite.__table__:
            place = sql_cast(SiteAlias.geom, SqlText).label("place")
            asked = select(SiteAlias.site_id, SiteAlias.source, SiteAlias.said, place)
            for row in self.connection.execute(asked.where(SiteAlias.site_id.in_(keys))):
                found[row.site_id][row.source] = {**row.said, "geom": row.place}
        return found

    def _remove(self, table: Table, keys: Sequence[str]) -> None:
        """Remove rows, but those that rows of others stand on: of these goes what they can be without."""
        held = removing.held(self.connection, table, keys, self.batch)
        free = [key for key in keys if key not in held]
        there = rows.read_states(self.connection, table, free) if free else {}
        try:
            with self.connection.begin_nested():
                removed = rows.remove_rows(self.connection, table, free)
        except (IntegrityError, ProgrammingError):
            removed = 0
        self.done.removed += removed
        self.advance(len(free))
        for key in free:
            if key not in there:
                self.done.stay(Stays(table.name, key, key, "gone"))
        if removed < len(there):
            left = rows.read_states(self.connection, table, list(there))
            for key, state in left.items():
                self.done.stay(Stays(table.name, key, _name(state, key), "refused"))
        if held:
            states = rows.read_states(self.connection, table, sorted(held))
            for key, state in states.items():
                self._settle(table, key, state, {}, set(), needed=True)

    def _settle(
        self,
        table: Table,
        key: str,
        current: dict[str, Any] | None,
        wanted: dict[str, Any],
        by_others: set[str],
        *,
        needed: bool = False,
    ) -> None:
        """Give a row the values that it has without the batch, and tell what of it stays."""
        if current is None:
            self._bring_back(table, key, wanted)
            return
        touched = self._touched(table, key)
        values: dict[str, Any] = {}
        kept: list[str] = []
        for column in rows.kept_columns(table):
            name = column.name
            if column.primary_key or name not in touched or current[name] == wanted.get(name):
                continue
            if wanted.get(name) is not None or (column.nullable and name not in IDENTITY):
                values[name] = wanted.get(name)
            elif name in IDENTITY:
                continue
            elif column.server_default is not None:
                values[name] = rows.DEFAULT
            else:
                kept.append(name)
        try:
            with self.connection.begin_nested():
                done = not values or rows.put_back(self.connection, table, key, values)
        except (IntegrityError, DataError, ProgrammingError):
            done = False
        name = _name(current, key)
        if not done:
            self.done.stay(Stays(table.name, key, name, "refused", tuple(sorted(set(values) - OF_THE_BATCH))))
            return
        self.done.restored += bool(set(values) - OF_THE_BATCH)
        if kept or needed:
            self.done.stay(Stays(table.name, key, name, "needed", tuple(kept)))
        elif by_others:
            self.done.stay(Stays(table.name, key, name, "later", tuple(sorted(by_others))))

    def _bring_back(self, table: Table, key: str, state: dict[str, Any]) -> None:
        """Put a row that was removed back, if the database takes it."""
        try:
            with self.connection.begin_nested():
                rows.bring_back(self.connection, table, state)
        except (IntegrityError, DataError, ProgrammingError):
            self.done.stay(Stays(table.name, key, _name(state, key), "refused"))
        else:
            self.done.brought_back += 1


def _columns(table: str, columns: Sequence[str] | None) -> Sequence[str]:
    """The columns that a batch brought of a table: of an alias all of them."""
    if table == SiteAlias.__tablename__:
        return [
            column.name for column in rows.kept_columns(rows.table_named(table)) if column.name != "import_batch_id"
        ]
    return columns or ()


def _name(state: dict[str, Any], key: str) -> str:
    """What people call a row."""
    return str(next((state[each] for each in NAMES if state.get(each)), key))
