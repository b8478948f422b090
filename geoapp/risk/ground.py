"""What one viewer may see at one moment, loaded when a question first needs it and kept while nothing has changed."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Connection, func, select, text

from geoapp.access.viewer import FULL_ROLES, Viewer, acting_viewer
from geoapp.risk.source import Source
from geoapp.snapshot.changes import DATABASE, RIGHTS, SNAPSHOT, changes_since

Thing = TypeVar("Thing")
Versions = Mapping[str, str]

# The versions of the tables, by the log of changes: as long as they stay the same, no transaction that changed a row of
# them has ended. Nothing that a writing transaction sees is kept, since its own changes are among them.
VERSIONS = text("""
    SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN
        table_versions() || jsonb_build_object('weights', current_setting('geoapp.level_weights', true)) END""")
# When these change all is read again, since other rows may be seen, or with other weights.
ALWAYS = (DATABASE, "weights", *RIGHTS)
MOST_GROUNDS = 4
# What is worked out for one day and filter; what is read from the database is kept beside it.
MOST_WORKED_OUT = 12


@dataclass(frozen=True)
class _Held:
    """What was read, at which versions of its tables, and what the database's snapshot had been just before."""

    versions: tuple[str | None, ...]
    seen: str
    thing: Any
    number: int = field(default_factory=count().__next__)


@dataclass(frozen=True)
class _Worked:
    """What was worked out of things that have these numbers."""

    numbers: Mapping[Source[Any], int]
    made: Any
    renewable: bool

    def is_of(self, held: Mapping[Source[Any], _Held]) -> bool:
        """Whether it was made of these things."""
        return all(each in held and held[each].number == number for each, number in self.numbers.items())


class _Kept:
    """What is kept of one viewer's rows from one question to the next."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.held: dict[Source[Any], _Held] = {}
        self.worked_out: OrderedDict[Any, _Worked] = OrderedDict()

    def get(self, connection: Connection, source: Source[Thing], versions: Versions) -> _Held:
        """What is kept, brought up to date where its tables have changed; not kept if they change meanwhile."""
        wanted = _of_source(versions, source)
        # So that of several who ask at once only one reads.
        with self.lock:
            held = self.held.get(source)
            if held and held.versions == wanted:
                return held
            seen = cast(str, connection.scalar(SNAPSHOT))
            thing = _read(connection, source, held if held and _same_rights(held.versions, wanted) else None)
            read = _Held(wanted, seen, thing)
            now = connection.scalar(VERSIONS)
            if now is not None and _of_source(now, source) == wanted:
                self.held[source] = read
            return read


_grounds: OrderedDict[Any, _Kept] = OrderedDict()
_lock = Lock()


class Ground:
    """The rows of one viewer (None: the operator, who sees all) on one day, `today`, for one question."""

    def __init__(self, viewer: Viewer | None, today: dt.date, versions: Versions | None, kept: _Kept):
        self.viewer = viewer
        self.today = today
        self._versions = versions
        self._kept = kept
        # A question is answered from the same rows throughout.
        self._mine: dict[Source[Any], _Held] = {}

    @classmethod
    def of(cls, connection: Connection) -> Ground:
        """What the viewer of the transaction may see now, from what is kept from before where that is the same."""
        viewer = acting_viewer(connection)
        today = cast(dt.date, connection.scalar(select(func.today())))
        versions = connection.scalar(VERSIONS)
        if versions is None:
            return cls(viewer, today, None, _Kept())
        rights = None if viewer is None else (viewer.name, tuple(sorted(viewer.rights.items())))
        # Not by the server: what was read of a standby serves the others too.
        key = (versions[DATABASE], rights, today)
        with _lock:
            kept = _grounds.setdefault(key, _Kept())
            _grounds.move_to_end(key)
            while len(_grounds) > MOST_GROUNDS:
                _grounds.popitem(last=False)
        return cls(viewer, today, versions, kept)

    @property
    def answers(self) -> bool:
        """Whether the viewer sees whole incidents somewhere, which every question takes."""
        return self.viewer is None or self.viewer.has(*FULL_ROLES)

    def get(self, connection: Connection, source: Source[Thing]) -> Thing:
        """The rows of a source."""
        return cast(Thing, self._held(connection, source).thing)

    def work_out(
        self,
        connection: Connection,
        name: Any,
        sources: tuple[Source[Any], ...],
        work: Callable[[Any], Thing],
        *,
        renewable: bool = False,
    ) -> Thing:
        """What `work` makes of the rows of some sources, kept under a name as the other things lately asked for are.

        `work` is given what it made of earlier rows, where that is kept; None else. What is `renewable` is kept for
        that when the rows have changed, and must not hold them.
        """
        held = {each: self._held(connection, each) for each in sources}
        kept = self._kept
        with _lock:
            before = kept.worked_out.get(name)
            if before:
                kept.worked_out.move_to_end(name)
        if before and before.is_of(held):
            return cast(Thing, before.made)
        made = work(before.made if before else None)
        with _lock:
            kept.worked_out[name] = _Worked({each: held[each].number for each in sources}, made, renewable)
            kept.worked_out.move_to_end(name)
            for other, old in list(kept.worked_out.items()):
                if not (other == name or old.renewable or old.is_of(kept.held)):
                    del kept.worked_out[other]
            while len(kept.worked_out) > MOST_WORKED_OUT:
                kept.worked_out.popitem(last=False)
        return made

    def _held(self, connection: Connection, source: Source[Any]) -> _Held:
        if source not in self._mine:
            self._mine[source] = (
                self._kept.get(connection, source, self._versions)
                if self._versions
                else _Held((), "", source.load(connection))
            )
        return self._mine[source]


def _of_source(versions: Versions, source: Source[Any]) -> tuple[str | None, ...]:
    return tuple(versions.get(name) for name in (*ALWAYS, *source.tables))


def _same_rights(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> bool:
    return one[: len(ALWAYS)] == other[: len(ALWAYS)]


def _read(connection: Connection, source: Source[Thing], held: _Held | None) -> Thing:
    if held is None or source.refresh is None:
        return source.load(connection)
    changes = changes_since(connection, held.seen)
    ids: set[UUID | None] = set().union(*(changes.get(name, set()) for name in source.tables))
    if None in ids:
        return source.load(connection)
    return source.refresh(connection, held.thing, cast("set[UUID]", ids)) if ids else cast(Thing, held.thing)
