"""Reading from standbys: which of them answers, and what it must have replayed of the primary's log before it does.

Places in the log are bytes from its beginning (PostgreSQL's LSN as a number).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from geoapp.database.floor import Floor

# Each server is asked this often how far it is, and is out of use once it has said nothing for so long.
ASK_SECONDS, SILENT_SECONDS = 0.5, 3.0
# A standby that is further behind is not read while the primary is there: somebody's rights may have been taken away.
MOST_BEHIND_SECONDS = 5.0

# The log that a primary has made durable is what standbys may have.
STATE = text("""
    SELECT pg_is_in_recovery() AS standing_by,
           CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0')
                ELSE pg_current_wal_flush_lsn() END - pg_lsn '0/0' AS place,
           (SELECT system_identifier FROM pg_control_system())
               || '-' || (SELECT timeline_id FROM pg_control_checkpoint()) AS history""")
# What a transaction can have seen ends here: asked after it has begun.
SEEN = text("""
    SELECT CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0')
                ELSE pg_current_wal_insert_lsn() END - pg_lsn '0/0'""")

log = logging.getLogger(__name__)


def place_seen(connection: Connection) -> int:
    """The place in the log behind which the transaction has seen nothing."""
    return int(connection.scalar(SEEN) or 0)


@dataclass(frozen=True)
class Told:
    """What a server said of itself, at `at` of this process's clock; `history` names the log that `place` is in."""

    standing_by: bool
    place: int
    history: str
    at: float


class Server:
    """One server, which is asked again and again how far it is, so that no request has to."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.told: Told | None = None
        # What it said within the last MOST_BEHIND_SECONDS, and one answer from before.
        self._past: deque[Told] = deque()
        self._asked = threading.Event()
        self._ended = threading.Event()

    @property
    def away(self) -> bool:
        """Whether it does not answer."""
        told = self.told
        return told is None or time.monotonic() - told.at > SILENT_SECONDS

    @property
    def place_before(self) -> int:
        """How far it was MOST_BEHIND_SECONDS ago; 0 where that is not known."""
        past = self._past[0] if self._past else None
        return past.place if past and time.monotonic() - past.at >= MOST_BEHIND_SECONDS else 0

    def start(self) -> None:
        """Ask it from now on."""
        threading.Thread(target=self._ask_again, daemon=True).start()

    def stop(self) -> None:
        """Ask it no more."""
        self._ended.set()

    def await_answer(self, seconds: float) -> None:
        """Wait until it was asked once."""
        self._asked.wait(seconds)

    def ask(self) -> Told | None:
        """How far it is now; None where it does not answer."""
        told = None
        with suppress(SQLAlchemyError):
            began = time.monotonic()
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                row = connection.execute(STATE).one()
            told = Told(row.standing_by, int(row.place), row.history, began)
        self._note(told)
        return told

    def note_away(self) -> None:
        """It broke off while it answered: leave it alone until it says that it is there."""
        self._note(None)

    def _note(self, told: Told | None) -> None:
        if (told is None) != (self.told is None):
            log.warning("a database server %s", "does not answer" if told is None else "answers")
        self.told = told
        if told is not None:
            self._past.append(told)
            while len(self._past) > 1 and told.at - self._past[1].at >= MOST_BEHIND_SECONDS:
                self._past.popleft()
        self._asked.set()

    def _ask_again(self) -> None:
        while not self._ended.is_set():
            self.ask()
            self._ended.wait(ASK_SECONDS)


class Replicas:
    """The primary, and the standbys that are read in turn."""

    def __init__(self, primary: Engine, standbys: Sequence[Engine], floor: Floor):
        self.primary = Server(primary)
        self.standbys = [Server(each) for each in standbys]
        self.floor = floor
        self._turn = count()
        if self.standbys:
            for server in (self.primary, *self.standbys):
                server.start()
            for server in (self.primary, *self.standbys):
                server.await_answer(SILENT_SECONDS)

    def note_seen(self, place: int, history: str) -> None:
        """Somebody has seen what was written up to a place."""
        if self.standbys:
            self.floor.raise_to(place, history)

    def connect(self, own: int, *, of_primary: bool = False) -> Connection:
        """A connection that sees all that was written up to `own`, and nothing older than was seen here before.

        Of a standby where one is as far, else of the primary. Without the primary what was seen of it before it went
        may be lost: then `own` alone counts, and who has written more has to wait for it.
        """
        if not of_primary:
            found = self._of_standby(own, floor=True)
            if found is None and self.standbys and self.primary.away:
                found = self._of_standby(own, floor=False)
            if found is not None:
                return found
        return self.primary.engine.connect()

    def server_of(self, connection: Connection) -> Server | None:
        """The standby that a connection is of; None for the primary."""
        return next((each for each in self.standbys if each.engine is connection.engine), None)

    def close(self) -> None:
        """Ask nobody any more."""
        for server in (self.primary, *self.standbys):
            server.stop()
            server.engine.dispose()

    def _of_standby(self, own: int, *, floor: bool) -> Connection | None:
        first = next(self._turn)
        for number in range(len(self.standbys)):
            standby = self.standbys[(first + number) % len(self.standbys)]
            told = standby.told
            if told is None or standby.away or not self._serves(told):
                continue
            if told.place < max(own, self.floor.place_in(told.history) if floor else 0):
                # It may have come further since it was asked, and is mostly just about to.
                told = standby.ask()
                if told is None or told.place < max(own, self.floor.place_in(told.history) if floor else 0):
                    continue
            try:
                return standby.engine.connect()
            except NoConnectionError:
                # All of its connections are busy, which says nothing of the server.
                continue
            except SQLAlchemyError:
                standby.note_away()
        return None

    def _serves(self, told: Told) -> bool:
        if not told.standing_by:
            return False
        primary = self.primary.told
        if primary is None or self.primary.away:
            return True
        return told.history == primary.history and told.place >= self.primary.place_before
