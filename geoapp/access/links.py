"""One-time links: how somebody who is invited, has lost a password or belongs to the demonstration signs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, select, text

from geoapp.access.audit import record
from geoapp.access.passwords import hash_password, require_good
from geoapp.access.secret import hash_of, new_secret
from layers.tables import AppUser, SignInLink

Purpose = Literal["demonstration", "invitation", "reset"]

# An invitation travels by messenger and waits for a network; a reset was asked for just now.
HOURS: dict[Purpose, int] = {"demonstration": 24, "invitation": 7 * 24, "reset": 24}
PATH = "/sign-in/link/"


@dataclass(frozen=True)
class Link:
    """A link that has not been used: whose it is, and what for."""

    name: str
    purpose: Purpose

    @property
    def brings_password(self) -> bool:
        """Whether its owner chooses a password with it."""
        return self.purpose != "demonstration"


def make_link(connection: Connection, name: str, purpose: Purpose) -> str:
    """Make a link for somebody in place of all that they had; its secret, which is told nowhere else."""
    secret = new_secret()
    connection.execute(delete(SignInLink).where(SignInLink.user_name == name))
    until = func.now() + func.make_interval(0, 0, 0, 0, HOURS[purpose])
    values = {"link_hash": hash_of(secret), "user_name": name, "purpose": purpose, "expires_at": until}
    connection.execute(insert(SignInLink).values(values))
    if purpose != "demonstration":
        record(connection, "link_made", f"app_user/{name}")
    return secret


def make_demonstration_links(connection: Connection) -> list[tuple[str, str]]:
    """A fresh link for each of the demonstration's people: names and secrets. For the operator."""
    people = select(AppUser.user_name).where(AppUser.synthetic, AppUser.disabled_at.is_(None))
    names = connection.scalars(people.order_by(AppUser.user_name)).all()
    return [(name, make_link(connection, name, "demonstration")) for name in names]


def read_link(connection: Connection, secret: str, *, on_loopback: bool) -> Link | None:
    """What a link is for; None for one that is unknown, used, too old, or of the demonstration and not on loopback."""
    found = connection.execute(
        text("SELECT user_name, purpose FROM read_link(:hash, :on_loopback)"),
        {"hash": hash_of(secret), "on_loopback": on_loopback},
    ).one_or_none()
    return Link(found.user_name, found.purpose) if found else None


def use_link(connection: Connection, secret: str, password: str | None, *, on_loopback: bool) -> str | None:
    """Use a link up; the name of whose it was, None where it is not to be had any more.

    With a password it becomes theirs, and all their sessions end. PasswordRefusedError, with the link unused, for one
    that is not good.
    """
    link = read_link(connection, secret, on_loopback=on_loopback)
    if link is None:
        return None
    hashed = None
    if link.brings_password:
        require_good(password or "", link.name)
        hashed = hash_password(password or "")
    name: str | None = connection.scalar(select(func.use_link(hash_of(secret), on_loopback, hashed)))
    return name
