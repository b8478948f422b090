"""`/provinces/<code>`: the page of a unit, each topic as the reader's rights allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, url_for
from sqlalchemy import Connection

from geoapp.province.pack import LONGEST_RECIPIENT, ended_said
from geoapp.province.unit import Rights, Unit, read_unit, rights_in
from geoapp.web.database import current_viewer, reading
from geoapp.web.policy import unstored
from geoapp.web.province_follow_up import (
    actions,
    changes,
    decisions,
    deployments,
    incidents,
    reviews,
    sites,
    trainings,
)
from geoapp.web.province_security import coverage, escorts, facilities, mandates, neighbours
from geoapp.web.unit_map import unit_map
from layers.vocabulary import ADMIN_TYPE

province = Blueprint("province", __name__)

EVERYBODY, MEMBER, FULL = "everybody", "member", "full"
# The template of a topic that is a `Section`.
SECTION = "section"


@dataclass(frozen=True)
class Topic:
    """A topic of the page: the template `province/_<name>.html` or another, who reads it, and what it reads.

    `read` gets the transaction of the viewer, the unit and the viewer's rights in it; its answer is `part` in the
    template. A part whose `synthetic` is true marks the page. What is None is left out.
    """

    name: str
    whose: str
    read: Callable[[Connection, Unit, Rights], dict[str, Any] | None]
    template: str = ""

    def is_for(self, rights: Rights) -> bool:
        """Whether somebody of these rights reads it."""
        return {EVERYBODY: True, MEMBER: rights.member, FULL: rights.full}[self.whose]


# In the order of the page.
TOPICS = (
    Topic("map", EVERYBODY, unit_map),
    Topic("decisions", MEMBER, decisions, SECTION),
    Topic("incidents", MEMBER, incidents, SECTION),
    Topic("actions", MEMBER, actions, SECTION),
    Topic("changes", MEMBER, changes, SECTION),
    Topic("sites", EVERYBODY, sites, SECTION),
    Topic("deployments", MEMBER, deployments, SECTION),
    Topic("mandates", FULL, mandates, SECTION),
    Topic("coverage", FULL, coverage, SECTION),
    Topic("facilities", MEMBER, facilities, SECTION),
    Topic("escorts", FULL, escorts, SECTION),
    Topic("neighbours", FULL, neighbours, SECTION),
    Topic("reviews", FULL, reviews),
    Topic("trainings", MEMBER, trainings),
)


@province.get("/provinces/<code>")
def page(code: str) -> Response:
    """A country or a province, topic by topic."""
    viewer = current_viewer()
    with reading() as connection:
        unit = read_unit(connection, code)
        rights = rights_in(connection, unit, viewer)
        parts = [
            (each.template or each.name, each.read(connection, unit, rights)) for each in TOPICS if each.is_for(rights)
        ]
    body = render_template(
        "province.html",
        unit=unit,
        name=unit.name.in_language(g.language),
        kind=ADMIN_TYPE.label(unit.admin_type, g.language),
        ended=ended_said(unit, g.language),
        me=viewer.name,
        longest=LONGEST_RECIPIENT,
        rights=rights,
        on_map=url_for("map.page", unit=unit.unit_code, lang=g.language),
        parts=[(name, part) for name, part in parts if part is not None],
        synthetic=any(part.get("synthetic") for _, part in parts if part),
    )
    return unstored(make_response(body))
