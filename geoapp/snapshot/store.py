"""The snapshots of a process: filled through a viewer's transaction, shared by those of the same rights."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import cast
from uuid import UUID

from sqlalchemy import Connection

from geoapp.snapshot.changes import DATABASE, RIGHTS, Reading, Scope, changes_since, named, rights_in_use
from geoapp.snapshot.file import Folder
from geoapp.snapshot.rows import read_rows
from geoapp.snapshot.snapshot import TABLES, Base, Snapshot

# How many scopes a process keeps, and how many changed incidents beside the shared rows of one.
MOST_SCOPES = 6
MOST_CHANGES = 2_000
# The folder of their files under GEOAPP_HOME.
SNAPSHOTS = "snapshots"


class Store:
    """Snapshots by scope; `home` is where their files are, None to keep them in this process alone."""

    def __init__(self, home: Path | None):
        self._home = home
        self._folder: Folder | None = None
        self._database: str | None = None
        self._held: OrderedDict[Scope, Snapshot] = OrderedDict()
        self._locks: dict[Scope, Lock] = {}
        self._lock = Lock()
        self._rights: object = None

    def read(self, connection: Connection, reading: Reading) -> Snapshot:
        """What the viewer of a REPEATABLE READ transaction sees, as of the transaction or of a later one."""
        self._open(reading)
        scope = reading.scope
        with self._lock_of(scope):
            held = self._held.get(scope)
            current = self._updated(connection, reading, held) if held else None
            if current is None:
                current = self._shared(connection, reading)
            self._hold(scope, current)
            return current

    def keep_rights(self, connection: Connection, reading: Reading) -> None:
        """Where anybody's rights have changed, forget what nobody may see any more."""
        self._open(reading)
        rights = tuple(reading.versions.get(name) for name in RIGHTS)
        if rights == self._rights:
            return
        used = rights_in_use(connection)
        names = {f"{named(held)}-{named(person) if person else 'all'}-{reading.scope.day}" for held, person in used}
        with self._lock:
            for scope in [scope for scope in self._held if scope.name not in names]:
                del self._held[scope]
        if self._folder:
            with suppress(OSError):
                self._folder.keep(names.__contains__)
        self._rights = rights

    def _open(self, reading: Reading) -> None:
        """Turn to the files of the database that is read, whichever it was before."""
        database = reading.versions[DATABASE]
        with self._lock:
            if database == self._database:
                return
            self._held.clear()
            self._folder = None
            if self._home:
                with suppress(OSError):
                    self._folder = Folder(self._home / named(database))
            self._database = database

    @contextmanager
    def _lock_of(self, scope: Scope) -> Iterator[None]:
        with self._lock:
            lock = self._locks.setdefault(scope, Lock())
        with lock:
            yield

    def _hold(self, scope: Scope, snapshot: Snapshot) -> None:
        with self._lock:
            self._held[scope] = snapshot
            self._held.move_to_end(scope)
            while len(self._held) > MOST_SCOPES:
                gone, _ = self._held.popitem(last=False)
                self._locks.pop(gone, None)

    def _shared(self, connection: Connection, reading: Reading) -> Snapshot:
        """What another process has made, brought up to date, or else a new one."""
        name = reading.scope.name
        with self._folder.locked(name) if self._folder else nullcontext():
            found = self._folder.read(name) if self._folder else None
            current = self._updated(connection, reading, found) if found else None
            if current is None:
                read = read_rows(connection)
                made = Snapshot(
                    Base.of(read.columns), read.unit_sets, read.sources, reading.snapshot, _versions(reading)
                )
                current = self._written(name, made)
            return current

    def _written(self, name: str, snapshot: Snapshot) -> Snapshot:
        written = self._folder.write(name, snapshot) if self._folder else None
        return written or snapshot

    def _updated(self, connection: Connection, reading: Reading, held: Snapshot) -> Snapshot | None:
        """A snapshot with what has changed since; None where all of it has to be read again."""
        if held.versions == _versions(reading):
            return held
        changes = changes_since(connection, held.seen)
        ids = set().union(*(changes.get(name, set()) for name in TABLES))
        if None in ids:
            return None
        if not ids:
            return held
        changed = cast("set[UUID]", ids)
        read = read_rows(connection, list(changed), held.unit_sets, held.sources)
        updated = held.changed(changed, read, reading.snapshot, _versions(reading))
        if len(updated.removed) + len(updated.added or ()) > MOST_CHANGES:
            return self._written(reading.scope.name, updated.folded())
        return updated


def _versions(reading: Reading) -> dict[str, str | None]:
    return {name: reading.versions.get(name) for name in TABLES}


def default_home(home: Path) -> Path | None:
    """The folder for snapshots under GEOAPP_HOME; None where this process may not write there."""
    return home / SNAPSHOTS if os.access(home, os.W_OK) else None
