"""`geoapp report`: papers and figures for meetings and for people outside, one entry of `KINDS` a kind of report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.cli.reports import Asked
from geoapp.errors import GeoappError, QuestionError
from geoapp.settings import Settings
from layers.text import LANGUAGES

PACK, EDITIONS = "pack", ("room", "restricted")


@dataclass(frozen=True)
class Report:
    """A kind of report: its arguments before OUT as the usage names them, its endings, and the module that makes it.

    The module is imported when it is asked for: statistics take longer to load than a pack to make.
    """

    arguments: tuple[str, ...]
    suffixes: tuple[str, ...]
    module: str

    def make(self, engine: Engine, asked: Asked, suffix: str) -> bytes:
        """What is written to the file."""
        made: Callable[[Engine, Asked, str], bytes] = import_module(self.module).make
        return made(engine, asked, suffix)


KINDS: dict[str, Report] = {
    PACK: Report(("UNIT",), (".pdf",), "geoapp.cli.report_pack"),
    "funder": Report((), (".pdf", ".csv", ".json"), "geoapp.cli.report_funder"),
}


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="[UNIT] OUT")
@click.option("--kind", type=click.Choice(list(KINDS)), default=PACK, show_default=True, help="What is reported.")
@click.option("--funder", metavar="NAME", help="The funder, as trainings name it.")
@click.option(
    "--since", metavar="DAY", help="The first day; of a pack the last meeting, else a year before the last day."
)
@click.option("--until", metavar="DAY", help="The last day; today, unless said.")
@click.option(
    "--unit", metavar="LIST", help="Of the funder's report: these countries and provinces alone, as CD-SK,RW."
)
@click.option(
    "--edition", type=click.Choice(EDITIONS), default=EDITIONS[0], show_default=True, help="Of the pack: for whom."
)
@click.option("--recipient", metavar="WHO", help="Whom a restricted pack is for; who asks for it, unless said.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The language; the installation's, unless said.")
@USER_OPTION
def report(arguments: tuple[str, ...], kind: str, lang: str | None, user: str | None, **given: Any) -> None:
    """Write the meeting pack of UNIT to OUT, whose name ends in .pdf; or a funder's report (.pdf, .csv, .json).

    A pack is of the room edition, which every member of the committee may see, or restricted: then each copy has its
    number and names its recipient. With --user a report is of the rows that this person may see.
    """
    settings = Settings.from_environment()
    wanted = KINDS[kind]
    *before, last = arguments
    if len(before) != len(wanted.arguments):
        raise click.UsageError(f"--kind {kind} takes {' '.join((*wanted.arguments, 'OUT'))}.")
    out = Path(last)
    if out.suffix.lower() not in wanted.suffixes:
        raise click.BadParameter(f"let its name end in {', '.join(wanted.suffixes)}.", param_hint="OUT")
    made = dt.datetime.now(ZoneInfo(settings.time_zone))
    asked = Asked(tuple(before), language=lang or settings.language, made=made, by=user or "geoapp", **given)
    with acting_database(settings, user) as engine:
        try:
            written = wanted.make(engine, asked, out.suffix.lower())
        except QuestionError as refused:
            raise GeoappError(refused.said.in_language(asked.language)) from None
    try:
        out.write_bytes(written)
    except OSError as error:
        raise GeoappError(f"{out} cannot be written: {error.strerror}. Name another place.") from None
    click.echo(str(out))
