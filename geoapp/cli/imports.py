"""`geoapp imports`: what was imported, what came of it, and undoing it."""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

import click
from sqlalchemy import func, select

from geoapp.cli.context import USER_OPTION, speaking, transaction
from geoapp.desk.history import Event, history_of, keys_of, list_batches
from geoapp.desk.undo import NO_SUCH_BATCH, Undone, undo_batch
from geoapp.errors import NotFoundError
from geoapp.ingest.findings import printable
from geoapp.ingest.targets import TARGETS
from geoapp.settings import Settings
from layers.tables import ImportBatch, ImportIssue

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program.")
FACTS = (
    "file_name",
    "sha256",
    "layer",
    "table_name",
    "source_id",
    "crs_used",
    "encoding_used",
    "imported_by",
    "undone_by",
    "kind",
)
COUNTS = ("rows_in", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected", "rows_removed")
WHY = {
    "later": "others gave it these values since",
    "needed": "it cannot be without these, or other rows refer to it",
    "gone": "it is no longer there",
    "refused": "it may not be changed, or the database does not let it go",
}


@click.group()
def imports() -> None:
    """What was imported, and undoing it."""


@imports.command(name="list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@JSON_OPTION
@USER_OPTION
def list_(limit: int, as_json: bool, user: str | None) -> None:
    """The batches, the newest first."""
    with transaction(user) as connection:
        batches = list_batches(connection, limit)
    if as_json:
        click.echo(json.dumps([_batch(batch) for batch in batches], ensure_ascii=False, indent=1))
        return
    if not batches:
        click.echo("Nothing was imported yet.")
    for batch in batches:
        undone = "  undone" if batch.undone_at else ""
        click.echo(
            f"{batch.import_batch_id}  {batch.imported_at:%Y-%m-%d %H:%M}  {batch.table_name}  {batch.imported_by}  "
            f"{printable(batch.file_name)}{'' if batch.kind == 'file' else f'  ({batch.kind})'}"
            f"  +{batch.rows_inserted} ~{batch.rows_updated} -{batch.rows_removed}{undone}"
        )


@imports.command()
@click.argument("batch", type=click.UUID)
@JSON_OPTION
@USER_OPTION
def show(batch: uuid.UUID, as_json: bool, user: str | None) -> None:
    """One batch: its file, how it was read, and what became of its rows."""
    with transaction(user) as connection:
        asked = select(ImportBatch.__table__).where(ImportBatch.import_batch_id == batch)
        found = connection.execute(asked).one_or_none()
        if found is None:
            raise NotFoundError(NO_SUCH_BATCH)
        counted = (
            select(ImportIssue.severity, ImportIssue.rule, func.count())
            .where(ImportIssue.import_batch_id == batch)
            .group_by(ImportIssue.severity, ImportIssue.rule)
            .order_by(func.count().desc())
        )
        findings = [tuple(row) for row in connection.execute(counted)]
    if as_json:
        told = _batch(found) | {
            "findings": [dict(zip(("severity", "rule", "rows"), each, strict=True)) for each in findings]
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for name, value in _batch(found).items():
        if value is not None:
            click.echo(f"{name}: {printable(str(value))}")
    for severity, rule, rows in findings:
        click.echo(f"  {severity}: {rule}, {rows}")


@imports.command()
@click.argument("batch", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON_OPTION
@USER_OPTION
def undo(batch: uuid.UUID, dry_run: bool, yes: bool, as_json: bool, user: str | None) -> None:
    """Undo a batch whole: afterwards its table is as if it had never been, but for what others changed since.

    What they changed stays, and is listed. Exit code 0, also where something stays.
    """
    settings = Settings.from_environment()
    if not (dry_run or yes):
        click.confirm(f"Undo the batch {batch}?", abort=True)
    with speaking(settings.language), transaction(user) as connection:
        done = undo_batch(connection, batch)
        if dry_run:
            # Nothing of it is committed: all that comes after is told from what was counted.
            connection.rollback()
    if as_json:
        click.echo(json.dumps(done.as_json(), ensure_ascii=False, indent=1))
        return
    _tell(done, dry_run)


@imports.command()
@click.argument("table", type=click.Choice(list(TARGETS)))
@click.argument("key")
@JSON_OPTION
@USER_OPTION
def history(table: str, key: str, as_json: bool, user: str | None) -> None:
    """What happened to one row: which batch, file, hash and row number, who, before and after."""
    target = TARGETS[table]
    with transaction(user) as connection:
        events = {found: history_of(connection, target.table, found) for found in keys_of(connection, target, key)}
    if not events:
        raise NotFoundError("There is no such row, or it is not for you.")
    if as_json:
        told = [{"key": found, "events": [_event(each) for each in listed]} for found, listed in events.items()]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    for found, listed in events.items():
        click.echo(f"{table} {found}")
        for each in listed:
            _tell_event(each)
        if not listed:
            click.echo("  Nothing is known: it came before geoapp kept a history, or not by an import.")


def _tell(done: Undone, dry_run: bool) -> None:
    would = "Would be" if dry_run else "Undone:"
    click.echo(f"{would} {done.removed} removed, {done.restored} changed back, {done.brought_back} brought back.")
    for why, rows in done.counts.items():
        click.echo(f"{rows} stay: {WHY[why]}.")
    for each in done.stays:
        columns = f" ({', '.join(each.columns)})" if each.columns else ""
        click.echo(f"  {each.table} {printable(each.name)} {each.key}: {each.why}{columns}")
    if sum(done.counts.values()) > len(done.stays):
        click.echo("  ...", err=True)
    sys.stdout.flush()


def _tell_event(event: Event) -> None:
    deed = f"undone ({event.deed})" if event.undoing else event.deed
    where = f"  {printable(event.file or '')} row {event.row} sha256 {event.sha256}" if event.file else ""
    batch = f"  batch {event.batch}" if event.batch else ""
    click.echo(f"  {event.at:%Y-%m-%d %H:%M:%S}  {deed}  {event.who or 'not known to you'}{batch}{where}")
    for name, (before, after) in event.changes.items():
        click.echo(f"    {name}: {printable(str(before))} -> {printable(str(after))}")


def _batch(batch: Any) -> dict[str, Any]:
    return {
        "batch": str(batch.import_batch_id),
        **{name: getattr(batch, name) for name in (*FACTS, *COUNTS)},
        "imported_at": batch.imported_at.isoformat(),
        "undone_at": batch.undone_at.isoformat() if batch.undone_at else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        **vars(event),
        "at": event.at.isoformat(),
        "changes": {name: list(pair) for name, pair in event.changes.items()},
    }
