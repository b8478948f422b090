"""`geoapp user`: who may sign in, and what each may do and where."""

from __future__ import annotations

import json
import sys

import click
from sqlalchemy import Connection

from geoapp.access import links, passwords, people, sessions
from geoapp.access.people import Person
from geoapp.cli.context import USER_OPTION, transaction
from geoapp.settings import Settings
from layers.vocabulary import ROLE

ROLE_OPTION = click.option("--role", type=click.Choice(list(ROLE)), required=True, help="What they may do.")
SCOPE_OPTION = click.option(
    "--scope",
    "scopes",
    metavar="UNIT",
    multiple=True,
    help="A unit in which they may do it, such as CD or CD-SK; may be repeated. An administrator has none.",
)


@click.group()
def user() -> None:
    """People: add, list, disable, and change what they may do."""


@user.command()
@click.argument("name")
@ROLE_OPTION
@SCOPE_OPTION
@click.option("--password-stdin", is_flag=True, help="Read their password from the standard input; else print a link.")
def add(name: str, role: str, scopes: tuple[str, ...], password_stdin: bool) -> None:
    """Add NAME with a role in units, and print a one-time link by which they choose a password."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    if password is not None:
        passwords.require_good(password, name)
    with transaction() as connection:
        people.add_person(connection, name, role, scopes)
        if password is not None:
            passwords.set_password(connection, name, password)
        link = None if password_stdin else links.make_link(connection, name, "invitation")
        added = _described(connection, name)
    click.echo(f"Added {added}.", err=bool(link))
    if link:
        _show_link(name, link, "invitation")


@user.command()
@click.argument("name")
def reset(name: str) -> None:
    """Print a one-time link by which NAME chooses a new password; the old one holds until it is used."""
    with transaction() as connection:
        people.person_to_change(connection, name)
        link = links.make_link(connection, name, "reset")
    _show_link(name, link, "reset")


@user.command(name="sign-out")
@click.argument("name")
def sign_out(name: str) -> None:
    """End all sessions of NAME, such as that of a laptop that was lost."""
    with transaction() as connection:
        people.person_to_change(connection, name)
        ended = sessions.end_sessions(connection, name)
    click.echo(f"Sessions ended: {ended}.")


@user.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@USER_OPTION
def list_(as_json: bool, user: str | None) -> None:
    """List everybody with their roles and units."""
    with transaction(user) as connection:
        found = people.list_people(connection)
    if as_json:
        click.echo(json.dumps([_as_json(person) for person in found]))
    elif not found:
        click.echo("There is nobody yet. Add somebody with `geoapp user add NAME --role ROLE --scope UNIT`.")
    else:
        width = max(len(person.name) for person in found)
        for person in found:
            notes = [*(["demonstration"] if person.synthetic else []), *(["disabled"] if person.disabled else [])]
            told = f"{person.name:{width}}  {_rights(person)}"
            click.echo(f"{told} ({', '.join(notes)})" if notes else told)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Take every right from NAME at once, until they are enabled again."""
    with transaction() as connection:
        changed = people.disable(connection, name)
    click.echo(f"Disabled {name}." if changed else f"{name} was disabled before.")


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Give NAME their rights back."""
    with transaction() as connection:
        changed = people.enable(connection, name)
        now = _described(connection, name)
    click.echo(f"Enabled {now}." if changed else f"{name} was not disabled.")


@user.command()
@click.argument("name")
@ROLE_OPTION
@SCOPE_OPTION
def scope(name: str, role: str, scopes: tuple[str, ...]) -> None:
    """Give NAME a role in units, in place of all that they had."""
    with transaction() as connection:
        people.set_rights(connection, name, role, scopes)
        changed = _described(connection, name)
    click.echo(f"Changed {changed}.")


def _show_link(name: str, secret: str, purpose: links.Purpose) -> None:
    """The link alone on the standard output, so that it can be handed on; what it is beside it."""
    hours = links.HOURS[purpose]
    click.echo(f"Give {name} this link. It works once, within {hours} hours:", err=True)
    click.echo(Settings.from_environment().address + links.PATH + secret)


def _described(connection: Connection, name: str) -> str:
    (person,) = (each for each in people.list_people(connection) if each.name == name)
    return f"{name}: {_rights(person)}"


def _rights(person: Person) -> str:
    held = [f"{role} in {', '.join(units)}" if units else role for role, units in person.rights.items()]
    return "; ".join(held) or "no role"


def _as_json(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "roles": {role: list(units) for role, units in person.rights.items()},
        "disabled": person.disabled,
        "synthetic": person.synthetic,
    }
