"""`geoapp import`: bring a file into a table."""

from __future__ import annotations

import datetime as dt
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from geoapp.cli.context import USER_OPTION, acting_database, speaking
from geoapp.ingest.importing import import_file
from geoapp.ingest.rejected import require_format
from geoapp.ingest.report import require_writable
from geoapp.ingest.request import Request
from geoapp.ingest.targets import TARGETS
from geoapp.ingest.template import write_template
from geoapp.ingest.understanding import Memory
from geoapp.settings import Settings
from layers.text import Text

STEPS = {
    "Reading": Text("Reading", "Lecture"),
    "Copying": Text("Copying", "Copie"),
    "Writing": Text("Writing", "Écriture"),
}
ROWS = Text(" rows", " lignes")


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "table", type=click.Choice(list(TARGETS)), help="The table that the rows go to.")
@click.option("--template", type=click.Choice(list(TARGETS)), help="Write an empty FILE for this table instead.")
@click.option("--layer", help="The layer, where the file has several.")
@click.option("--map", "choices", metavar="COLUMN=SOURCE", multiple=True, help="Which column of the file is COLUMN.")
@click.option("--accept-proposals", is_flag=True, help="Read columns as --dry-run proposes it.")
@click.option(
    "--no-memory",
    "memory",
    flag_value="ignore",
    help="Neither use nor keep what was confirmed for files of this shape.",
)
@click.option("--forget-mapping", "memory", flag_value="forget", help="Forget what you confirmed for them before.")
@click.option("--source", metavar="NAME", help="Where the data come from; made if it is new.")
@click.option("--source-date", type=click.DateTime(["%Y-%m-%d"]), help="The day as of which the data are.")
@click.option("--licence", metavar="NAME", help="The licence of the data.")
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
@click.option(
    "--conflicts",
    type=click.Choice(["mine", "theirs"]),
    help="Of an edited export: who wins where somebody else changed the same since; without it such rows are refused.",
)
@click.option("--remove-missing", is_flag=True, help="Of an edited export: remove the rows that it holds no longer.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the whole report to this JSON file.")
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    help="Write the bad rows with the reasons to this file, to be mended.",
)
@USER_OPTION
def import_(
    file: Path,
    table: str | None,
    template: str | None,
    *,
    choices: tuple[str, ...],
    source: str | None,
    licence: str | None,
    source_date: dt.datetime | None,
    memory: Memory | None,
    report: Path | None,
    rejected: Path | None,
    user: str | None,
    **options: Any,
) -> None:
    """Bring FILE (Shapefile, GeoPackage, GeoJSON, KML, GPX, FlatGeobuf, GeoParquet, XLSX, CSV) into a table.

    A zip, also of several, is opened.

    Exit code 0: every row was accepted; 1: rows, or the whole file, were refused.
    """
    settings = Settings.from_environment()
    if template is not None:
        _write_template(template, file, settings.language)
        return
    if table is None:
        raise click.UsageError("Name the table that the rows go to with --as TABLE.")
    request = Request(
        path=file,
        table=table,
        mapping=_mapping(choices),
        source=_name(source, "--source"),
        licence=_name(licence, "--licence"),
        source_date=source_date.date() if source_date else None,
        memory=memory or "use",
        precedence=settings.source_precedence,
        rejected=rejected,
        language=settings.language,
        **options,
    )
    with speaking(settings.language):
        _require_outputs(file, report, rejected)
    # Ending politely lets the unpacked files be removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with acting_database(settings, user) as engine:
        done = import_file(engine, request, settings.time_zone, partial(_progress, settings.language))
    if report is not None:
        done.write(report)
    refusal = done.refusal_in(settings.language)
    if refusal is not None:
        click.echo(f"geoapp: {refusal}", err=True)
    else:
        click.echo(done.summary(settings.language))
    if not done.accepted:
        sys.exit(1)


def _write_template(table: str, path: Path, language: str) -> None:
    with speaking(language):
        for file in write_template(table, path):
            click.echo(file)


def _require_outputs(file: Path, report: Path | None, rejected: Path | None) -> None:
    """Refuse outputs that would overwrite each other or the file, and those that cannot be written."""
    outputs = {"--report": report, "--rejected": rejected}
    taken = {file.resolve(): "the file itself"}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise click.BadParameter(f"it would overwrite {taken[path.resolve()]}.", param_hint=option)
        taken[path.resolve()] = f"what {option} writes"
        if option == "--rejected":
            require_format(path)
        require_writable(path, option)


def _mapping(choices: tuple[str, ...]) -> dict[str, list[str]]:
    mapping: dict[str, list[str]] = {}
    for choice in choices:
        column, separator, source = choice.partition("=")
        if not (separator and column.strip() and source.strip()):
            raise click.BadParameter(f"{choice!r} is not COLUMN=SOURCE.", param_hint="--map")
        mapping.setdefault(column.strip(), []).append(source.strip())
    return mapping


def _name(name: str | None, option: str) -> str | None:
    if name is None:
        return None
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise click.BadParameter("give a name of at most 200 printable characters.", param_hint=option)
    return name.strip()


@contextmanager
def _progress(language: str, step: str, total: int) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal; nothing in a log."""
    words, unit = STEPS.get(step, Text(step, step)).in_language(language), ROWS.in_language(language)
    with tqdm(total=total or None, desc=words, unit=unit, leave=False, disable=None, file=sys.stderr) as bar:
        yield bar.update
