"""The topics of a unit's page that its committee works on: each read as the page's viewer."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import Connection

from geoapp.followup.periods import lies_in
from geoapp.followup.prepared import read_prepared, two_years_before
from geoapp.followup.register import Chosen as ChosenRisks
from geoapp.followup.register import list_risks
from geoapp.province.actions import actions_section, read_due_actions
from geoapp.province.deployments import deployments_section, read_deployments
from geoapp.province.incidents import open_section, read_open
from geoapp.province.meeting import changes_section, decisions_section, read_changes, read_committees, since_last
from geoapp.province.section import Section
from geoapp.province.sites import read_sites, sites_section
from geoapp.province.trainings import read_trained
from geoapp.province.unit import Rights, Unit
from geoapp.web.language import day_in_words
from geoapp.web.register_words import risk_shown
from geoapp.web.trainings import by_year
from layers.tables import Deployment

# As many rows as are read on a page; the lists have the others.
MOST_ROWS, MOST_SITES = 20, 15


def _shown(section: Section) -> dict[str, Any]:
    return {"section": section, "synthetic": section.synthetic}


def decisions(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """What the last meeting decided."""
    return _shown(decisions_section(read_committees(connection, unit), unit, g.language, MOST_ROWS))


def incidents(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """The open incidents by level and age, those over six months on top."""
    found = read_open(connection, unit, g.language, full=rights.full, most=MOST_ROWS)
    return _shown(open_section(found, unit, g.language))


def actions(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """The actions due and late."""
    return _shown(actions_section(read_due_actions(connection, unit), unit, g.language, MOST_ROWS))


def changes(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """What changed since the last meeting."""
    committees = read_committees(connection, unit)
    found = read_changes(connection, unit, since_last(committees, unit), g.language, full=rights.full)
    return _shown(changes_section(found, unit, g.language, since_meeting=committees.last is not None))


def sites(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """The mine sites by ICGLR status; for who sees visits, those without one for long."""
    return _shown(sites_section(read_sites(connection, unit, full=rights.full, most=MOST_SITES), g.language))


def deployments(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """The deployments by number, function and force."""
    return _shown(deployments_section(read_deployments(connection, unit, full=False), g.language))


def reviews(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """Reviews of the risk register that are due."""
    due = list_risks(connection, ChosenRisks(unit=unit.unit_code, due=True))
    return {
        "risks": [risk_shown(each, g.language) for each in due],
        "register": len(list_risks(connection, ChosenRisks(unit=unit.unit_code))),
    }


def trainings(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """Trainings with the people trained; for those who may, how the deployments are prepared."""
    totals, people = read_trained(connection, unit)
    prepared = None
    if rights.full:
        prepared = read_prepared(connection, unit.today, [lies_in(Deployment.units, [unit.unit_code])])
    return {
        "totals": totals,
        "by_year": by_year(people, g.language),
        "prepared": prepared,
        "trained_after": day_in_words(two_years_before(unit.today)),
        "synthetic": bool(totals.synthetic or (prepared and prepared.synthetic)),
    }
