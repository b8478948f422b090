"""What viewers would read, as they were told a moment ago: a map asks for many tiles at once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from time import monotonic

from geoapp.database.commits import Commits
from geoapp.snapshot.changes import Reading

# Commits of other machines, and of programs that are not geoapp's, are seen after this long.
SECONDS = 0.3
MOST = 1_000

# The hash of a session or of a token, if any, whether the request comes from this machine, how far its browser wrote.
Asker = tuple[str | None, str | None, bool, int]


class Looks:
    """Readings by who asked; none is older than SECONDS, or than the last commit of a geoapp process here."""

    def __init__(self, commits: Commits):
        self._commits = commits
        self._found: OrderedDict[Asker, tuple[Reading, bytes, float]] = OrderedDict()
        self._lock = Lock()

    def mark(self) -> bytes | None:
        """What to hand to `put`: the last commit, as it is before the database is asked."""
        return self._commits.mark

    def get(self, asker: Asker) -> Reading | None:
        """What the asker would read, if it is known."""
        with self._lock:
            found = self._found.get(asker)
        if found is None:
            return None
        reading, mark, since = found
        return reading if mark == self._commits.mark and monotonic() - since < SECONDS else None

    def put(self, asker: Asker, reading: Reading, mark: bytes | None, since: float) -> None:
        """Keep what the database answered when it was asked at `since`."""
        if mark is None:
            return
        with self._lock:
            self._found[asker] = (reading, mark, since)
            self._found.move_to_end(asker)
            while len(self._found) > MOST:
                self._found.popitem(last=False)
