"""Connections with the rights of the person whose work is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from geoapp.access.viewer import require_person, set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings


@contextmanager
def acting_engine(settings: Settings, name: str) -> Iterator[Engine]:
    """An engine whose every transaction has a person as its viewer; NotFoundError where they are disabled or gone."""
    engine = open_web_engine(settings, plans_kept=True)

    @event.listens_for(engine, "begin")
    def name_viewer(connection: Connection) -> None:
        set_viewer(connection, name)

    try:
        with engine.connect() as connection:
            require_person(connection, name)
        yield engine
    finally:
        engine.dispose()
