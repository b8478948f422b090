"""Backups: the whole database at one moment, with the key of its audit and the settings, in one encrypted file."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import IsolationLevel
from sqlalchemy.engine import URL, make_url

from geoapp import __version__
from geoapp.database import binaries
from geoapp.database.archive import (
    AUDIT_KEY,
    DUMP,
    FORMAT,
    SETTINGS,
    Manifest,
    create_private,
    write_archive,
    write_manifest,
)
from geoapp.database.audit_key import audit_key
from geoapp.database.backup_key import recipient
from geoapp.database.checksums import checksums
from geoapp.database.engine import database_url
from geoapp.errors import BackupError
from geoapp.settings import PREFIX, Settings

NAME = "geoapp-{:%Y%m%d-%H%M%S}.backup.age"
PATTERN = "geoapp-????????-??????.backup.age"
# What belongs to one machine, or is a secret that is in the archive already or opens it.
NOT_KEPT = ("GEOAPP_DATABASE", "GEOAPP_READ_URLS", "GEOAPP_WEB_DATABASE", "GEOAPP_AUDIT_KEY", "GEOAPP_BACKUP_KEY")

Say = Callable[[str], object]


def make_backup(
    settings: Settings, path: Path, environment: Mapping[str, str], say: Say, files: Path | None = None
) -> Manifest:
    """Write the database, as it is at this moment, to a new file; what it says of itself. Nobody has to stop meanwhile.

    `files` is the folder of what people brought, which goes along.

    Raises BackupError, and then leaves no file.
    """
    key = recipient(settings)
    with working_folder(settings) as folder:
        say("Dumping the database.")
        manifest = _dump(settings, folder / DUMP)
        write_manifest(manifest, folder)
        _keep(folder / AUDIT_KEY, audit_key(settings).decode())
        kept = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
        _keep(
            folder / SETTINGS,
            "".join(f"{name}={text}\n" for name, text in sorted(kept.items()) if not name.startswith(NOT_KEPT)),
        )
        say("Encrypting.")
        write_archive(folder, path, [key], files)
    return manifest


def expire(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups that geoapp has named in a folder; the deleted ones."""
    old = sorted(folder.glob(PATTERN), reverse=True)[keep:]
    for each in old:
        each.unlink()
    return old


def new_name() -> str:
    """The name of a backup made now: names sort by time."""
    return NAME.format(datetime.now(UTC))


@contextmanager
def working_folder(settings: Settings) -> Iterator[Path]:
    """A folder that nobody else may enter, on the disk that holds the database as it is; gone afterwards.

    Raises BackupError where it cannot be made.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=settings.home) as made:
            yield Path(made)
    except OSError as error:
        raise BackupError(f"{settings.home} cannot be written: {error.strerror}. Nothing was kept.") from error


def run_program(name: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database. Raises BackupError with the first thing that it complains of."""
    major = _server_major(url)
    installed = binaries.installed()
    # An older program refuses a newer server.
    chosen = next((each for each in reversed(installed) if each.major >= major), None)
    if chosen is None or not Path(chosen.program(name)).is_file():
        raise BackupError(
            f"The server is PostgreSQL {major}. Install its programs: apt-get install postgresql-client-{major}"
        )
    done = subprocess.run(
        [chosen.program(name), *arguments, *_connection_words(url)],
        env=os.environ | ({"PGPASSWORD": url.password} if url.password else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{name} gave up: {_complaint(done.stderr)}")


def connect(url: URL) -> psycopg.Connection:
    """A connection of the operator, outside the pool. Raises BackupError where there is no answer."""
    try:
        return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    except psycopg.OperationalError as error:
        raise BackupError(f"The database did not answer: {str(error).strip().splitlines()[0]}") from None


def _dump(settings: Settings, path: Path) -> Manifest:
    url = make_url(database_url(settings))
    with connect(url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        moment = connection.execute("SELECT now(), pg_export_snapshot(), current_setting('server_version')").fetchone()
        schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert moment is not None  # noqa: S101 - such a question has one row.
        assert schema is not None  # noqa: S101 - the command asks for a current schema.
        made_at, snapshot, version = moment
        try:
            tables = checksums(connection)
        except psycopg.errors.InsufficientPrivilege:
            raise BackupError(
                "This role does not see all rows, so a backup would miss some. Give it BYPASSRLS:"
                f" ALTER ROLE {url.username} BYPASSRLS"
            ) from None
        # Of the same moment as the checksums, which this transaction holds open.
        run_program("pg_dump", url, "--format=custom", f"--snapshot={snapshot}", f"--file={path}")
    return Manifest(FORMAT, __version__, schema[0], version, made_at.astimezone(UTC).isoformat(), tables)


def _server_major(url: URL) -> int:
    with connect(url) as connection:
        return connection.info.server_version // 10_000


def _connection_words(url: URL) -> list[str]:
    host = url.query.get("host") or url.host
    words = {"--host": host, "--port": url.port, "--username": url.username, "--dbname": url.database}
    return ["--no-password", *(f"{name}={value}" for name, value in words.items() if value)]


def _complaint(said: str) -> str:
    """The line that says what is wrong: the details after it could quote a row."""
    lines = (
        [line for line in said.splitlines() if "error" in line.casefold()] or said.splitlines() or ["no reason given"]
    )
    return lines[0].strip()


def _keep(path: Path, said: str) -> None:
    with create_private(path) as file:
        file.write(said.encode())
