"""What commands share: the settings, and a database that is up and of the right schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection, Engine

from geoapp.access.acting import acting_engine
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, require_database
from geoapp.database.migrate import require_current
from geoapp.errors import GeoappError, ImportRefusedError
from geoapp.settings import Settings
from layers.text import typeset

USER_OPTION = click.option("--user", metavar="NAME", help="Work with the rights of that person, not the operator's.")


@contextmanager
def running_database(settings: Settings) -> Iterator[Engine]:
    """An engine for the database, whose embedded cluster is started for the time of the command if it must be."""
    cluster = None if settings.database_url else Cluster(settings.home)
    started = cluster.up() if cluster else False
    engine = open_engine(settings)
    try:
        require_database(engine)
        yield engine
    finally:
        engine.dispose()
        if cluster and started:
            cluster.down()


@contextmanager
def current_database(settings: Settings) -> Iterator[Engine]:
    """The same, refusing a database whose schema is not this program's."""
    with running_database(settings) as engine:
        with engine.connect() as connection:
            require_current(connection)
        yield engine


@contextmanager
def acting_database(settings: Settings, user: str | None) -> Iterator[Engine]:
    """The same with the rights of `user`, each of whose transactions has them as its viewer; the operator's for None.

    NotFoundError where there is no such person, or they are disabled.
    """
    with current_database(settings) as engine:
        if user is None:
            yield engine
            return
        with acting_engine(settings, user) as acting:
            yield acting


@contextmanager
def transaction(user: str | None = None) -> Iterator[Connection]:
    """A transaction on the environment's database, with the rights of `user`; the operator's for None."""
    with acting_database(Settings.from_environment(), user) as engine, engine.begin() as connection:
        yield connection


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Refusals of the import inside are shown in `language`."""
    try:
        yield
    except ImportRefusedError as refusal:
        raise GeoappError(typeset(refusal.said.in_language(language), language)) from None
