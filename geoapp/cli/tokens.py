"""`geoapp token`: by tokens programs such as QGIS read as their owner, or less."""

from __future__ import annotations

import json
import uuid

import click

from geoapp.access import tokens
from geoapp.access.tokens import Token
from geoapp.cli.context import USER_OPTION, transaction
from geoapp.errors import NotFoundError
from layers.vocabulary import ROLE


@click.group()
def token() -> None:
    """Tokens for programs: make, list, revoke."""


@token.command()
@click.argument("name")
@click.option(
    "--days",
    type=click.IntRange(1, tokens.MOST_DAYS),
    default=tokens.DAYS,
    show_default=True,
    help="How long it holds.",
)
@click.option(
    "--role",
    "roles",
    type=click.Choice([role for role in ROLE if role != "admin"]),
    multiple=True,
    help="Only this role of theirs; may be repeated.",
)
@click.option("--scope", "scopes", metavar="UNIT", multiple=True, help="Only in this unit; may be repeated.")
@click.option("--label", default="", help="What it is for, so that it is known again.")
def add(name: str, days: int, roles: tuple[str, ...], scopes: tuple[str, ...], label: str) -> None:
    """Make a token of NAME and print it, alone and this once."""
    with transaction() as connection:
        secret = tokens.make_token(connection, name, days=days, label=label, roles=roles, units=scopes)
    click.echo(secret)


@token.command(name="list")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@USER_OPTION
def list_(name: str | None, as_json: bool, user: str | None) -> None:
    """List the tokens of NAME, or of everybody; never what opens anything."""
    with transaction(user) as connection:
        found = tokens.list_tokens(connection, name)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found]))
    elif not found:
        click.echo("There is no token. Make one with `geoapp token add NAME`.")
    for each in () if as_json else found:
        limits = [*(each.roles or ()), *(each.scopes or ())]
        said = [each.label or "no label", f"until {each.expires_at:%Y-%m-%d}", *(["expired"] if each.expired else [])]
        if limits:
            said.append(f"only {', '.join(limits)}")
        click.echo(f"{each.token_id}  {each.name}  {'; '.join(said)}")


@token.command()
@click.argument("token_id", metavar="ID", type=click.UUID)
def revoke(token_id: uuid.UUID) -> None:
    """Take the token of ID away, as `token list` shows it; it opens nothing from then on."""
    with transaction() as connection:
        if not tokens.revoke_token(connection, token_id):
            raise NotFoundError(f"There is no token {token_id}. See `geoapp token list`.")
    click.echo("Revoked.")


def _as_json(each: Token) -> dict[str, object]:
    return {
        "id": str(each.token_id),
        "name": each.name,
        "label": each.label,
        "roles": list(each.roles) if each.roles else None,
        "scopes": list(each.scopes) if each.scopes else None,
        "made_at": each.made_at.isoformat(),
        "expires_at": each.expires_at.isoformat(),
        "last_used_at": each.last_used_at.isoformat() if each.last_used_at else None,
        "expired": each.expired,
    }
