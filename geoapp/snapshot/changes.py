"""What a viewer's answer depends on: their rights, the day, and the versions of the tables, by the log of changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from geoapp import __version__
from layers.weights import written

# A standby takes all transactions after the oldest that runs for ended, be they or not: what came before that counts as
# seen. With the history of the server's log, at once after a promotion too, and the place in it behind which nothing
# was seen.
START = text("""
    SELECT viewer, rights, handles_sealed, day,
           CASE WHEN pg_is_in_recovery() THEN concat(pg_snapshot_xmin(seen), ':', pg_snapshot_xmin(seen), ':')
                ELSE seen::text END AS snapshot,
           versions,
           CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
                ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer END AS timeline,
           (SELECT system_identifier FROM pg_control_system())
               || '-' || (SELECT timeline_id FROM pg_control_checkpoint()) AS history,
           CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0')
                ELSE pg_current_wal_insert_lsn() END - pg_lsn '0/0' AS place
      FROM start_reading(:session, :token, :on_loopback, CAST(:seen AS pg_snapshot)),
           pg_current_snapshot() AS own (seen)
""")
SNAPSHOT = text("""
    SELECT CASE WHEN pg_is_in_recovery() THEN concat(pg_snapshot_xmin(seen), ':', pg_snapshot_xmin(seen), ':')
                ELSE seen::text END
      FROM pg_current_snapshot() AS own (seen)""")
CHANGES = text("SELECT table_name, row_id FROM changes_since(CAST(:seen AS pg_snapshot))")
IN_USE = text("SELECT user_name, rights FROM rights_in_use()")
# Under this name the versions say which database they are of.
DATABASE = ""
# Who may see which row hangs on these too.
RIGHTS = ("app_user", "user_scope", "admin_unit_origin")


@dataclass(frozen=True)
class Scope:
    """What viewers of the same rights on the same day share; of a handler of sealed incidents it is theirs alone."""

    rights: str
    person: str | None
    day: str

    @property
    def name(self) -> str:
        """A name for files, which tells nothing of whose it is."""
        return f"{named(self.rights)}-{named(self.person) if self.person else 'all'}-{self.day}"


def named(words: str) -> str:
    """A word that stands for others."""
    return sha256(words.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Reading:
    """A transaction that reads: its viewer's scope, the versions of the tables, and the snapshot that it reads.

    `place` is where in the log of the server, of a `history`, all ends that it can have seen; `changed` whether the
    versions are others than those that the server had told before.
    """

    viewer: str
    scope: Scope
    snapshot: str
    versions: Mapping[str, str]
    place: int = 0
    history: str = ""
    changed: bool = False

    def version_of(self, tables: Iterable[str]) -> str:
        """One word for all that an answer from these tables depends on, but for what was asked."""
        return self._version("\n".join([self.scope.rights, self.scope.person or ""]), tables)

    def shared_version_of(self, tables: Iterable[str]) -> str:
        """The same for tables that everybody sees whole: it is one for all viewers."""
        return self._version("everybody", tables)

    def _version(self, who: str, tables: Iterable[str]) -> str:
        parts = [self.versions[DATABASE], __version__, who, self.scope.day]
        return named("\n".join([*parts, *(f"{name} {self.versions.get(name)}" for name in tables)]))


class Watch:
    """The versions of a server's tables as this process last saw them, so that mostly one short question is enough."""

    def __init__(self) -> None:
        self._last: tuple[str | None, Mapping[str, str], int] = (None, {}, 0)

    def start(
        self, connection: Connection, *, session: str | None = None, token: str | None = None, on_loopback: bool = False
    ) -> Reading | None:
        """Name the transaction's viewer, as its first statement, and say what they read.

        They are told by the hash of a session's secret or of an API token; without either it is the public. None for a
        token that does not hold.
        """
        # What was seen before the statement began is in what the statement sees.
        seen, versions, timeline = self._last
        given = {"session": session, "token": token, "on_loopback": on_loopback, "seen": seen}
        row = connection.execute(START, given).one_or_none()
        if row is not None and row.timeline != timeline and row.versions is None:
            # In the history of a server that was promoted, the numbers of transactions are others'.
            row = connection.execute(START, {**given, "seen": None}).one_or_none()
        if row is None:
            return None
        changed = False
        if row.versions is not None:
            # Other weights make other columns, as another database would, or another history of this one.
            database = f"{row.versions[DATABASE]}-{row.timeline}-{written(connection)}"
            told = {**row.versions, DATABASE: database}
            changed, versions = told != versions, told
            self._last = (row.snapshot, versions, row.timeline)
        scope = Scope(row.rights or "", row.viewer if row.handles_sealed else None, row.day.isoformat())
        return Reading(
            row.viewer, scope, row.snapshot, versions, place=int(row.place), history=row.history, changed=changed
        )


def changes_since(connection: Connection, seen: str) -> dict[str, set[UUID | None]]:
    """What the transaction sees and `seen` did not, by table: the incidents concerned; None for all of them."""
    found: dict[str, set[UUID | None]] = {}
    for name, key in connection.execute(CHANGES, {"seen": seen}).all():
        found.setdefault(name, set()).add(key)
    return found


def rights_in_use(connection: Connection) -> set[tuple[str, str | None]]:
    """The rights that anybody has, alone and with the name of who has them; those of the public too."""
    rows: Any = connection.execute(IN_USE).all()
    return {("", None)} | {(row.rights, None) for row in rows} | {(row.rights, row.user_name) for row in rows}
