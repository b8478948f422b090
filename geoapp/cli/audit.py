"""`geoapp audit`: seal the events, print the head, and check that nothing was changed or cut."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click
from sqlalchemy.exc import ProgrammingError

from geoapp.access.heads import database_name, head_files, head_line, kept_heads
from geoapp.access.sealer import seal_once
from geoapp.access.seals import Head, read_head
from geoapp.access.verifying import Verification, verify
from geoapp.cli.context import current_database
from geoapp.database.audit_key import seal_key
from geoapp.errors import AuditError
from geoapp.settings import Settings

NONE = "Nothing was sealed yet. Run `geoapp audit seal`."
GONE = (
    "The tables of the audit are not there, or are not those that this program made: somebody dropped or altered them."
    " Look for them in a backup."
)
# Findings that are listed; a table that was emptied has more than anybody reads.
LISTED = 20


@click.group()
def audit() -> None:
    """The audit: seal it, print its head, check it."""


@audit.command(name="seal")
@click.option("--new-key", is_flag=True, help="Go on with another key than the last seal's, which is lost.")
def seal_(new_key: bool) -> None:
    """Seal the events of all transactions that have ended, and keep the head; `geoapp run` does it each minute."""
    settings = Settings.from_environment()
    with current_database(settings) as engine:
        head, faults = seal_once(engine, settings, new_key)
    for fault in faults:
        click.echo(fault, err=True)
    click.echo(head_line(head, database_name(settings)) if head else "There is no event to seal.")
    if faults:
        sys.exit(1)


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def head(as_json: bool) -> None:
    """Print the head: the newest seal's number, hash and time, to be kept where nobody of the server can change it."""
    settings = Settings.from_environment()
    with current_database(settings) as engine, engine.connect() as connection:
        found = read_head(connection)
    if as_json:
        click.echo(json.dumps(_as_json(found)))
    else:
        click.echo(head_line(found, database_name(settings)) if found else NONE)
    if found is None:
        sys.exit(1)


@audit.command(name="verify")
@click.option("--head", "given", metavar="HASH", multiple=True, help="A head that was kept elsewhere; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_(given: tuple[str, ...], as_json: bool) -> None:
    """Check that every sealed event is there and unchanged, and that every head that was kept is still known."""
    settings = Settings.from_environment()
    heads = {(0, each.strip().lower()) for each in given}
    others = 0
    for path in head_files(settings):
        kept, of_others = kept_heads(path, database_name(settings))
        heads |= {*kept}
        others += of_others
    with current_database(settings) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        try:
            result = verify(connection, seal_key(settings), sorted(heads))
        except ProgrammingError as error:
            raise AuditError(GONE) from error
    if as_json:
        click.echo(json.dumps({**_verified(result), "heads": len(heads), "heads_of_others": others}))
    else:
        _tell(result)
        click.echo(f"Compared with {len(heads)} heads that were kept outside the database.")
        if others:
            click.echo(f"{others} heads in those files are of other databases, and were not compared.")
    if not result.content:
        sys.exit(1)


def _tell(result: Verification) -> None:
    for finding in result.findings[:LISTED]:
        click.echo(f"- {finding.in_words()}")
    if len(result.findings) > LISTED:
        click.echo(f"- and {len(result.findings) - LISTED} more; --json lists them all")
    state = "as they were sealed" if result.content else "NOT all as they were sealed"
    click.echo(f"{result.events} events under {result.seals} seals: {state}.")
    if result.head:
        click.echo(f"Head: seal {result.head.seal_no}, {result.head.hash}")
    if result.waiting_since:
        click.echo(f"{result.waiting} events since {result.waiting_since:%Y-%m-%d %H:%M:%S} UTC wait for a seal.")


def _verified(result: Verification) -> dict[str, object]:
    return {
        "content": result.content,
        "events": result.events,
        "seals": result.seals,
        "head": _as_json(result.head),
        "waiting": result.waiting,
        "waiting_since": result.waiting_since.isoformat() if result.waiting_since else None,
        "findings": [asdict(finding) for finding in result.findings],
    }


def _as_json(found: Head | None) -> dict[str, object] | None:
    return {**asdict(found), "sealed_at": found.sealed_at.isoformat()} if found else None
