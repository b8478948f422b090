"""The demonstration's people: one of each role, who live no longer than its data."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Connection, delete, insert

from layers.tables import AppUser, UserScope

# Name, role, and the units in which they have it.
PEOPLE = (
    ("demo-committee", "committee", ("CD-SK",)),
    ("demo-coordinator", "coordinator", ("CD-SK",)),
    ("demo-analyst", "analyst", ("BI", "CD", "RW", "UG")),
    ("demo-gis", "gis", ("BI", "CD", "RW", "UG")),
)


def write_people(connection: Connection) -> None:
    """Insert them within the caller's transaction."""
    connection.execute(insert(AppUser), [{"user_name": name, "synthetic": True} for name, _, _ in PEOPLE])
    scopes = [
        # From the name and the unit, so that the same demonstration has the same rows.
        {"id": uuid5(NAMESPACE_OID, f"{name} {unit}"), "user_name": name, "role": role, "unit_code": unit}
        for name, role, units in PEOPLE
        for unit in units
    ]
    connection.execute(insert(UserScope), scopes)


def remove_people(connection: Connection) -> None:
    """Delete them within the caller's transaction, with their sessions."""
    connection.execute(delete(AppUser).where(AppUser.synthetic))
