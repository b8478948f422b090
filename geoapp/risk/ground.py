"""What one viewer may see at one moment, loaded when a question first needs it and kept while nothing has changed."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, func, select, text

from geoapp.access.viewer import FULL_ROLES, Viewer, acting_viewer

Thing = TypeVar("Thing")

# The versions of the tables, by the log of changes: as long as they stay the same, no transaction that changed a row of
# them has ended. Nothing that a writing transaction sees is kept, since its own changes are among them.
SNAPSHOT = text("SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN table_versions()::text END")
MOST_GROUNDS = 4
# What is worked out for one day and filter; what is read from the database is kept beside it.
MOST_WORKED_OUT = 12

_grounds: OrderedDict[Any, Ground] = OrderedDict()
_lock = Lock()


class Ground:
    """The rows of one viewer (None: the operator, who sees all) on one day, `today`."""

    def __init__(self, viewer: Viewer | None, today: dt.date, snapshot: str | None):
        self.viewer = viewer
        self.today = today
        self.snapshot = snapshot
        self._read: dict[Callable[[Connection], Any], Any] = {}
        self._worked_out: OrderedDict[Any, Any] = OrderedDict()

    @classmethod
    def of(cls, connection: Connection) -> Ground:
        """What the viewer of the transaction may see now; the one kept from before where nothing has changed."""
        viewer = acting_viewer(connection)
        today = cast(dt.date, connection.scalar(select(func.today())))
        snapshot = connection.scalar(SNAPSHOT)
        if snapshot is None:
            return cls(viewer, today, None)
        rights = None if viewer is None else (viewer.name, tuple(sorted(viewer.rights.items())))
        key = (str(connection.engine.url), rights, today)
        with _lock:
            kept = _grounds.get(key)
            if kept is None or kept.snapshot != snapshot:
                kept = _grounds[key] = cls(viewer, today, snapshot)
            _grounds.move_to_end(key)
            while len(_grounds) > MOST_GROUNDS:
                _grounds.popitem(last=False)
        return kept

    @property
    def answers(self) -> bool:
        """Whether the viewer sees whole incidents somewhere, which every question takes."""
        return self.viewer is None or self.viewer.has(*FULL_ROLES)

    def get(self, connection: Connection, load: Callable[[Connection], Thing]) -> Thing:
        """What `load` reads, from before where it was read before; not kept where rows changed meanwhile."""
        if load not in self._read:
            made = load(connection)
            if connection.scalar(SNAPSHOT) != self.snapshot:
                return made
            self._read[load] = made
        return cast(Thing, self._read[load])

    def work_out(self, connection: Connection, name: Any, work: Callable[[], Thing]) -> Thing:
        """What `work` makes of the rows, kept under a name as the other things lately asked for are."""
        with _lock:
            if name in self._worked_out:
                self._worked_out.move_to_end(name)
                return cast(Thing, self._worked_out[name])
        made = work()
        if connection.scalar(SNAPSHOT) == self.snapshot:
            with _lock:
                self._worked_out[name] = made
                while len(self._worked_out) > MOST_WORKED_OUT:
                    self._worked_out.popitem(last=False)
        return made
