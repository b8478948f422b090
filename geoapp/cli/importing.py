"""`geoapp import`: bring a file into a table."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.ingest.importing import Request, import_file
from geoapp.ingest.report import require_writable
from geoapp.ingest.targets import TARGETS
from geoapp.settings import Settings


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "table", type=click.Choice(list(TARGETS)), required=True, help="The table that the rows go to.")
@click.option("--layer", help="The layer, where the file has several.")
@click.option("--map", "choices", metavar="COLUMN=SOURCE", multiple=True, help="Which column of the file is COLUMN.")
@click.option("--source", metavar="NAME", help="Where the data come from; made if it is new.")
@click.option("--crs", metavar="EPSG:CODE", help="The coordinate reference system, whatever the file says.")
@click.option("--encoding", metavar="NAME", help="The encoding of the texts, whatever the file says.")
@click.option("--repair-text", is_flag=True, help="Put texts right that were once read in a wrong encoding (BisiÃ©).")
@click.option("--dry-run", is_flag=True, help="Check and count everything, write nothing.")
@click.option(
    "--on-error",
    type=click.Choice(["reject", "abort"]),
    default="reject",
    show_default=True,
    help="With bad rows: load the good ones, or nothing.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Write the whole report to this JSON file.")
@USER_OPTION
def import_(
    file: Path,
    table: str,
    choices: tuple[str, ...],
    *,
    source: str | None,
    report: Path | None,
    user: str | None,
    **options: Any,
) -> None:
    """Bring FILE (Shapefile, GeoPackage, GeoJSON, KML, GPX, FlatGeobuf, GeoParquet, XLSX, CSV) into a table.

    A zip, also of several, is opened.

    Exit code 0: every row was accepted; 1: rows, or the whole file, were refused.
    """
    request = Request(path=file, table=table, mapping=_mapping(choices), source=_source(source), **options)
    if report is not None:
        if report.resolve() == file.resolve():
            raise click.BadParameter("the report would overwrite the file itself.", param_hint="--report")
        require_writable(report)
    settings = Settings.from_environment()
    # Ending politely lets the unpacked files be removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with acting_database(settings, user) as engine:
        done = import_file(engine, request, settings.time_zone, _progress)
    if report is not None:
        done.write(report)
    refusal = done.refusal
    if refusal is not None:
        click.echo(f"geoapp: {refusal}", err=True)
    else:
        click.echo(done.summary())
    if not done.accepted:
        sys.exit(1)


def _mapping(choices: tuple[str, ...]) -> dict[str, list[str]]:
    mapping: dict[str, list[str]] = {}
    for choice in choices:
        column, separator, source = choice.partition("=")
        if not (separator and column.strip() and source.strip()):
            raise click.BadParameter(f"{choice!r} is not COLUMN=SOURCE.", param_hint="--map")
        mapping.setdefault(column.strip(), []).append(source.strip())
    return mapping


def _source(name: str | None) -> str | None:
    if name is None:
        return None
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise click.BadParameter("a source needs a name of at most 200 printable characters.", param_hint="--source")
    return name.strip()


@contextmanager
def _progress(step: str, total: int) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal; nothing in a log."""
    with tqdm(total=total or None, desc=step, unit=" rows", leave=False, disable=None, file=sys.stderr) as bar:
        yield bar.update
