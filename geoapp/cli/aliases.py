"""`geoapp aliases`: mine sites that are there twice, and what each source calls a site."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from geoapp.cli.context import USER_OPTION, acting_database, speaking
from geoapp.desk.merging import Merge, merge
from geoapp.ingest import doubles
from geoapp.ingest.aliases import Alias, aliases_of
from geoapp.ingest.findings import printable
from geoapp.ingest.likeness import Likeness
from geoapp.ingest.targets import TARGETS
from geoapp.settings import Settings
from layers.text import Text, typeset

JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NONE = Text("No two sites look like one.", "Aucun site ne semble être là deux fois.")
UNNAMED = Text("No source's code is kept for a site.", "Aucun code d'une source n'est gardé pour un site.")


@click.group()
def aliases() -> None:
    """Sites that are there twice, and the codes by which sources call them."""


@aliases.command(name="list")
@click.option("--known", is_flag=True, help="The codes that are kept for each site, not the proposals.")
@JSON_OPTION
@USER_OPTION
def list_(*, known: bool, as_json: bool, user: str | None) -> None:
    """List pairs of sites that may be one, the likeliest first, with the reasons."""
    settings = Settings.from_environment()
    with acting_database(settings, user) as engine, engine.connect() as connection:
        if known:
            _show_known(aliases_of(connection), as_json, settings.language)
        else:
            _show_pairs(doubles.find_doubles(connection), as_json, settings.language)


@aliases.command()
@click.argument("kept")
@click.argument("other")
@USER_OPTION
def confirm(kept: str, other: str, user: str | None) -> None:
    """Make the site OTHER an alias of the site KEPT, which everything of OTHER's then belongs to."""
    settings = Settings.from_environment()
    with acting_database(settings, user) as engine, speaking(settings.language), engine.begin() as connection:
        doubles.require_two(connection, kept, other)
        batch = merge(connection, TARGETS["mine_sites"], Merge(kept, other))
    said = Text(
        f"{other} is an alias of {kept} now. To part them again: geoapp imports undo {batch}",
        f"{other} est maintenant un alias de {kept}. Pour les séparer de nouveau : geoapp imports undo {batch}",
    )
    click.echo(typeset(said.in_language(settings.language), settings.language))


@aliases.command()
@click.argument("one")
@click.argument("other")
@USER_OPTION
def refuse(one: str, other: str, user: str | None) -> None:
    """Say that ONE and OTHER are two sites, so that they are not proposed again."""
    settings = Settings.from_environment()
    with acting_database(settings, user) as engine, speaking(settings.language), engine.begin() as connection:
        doubles.refuse(connection, one, other)
    said = Text(f"{one} and {other} stay two sites.", f"{one} et {other} restent deux sites.")
    click.echo(said.in_language(settings.language))


def _show_pairs(pairs: list[Likeness], as_json: bool, language: str) -> None:
    if as_json:
        click.echo(json.dumps([asdict(pair) for pair in pairs], ensure_ascii=False, indent=1))
        return
    for pair in pairs:
        reasons = typeset(pair.reasons.in_language(language), language)
        click.echo(printable(f"{pair.score:.2f}  {pair.site_id}  {pair.other_site_id}  {reasons}"))
    if not pairs:
        click.echo(NONE.in_language(language))


def _show_known(known: list[Alias], as_json: bool, language: str) -> None:
    if as_json:
        click.echo(json.dumps([asdict(alias) for alias in known], ensure_ascii=False, indent=1, default=str))
        return
    for alias in known:
        parts = (alias.site_id, alias.source, alias.code or "-", alias.name or "-", str(alias.source_date or ""))
        click.echo(printable("  ".join(parts)).rstrip())
    if not known:
        click.echo(UNNAMED.in_language(language))
