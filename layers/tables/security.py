"""Security forces: where they are deployed, and the movements that they escort."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Double, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import (
    ON_EARTH,
    Base,
    Imported,
    Located,
    check,
    geometry,
    in_order,
    mercator,
    not_negative,
    one_of,
    random_id,
    some_of,
    spatial_indexes,
)


class Deployment(Located, Base):
    """A public or private force at a site, a facility or on a route, with its Voluntary Principles facts.

    It is valid on days T with `valid_from <= T` and (`valid_to` missing or `T < valid_to`). Its place is `geom`, else
    that of the one site, facility or route that it refers to.
    """

    __tablename__ = "deployment"

    id: Mapped[uuid.UUID] = random_id()
    deployment_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    provider_class: Mapped[str | None]
    force: Mapped[str]
    provider_name: Mapped[str | None]
    force_unit: Mapped[str | None]
    function: Mapped[str | None]
    site_id: Mapped[str | None] = mapped_column(
        ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="SET NULL"), index=True
    )
    route_ref: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("route.id", ondelete="SET NULL"), index=True)
    facility_ref: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("facility.id", ondelete="SET NULL"), index=True)
    strength: Mapped[int | None]
    armed: Mapped[str | None]
    mandate_ref: Mapped[str | None]
    mou_on: Mapped[dt.date | None]
    vetted: Mapped[str | None]
    vps_trained: Mapped[int | None]
    vps_trained_on: Mapped[dt.date | None]
    equipment_transferred: Mapped[str | None]
    coverage_m: Mapped[int | None]
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    geom: Mapped[Any] = geometry("GEOMETRY", nullable=True)
    geom_3857: Mapped[Any] = mercator("GEOMETRY")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("deployment_id", "units", "valid_from"),
        one_of("provider_class", vocab.PROVIDER_CLASS),
        one_of("force", vocab.FORCE),
        one_of("function", vocab.DEPLOYMENT_FUNCTION),
        one_of("armed", vocab.ARMED),
        one_of("vetted", vocab.VETTED),
        *not_negative("strength", "vps_trained", "coverage_m"),
        check("vps_trained_of", "vps_trained <= strength"),
        check("valid_to_order", "valid_to > valid_from"),
        check("one_place", "num_nonnulls(site_id, route_ref, facility_ref) <= 1"),
        check("placed", "num_nonnulls(geom, site_id, route_ref, facility_ref) >= 1"),
        check("geom", f"GeometryType(geom) IN ('POINT', 'LINESTRING') AND ST_IsValid(geom) AND {ON_EARTH}"),
        *spatial_indexes("deployment"),
    )


class EscortMovement(Imported, Base):
    """A movement of explosives, detonators or minerals along a route, recorded after it has arrived."""

    __tablename__ = "escort_movement"

    id: Mapped[uuid.UUID] = random_id()
    movement_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    route_ref: Mapped[uuid.UUID] = mapped_column(ForeignKey("route.id"), index=True)
    deployment_ref: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("deployment.id", ondelete="SET NULL"), index=True
    )
    cargo: Mapped[str]
    permit_no: Mapped[str | None]
    dispatched_kg: Mapped[float | None] = mapped_column(Double())
    received_kg: Mapped[float | None] = mapped_column(Double())
    departed_at: Mapped[dt.datetime | None]
    arrived_at: Mapped[dt.datetime]
    escort_strength: Mapped[int | None]
    vehicles: Mapped[int | None]
    deviation_m: Mapped[float | None] = mapped_column(Double())
    incident_no: Mapped[str | None]

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("movement_id", "units", "arrived_at"),
        one_of("cargo", vocab.CARGO),
        *not_negative("dispatched_kg", "received_kg", "escort_strength", "vehicles", "deviation_m"),
        in_order("departed_at", "arrived_at"),
        check("received_kg_of", "received_kg <= dispatched_kg"),
    )
