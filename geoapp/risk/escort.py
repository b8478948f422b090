"""Escort: which movements of explosives had one, and where less arrived than was sent."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, Date, cast, func, select

from geoapp.risk.answer import Answer
from geoapp.risk.basis import window_of
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.wording import counted as in_words
from geoapp.risk.wording import many, n, sentence, share
from layers.tables import EscortMovement, Incident, Route
from layers.text import Text

CARGO = ("explosives", "detonators")
# What may be lost to weighing, as a share; more is a shortfall.
TOLERANCE = 0.01
ROUNDING = 1e-9
MOVEMENT, MOVEMENTS = Text("movement", "mouvement"), Text("movements", "mouvements")

# The zone in which a day of the installation begins.
ZONE = func.coalesce(func.nullif(func.current_setting("geoapp.time_zone", True), ""), "Africa/Kigali")


@dataclass(frozen=True)
class Shortfall:
    """A movement of which over 1 % did not arrive.

    `incident_no` is the number that was recorded with it, `incident_id` the incident that was made of it.
    """

    id: uuid.UUID
    movement_id: str
    route_id: str
    cargo: str
    arrived_on: dt.date
    dispatched_kg: float
    received_kg: float
    kg: float
    share: float
    incident_no: str | None
    incident_id: uuid.UUID | None


def shortfall_key(movement: uuid.UUID) -> str:
    """The `content_key` of the incident that is made of a movement's shortfall."""
    return f"escort_movement/{movement}"


@dataclass(frozen=True, kw_only=True)
class EscortAnswer(Answer):
    """Movements of explosives and detonators that arrived in the period; `escorted_share` is None without any."""

    movements: int
    escorted_share: float | None
    unescorted_km: float
    dispatched_kg: float
    received_kg: float
    shortfalls: list[Shortfall]


def ask_escort(connection: Connection, ground: Ground, asked: Asked) -> EscortAnswer:
    """Answer for all movements of the viewer, or for those on routes of some units."""
    window = window_of(asked)
    arrived = cast(func.timezone(ZONE, EscortMovement.arrived_at), Date).label("arrived_on")
    rows = connection.execute(
        select(EscortMovement, Route.route_id, Route.length_km, arrived)
        .join(Route, Route.id == EscortMovement.route_ref)
        .with_only_columns(*EscortMovement.__table__.c, Route.route_id, Route.length_km, arrived)
        .where(EscortMovement.cargo.in_(CARGO), arrived.between(window.since, window.until))
        .order_by(arrived, EscortMovement.movement_id, EscortMovement.id)
    ).all()
    if asked.chosen.unit:
        rows = [row for row in rows if not set(row.units).isdisjoint(asked.chosen.unit)]
    escorted = [row.deployment_ref is not None or (row.escort_strength or 0) > 0 for row in rows]
    short = [
        row
        for row in rows
        if row.dispatched_kg and row.received_kg is not None and is_short(row.dispatched_kg, row.received_kg)
    ]
    reported = _reported(connection, [shortfall_key(row.id) for row in short])
    shortfalls = [
        Shortfall(
            row.id,
            row.movement_id,
            row.route_id,
            row.cargo,
            row.arrived_on,
            row.dispatched_kg,
            row.received_kg,
            row.dispatched_kg - row.received_kg,
            (row.dispatched_kg - row.received_kg) / row.dispatched_kg,
            row.incident_no,
            reported.get(shortfall_key(row.id)),
        )
        for row in short
    ]
    with_escort = sum(escorted) / len(rows) if rows else None
    alone = sum(row.length_km for row, held in zip(rows, escorted, strict=True) if not held)
    sent = sum(row.dispatched_kg or 0.0 for row in rows)
    received = sum(row.received_kg or 0.0 for row in rows)
    left_out = {"without_weights": sum(row.dispatched_kg is None or row.received_kg is None for row in rows)}
    synthetic = sum(row.synthetic for row in rows)
    days, escort, km = in_words(asked), share(with_escort or 0.0), n(alone)
    kg, got = n(sent), n(received)
    moved, lacking = (many(len(each), MOVEMENT, MOVEMENTS) for each in (rows, shortfalls))
    told = Text(
        f"{moved.en} of explosives and detonators arrived ({days.en}); {escort.en} had an escort, {km.en} km were"
        f" driven without one. {kg.en} kg were sent and {got.en} kg received; of {lacking.en} over 1 % is missing.",
        f"Arrivées ({days.fr}) : {moved.fr} d'explosifs et de détonateurs, dont {escort.fr} avec escorte ; {km.fr} km"
        f" parcourus sans escorte. {kg.fr} kg envoyés, {got.fr} kg reçus ; plus de 1 % manque à {lacking.fr}.",
    )
    return EscortAnswer(
        question="escort",
        parameters=asked.parameters,
        used=len(rows),
        left_out=left_out,
        excluded={},
        level_unknown=0,
        synthetic=synthetic,
        outside_scope=None,
        sentence=sentence(told, asked, ground, left_out, synthetic=(synthetic, len(rows))),
        movements=len(rows),
        escorted_share=with_escort,
        unescorted_km=alone,
        dispatched_kg=sent,
        received_kg=received,
        shortfalls=shortfalls,
    )


def _reported(connection: Connection, keys: list[str]) -> dict[str, uuid.UUID]:
    asked = select(Incident.content_key, Incident.incident_id).where(Incident.content_key.in_(keys))
    return {str(row[0]): row[1] for row in connection.execute(asked)} if keys else {}


def is_short(dispatched: float, received: float) -> bool:
    """Whether over 1 % of what was dispatched did not arrive."""
    return dispatched - received > TOLERANCE * dispatched * (1 + ROUNDING)
