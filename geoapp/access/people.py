"""The people who may sign in: what each may do and where, and the rules for changing that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from sqlalchemy import Connection, delete, func, insert, select, text, update

from geoapp.access.audit import record
from geoapp.access.viewer import PUBLIC
from geoapp.errors import GeoappError
from geoapp.naming import fold, nearest
from layers.tables import AdminUnit, AppUser, UserScope
from layers.text import Text
from layers.vocabulary import ROLE

ADMIN = "admin"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
# The same number as in the database's own guard of the last administrator, so that both take their turn.
LOCK = 6_318_006

Field = Literal["name", "role", "unit"]


class PersonRefusedError(GeoappError):
    """A change to a person that cannot be made; `field` is what to put right, `said` the reason in every language."""

    def __init__(self, refused: Field, said: Text):
        super().__init__(said.en)
        self.field: Field = refused
        self.said = said


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in, with the units in which they have each role; an administrator's role has none."""

    name: str
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disabled: bool = False
    synthetic: bool = False


@dataclass(frozen=True)
class Unit:
    """A unit that a role can be given in."""

    code: str
    name: Text


def list_people(connection: Connection) -> list[Person]:
    """Everybody whom the transaction's viewer may see, by name."""
    rights: dict[str, dict[str, tuple[str, ...]]] = {}
    scopes = select(UserScope).order_by(UserScope.user_name, UserScope.role, UserScope.unit_code)
    for scope in connection.execute(scopes):
        held = rights.setdefault(scope.user_name, {})
        held[scope.role] = held.get(scope.role, ()) + ((scope.unit_code,) if scope.unit_code else ())
    return [
        Person(person.user_name, rights.get(person.user_name, {}), person.disabled_at is not None, person.synthetic)
        for person in connection.execute(select(AppUser).order_by(AppUser.user_name))
    ]


def list_units(connection: Connection) -> list[Unit]:
    """Every unit that is or was, by its code, each with its latest name."""
    lives = select(AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr)
    in_order = lives.order_by(AdminUnit.unit_code, AdminUnit.valid_from)
    latest = {unit.unit_code: Text(unit.name_en, unit.name_fr) for unit in connection.execute(in_order)}
    return [Unit(code, name) for code, name in latest.items()]


def codes_of(connection: Connection, units: Sequence[str]) -> list[str]:
    """The codes of units that are meant by code or name; PersonRefusedError for one that does not exist."""
    given = [unit.strip() for unit in units if unit.strip()]
    known = list_units(connection) if given else []
    return list(dict.fromkeys(_code_of(unit, known) for unit in given))


def person_to_change(connection: Connection, name: str) -> Person:
    """The person of that name, to be changed; PersonRefusedError for one who is unknown or of the demonstration."""
    people = {person.name: person for person in list_people(connection)}
    if name not in people:
        like = nearest(name, people, count=1)
        _refuse(
            "name",
            f"There is no user {name}." + (f" Did you mean {like[0]}?" if like else ""),
            f"Il n’y a pas d’utilisateur {name}." + (f" Vouliez-vous dire {like[0]}\u00a0?" if like else ""),
        )
    if people[name].synthetic:
        _refuse(
            "name",
            f"{name} belongs to the demonstration: such people come and go with its data, and are not changed.",
            f"{name} fait partie de la démonstration\u00a0: ces personnes vont et viennent avec ses données, sans être"
            " modifiées.",
        )
    return people[name]


def add_person(connection: Connection, name: str, role: str, units: Sequence[str]) -> None:
    """Add somebody with a role in units, named by code or name.

    Raises PersonRefusedError, with nothing changed, for a name that is taken or malformed, and where `set_rights` does.
    """
    _lock(connection)
    _require_name(connection, name)
    codes = _units_of_role(connection, role, units)
    connection.execute(insert(AppUser).values(user_name=name))
    _insert_scopes(connection, name, role, codes)
    record(connection, "user_added", f"app_user/{name}", after={"role": role, "units": len(codes)})


def set_rights(connection: Connection, name: str, role: str, units: Sequence[str]) -> None:
    """Give somebody a role in units, in place of all that they had.

    Raises PersonRefusedError, with nothing changed, for somebody who is unknown or of the demonstration, a role or a
    unit that does not exist, a role without the unit that it needs, and the last administrator.
    """
    _lock(connection)
    person = person_to_change(connection, name)
    codes = _units_of_role(connection, role, units)
    if role != ADMIN:
        _require_another_admin(connection, person, "role")
    # Rows that stay are left alone: the database would not let go of a last administrator even for a moment.
    unit = func.coalesce(UserScope.unit_code, "")
    kept = (UserScope.role == role) & unit.in_([code or "" for code in codes])
    connection.execute(delete(UserScope).where(UserScope.user_name == name, ~kept))
    held = connection.scalars(select(UserScope.unit_code).where(UserScope.user_name == name)).all()
    _insert_scopes(connection, name, role, [code for code in codes if code not in held])


def disable(connection: Connection, name: str) -> bool:
    """Take every right from somebody until they are enabled again; whether they had not been disabled before.

    Raises PersonRefusedError for somebody who is unknown or of the demonstration, and for the last administrator.
    """
    _lock(connection)
    person = person_to_change(connection, name)
    _require_another_admin(connection, person, "name")
    return _set_state(connection, name, "user_disabled", disabled=True)


def enable(connection: Connection, name: str) -> bool:
    """Give somebody their rights back; whether they had been disabled. PersonRefusedError as for `disable`."""
    _lock(connection)
    person_to_change(connection, name)
    return _set_state(connection, name, "user_enabled", disabled=False)


def _lock(connection: Connection) -> None:
    """Have everybody who changes people wait for the end of this transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _refuse(refused: Field, en: str, fr: str) -> NoReturn:
    raise PersonRefusedError(refused, Text(en, fr))


def _require_name(connection: Connection, name: str) -> None:
    if not NAME.fullmatch(name):
        _refuse(
            "name",
            "A name has 2 to 64 characters: small letters a to z, digits, dots, hyphens and underscores; the first is a"
            " letter or a digit.",
            "Un nom a de 2 à 64 caractères\u00a0: petites lettres de a à z, chiffres, points, tirets et traits de"
            " soulignement\u00a0; le premier est une lettre ou un chiffre.",
        )
    # What an operator's commands write bears the name of a role of the server.
    is_role = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")
    if name == PUBLIC or connection.scalar(is_role, {"name": name}):
        _refuse(
            "name",
            f"The name {name} has another meaning here. Choose another one.",
            f"Le nom {name} a un autre sens ici. Choisissez-en un autre.",
        )
    if connection.scalar(select(AppUser.user_name).where(AppUser.user_name == name)):
        _refuse(
            "name",
            f"The name {name} is taken. Choose another one, or change the rights of the person who has it.",
            f"Le nom {name} est pris. Choisissez-en un autre, ou changez les droits de la personne qui le porte.",
        )


def _require_another_admin(connection: Connection, person: Person, refused: Field) -> None:
    """Refuse to take the role from the last administrator who can use it."""
    if ADMIN not in person.rights or person.disabled:
        return
    others = (
        select(UserScope.id)
        .join(AppUser, AppUser.user_name == UserScope.user_name)
        .where(
            UserScope.role == ADMIN,
            UserScope.user_name != person.name,
            AppUser.disabled_at.is_(None),
            ~AppUser.synthetic,
        )
    )
    if connection.scalar(others.limit(1)) is None:
        _refuse(
            refused,
            f"{person.name} is the last administrator. Make somebody else administrator first.",
            f"{person.name} est le dernier administrateur. Nommez d’abord un autre administrateur.",
        )


def _units_of_role(connection: Connection, role: str, units: Sequence[str]) -> list[str | None]:
    """The codes of the units for a role; that of an administrator is none at all."""
    if role not in ROLE:
        _refuse(
            "role", "There is no such role. Choose one of the list.", "Ce rôle n’existe pas. Choisissez dans la liste."
        )
    given = [unit.strip() for unit in units if unit.strip()]
    if role == ADMIN:
        if given:
            _refuse(
                "unit",
                "An administrator is of no unit. Leave the units empty.",
                "Un administrateur n’est d’aucune unité. Laissez les unités vides.",
            )
        return [None]
    if not given:
        label = ROLE[role]
        _refuse(
            "unit",
            f"The role of {label.en} needs at least one unit: a country or a province, such as CD or CD-SK.",
            f"Le rôle de {label.fr} demande au moins une unité\u00a0: un pays ou une province, comme CD ou CD-SK.",
        )
    return list(codes_of(connection, given))


def _code_of(wanted: str, known: Iterable[Unit]) -> str:
    """The code of the unit that is meant by its code or by its name in one of the languages."""
    names: dict[str, dict[str, Unit]] = {}
    for unit in known:
        for name in (unit.code, unit.name.en, unit.name.fr):
            names.setdefault(fold(name), {})[unit.code] = unit
    meant = names.get(fold(wanted), {})
    if len(meant) == 1:
        return next(iter(meant))
    shown = wanted if len(wanted) <= 60 else f"{wanted[:59]}…"
    if meant:
        _refuse(
            "unit",
            f"Several units are called {shown}: {_listed(meant.values(), 'en')}. Give the code.",
            f"Plusieurs unités s’appellent {shown}\u00a0: {_listed(meant.values(), 'fr')}. Donnez le code.",
        )
    like = {unit.code: unit for name in nearest(wanted, names) for unit in names[name].values()}
    _refuse(
        "unit",
        f"There is no unit {shown}."
        + (f" Did you mean {_listed(like.values(), 'en')}?" if like else " Give a code, such as CD or CD-SK."),
        f"Il n’y a pas d’unité {shown}."
        + (
            f" Vouliez-vous dire {_listed(like.values(), 'fr')}\u00a0?"
            if like
            else " Donnez un code, comme CD ou CD-SK."
        ),
    )


def _listed(units: Iterable[Unit], language: str) -> str:
    return ", ".join(f"{unit.code} ({unit.name.in_language(language)})" for unit in units)


def _insert_scopes(connection: Connection, name: str, role: str, codes: Sequence[str | None]) -> None:
    if codes:
        rows = [{"user_name": name, "role": role, "unit_code": code} for code in codes]
        connection.execute(insert(UserScope), rows)


def _set_state(connection: Connection, name: str, event: str, *, disabled: bool) -> bool:
    change = update(AppUser).where(AppUser.user_name == name, AppUser.disabled_at.is_(None) == disabled)
    changed = connection.execute(change.values(disabled_at=func.now() if disabled else None)).rowcount == 1
    if changed:
        record(connection, event, f"app_user/{name}")
    return changed
