"""The topics of a unit's page that come from its follow-up."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import Connection

from geoapp.followup.periods import lies_in
from geoapp.followup.prepared import read_prepared, two_years_before
from geoapp.followup.register import Chosen as ChosenRisks
from geoapp.followup.register import list_risks
from geoapp.followup.trainings import Chosen, people_by_year, read_totals
from geoapp.province.unit import Rights, Unit
from geoapp.web.language import day_in_words
from geoapp.web.register_words import risk_shown
from geoapp.web.trainings import by_year
from layers.tables import Deployment


def reviews(connection: Connection, unit: Unit, _: Rights) -> dict[str, Any]:
    """Reviews of the risk register that are due."""
    due = list_risks(connection, ChosenRisks(unit=unit.unit_code, due=True))
    return {
        "risks": [risk_shown(each, g.language) for each in due],
        "register": len(list_risks(connection, ChosenRisks(unit=unit.unit_code))),
    }


def trainings(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any]:
    """Trainings with the people trained; for those who may, how the deployments are prepared."""
    chosen = Chosen(unit=unit.unit_code)
    totals = read_totals(connection, chosen.conditions())
    prepared = None
    if rights.full:
        prepared = read_prepared(connection, unit.today, [lies_in(Deployment.units, [unit.unit_code])])
    return {
        "totals": totals,
        "by_year": by_year(people_by_year(connection, chosen), g.language),
        "prepared": prepared,
        "trained_after": day_in_words(two_years_before(unit.today)),
        "synthetic": bool(totals.synthetic or (prepared and prepared.synthetic)),
    }
