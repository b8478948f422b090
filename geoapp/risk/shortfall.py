"""Turning a shortfall of explosives into an incident, which is then handled like any other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Date, String, cast, func, insert, select, update
from sqlalchemy.exc import ProgrammingError

from geoapp.errors import ForbiddenError, QuestionError
from geoapp.risk.escort import CARGO, ZONE, is_short, shortfall_key
from geoapp.risk.wording import n, share
from layers.tables import EscortMovement, Incident, Route
from layers.text import typeset
from layers.vocabulary import CARGO as CARGOES

# Any number will do, as long as no other lock of geoapp has it.
LOCK = 6_318_009
NOT_YOURS = "Incidents are recorded by coordinators and GIS officers of the units that the route touches."
NOT_ALLOWED = "42501"


def report_shortfall(
    connection: Connection, name: str, typed: Mapping[str, Any] | None = None, cargoes: Sequence[str] = CARGO
) -> tuple[uuid.UUID, bool]:
    """Record the shortfall of a movement, by its `movement_id` or the id of its row, as an incident.

    The incident's id, and whether it is new: of one movement there is one incident, however often it is asked for; the
    movement bears its number from then on. It has no level and no point, since nobody has looked into it yet; `typed`
    are columns that somebody wrote otherwise. QuestionError where nothing over 1 % is missing or the movement bears the
    number of another incident, ForbiddenError for who may not record incidents there.
    """
    row = _short_movement(connection, name, cargoes)
    connection.execute(select(func.pg_advisory_xact_lock(LOCK, func.hashtext(str(row.id)))))
    known = select(Incident.incident_id).where(Incident.content_key == shortfall_key(row.id))
    found: uuid.UUID | None = connection.scalar(known)
    if found is not None:
        return found, False
    # Read again, since it may have been linked while this waited for the lock.
    number: str | None = connection.scalar(select(EscortMovement.incident_no).where(EscortMovement.id == row.id))
    if number is not None:
        raise QuestionError(
            f"Movement {name} bears the number of incident {number} already: it is not reported twice.",
            f"Le mouvement {name} porte déjà le numéro de l'incident {number} : il n'est pas signalé deux fois.",
        )
    values = _incident(row) | dict(typed or {})
    bears = update(EscortMovement).where(EscortMovement.id == row.id).values(incident_no=values["incident_no"])
    try:
        connection.execute(insert(Incident).values(values))
        linked = connection.execute(bears).rowcount
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise ForbiddenError(NOT_YOURS) from None
        raise
    if linked != 1:
        raise ForbiddenError(NOT_YOURS)
    return connection.execute(known).scalar_one(), True


def proposed_incident(connection: Connection, name: str, cargoes: Sequence[str] = CARGO) -> dict[str, Any]:
    """The columns of the incident that a shortfall would become, as `report_shortfall` would write them."""
    return _incident(_short_movement(connection, name, cargoes))


def _short_movement(connection: Connection, name: str, cargoes: Sequence[str]) -> Any:
    row = _movement(connection, name, cargoes)
    if row.dispatched_kg is None or row.received_kg is None or not is_short(row.dispatched_kg, row.received_kg):
        raise QuestionError(
            f"Of movement {name} no more than 1 % is known to be missing: there is nothing to report.",
            f"Pour le mouvement {name}, il ne manque pas plus de 1 %, autant qu'on sache : il n'y a rien à signaler.",
        )
    return row


def _movement(connection: Connection, name: str, cargoes: Sequence[str]) -> Any:
    departed, arrived = (
        cast(func.timezone(ZONE, each), Date) for each in (EscortMovement.departed_at, EscortMovement.arrived_at)
    )
    asked = (
        select(EscortMovement, Route.name, departed.label("departed_on"), arrived.label("arrived_on"))
        .join(Route, Route.id == EscortMovement.route_ref)
        .with_only_columns(
            *EscortMovement.__table__.c, Route.name, departed.label("departed_on"), arrived.label("arrived_on")
        )
        .where(EscortMovement.cargo.in_(cargoes))
        .where((EscortMovement.movement_id == name) | (cast(EscortMovement.id, String) == name))
    )
    rows = connection.execute(asked).all()
    if not rows:
        raise QuestionError(
            f"movement: there is no movement {name} of explosives, or it is not for you; `geoapp risk escort` lists"
            " shortfalls.",
            f"movement : il n'y a pas de mouvement d'explosifs {name}, ou il n'est pas pour vous ; `geoapp risk escort`"
            " énumère les manques.",
        )
    if len(rows) > 1:
        keys = ", ".join(str(row.id) for row in rows)
        raise QuestionError(
            f"movement: {len(rows)} movements are called {name}; give one of their ids: {keys}.",
            f"movement : {len(rows)} mouvements s'appellent {name} ; donnez l'un de leurs identifiants : {keys}.",
        )
    return rows[0]


def _incident(row: Any) -> dict[str, Any]:
    missing = row.dispatched_kg - row.received_kg
    cargo, kg, sent = CARGOES[row.cargo], n(missing, 1), n(row.dispatched_kg, 1)
    part = share(missing / row.dispatched_kg)
    return {
        "content_key": shortfall_key(row.id),
        "incident_no": f"ESC-{row.arrived_on.year}-{row.id.hex[:8].upper()}",
        "occurred_from": row.departed_on or row.arrived_on,
        "occurred_to": row.arrived_on,
        "reported_on": func.today(),
        "opened_on": func.today(),
        "category": "explosives_loss_or_misuse" if row.cargo in CARGO else None,
        "stage": "transport",
        "explosives_involved": row.cargo in CARGO,
        "route_ref": row.route_ref,
        "place_text": row.name,
        "summary_en": f"{cargo.en}, movement {row.movement_id}: {kg.en} of {sent.en} kg ({part.en}) did not arrive.",
        "summary_fr": typeset(
            f"{cargo.fr}, mouvement {row.movement_id} : {kg.fr} kg sur {sent.fr} ({part.fr}) ne sont pas arrivés.", "fr"
        ),
        "source_id": row.source_id,
        "synthetic": row.synthetic,
    }
