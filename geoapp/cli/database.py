"""`geoapp db`: the embedded cluster and the schema."""

from __future__ import annotations

import json

import click
from sqlalchemy import text

from geoapp.access.leakproof import keep_spatial_index
from geoapp.cli.context import running_database
from geoapp.database import migrate as migrations
from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, set_web_password
from geoapp.errors import ClusterError
from geoapp.settings import Settings


@click.group()
def db() -> None:
    """The database: start, stop, look, migrate."""


@db.command()
def up() -> None:
    """Make the embedded database if there is none, and start it."""
    settings = Settings.from_environment()
    cluster = _embedded(settings)
    started = cluster.up()
    engine = open_engine(settings)
    # Once it runs, so that a database that was restored by hand is put right too.
    if migrations.has_schema(engine):
        keep_spatial_index(engine)
    engine.dispose()
    click.echo(f"{'Started' if started else 'Already running'}: {cluster.data}")


@db.command()
def down() -> None:
    """Stop the embedded database."""
    stopped = _embedded(Settings.from_environment()).down()
    click.echo("Stopped." if stopped else "It was not running.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Say whether the database runs, where, and at which schema."""
    settings = Settings.from_environment()
    facts: dict[str, object] = {"embedded": settings.database_url is None}
    if settings.database_url is None:
        state = Cluster(settings.home).status()
        facts |= {
            "exists": state.exists,
            "running": state.running,
            "postgresql": state.version,
            "data": str(state.data),
        }
    if settings.database_url or facts["running"]:
        with running_database(settings) as engine, engine.connect() as connection:
            facts |= {
                "running": True,
                "server": connection.scalar(text("SHOW server_version")),
                "schema": migrations.current_revision(connection),
                "schema_of_program": migrations.head(),
            }
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' '):18} {_readable(value)}")


@db.command()
def migrate() -> None:
    """Bring the schema to this program's, and load the boundaries and the base map."""
    settings = Settings.from_environment()
    with running_database(settings) as engine:
        before, after = migrations.migrate(engine)
        click.echo(f"Schema {after} (was {before or 'none'})." if before != after else f"Schema {after}: up to date.")
        set_web_password(engine, settings)
        if warning := keep_spatial_index(engine):
            click.echo(warning, err=True)
        loaded = load_base_map(engine)
        click.echo(f"Base map: {loaded} features loaded." if loaded else "Base map: up to date.")


def _embedded(settings: Settings) -> Cluster:
    if settings.database_url:
        raise ClusterError(
            "GEOAPP_DATABASE_URL names a server of its own: start and stop that one there, or unset the variable."
        )
    return Cluster(settings.home)


def _readable(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
