"""Where things happen: mine sites with their visits and aliases, facilities, transport routes, checkpoints."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Computed, Double, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import (
    ON_EARTH,
    Base,
    Imported,
    Located,
    Recorded,
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


class MineSite(Located, Base):
    """A mine site. Its place, name, minerals and ICGLR status are public, so its key may be a readable one."""

    __tablename__ = "mine_site"

    site_id: Mapped[str] = mapped_column(primary_key=True, server_default=text("(gen_random_uuid())::text"))
    itsci_code: Mapped[str | None]
    ipis_pcode: Mapped[str | None]
    licence_no: Mapped[str | None]
    name: Mapped[str]
    name_alt: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    territory: Mapped[str | None]
    groupement: Mapped[str | None]
    locality: Mapped[str | None]
    minerals: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    mine_type: Mapped[str | None]
    operator_kind: Mapped[str | None]
    operator_name: Mapped[str | None]
    workers_est: Mapped[int | None]
    workers_on: Mapped[dt.date | None]
    icglr_status: Mapped[str] = mapped_column(server_default=text("'unknown'"))
    icglr_status_on: Mapped[dt.date | None]
    traceability: Mapped[str | None]
    activity: Mapped[str | None]
    position_method: Mapped[str | None]
    position_accuracy_m: Mapped[float | None] = mapped_column(Double())
    geom: Mapped[Any] = geometry("POINT")
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        check("name", "btrim(name) <> ''"),
        some_of("minerals", vocab.MINERAL),
        one_of("mine_type", vocab.MINE_TYPE),
        one_of("operator_kind", vocab.OPERATOR_KIND),
        one_of("icglr_status", vocab.ICGLR_STATUS),
        one_of("traceability", vocab.TRACEABILITY),
        one_of("activity", vocab.ACTIVITY),
        one_of("position_method", vocab.POSITION_METHOD),
        *not_negative("workers_est", "position_accuracy_m"),
        check("geom", ON_EARTH),
        *spatial_indexes("mine_site"),
    )


class SiteAlias(Recorded, Base):
    """What a source calls a mine site, where it puts it, and all that it says of it, by column.

    The site itself holds the values that won; what lost stays here.
    """

    __tablename__ = "site_alias"

    id: Mapped[uuid.UUID] = random_id()
    site_id: Mapped[str] = mapped_column(ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="CASCADE"))
    source: Mapped[str]
    code: Mapped[str | None]
    name: Mapped[str | None]
    geom: Mapped[Any] = geometry("POINT", nullable=True)
    source_date: Mapped[dt.date | None]
    said: Mapped[dict[str, Any]] = mapped_column(JSONB(), server_default=text("'{}'::jsonb"))

    __table_args__ = (
        UniqueConstraint("source", "code", "units"),
        check("named", "code IS NOT NULL OR name IS NOT NULL"),
        check("geom", ON_EARTH),
    )


class AliasRefusal(Recorded, Base):
    """Two sites that somebody told apart, so that they are not proposed as one again."""

    __tablename__ = "alias_refusal"

    id: Mapped[uuid.UUID] = random_id()
    site_id: Mapped[str] = mapped_column(ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="CASCADE"))
    other_site_id: Mapped[str] = mapped_column(
        ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="CASCADE"), index=True
    )

    __table_args__ = (UniqueConstraint("site_id", "other_site_id"), check("two", "site_id < other_site_id"))


class SiteVisit(Imported, Base):
    """One visit to a mine site: the reporting effort, without which a rate means nothing."""

    __tablename__ = "site_visit"

    id: Mapped[uuid.UUID] = random_id()
    visit_id: Mapped[str | None]
    site_id: Mapped[str] = mapped_column(
        ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="CASCADE"), index=True
    )
    visited_on: Mapped[dt.date]
    on_site: Mapped[bool | None]
    visitor_org: Mapped[str | None]
    workers_est: Mapped[int | None]
    armed_actor_present: Mapped[bool | None]
    armed_actor_kind: Mapped[str | None]
    presence_frequency: Mapped[str | None]
    interference: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    children_present: Mapped[bool | None]
    notes: Mapped[str | None]

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("site_id", "visited_on", "source_id", postgresql_nulls_not_distinct=True),
        one_of("armed_actor_kind", vocab.ACTOR_KIND),
        one_of("presence_frequency", vocab.PRESENCE_FREQUENCY),
        some_of("interference", vocab.INTERFERENCE),
        *not_negative("workers_est"),
    )


class Facility(Located, Base):
    """A depot, buying house, processor, exporter, explosives magazine, police post or border post."""

    __tablename__ = "facility"

    id: Mapped[uuid.UUID] = random_id()
    facility_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    kind: Mapped[str]
    name: Mapped[str]
    operator: Mapped[str | None]
    geom: Mapped[Any] = geometry("POINT")
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("facility_id", "units"),
        one_of("kind", vocab.FACILITY_KIND),
        check("geom", ON_EARTH),
        *spatial_indexes("facility"),
    )


class Route(Located, Base):
    """A transport route for minerals or explosives; `length_km` is geodesic and kept by the database."""

    __tablename__ = "route"

    id: Mapped[uuid.UUID] = random_id()
    route_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    name: Mapped[str]
    use: Mapped[str | None]
    mode: Mapped[str | None]
    from_ref: Mapped[str | None]
    to_ref: Mapped[str | None]
    surface: Mapped[str | None]
    passability: Mapped[str | None]
    length_km: Mapped[float] = mapped_column(Double(), Computed("ST_Length(geom::geography) / 1000.0", persisted=True))
    # Whether it begins or ends at an explosives magazine, which committees are not to learn of.
    near_magazine: Mapped[bool] = mapped_column(server_default=text("false"))
    geom: Mapped[Any] = geometry("MULTILINESTRING")
    geom_3857: Mapped[Any] = mercator("MULTILINESTRING")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("route_id", "units"),
        one_of("use", vocab.ROUTE_USE),
        one_of("mode", vocab.ROUTE_MODE),
        one_of("passability", vocab.PASSABILITY),
        check("geom", f"ST_IsValid(geom) AND {ON_EARTH}"),
        *spatial_indexes("route"),
    )


class Checkpoint(Located, Base):
    """A barrier on a route, who holds it, and what is taken there."""

    __tablename__ = "checkpoint"

    id: Mapped[uuid.UUID] = random_id()
    checkpoint_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    name: Mapped[str | None]
    operator_kind: Mapped[str | None]
    lawful: Mapped[str | None]
    levy: Mapped[str | None]
    first_seen: Mapped[dt.date | None]
    last_seen: Mapped[dt.date | None]
    geom: Mapped[Any] = geometry("POINT")
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("checkpoint_id", "units"),
        one_of("operator_kind", vocab.ACTOR_KIND),
        one_of("lawful", vocab.LAWFUL),
        one_of("levy", vocab.LEVY),
        in_order("first_seen", "last_seen"),
        check("geom", ON_EARTH),
        *spatial_indexes("checkpoint"),
    )
