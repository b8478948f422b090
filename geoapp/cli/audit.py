"""`geoapp audit`: seal the events, print the head, and check that nothing was changed or cut."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import chain

import click

from geoapp.access.heads import head_files, head_line, kept_heads
from geoapp.access.sealer import seal_once
from geoapp.access.seals import Head, read_head, read_place
from geoapp.access.verifying import Verification, verify
from geoapp.cli.context import current_database
from geoapp.database.audit_key import audit_key
from geoapp.settings import Settings

NONE = "Nothing was sealed yet. Run `geoapp audit seal`."
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
    click.echo(head_line(head) if head else "There is no event to seal.")
    if faults:
        sys.exit(1)


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def head(as_json: bool) -> None:
    """Print the head: the newest seal's number, hash and time, to be kept where nobody of the server can change it."""
    with current_database(Settings.from_environment()) as engine, engine.connect() as connection:
        found = read_head(connection)
    if as_json:
        click.echo(json.dumps(_as_json(found)))
    else:
        click.echo(head_line(found) if found else NONE)
    if found is None:
        sys.exit(1)


@audit.command(name="verify")
@click.option("--head", "given", metavar="HASH", multiple=True, help="A head that was kept elsewhere; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify_(given: tuple[str, ...], as_json: bool) -> None:
    """Check that every sealed event is there and unchanged, and that every head that was kept is still known."""
    settings = Settings.from_environment()
    with current_database(settings) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        place = read_place(connection)
        kept = chain.from_iterable(kept_heads(path, place) for path in head_files(settings))
        heads = sorted({*kept, *((0, each.strip().lower()) for each in given)})
        result = verify(connection, audit_key(settings), heads)
    if as_json:
        click.echo(json.dumps(_verified(result)))
    else:
        _tell(result)
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
        click.echo(f"Head: {head_line(result.head)}")
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
