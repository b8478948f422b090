"""Incidents, and what of them is released to a committee."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import (
    ON_EARTH,
    Base,
    Located,
    Recorded,
    check,
    geometry,
    in_order,
    in_range,
    mercator,
    not_negative,
    one_of,
    random_id,
    small,
    some_of,
    spatial_indexes,
)


class Incident(Located, Base):
    """Something that happened at a site, a depot, on a route or in a community.

    Level 1 is the highest. Where `killed`, `injured` or `abducted` is missing it is not known; 0 is known to be none.
    `incident_no` is unique only within its source, and there only among rows that the same people see; `content_key`
    identifies a row that has none by a hash of its day, place and text. `source_rating` is another tracker's own scale,
    which is no level. No column names a person who reported it.
    """

    __tablename__ = "incident"

    incident_id: Mapped[uuid.UUID] = random_id()
    incident_no: Mapped[str | None]
    content_key: Mapped[str | None]
    occurred_from: Mapped[dt.date]
    occurred_to: Mapped[dt.date | None]
    date_precision: Mapped[int | None] = small()
    reported_on: Mapped[dt.date | None]
    channel: Mapped[str | None]
    category: Mapped[str | None]
    annex2: Mapped[str | None]
    level: Mapped[int | None] = small()
    act: Mapped[str | None]
    stage: Mapped[str | None]
    actor_kind: Mapped[str | None]
    victim_kind: Mapped[str | None]
    killed: Mapped[int | None]
    injured: Mapped[int | None]
    abducted: Mapped[int | None]
    explosives_involved: Mapped[bool | None]
    site_id: Mapped[str | None] = mapped_column(
        ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="SET NULL"), index=True
    )
    route_ref: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("route.id", ondelete="SET NULL"), index=True)
    facility_ref: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("facility.id", ondelete="SET NULL"), index=True)
    place_text: Mapped[str | None]
    location_precision: Mapped[int | None] = small()
    handlers: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    sealed: Mapped[bool] = mapped_column(server_default=text("false"))
    summary_fr: Mapped[str | None]
    summary_en: Mapped[str | None]
    source_rating: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'reported'"))
    opened_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    closed_on: Mapped[dt.date | None]
    outcome: Mapped[str | None]
    repeat_of: Mapped[uuid.UUID | None] = mapped_column(
        Uuid(), ForeignKey("incident.incident_id", ondelete="SET NULL"), index=True
    )
    geom: Mapped[Any] = geometry("POINT", nullable=True)
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        Index(
            "uq_incident_incident_no",
            text("COALESCE(source_id, ''::text)"),
            "incident_no",
            "units",
            unique=True,
            postgresql_where=text("incident_no IS NOT NULL AND NOT sealed"),
        ),
        Index(
            "uq_incident_content_key",
            text("COALESCE(source_id, ''::text)"),
            "content_key",
            "units",
            unique=True,
            postgresql_where=text("incident_no IS NULL AND NOT sealed"),
        ),
        Index("ix_incident_occurred_from", "occurred_from"),
        Index(
            "ix_incident_due",
            "due_on",
            "incident_id",
            postgresql_where=text("status <> ALL (ARRAY['closed'::text, 'rejected'::text])"),
        ),
        Index("ix_incident_sealed_incident_no", "incident_no", postgresql_where=text("sealed")),
        Index(
            "ix_incident_sealed_content_key",
            "content_key",
            postgresql_where=text("sealed AND incident_no IS NULL"),
        ),
        Index(
            "ix_incident_policy",
            "incident_id",
            postgresql_include=["country", "units", "sealed", "handlers", "synthetic"],
        ),
        Index("ix_incident_sealed", "handlers", postgresql_using="gin", postgresql_where=text("sealed")),
        in_range("date_precision", 1, 4),
        one_of("channel", vocab.CHANNEL),
        one_of("category", vocab.CATEGORY),
        one_of("annex2", vocab.ANNEX2),
        in_range("level", 1, 3),
        one_of("act", vocab.ACT),
        one_of("stage", vocab.STAGE),
        one_of("actor_kind", vocab.ACTOR_KIND),
        one_of("victim_kind", vocab.VICTIM_KIND),
        *not_negative("killed", "injured", "abducted"),
        in_range("location_precision", 1, 5),
        one_of("status", vocab.STATUS),
        one_of("outcome", vocab.OUTCOME),
        in_order("occurred_from", "occurred_to"),
        in_order("occurred_from", "reported_on"),
        in_order("occurred_from", "opened_on"),
        in_order("opened_on", "closed_on"),
        check("repeat_of", "repeat_of <> incident_id"),
        check("geom", ON_EARTH),
        # A page of features asks for a box and an interval of days.
        Index(
            "ix_incident_geom",
            "geom",
            "occurred_from",
            # In lines as PostgreSQL tells it, by which Alembic compares.
            text("(\nCASE\n    WHEN occurred_to IS NULL THEN occurred_from\n    ELSE occurred_to\nEND)"),
            postgresql_using="gist",
        ),
        Index("ix_incident_geom_3857", "geom_3857", postgresql_using="gist"),
    )


class IncidentCountry(Base):
    """A country that an incident was ever in, noted by the database."""

    __tablename__ = "incident_country"

    country: Mapped[str] = mapped_column(primary_key=True)


class IncidentRelease(Recorded, Base):
    """What a committee may see of an incident: words, date and place as coarse as the coordinator chose."""

    __tablename__ = "incident_release"

    id: Mapped[uuid.UUID] = random_id()
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), unique=True)
    released_on: Mapped[dt.date]
    released_by: Mapped[str]
    category: Mapped[str | None]
    level: Mapped[int | None] = small()
    status: Mapped[str]
    shown_date: Mapped[dt.date]
    shown_date_precision: Mapped[int] = small(nullable=False)
    location_precision: Mapped[int] = small(nullable=False)
    summary_fr: Mapped[str]
    summary_en: Mapped[str]
    geom: Mapped[Any] = geometry("POINT", nullable=True)
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        one_of("category", vocab.CATEGORY),
        in_range("level", 1, 3),
        one_of("status", vocab.STATUS),
        in_range("shown_date_precision", 1, 4),
        in_range("location_precision", 1, 5),
        check("geom", ON_EARTH),
        *spatial_indexes("incident_release"),
    )


class RepeatRefusal(Recorded, Base):
    """Two incidents that somebody told apart, so that they are not proposed as one again."""

    __tablename__ = "repeat_refusal"

    id: Mapped[uuid.UUID] = random_id()
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"))
    other_incident_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("incident.incident_id", ondelete="CASCADE"), index=True
    )

    __table_args__ = (
        UniqueConstraint("incident_id", "other_incident_id"),
        check("two", "incident_id < other_incident_id"),
    )


class IncidentStep(Recorded, Base):
    """A step in the life of an incident, which is only ever added: who took it, from where to where, and why."""

    __tablename__ = "incident_step"

    id: Mapped[uuid.UUID] = random_id()
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), index=True)
    deed: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    taken_on: Mapped[dt.date]
    outcome: Mapped[str | None]
    due_on: Mapped[dt.date | None]
    reason: Mapped[str | None]

    __table_args__ = (
        one_of("deed", vocab.STEP_KIND),
        one_of("from_status", vocab.STATUS),
        one_of("to_status", vocab.STATUS),
        one_of("outcome", vocab.OUTCOME),
        check("reason", "length(reason) BETWEEN 1 AND 4000"),
    )


class IncidentReport(Base):
    """The number by which somebody follows what they told, as a hash; nothing says who that is."""

    __tablename__ = "incident_report"

    id: Mapped[uuid.UUID] = random_id()
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), unique=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    number_hash: Mapped[str] = mapped_column(unique=True)
    content_hash: Mapped[str]
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = tuple(
        check(column, f"{column} ~ '^[0-9a-f]{{64}}$'") for column in ("key_hash", "number_hash", "content_hash")
    )
