"""`/provinces/<code>`: the page of a unit, each part as the reader's rights allow."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, url_for
from sqlalchemy import Connection, func, select

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import NotFoundError
from geoapp.followup.periods import lies_in
from geoapp.followup.prepared import Prepared, read_prepared, two_years_before
from geoapp.followup.register import Chosen as ChosenRisks
from geoapp.followup.register import list_risks
from geoapp.followup.trainings import Chosen, people_by_year, read_totals
from geoapp.web.database import current_viewer, reading
from geoapp.web.language import day_in_words
from geoapp.web.policy import unstored
from geoapp.web.register_words import risk_shown
from geoapp.web.trainings import ROLES, by_year
from layers.tables import AdminUnit, Deployment
from layers.vocabulary import ADMIN_TYPE

province = Blueprint("province", __name__)

NO_SUCH_UNIT = "There is no unit of this code. Choose one on the page Provinces."


@province.get("/provinces/<code>")
def page(code: str) -> Response:
    """A country or a province: reviews that are due, people trained, deployments trained."""
    viewer = current_viewer()
    full, member = viewer.has(*FULL_ROLES), viewer.has(*ROLES)
    parts: dict[str, Any] = {"risks": None, "due": 0, "by_year": [], "totals": None, "prepared": None}
    with reading() as connection:
        unit = _unit(connection, code)
        if member:
            chosen = Chosen(unit=unit.unit_code)
            parts["totals"] = read_totals(connection, chosen.conditions())
            parts["by_year"] = by_year(people_by_year(connection, chosen), g.language)
        if full:
            due = list_risks(connection, ChosenRisks(unit=unit.unit_code, due=True))
            parts["risks"] = [risk_shown(each, g.language) for each in due]
            parts["register"] = len(list_risks(connection, ChosenRisks(unit=unit.unit_code)))
            parts |= _prepared(connection, unit.unit_code)
    synthetic = any((parts["totals"] and parts["totals"].synthetic, parts["prepared"] and parts["prepared"].synthetic))
    body = render_template(
        "province.html",
        unit=unit,
        name=unit.name_fr if g.language == "fr" else unit.name_en,
        kind=ADMIN_TYPE.label(unit.admin_type, g.language),
        full=full,
        member=member,
        on_map=url_for("map.page", unit=unit.unit_code, lang=g.language),
        synthetic=synthetic,
        **parts,
    )
    return unstored(make_response(body))


def _unit(connection: Connection, code: str) -> Any:
    """The unit of a code, as it last was."""
    if "\0" in code:
        raise NotFoundError(NO_SUCH_UNIT)
    asked = select(
        AdminUnit.unit_code,
        AdminUnit.name_en,
        AdminUnit.name_fr,
        AdminUnit.admin_type,
        AdminUnit.valid_from,
        AdminUnit.valid_to,
    ).where(AdminUnit.unit_code == code)
    found = connection.execute(asked.order_by(AdminUnit.valid_from.desc()).limit(1)).one_or_none()
    if found is None:
        raise NotFoundError(NO_SUCH_UNIT)
    return found


def _prepared(connection: Connection, code: str) -> dict[str, Any]:
    today = connection.execute(select(func.today())).scalar_one()
    found: Prepared = read_prepared(connection, today, [lies_in(Deployment.units, [code])])
    return {"prepared": found, "trained_after": day_in_words(two_years_before(today))}
