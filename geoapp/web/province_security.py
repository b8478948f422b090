"""The topics of a unit's page about security: each read as the page's viewer, most of them by who sees all of it."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import Connection

from geoapp.province.coverage import coverage_section, read_coverage
from geoapp.province.escorts import escorts_section, read_escorts
from geoapp.province.facilities import facilities_section, read_facilities
from geoapp.province.mandates import mandates_section, read_mandates
from geoapp.province.neighbours import neighbours_section, read_compared
from geoapp.province.section import Section
from geoapp.province.unit import Rights, Unit

MOST_ROWS, MOST_GAPS = 12, 8


def _shown(section: Section) -> dict[str, Any]:
    return {"section": section, "synthetic": section.synthetic}


def mandates(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """The deployments with mandate, vetting and training."""
    return _shown(mandates_section(read_mandates(connection, unit, MOST_ROWS), unit, g.language))


def coverage(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """What lies within 5 km of a deployment."""
    return _shown(coverage_section(*read_coverage(connection, unit), g.language, MOST_GAPS))


def facilities(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """The facilities; for who may, with guards and break-ins."""
    return _shown(facilities_section(read_facilities(connection, unit, full=rights.full, most=MOST_ROWS), g.language))


def escorts(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """The transports of explosives."""
    return _shown(escorts_section(read_escorts(connection, unit), g.language, MOST_GAPS))


def neighbours(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any] | None:
    """The unit beside those around it."""
    found = read_compared(connection, unit)
    return None if found is None else _shown(neighbours_section(found, g.language))
