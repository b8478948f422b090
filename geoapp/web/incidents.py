"""The page of an incident: its facts for those who handle it, the release for a committee, nothing for the others."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, g, make_response, render_template
from sqlalchemy import Connection, select

from geoapp.errors import NotFoundError
from geoapp.followup.history import read_history
from geoapp.publish.details import NO_SUCH_ROW, read_detail
from geoapp.publish.life import TOLD as OF_LIFE
from geoapp.publish.life import read_life
from geoapp.publish.release import may_release
from geoapp.publish.released import UNCATEGORISED, date_in_words, read_released
from geoapp.web.audit import record_read
from geoapp.web.database import writing
from geoapp.web.policy import unstored
from geoapp.web.steps import entries_in_words
from layers.incidents import INCIDENTS
from layers.tables import Facility, Incident, MineSite, Route, Source
from layers.vocabulary import CATEGORY, LEVEL

# What stands elsewhere on the page than among its facts.
TOLD = (*OF_LIFE, Incident.summary_en, Incident.summary_fr, MineSite.name, Route.name, Facility.name)

incidents = Blueprint("incidents", __name__, url_prefix="/incidents")


@incidents.get("/<path:key>")
def page(key: str) -> Response:
    """An incident by its id, or by a number, of which several sources may each have one."""
    with writing() as connection:
        found = _find(connection, key)
        if len(found) == 1:
            return _one(connection, found[0])
        return _several(connection, key, found)


def _find(connection: Connection, key: str) -> list[UUID]:
    """The incidents that a key means; only those who see an incident itself find it by its number."""
    try:
        return [UUID(key)]
    except ValueError:
        if "\0" in key:
            raise NotFoundError(NO_SUCH_ROW) from None
    found = connection.scalars(select(Incident.incident_id).where(Incident.incident_no == key)).all()
    if not found:
        raise NotFoundError(NO_SUCH_ROW)
    return list(found)


def _one(connection: Connection, incident_id: UUID) -> Response:
    known = connection.execute(
        select(
            Incident.sealed,
            Incident.units,
            (Incident.summary_fr if g.language == "fr" else Incident.summary_en).label("summary"),
        ).where(Incident.incident_id == incident_id)
    ).one_or_none()
    released = read_released(connection, incident_id, g.language)
    detail = read_detail(connection, INCIDENTS, str(incident_id), g.language, TOLD) if known else None
    life = read_life(connection, incident_id, g.language) if known else None
    shown = detail or released
    if shown is None:
        raise NotFoundError(NO_SUCH_ROW)
    record_read(connection, Incident.__tablename__, incident_id)
    page = render_template(
        "incident.html",
        incident_id=incident_id,
        detail=detail,
        life=life,
        history=entries_in_words(read_history(connection, incident_id)) if known else [],
        summary=known.summary if known else None,
        sealed=known is not None and known.sealed,
        may_release=known is not None and may_release(connection, known.units),
        released=released,
        title=shown.title,
        synthetic=shown.synthetic,
    )
    return unstored(make_response(page))


def _several(connection: Connection, number: str, found: Sequence[UUID]) -> Response:
    rows = connection.execute(
        select(
            Incident.incident_id,
            Incident.occurred_from,
            Incident.date_precision,
            Incident.category,
            Incident.level,
            Incident.place_text,
            Source.name.label("source"),
            Incident.synthetic,
        )
        .outerjoin(Source, Source.source_id == Incident.source_id)
        .where(Incident.incident_id.in_(found))
        .order_by(Incident.occurred_from.desc(), Incident.incident_id)
    ).all()
    for row in rows:
        record_read(connection, Incident.__tablename__, row.incident_id)
    choices = [
        {
            "id": row.incident_id,
            "title": CATEGORY.label(row.category, g.language) or UNCATEGORISED.in_language(g.language),
            "facts": [
                date_in_words(row.occurred_from, row.date_precision or 1, g.language),
                LEVEL.label(row.level, g.language),
                row.place_text,
                row.source,
            ],
        }
        for row in rows
    ]
    synthetic = any(row.synthetic for row in rows)
    page = render_template("incident_choice.html", number=number, choices=choices, synthetic=synthetic)
    return unstored(make_response(page))
