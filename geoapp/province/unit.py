"""The unit that a page is of, and what its reader may see in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from geoapp.access.viewer import FULL_ROLES, Viewer
from geoapp.errors import NotFoundError
from layers.tables import AdminUnit
from layers.text import Text

NO_SUCH_UNIT = "There is no unit of this code. Choose one on the page Provinces."
MEMBERS = ("committee", *FULL_ROLES)


@dataclass(frozen=True)
class Unit:
    """A unit as it last was.

    `codes` are its own with those of the older units that it was made from: what a row of it may bear. `above` are
    those of the units that it lies in, its own among them: a role in one of them is a role in all of it.
    """

    unit_code: str
    name: Text
    level: int
    admin_type: str | None
    country: str
    valid_from: dt.date
    valid_to: dt.date | None
    codes: tuple[str, ...]
    above: tuple[str, ...]
    today: dt.date

    @property
    def ended(self) -> bool:
        """Whether it is of an old vintage: there is no such unit any more."""
        return self.valid_to is not None and self.valid_to <= self.today


@dataclass(frozen=True)
class Rights:
    """What somebody is in a unit: a member of its committee or more, of whom `full` sees all but what is sealed.

    `member_of_all` and `full_of_all` are false where their units are parts of it.
    """

    member: bool
    full: bool
    member_of_all: bool
    full_of_all: bool


def read_unit(connection: Connection, code: str) -> Unit:
    """The unit of a code; NotFoundError where there is none."""
    if "\0" in code:
        raise NotFoundError(NO_SUCH_UNIT)
    asked = select(
        AdminUnit.unit_code,
        AdminUnit.name_en,
        AdminUnit.name_fr,
        AdminUnit.level,
        AdminUnit.admin_type,
        AdminUnit.country,
        AdminUnit.valid_from,
        AdminUnit.valid_to,
        func.with_origins([code]).label("codes"),
        func.units_above(code).label("above"),
        func.today().label("today"),
    ).where(AdminUnit.unit_code == code)
    found = connection.execute(asked.order_by(AdminUnit.valid_from.desc()).limit(1)).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_UNIT)
    return Unit(
        found.unit_code,
        Text(found.name_en, found.name_fr),
        found.level,
        found.admin_type,
        found.country,
        found.valid_from,
        found.valid_to,
        tuple(found.codes),
        tuple(found.above),
        found.today,
    )


def rights_in(connection: Connection, unit: Unit, viewer: Viewer | None) -> Rights:
    """What a viewer is in a unit; the operator, None, is everything."""
    if viewer is None:
        return Rights(True, True, True, True)

    def held(roles: tuple[str, ...]) -> set[str]:
        return {code for role in roles for code in viewer.rights.get(role, ())}

    def touches(units: set[str]) -> bool:
        return bool(units) and bool(connection.scalar(select(func.common_units(sorted(units), list(unit.codes)))))

    members, full = held(MEMBERS), held(FULL_ROLES)
    above = set(unit.above)
    return Rights(touches(members), touches(full), not above.isdisjoint(members), not above.isdisjoint(full))
