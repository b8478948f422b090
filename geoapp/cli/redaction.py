"""`geoapp redact`: take a text out for good."""

from __future__ import annotations

import click

from geoapp.access.viewer import set_viewer
from geoapp.cli.context import USER_OPTION, acting_database, current_database
from geoapp.ingest.targets import TARGETS
from geoapp.redaction.files import remove_uploads
from geoapp.redaction.redact import Redacted, redact
from geoapp.redaction.remains import blot_out_of_logs, forget_snapshots, write_anew
from geoapp.redaction.subject import find_subject, require_change
from geoapp.settings import Settings


@click.command(name="redact")
@click.argument("table", type=click.Choice(list(TARGETS)))
@click.argument("key")
@click.argument("column")
@click.option("--yes", is_flag=True, help="Do not ask.")
@USER_OPTION
def redact_(table: str, key: str, column: str, yes: bool, user: str | None) -> None:
    """Take the text of COLUMN out of the row KEY of TABLE, and out of whatever repeats it, for good.

    KEY is the row's id, or its key as files bear it. Tables are written anew, so nobody can use them meanwhile.
    docs/audit.md says what a redaction reaches, and what it does not: backups, and files elsewhere.
    """
    settings = Settings.from_environment()
    if user is not None:
        with acting_database(settings, user) as acting, acting.connect() as connection:
            require_change(connection, find_subject(connection, table, key, column))
    with current_database(settings) as engine:
        with engine.connect() as connection:
            subject = find_subject(connection, table, key, column)
        if not yes:
            length = sum(map(len, subject.texts))
            held = f"a text of {length} characters" if length else "no text"
            click.echo(f"{column} of this row of {table} holds {held}. What is taken out cannot be put back.")
            click.confirm("Redact it?", abort=True)
        with engine.begin() as connection:
            if user is not None:
                set_viewer(connection, user)
            subject = find_subject(connection, table, key, column)
            done = redact(connection, subject)
        _tell(done)
        with engine.begin() as connection:
            removed = remove_uploads(connection, settings, subject)
        if removed:
            click.echo(f"Removed: {removed} of the files that people brought, which held it.")
        said = write_anew(engine, done.tables, done.transaction)
    forget_snapshots(settings)
    logs = blot_out_of_logs(settings, subject.texts)
    click.echo(f"Written anew, without old versions of rows: {', '.join(sorted(done.tables))}.")
    if logs:
        click.echo(f"Blotted out of the logs: {logs} times.")
    for line in said:
        click.echo(line, err=True)


def _tell(done: Redacted) -> None:
    if not done.places:
        click.echo("The column holds no text any more.")
    for place, rows in done.places.items():
        click.echo(f"Redacted: {place}, {rows} row{'s' if rows > 1 else ''}.")
    for place, rows in done.left.items():
        click.echo(f"Still in {place}, {rows} row{'s' if rows > 1 else ''}: redact there too where it means the same.")
