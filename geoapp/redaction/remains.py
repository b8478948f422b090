"""What remains of a text after its row was changed: old versions of rows in the database's files, statistics, logs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geoapp.errors import RedactionError
from geoapp.settings import Settings
from geoapp.snapshot.store import SNAPSHOTS

WAIT_SECONDS = 60
# What is shorter stands in logs by chance.
SHORTEST_LINE = 4
# Sessions of this database, and copies of it, that may still read rows as they were before a transaction.
OLDER = text("""
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND age(backend_xmin) >= age((:transaction % 4294967296)::text::xid))
        OR EXISTS (SELECT FROM pg_replication_slots WHERE age(xmin) >= age((:transaction % 4294967296)::text::xid))
        OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())
""")


def write_anew(engine: Engine, tables: Iterable[str], transaction: int) -> list[str]:
    """Write tables, their indexes and what the planner remembers of them anew, without rows that are no more.

    Readers and writers of a table wait meanwhile. What could not be done is said, a line each. Raises RedactionError
    where a transaction that began before `transaction` ended keeps the old rows alive.
    """
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    said = []
    with autocommit.connect() as connection:
        end = time.monotonic() + WAIT_SECONDS
        while connection.scalar(OLDER, {"transaction": transaction}):
            if time.monotonic() > end:
                raise RedactionError(
                    "The text is out of the rows. But a transaction that began before still holds on to the old ones,"
                    " so they stay in the database's files: end it (see pg_stat_activity), and run this again."
                )
            time.sleep(0.2)
        cursor = connection.connection.cursor()
        for table in sorted(tables):
            cursor.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)))
        for statement, what in (
            ("VACUUM FULL pg_catalog.pg_statistic", "The planner's old statistics stay until they are vacuumed"),
            ("CHECKPOINT", "Old files are removed at the server's next checkpoint"),
        ):
            try:
                connection.execute(text(statement))
            except (ProgrammingError, DBAPIError):
                said.append(f"{what}: the owner of the database may not run {statement}. Have its superuser do it.")
    return said


def forget_snapshots(settings: Settings) -> None:
    """Remove the snapshots of incidents that server processes share; they make new ones when they are next asked."""
    for path in (settings.home / SNAPSHOTS).rglob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def blot_out_of_logs(settings: Settings, texts: Iterable[str]) -> int:
    """Write over texts in the logs of `GEOAPP_HOME`, byte by byte, since a server may be writing them; how often.

    A log breaks a text where its lines end. Raises RedactionError where a log cannot be written.
    """
    sought = [line.strip() for words in texts for line in words.splitlines()]
    found = 0
    for path in sorted(settings.home.glob("*.log*")):
        try:
            found += sum(_blot_out(path, line.encode()) for line in sought if len(line) >= SHORTEST_LINE)
        except OSError as error:
            raise RedactionError(
                f"The text is out of the database. But {path} cannot be written: {error.strerror}. Look for the text"
                " in it as the account that owns it."
            ) from error
    return found


def _blot_out(path: Path, sought: bytes) -> int:
    content = path.read_bytes()
    place = content.find(sought)
    if place < 0:
        return 0
    found = 0
    with path.open("r+b") as file:
        while place >= 0:
            file.seek(place)
            file.write(b"x" * len(sought))
            found += 1
            place = content.find(sought, place + len(sought))
    return found
