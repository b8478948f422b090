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

# Which transactions one sees. As long as it stays the same, word for word, none has ended that could have changed a
# row: whatever writes has a number, and the highest that has ended is part of it. One's own changes are not; so nothing
# that a writing transaction sees is kept.
SNAPSHOT = text("SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN pg_current_snapshot()::text END")
MOST_GROUNDS = 4

_grounds: OrderedDict[Any, Ground] = OrderedDict()
_lock = Lock()


class Ground:
    """The rows of one viewer (None: the operator, who sees all) on one day, `today`."""

    def __init__(self, viewer: Viewer | None, today: dt.date, snapshot: str | None):
        self.viewer = viewer
        self.today = today
        self.snapshot = snapshot
        self._kept: dict[Any, Any] = {}

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
        """What `load` reads, from before where it was read before."""
        return self.work_out(connection, load, lambda: load(connection))

    def work_out(self, connection: Connection, name: Any, work: Callable[[], Thing]) -> Thing:
        """What `work` makes of the rows, kept under a name; not kept where rows changed meanwhile."""
        if name not in self._kept:
            made = work()
            if connection.scalar(SNAPSHOT) != self.snapshot:
                return made
            self._kept[name] = made
        return cast(Thing, self._kept[name])
