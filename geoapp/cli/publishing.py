"""`geoapp publish`: the figures about incidents that everybody may see."""

from __future__ import annotations

import datetime as dt

import click

from geoapp.cli.context import current_database
from geoapp.publish.edition import parse_quarter, publish_due, publish_quarter
from geoapp.settings import Settings


class Quarter(click.ParamType[dt.date]):
    """A quarter such as 2025-Q4, as its first day."""

    name = "quarter"

    def convert(self, value: str | dt.date, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """The first day; a usage error where the text names no quarter."""
        if isinstance(value, dt.date):
            return value
        return parse_quarter(value) or self.fail(f"{value!r} is no quarter such as 2025-Q4.", param, ctx)


@click.command()
@click.option("--quarter", type=Quarter(), metavar="2025-Q4", help="This quarter (every one that is due and has none).")
@click.option("--correct", is_flag=True, help="Make a further edition of a quarter that was published before.")
def publish(quarter: dt.date | None, correct: bool) -> None:
    """Count incidents by province, quarter and level for the public, 60 days after a quarter's end.

    Small counts are withheld, and an edition stays as it is for ever: see docs/publication.md.
    """
    if correct and quarter is None:
        raise click.UsageError("--correct needs --quarter: name the quarter to correct.")
    with current_database(Settings.from_environment()) as engine, engine.begin() as connection:
        made = publish_quarter(connection, quarter, correct) if quarter else publish_due(connection)
    for each in made:
        click.echo(each.summary())
    if not made:
        click.echo("Nothing to publish: every quarter that is due has its edition.")
