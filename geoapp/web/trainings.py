"""`/trainings`: the trainings of the viewer's units, the people trained by year and group, and each training."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, render_template, url_for

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.followup.trainings import (
    PAGE,
    Chosen,
    Trained,
    list_trainings,
    people_by_year,
    read_totals,
    read_training,
    units_of_trainings,
    years_and_funders,
)
from geoapp.ingest.rights import roles_of
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.web.asked import asked_code, asked_number
from geoapp.web.database import current_viewer, reading
from geoapp.web.language import day_in_words
from geoapp.web.policy import unstored
from layers.vocabulary import PARTICIPANT_GROUP, TRAINING_TOPIC

trainings = Blueprint("trainings", __name__, url_prefix="/trainings")

NOT_YOURS = "Trainings are for committees, coordinators, analysts and GIS officers, in their units. Sign in as one."
ROLES = ("committee", *FULL_ROLES)


@trainings.before_request
def _require_role() -> None:
    if not current_viewer().has(*ROLES):
        raise ForbiddenError(NOT_YOURS)


@trainings.get("")
def page() -> Response:
    """The list under the filters of the address, with the people trained by year and group."""
    at = asked_number("page", 1, 10_000) or 1
    with reading() as connection:
        years, funders = years_and_funders(connection)
        units = units_of_trainings(connection, g.language)
        chosen = Chosen(
            asked_code("unit", dict(units)),
            asked_number("year", 1900, 2999),
            asked_code("funder", funders),
            asked_code("topic", TRAINING_TOPIC),
        )
        rows = list_trainings(connection, chosen, at)
        people = people_by_year(connection, chosen)
        totals = read_totals(connection, chosen.conditions())
    asked = {"unit": chosen.unit, "year": chosen.year, "funder": chosen.funder, "topic": chosen.topic}
    body = render_template(
        "trainings.html",
        rows=[shown(row) for row in rows],
        by_year=by_year(people, g.language),
        totals=totals,
        asked=asked,
        narrowed=any(asked.values()),
        choices={
            "unit": units,
            "year": [(year, year) for year in years],
            "funder": [(name, name) for name in funders],
            "topic": [(code, TRAINING_TOPIC.label(code, g.language)) for code in TRAINING_TOPIC],
        },
        at=at,
        pages=max(1, -(-totals.trainings // PAGE)),
        may_add=may_enter("trainings"),
        full=current_viewer().has(*FULL_ROLES),
        on_map=url_for("map.page", layers="trainings,provinces", unit=chosen.unit, lang=g.language),
        synthetic=bool(totals.synthetic),
    )
    return unstored(make_response(body))


@trainings.get("/<uuid:key>")
def one(key: UUID) -> Response:
    """A training with its participants by group."""
    with reading() as connection:
        row = read_training(connection, key)
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    groups = []
    for group, each in sorted(row.participants_by_group.items(), key=lambda item: _rank(item[0])):
        counted = each if isinstance(each, dict) else {"total": each}
        groups.append((PARTICIPANT_GROUP.label(group, g.language), counted.get("total"), counted.get("women")))
    at = f"12/{row.lat:.5f}/{row.lon:.5f}" if row.lat is not None else None
    body = render_template(
        "training.html",
        row=row,
        shown=shown(row),
        groups=groups,
        may_change=may_enter("trainings"),
        on_map=url_for(
            "map.page", layers="trainings,provinces", at=at, open=f"trainings:{row.id}" if at else None, lang=g.language
        ),
        synthetic=row.synthetic,
    )
    return unstored(make_response(body))


def may_enter(table: str) -> bool:
    """Whether the viewer may enter rows of a table by hand."""
    return current_viewer().has(*roles_of(table))


def shown(row: Any) -> dict[str, Any]:
    """A training in words."""
    return {
        "id": row.id,
        "key": row.training_id,
        "on": day_in_words(row.held_on),
        "place": row.place_text or row.unit_code or "",
        "unit": (row.units or [""])[-1] if row.units else "",
        "topic": TRAINING_TOPIC.label(row.topic, g.language),
        "funder": row.funder or "",
        "trainer": row.trainer_org or "",
        "participants": row.participants,
        "women": row.women,
    }


def by_year(people: list[Trained], language: str) -> list[tuple[int, list[dict[str, Any]], int]]:
    """The people of each year by group, in the order of the vocabulary, and their sum."""
    years: dict[int, list[Trained]] = {}
    for each in people:
        years.setdefault(each.year, []).append(each)
    return [
        (
            year,
            [
                {"group": PARTICIPANT_GROUP.label(each.group, language), "people": each.people, "women": each.women}
                for each in sorted(groups, key=lambda each: _rank(each.group))
            ],
            sum(each.people for each in groups),
        )
        for year, groups in years.items()
    ]


def _rank(group: str) -> tuple[int, str]:
    order = [*PARTICIPANT_GROUP]
    return (order.index(group) if group in order else len(order), group)
