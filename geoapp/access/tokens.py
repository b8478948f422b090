"""API tokens: by them a program reads as its owner, within roles and units that may be fewer than the owner's."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_once

from geoapp.access.audit import record
from geoapp.access.people import ADMIN, codes_of, list_people
from geoapp.access.secret import hash_of, new_secret
from geoapp.errors import GeoappError
from layers.tables import ApiToken
from layers.text import Text

DAYS, MOST_DAYS = 90, 366
# What a token is good for: reading with programs, or the feed of watched places alone.
API, FEED = "api", "feed"
LONGEST_LABEL = 80
# So that a token is known for what it is where it turns up, and can be searched for.
PREFIX = "geoapp_"


class TokenRefusedError(GeoappError):
    """A token that cannot be made; `said` is the reason in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, fr)


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it, without its secret; `roles` and `scopes` are None where all are left."""

    token_id: uuid.UUID
    name: str
    label: str | None
    roles: tuple[str, ...] | None
    scopes: tuple[str, ...] | None
    made_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None
    expired: bool
    purpose: str = API


def make_token(
    connection: Connection,
    name: str,
    *,
    days: int = DAYS,
    label: str = "",
    roles: Sequence[str] = (),
    units: Sequence[str] = (),
    token_id: uuid.UUID | None = None,
    purpose: str = API,
) -> str:
    """Make a token of somebody for so many days; its secret, which is told nowhere else.

    Without `roles` or `units` it has all that its owner has at the time it is used. Raises TokenRefusedError for
    somebody who is unknown or disabled, a role that they do not have, a number of days or a label out of bounds and a
    `token_id` that was used before; PersonRefusedError for a unit that does not exist.
    """
    person = next((each for each in list_people(connection) if each.name == name), None)
    if person is None or person.disabled:
        raise TokenRefusedError(
            f"There is no user {name}, or they are disabled. See `geoapp user list`.",
            f"Il n’y a pas d’utilisateur {name}, ou il est désactivé. Voyez `geoapp user list`.",
        )
    if not 1 <= days <= MOST_DAYS:
        raise TokenRefusedError(
            f"A token holds from 1 to {MOST_DAYS} days. Choose a number of days between them.",
            f"Un jeton vaut de 1 à {MOST_DAYS} jours. Choisissez un nombre de jours entre les deux.",
        )
    label = " ".join(label.replace("\x00", "").split())
    if len(label) > LONGEST_LABEL:
        raise TokenRefusedError(
            f"A label has at most {LONGEST_LABEL} characters. Shorten it.",
            f"Un libellé a au plus {LONGEST_LABEL} caractères. Raccourcissez-le.",
        )
    held = [role for role in person.rights if role != ADMIN]
    if not held:
        raise TokenRefusedError(
            "A token reads what its owner may read, and an administrator reads no data. Make it for somebody else.",
            "Un jeton lit ce que son propriétaire peut lire, et un administrateur ne lit pas de données. Faites-le pour"
            " quelqu’un d’autre.",
        )
    if missing := [role for role in roles if role not in held]:
        raise TokenRefusedError(
            f"{name} does not have the role {missing[0]}. Choose among: {', '.join(held)}.",
            f"{name} n’a pas le rôle {missing[0]}. Choisissez parmi\u00a0: {', '.join(held)}.",
        )
    codes = codes_of(connection, units)
    secret = PREFIX + new_secret()
    values = {
        "token_hash": hash_of(secret),
        "user_name": name,
        "label": label or None,
        "roles": sorted(set(roles)) or None,
        "scopes": codes or None,
        "purpose": purpose,
        "expires_at": func.now() + func.make_interval(0, 0, 0, days),
    }
    if token_id is None:
        connection.execute(insert(ApiToken).values(values))
    else:
        once = insert_once(ApiToken).values(values | {"token_id": token_id}).on_conflict_do_nothing()
        if connection.scalar(once.returning(ApiToken.token_id)) is None:
            raise TokenRefusedError(
                "This form was sent before, and its token was shown then. Nothing was done now.",
                "Ce formulaire a déjà été envoyé, et son jeton a été montré alors. Rien n’a été fait cette fois.",
            )
    record(connection, "token", f"app_user/{name}", after={"days": days})
    return secret


def list_tokens(connection: Connection, name: str | None = None) -> list[Token]:
    """The tokens of somebody, or all that the viewer may see, by owner and age."""
    found = select(
        ApiToken.token_id,
        ApiToken.user_name,
        ApiToken.label,
        ApiToken.roles,
        ApiToken.scopes,
        ApiToken.made_at,
        ApiToken.expires_at,
        ApiToken.last_used_at,
        (ApiToken.expires_at <= func.now()).label("expired"),
        ApiToken.purpose,
    ).order_by(ApiToken.user_name, ApiToken.made_at, ApiToken.token_id)
    if name is not None:
        found = found.where(ApiToken.user_name == name)
    return [
        Token(
            row.token_id,
            row.user_name,
            row.label,
            tuple(row.roles) if row.roles is not None else None,
            tuple(row.scopes) if row.scopes is not None else None,
            row.made_at,
            row.expires_at,
            row.last_used_at,
            row.expired,
            row.purpose,
        )
        for row in connection.execute(found)
    ]


def revoke_token(connection: Connection, token_id: uuid.UUID) -> bool:
    """Take a token away that the viewer may take away; whether there was one."""
    owner = connection.scalar(delete(ApiToken).where(ApiToken.token_id == token_id).returning(ApiToken.user_name))
    if owner:
        record(connection, "token_revoked", f"app_user/{owner}", before={"tokens": 1})
    return owner is not None
