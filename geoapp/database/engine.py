"""Connections: one engine a process, with the session settings that every transaction relies on."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from geoapp.database.cluster import Cluster
from geoapp.errors import DatabaseError
from geoapp.settings import Settings

APPLICATION = "geoapp"


def database_url(settings: Settings) -> str:
    """The address of the database: the one that was set, else that of the embedded cluster."""
    return settings.database_url or Cluster(settings.home).url


def open_engine(settings: Settings) -> Engine:
    """An engine for `settings`; sessions are in UTC, and know the day's time zone as `geoapp.time_zone`."""
    options = f"-c timezone=UTC -c geoapp.time_zone={settings.time_zone}"
    return create_engine(
        database_url(settings),
        connect_args={"options": options, "application_name": APPLICATION, "connect_timeout": 10},
        # A value that a statement failed on could be a name, and errors go to the log.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
    )


def require_database(engine: Engine) -> None:
    """Raise DatabaseError, saying what to do, where the database cannot be reached."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseError(
            f"The database cannot be reached: {reason}\nStart it with `geoapp db up`, or check GEOAPP_DATABASE_URL."
        ) from error
