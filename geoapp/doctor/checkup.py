"""All checks of an installation, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from geoapp.doctor.finding import Finding
from geoapp.doctor.records import check_records
from geoapp.doctor.schema import check_schema
from geoapp.doctor.server import check_server
from geoapp.settings import Settings


def check_database(engine: Engine, settings: Settings) -> Iterator[Finding]:
    """What the database tells, by an engine of its owner; of another program's schema, the little that it may."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        yield from check_server(connection)
        schema = list(check_schema(connection))
        yield from schema
        if not any(each.check == "migrations" and each.state == "fault" for each in schema):
            yield from check_records(connection, settings)
