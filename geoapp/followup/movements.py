"""Escorted movements: those of a viewer's units, what did not arrive, and the incident that was made of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Date, Select, and_, cast, func, or_, select

from geoapp.followup.periods import lies_in
from geoapp.risk.escort import ROUNDING, TOLERANCE, ZONE, is_short, shortfall_key
from layers.tables import Deployment, EscortMovement, Incident, Route

# As many as a page lists.
PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """Which movements: of a unit, of a cargo, those alone of which over 1 % did not arrive."""

    unit: str | None = None
    cargo: str | None = None
    short: bool = False


@dataclass(frozen=True)
class Movement:
    """A movement with its route and what became of a shortfall.

    `missing_kg` is None where a weight is not known; `short` says that over 1 % did not arrive. `incident_id` is the
    incident of its number, or that was made of it, where the viewer may see it.
    """

    id: UUID
    movement_id: str
    route_id: UUID
    route: str
    cargo: str
    permit_no: str | None
    departed_on: dt.date | None
    arrived_on: dt.date
    dispatched_kg: float | None
    received_kg: float | None
    missing_kg: float | None
    short: bool
    escort_strength: int | None
    escort: str | None
    vehicles: int | None
    deviation_m: float | None
    incident_no: str | None
    incident_id: UUID | None
    units: Sequence[str]
    synthetic: bool

    @property
    def share(self) -> float | None:
        """The share that did not arrive; None where a weight is not known."""
        return self.missing_kg / self.dispatched_kg if self.missing_kg is not None and self.dispatched_kg else None

    @property
    def reported(self) -> bool:
        """Whether an incident is known of it, seen or not."""
        return self.incident_no is not None or self.incident_id is not None


def list_movements(connection: Connection, chosen: Chosen, page: int = 1) -> tuple[list[Movement], int]:
    """A page of the movements that the viewer may see, the latest first, and how many there are."""
    conditions = _conditions(chosen)
    total = connection.scalar(select(func.count()).select_from(EscortMovement).where(*conditions)) or 0
    asked = _asked().where(*conditions).order_by(EscortMovement.arrived_at.desc(), EscortMovement.id)
    return _movements(connection, connection.execute(asked.offset((page - 1) * PAGE).limit(PAGE)).all()), total


def read_movement(connection: Connection, movement_id: UUID) -> Movement | None:
    """One movement; None where the viewer may see none of that id."""
    return next(
        iter(_movements(connection, connection.execute(_asked().where(EscortMovement.id == movement_id)).all())), None
    )


def _is_short() -> ColumnElement[bool]:
    sent, got = EscortMovement.dispatched_kg, EscortMovement.received_kg
    return and_(sent > 0, sent - got > TOLERANCE * sent * (1 + ROUNDING))


def _conditions(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.unit:
        found.append(lies_in(EscortMovement.units, [chosen.unit]))
    if chosen.cargo:
        found.append(EscortMovement.cargo == chosen.cargo)
    if chosen.short:
        found.append(_is_short())
    return found


def _asked() -> Select[Any]:
    departed, arrived = (
        cast(func.timezone(ZONE, each), Date) for each in (EscortMovement.departed_at, EscortMovement.arrived_at)
    )
    return (
        select(
            EscortMovement.__table__,
            Route.name.label("route"),
            Deployment.provider_name.label("escort"),
            departed.label("departed_on"),
            arrived.label("arrived_on"),
        )
        .join(Route, Route.id == EscortMovement.route_ref)
        .outerjoin(Deployment, Deployment.id == EscortMovement.deployment_ref)
    )


def _movements(connection: Connection, rows: Sequence[Any]) -> list[Movement]:
    keys, numbers = _incidents(connection, rows)
    found = []
    for row in rows:
        known = row.dispatched_kg is not None and row.received_kg is not None
        found.append(
            Movement(
                row.id,
                row.movement_id,
                row.route_ref,
                row.route,
                row.cargo,
                row.permit_no,
                row.departed_on,
                row.arrived_on,
                row.dispatched_kg,
                row.received_kg,
                row.dispatched_kg - row.received_kg if known else None,
                known and row.dispatched_kg > 0 and is_short(row.dispatched_kg, row.received_kg),
                row.escort_strength,
                row.escort,
                row.vehicles,
                row.deviation_m,
                row.incident_no,
                keys.get(shortfall_key(row.id)) or numbers.get((row.source_id, row.incident_no)),
                row.units,
                row.synthetic,
            )
        )
    return found


def _incidents(
    connection: Connection, rows: Sequence[Any]
) -> tuple[dict[str | None, UUID], dict[tuple[str | None, str | None], UUID]]:
    """The incidents of some movements that the viewer may see, by what they were made of, and by source and number."""
    made_of = [shortfall_key(row.id) for row in rows]
    numbers = [row.incident_no for row in rows if row.incident_no]
    asked = select(Incident.incident_id, Incident.content_key, Incident.source_id, Incident.incident_no).where(
        or_(Incident.content_key.in_(made_of), Incident.incident_no.in_(numbers))
    )
    found = connection.execute(asked).all() if rows else []
    return (
        {row.content_key: row.incident_id for row in found if row.content_key},
        {(row.source_id, row.incident_no): row.incident_id for row in found if row.incident_no},
    )
