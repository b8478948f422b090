"""Bringing a database to the schema of this program, and the vocabularies with it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, text
from sqlalchemy.exc import DBAPIError

from geoapp.errors import DatabaseError
from layers.tables import Vocab
from layers.vocabulary import REGISTRY

# Any number will do, as long as it is always the same: it keeps two migrations from running at once.
MIGRATION_LOCK = 6_318_004


def migrate(engine: Engine, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade to `revision` in one transaction; the revisions before and after.

    Raises DatabaseError where PostGIS is missing or the database is newer than this program.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        before = current_revision(connection)
        require_known(before)
        _require_postgis(connection)
        command.upgrade(alembic_config(connection), revision)
        after = current_revision(connection)
        if after == head():
            write_vocabularies(connection)
    return before, after


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back to `revision` ("base" for none), in one transaction."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        command.downgrade(alembic_config(connection), revision)


def has_schema(engine: Engine) -> bool:
    """Whether any migration has run."""
    with engine.connect() as connection:
        return current_revision(connection) is not None


def require_current(connection: Connection) -> None:
    """Raise DatabaseError, saying what to do, unless the schema is the one this program was written for."""
    found = current_revision(connection)
    require_known(found)
    if found != head():
        raise DatabaseError("The database is older than this program. Run `geoapp db migrate`.")


def require_known(revision: str | None) -> None:
    """Raise DatabaseError where this program does not know a revision: it is of a newer one."""
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseError(
            f"The database is newer than this program (its revision {revision} is unknown here). Upgrade geoapp."
        )


def head() -> str | None:
    """The newest revision that this program knows."""
    return _scripts().get_current_head()


def current_revision(connection: Connection) -> str | None:
    """The revision that the database is at; None where there is no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here so that no file of it has to be found."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def write_vocabularies(connection: Connection) -> None:
    """Make the table of vocabularies say what the code says."""
    rows = [
        {
            "vocabulary": vocabulary.name,
            "code": code,
            "position": position,
            "label_en": label.en,
            "label_fr": label.fr,
        }
        for vocabulary in REGISTRY.values()
        for position, (code, label) in enumerate(vocabulary.labels.items())
    ]
    connection.execute(delete(Vocab))
    connection.execute(insert(Vocab), rows)


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def _require_postgis(connection: Connection) -> None:
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    except DBAPIError as error:
        raise DatabaseError(
            "PostGIS cannot be switched on in this database. Install postgresql-<version>-postgis-3 on its server,"
            " or have an administrator run: CREATE EXTENSION postgis"
        ) from error
