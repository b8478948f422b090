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

START = text("SELECT * FROM start_reading(:session, :token, :on_loopback, CAST(:seen AS pg_snapshot))")
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
    """A transaction that reads: its viewer's scope, the versions of the tables, and the snapshot that it reads."""

    viewer: str
    scope: Scope
    snapshot: str
    versions: Mapping[str, str]

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
    """The versions of the tables as this process last saw them, so that mostly one short question is enough."""

    def __init__(self) -> None:
        self._last: tuple[str | None, Mapping[str, str]] = (None, {})

    def start(
        self, connection: Connection, *, session: str | None = None, token: str | None = None, on_loopback: bool = False
    ) -> Reading | None:
        """Name the transaction's viewer, as its first statement, and say what they read.

        They are told by the hash of a session's secret or of an API token; without either it is the public. None for a
        token that does not hold.
        """
        # What was seen before the statement began is in what the statement sees.
        seen, versions = self._last
        given = {"session": session, "token": token, "on_loopback": on_loopback, "seen": seen}
        row = connection.execute(START, given).one_or_none()
        if row is None:
            return None
        if row.versions is not None:
            # Other weights make other columns, as another database would.
            versions = {**row.versions, DATABASE: f"{row.versions[DATABASE]}-{written(connection)}"}
            self._last = (row.snapshot, versions)
        scope = Scope(row.rights or "", row.viewer if row.handles_sealed else None, row.day.isoformat())
        return Reading(row.viewer, scope, row.snapshot, versions)


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
