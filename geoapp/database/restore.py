"""Putting a backup back: first beside the database, then compared with what it said, then in its place at once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from geoapp.database import audit_key as audit_keys
from geoapp.database import migrate
from geoapp.database.archive import AUDIT_KEY, DUMP, FILES, SETTINGS, Manifest, create_private, read_archive
from geoapp.database.audit_key import audit_key
from geoapp.database.backup import Say, connect, run_program, working_folder
from geoapp.database.backup_key import identity
from geoapp.database.checksums import checksums, differences
from geoapp.database.cluster import WEB_ROLE
from geoapp.database.engine import database_url
from geoapp.errors import BackupError
from geoapp.settings import Settings

# Names of databases beside the one that is worked with: a backup on its way in, and what was there before.
COMING, GOING = "{}_restoring", "{}_before_restore"
RESTORED_SETTINGS = "restored-settings.env"
# Whoever kept rows by the old log of changes has to read all anew.
FORGET_CHANGES = """
DO $$
DECLARE
    name text;
    names CONSTANT text[] := ARRAY(SELECT DISTINCT table_name FROM change_log);
BEGIN
    TRUNCATE change_log;
    FOREACH name IN ARRAY names LOOP
        PERFORM log_change(name, NULL);
    END LOOP;
END $$
"""


def verify_backup(settings: Settings, path: Path, say: Say) -> Manifest:
    """Restore a backup into a database of its own and compare that with what the backup says; what it says of itself.

    Raises BackupError where it cannot be read, or differs.
    """
    with working_folder(settings) as folder:
        say("Reading the backup.")
        manifest = read_archive(path, folder, identity(settings))
        _require_whole_files(folder)
        with _restored(make_url(database_url(settings)), folder, manifest, say):
            return manifest


def restore_backup(settings: Settings, path: Path, overwrite: bool, say: Say, files: Path | None = None) -> Manifest:
    """Put a backup in the place of the database; what it says of itself. All of it, or nothing is changed.

    `files` is the folder to which what people brought goes back.

    Raises BackupError where the backup cannot be read or differs from what it says, where there is data and `overwrite`
    is false, and where somebody is connected.
    """
    url = make_url(database_url(settings))
    _require_free(url, overwrite)
    with working_folder(settings) as folder:
        say("Reading the backup.")
        manifest = read_archive(path, folder, identity(settings))
        _require_whole_files(folder)
        with _restored(url, folder, manifest, say) as coming:
            with connect(coming) as connection:
                connection.execute(FORGET_CHANGES)
            _put_in_place(url)
        _put_files_back(settings, folder, say)
        if files is not None:
            _put_brought_back(folder / FILES, files, say)
    return manifest


@contextmanager
def _restored(url: URL, folder: Path, manifest: Manifest, say: Say) -> Iterator[URL]:
    """A database beside the one of `url` that holds what was backed up; gone afterwards, unless it was renamed."""
    migrate.require_known(manifest.schema)
    coming = url.set(database=COMING.format(url.database))
    name = sql.Identifier(str(coming.database))
    with _server(url) as server:
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        except psycopg.errors.InsufficientPrivilege:
            raise BackupError(f"This role may not make a database: ALTER ROLE {url.username} CREATEDB") from None
        try:
            # Rights are granted to it, and a new server does not have it yet.
            if not server.execute("SELECT FROM pg_roles WHERE rolname = %s", (WEB_ROLE,)).rowcount:
                server.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS").format(
                        sql.Identifier(WEB_ROLE)
                    )
                )
            say(f"Restoring {manifest.rows:,} rows of {manifest.made_at[:16].replace('T', ' ')} UTC.")
            run_program("pg_restore", coming, "--no-owner", "--exit-on-error", str(folder / DUMP))
            say("Comparing.")
            with connect(coming) as connection:
                wrong = differences(checksums(connection), manifest.tables)
            if wrong:
                raise BackupError(
                    f"What was restored is not what was backed up, in {', '.join(wrong)}. Nothing was changed."
                    " Use an older backup."
                )
            yield coming
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


def _require_free(url: URL, overwrite: bool) -> None:
    with connect(url) as connection:
        has_data = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()
    if has_data and has_data[0] and not overwrite:
        raise BackupError(
            "There is a database of geoapp here already, so nothing was changed. To put the backup in its place, and"
            " lose what was written since, say --overwrite."
        )
    if others and others[0]:
        raise BackupError(
            f"{others[0]} connections to the database are open, so nothing was changed. Stop geoapp first, on every"
            " machine that works on it."
        )


def _put_in_place(url: URL) -> None:
    now, coming, going = (sql.Identifier(name.format(url.database)) for name in ("{}", COMING, GOING))
    with _server(url) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(going))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        # Together, so that there is always one of that name.
        try:
            with server.transaction():
                server.execute(rename.format(now, going))
                server.execute(rename.format(coming, now))
        except psycopg.errors.ObjectInUse:
            raise BackupError("Somebody connected meanwhile, so nothing was changed. Stop geoapp first.") from None
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(going))


def _put_files_back(settings: Settings, folder: Path, say: Say) -> None:
    """The key of the audit, without which it cannot be checked; and the settings, beside those of now."""
    key = (folder / AUDIT_KEY).read_text().strip()
    if settings.audit_key and settings.audit_key != key:
        say("GEOAPP_AUDIT_KEY is not the key that this database was written with: `geoapp audit verify` will say so.")
    elif not settings.audit_key and audit_key(settings).decode() != key:
        path = settings.home / audit_keys.FILE
        kept = path.rename(path.with_name(f"{path.name}.until-{datetime.now(UTC):%Y%m%d-%H%M%S}"))
        _write(path, f"{key}\n")
        say(f"The audit's key is that of the backup again; the one of until now is kept in {kept}.")
    if said := (folder / SETTINGS).read_text():
        _write(settings.home / RESTORED_SETTINGS, said)
        say(f"The settings of that time are in {settings.home / RESTORED_SETTINGS}.")


def _require_whole_files(folder: Path) -> None:
    for path in (folder / FILES).glob("??/*"):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                raise BackupError(
                    "A file that somebody brought is not what was backed up. Nothing was changed. Use an older backup."
                )


def _put_brought_back(kept: Path, files: Path, say: Say) -> None:
    """What people brought, where it is not still there; whose it is follows from the folder it goes to."""
    back = 0
    for path in sorted(kept.glob("??/*")):
        target = files / path.parent.name / path.name
        if target.exists():
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, target.with_suffix(".part"))
        target.with_suffix(".part").chmod(0o600)
        target.with_suffix(".part").rename(target)
        back += 1
    if back:
        say(f"{back} files that people brought are back.")


def _write(path: Path, said: str) -> None:
    path.unlink(missing_ok=True)
    with create_private(path) as file:
        file.write(said.encode())


@contextmanager
def _server(url: URL) -> Iterator[psycopg.Connection]:
    """A connection to the server, outside any database of geoapp and outside transactions."""
    with connect(url.set(database="postgres")) as connection:
        connection.autocommit = True
        yield connection
