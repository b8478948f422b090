"""`geoapp db`: the embedded cluster and the schema."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import click
from sqlalchemy import text

from geoapp.access.audit import record
from geoapp.access.leakproof import keep_spatial_index
from geoapp.cli.context import current_database, running_database
from geoapp.database import backup_key, promotion
from geoapp.database import migrate as migrations
from geoapp.database.backup import expire, make_backup, new_name
from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import libpq_address, open_here, open_standby, plain_address, set_web_password
from geoapp.database.promotion import is_standby
from geoapp.database.restore import restore_backup, verify_backup
from geoapp.desk.uploads import UPLOADS
from geoapp.errors import ClusterError
from geoapp.settings import Settings
from geoapp.snapshot.store import default_home as snapshots_of


@click.group()
def db() -> None:
    """The database: start, stop, look, migrate, back up, restore."""


@db.command()
def up() -> None:
    """Make the embedded database if there is none, and start it."""
    settings = Settings.from_environment()
    cluster = _embedded(settings)
    started = cluster.up()
    engine = open_here(settings)
    with engine.connect() as connection:
        follows = is_standby(connection)
    # Once it runs, so that a database that was restored by hand is put right too.
    if not follows and migrations.has_schema(engine):
        keep_spatial_index(engine)
    engine.dispose()
    click.echo(f"{'Started' if started else 'Already running'}: {cluster.data}")


@db.command()
def down() -> None:
    """Stop the embedded database."""
    stopped = _embedded(Settings.from_environment()).down()
    click.echo("Stopped." if stopped else "It was not running.")


@db.command()
@click.argument("primary")
@click.option("--overwrite", is_flag=True, help="Replace the database that is here.")
def standby(primary: str, overwrite: bool) -> None:
    """Make the embedded database a standby of the server at the address PRIMARY, and start it.

    PRIMARY is as in GEOAPP_DATABASE_URL; its role has to be allowed to replicate.
    """
    settings = Settings.from_environment()
    cluster = Cluster(settings.home)
    cluster.follow(libpq_address(primary), overwrite=overwrite)
    click.echo(f"A standby of the primary runs: {cluster.data}")
    click.echo(f"Have geoapp read from it: GEOAPP_READ_URLS={plain_address(cluster.url)}")


@db.command()
@click.argument("address", required=False)
def promote(address: str | None) -> None:
    """Make a standby the primary, once the one that it follows is gone: the embedded one, or that at ADDRESS."""
    settings = Settings.from_environment()
    url = address or Cluster(settings.home).url
    if address is None and not Cluster(settings.home).status().running:
        raise ClusterError(f"No database runs in {settings.home}. Start it with `geoapp db up`, or name an ADDRESS.")
    engine = open_standby(url, settings)
    promotion.promote(engine)
    engine.dispose()
    click.echo("Promoted: it takes writes. geoapp finds it where GEOAPP_READ_URLS names it.")
    click.echo("Never start the old primary again but as a standby: `geoapp db standby ADDRESS --overwrite` there.")


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


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Restore it into a scratch database, and compare every table.")
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="In a folder: delete all but the newest N afterwards."
)
def backup(file: Path, verify: bool, keep: int | None) -> None:
    """Write the database, as it is now, to the encrypted FILE; or to a new one in it, if it is a folder.

    geoapp may go on meanwhile. Nothing is overwritten.
    """
    settings = Settings.from_environment()
    if keep and not file.is_dir():
        raise click.UsageError("--keep is for a folder of backups: name one that there is.")
    path = file / new_name() if file.is_dir() else file
    with current_database(settings) as engine:
        manifest = make_backup(settings, path, os.environ, _tell, settings.home / UPLOADS)
        if verify:
            verify_backup(settings, path, _tell)
        with engine.begin() as connection:
            record(connection, "backup", after={"rows": manifest.rows})
    size = path.stat().st_size / 1_000_000
    click.echo(f"{path}: {manifest.rows:,} rows, {size:.1f} MB{', restored and compared' if verify else ''}.")
    for gone in expire(file, keep) if keep else ():
        click.echo(f"Deleted {gone.name}.")
    if backup_key.is_kept_here(settings):
        click.echo(
            f"Keep a copy of {settings.home / backup_key.FILE} elsewhere: without it no backup can be read.", err=True
        )


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Put it in the place of the data that are here.")
def restore(file: Path, overwrite: bool) -> None:
    """Put the backup FILE in the place of the database, after comparing every table with what was backed up.

    geoapp must not run meanwhile. All of it is put back, or nothing is changed.
    """
    settings = Settings.from_environment()
    with running_database(settings) as engine:
        # Its connection would count as somebody's.
        engine.dispose()
        manifest = restore_backup(settings, file, overwrite, _tell, settings.home / UPLOADS)
        if kept := snapshots_of(settings.home):
            shutil.rmtree(kept, ignore_errors=True)
        set_web_password(engine, settings)
        if warning := keep_spatial_index(engine):
            click.echo(warning, err=True)
        if manifest.schema == migrations.head():
            with engine.begin() as connection:
                record(connection, "restore", after={"rows": manifest.rows})
    click.echo(f"Restored: {manifest.rows:,} rows of {manifest.made_at[:16].replace('T', ' ')} UTC.")
    if manifest.schema != migrations.head():
        click.echo("It is of an older geoapp. Run `geoapp db migrate`.")


def _tell(said: str) -> None:
    click.echo(said, err=True)


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
