"""`geoapp report`: papers and figures for meetings and for people outside, one entry of `KINDS` a kind of report."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from geoapp.access.viewer import FULL_ROLES, acting_viewer
from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.errors import ForbiddenError, GeoappError, QuestionError
from geoapp.followup.funder import make_funder_report
from geoapp.followup.funder_files import as_csv, as_json
from geoapp.followup.funder_words import as_pdf
from geoapp.followup.periods import read_period
from geoapp.province.pack import EDITIONS, ROOM, number_copy, print_pack, read_pack, recipient_of
from geoapp.settings import Settings
from layers.text import LANGUAGES

FOR_OTHERS = "The funder's report is for coordinators, analysts and GIS officers, in their units."


@dataclass(frozen=True)
class Asked:
    """What a report was asked for with: the arguments before OUT, and the options."""

    arguments: tuple[str, ...]
    funder: str | None
    since: str | None
    until: str | None
    unit: str | None
    edition: str
    recipient: str | None
    language: str
    made: dt.datetime
    by: str


@dataclass(frozen=True)
class Report:
    """A kind of report: its arguments before OUT as the usage names them, the endings it is written in, and how."""

    arguments: tuple[str, ...]
    suffixes: tuple[str, ...]
    make: Callable[[Engine, Asked, str], bytes]


def _funder(engine: Engine, asked: Asked, suffix: str) -> bytes:
    if not asked.funder:
        raise click.UsageError("--kind funder needs --funder NAME.")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        viewer = acting_viewer(connection)
        if viewer is not None and not viewer.has(*FULL_ROLES):
            raise ForbiddenError(FOR_OTHERS)
        period = read_period(connection, asked.since, asked.until, asked.unit)
        report = make_funder_report(connection, asked.funder, period)
    if suffix == ".json":
        return (json.dumps(as_json(report), ensure_ascii=False, indent=1) + "\n").encode()
    if suffix == ".csv":
        return as_csv(report, asked.language).encode()
    return as_pdf(report, asked.language, asked.by, asked.made)


def _pack(engine: Engine, asked: Asked, _: str) -> bytes:
    recipient = recipient_of(asked.recipient or "", asked.by)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        code, days = asked.arguments[0].strip().upper(), (asked.since, asked.until)
        pack = read_pack(connection, code, asked.edition, asked.language, days)
    if asked.edition == ROOM:
        return print_pack(pack, asked.language, asked.by, asked.made)
    with engine.begin() as connection:
        number = number_copy(connection, pack.unit, pack.period, asked.language, recipient)
    return print_pack(pack, asked.language, asked.by, asked.made, number=number, recipient=recipient)


PACK = "pack"
KINDS: dict[str, Report] = {
    PACK: Report(("UNIT",), (".pdf",), _pack),
    "funder": Report((), (".pdf", ".csv", ".json"), _funder),
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
@click.option("--edition", type=click.Choice(EDITIONS), default=ROOM, show_default=True, help="Of the pack: for whom.")
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
