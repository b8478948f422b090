"""What commands share: the settings, and a database that is up and of the right schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, require_database
from geoapp.database.migrate import require_current
from geoapp.settings import Settings


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
