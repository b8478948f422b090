"""`geoapp quality`: how many rows of each table and source want what."""

from __future__ import annotations

import json

import click

from geoapp.cli.context import USER_OPTION, transaction
from geoapp.cli.tables import table as drawn
from geoapp.ingest.findings import printable
from geoapp.publish.quality import TableQuality, count_quality
from geoapp.settings import Settings
from layers.quality import CHECKED
from layers.vocabulary import QUALITY


@click.command()
@click.option(
    "--table", "only", type=click.Choice(list(CHECKED)), multiple=True, help="This table alone; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program.")
@USER_OPTION
def quality(only: tuple[str, ...], as_json: bool, user: str | None) -> None:
    """Count the rows that lack something, lie outside their stated unit, are old or were repaired, by source.

    What each figure means is on the page /quality and in docs/quality.md.
    """
    with transaction(user) as connection:
        counted = [each for each in count_quality(connection) if not only or each.checked.name in only]
    if as_json:
        click.echo(json.dumps([each.as_json() for each in counted], ensure_ascii=False, indent=1))
        return
    language = Settings.from_environment().language
    if not counted:
        click.echo("There are no rows.")
    for each in counted:
        _tell(each, language)


def _tell(counted: TableQuality, language: str) -> None:
    click.echo(f"\n{counted.checked.title.in_language(language)}: {counted.total:,} rows")
    several = len(counted.rows) > 1
    columns = ["", "", "rows", *([printable(source) for source in counted.sources] if several else [])]
    lines = []
    for check in counted.checked.checks:
        if found := counted.wanting.get(check.code):
            each = [f"{found.get(source, 0):,}" for source in counted.sources] if several else []
            lines.append([check.code, QUALITY.label(check.code, language), f"{sum(found.values()):,}", *each])
    click.echo(drawn(columns, lines) if lines else "Nothing is wanting.")
