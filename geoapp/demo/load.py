"""Loading and removing the demonstration data, each in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from geoapp.access.audit import announce_bulk, record_counts
from geoapp.demo.checkpoints import write_checkpoints
from geoapp.demo.followup import write_followup
from geoapp.demo.ground import read_ground
from geoapp.demo.incidents import write_incidents
from geoapp.demo.movements import write_movements
from geoapp.demo.people import write_people
from geoapp.demo.plan import Plan
from geoapp.demo.releases import write_releases
from geoapp.demo.removal import remove_rows
from geoapp.demo.rows import SOURCE, Progress, Writer
from geoapp.demo.scene import make_scene, write_scene
from geoapp.demo.security import write_deployments
from geoapp.demo.sites import write_visits
from geoapp.errors import DemoError
from geoapp.publish.edition import publish_due
from layers.tables import Setting, Source

SOURCE_NAME = "geoapp demonstration data (synthetic: nothing in it happened)"
LOADED = "demo"
LOCK = 7_341_905_261


@dataclass(frozen=True)
class Loaded:
    """How many rows of each table were written, and how many demonstration rows gave way to them."""

    written: dict[str, int]
    replaced: dict[str, int]


def load_demo(engine: Engine, plan: Plan, progress: Progress = lambda rows: None) -> Loaded:
    """Load the rows of `plan` in place of any demonstration data, in one transaction.

    `progress` is told of rows written. Raises DemoError with nothing changed: no base map, numbers out of range, rows
    of somebody else's that hang on the old ones or bear an identifier of the new ones.
    """
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        announce_bulk(connection)
        plan.check(connection.execute(select(func.today())).scalar_one())
        scene = make_scene(read_ground(connection), plan)
        replaced = remove_rows(connection)
        write_people(connection)
        connection.execute(
            insert(Source).values(source_id=SOURCE, name=SOURCE_NAME, licence="CC0 1.0").on_conflict_do_nothing()
        )
        try:
            with _driver(connection).cursor() as cursor:
                writer = Writer(cursor, progress)
                write_scene(writer, scene)
                write_visits(writer, scene.sites, plan, plan.generator("visits"))
                write_checkpoints(writer, scene)
                escorts = write_deployments(writer, scene)
                write_movements(writer, scene, escorts)
                write_followup(writer, scene, write_incidents(writer, scene))
                writer.written["incident_release"] = write_releases(connection, plan.until)
                writer.written["published_edition"] = len(publish_due(connection, synthetic=True))
                progress(writer.written["incident_release"] + writer.written["published_edition"])
                # Neighbours on the map lie beside each other on the disk then, as 0015_up.sql has it.
                cursor.execute("CLUSTER incident")
                for table in writer.written:
                    cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        except psycopg.errors.UniqueViolation as error:
            raise DemoError(
                f"A row that is not synthetic bears an identifier of the demonstration data ({_named(error)})."
                " Nothing was loaded: rename or remove it, and try again."
            ) from error
        record_counts(connection, "insert", writer.written)
        remembered = insert(Setting).values(name=LOADED, value=plan.record())
        connection.execute(
            remembered.on_conflict_do_update(index_elements=["name"], set_={"value": remembered.excluded.value})
        )
    return Loaded(writer.written, replaced)


def remove_demo(engine: Engine) -> dict[str, int]:
    """Take the demonstration data out; how many rows of each table. DemoError where other rows hang on it."""
    with engine.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
        announce_bulk(connection)
        return remove_rows(connection)


def was_loaded(engine: Engine) -> bool:
    """Whether demonstration data was ever loaded here, even if it has been removed since."""
    with engine.connect() as connection:
        return bool(connection.scalar(select(Setting.name).where(Setting.name == LOADED)))


def _driver(connection: Connection) -> psycopg.Connection:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("rows are streamed through psycopg alone")
    return driver


def _named(error: psycopg.errors.UniqueViolation) -> str:
    return (error.diag.message_detail or str(error)).strip()
