"""The follow-up: committees, their seats and meetings, actions, the risk register, trainings."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Computed, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

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


class Committee(Recorded, Base):
    """A committee of an administrative unit; its name and kind differ by country."""

    __tablename__ = "committee"

    committee_id: Mapped[str] = mapped_column(primary_key=True, server_default=text("(gen_random_uuid())::text"))
    kind: Mapped[str]
    name: Mapped[str]
    unit_code: Mapped[str]
    chair_role: Mapped[str | None]
    meeting_period_days: Mapped[int | None]

    __table_args__ = (
        one_of("kind", vocab.COMMITTEE_KIND),
        check("meeting_period_days", "meeting_period_days > 0"),
    )


class CommitteeSeat(Recorded, Base):
    """A seat of a committee: a group, an organisation and a function, never a person's name."""

    __tablename__ = "committee_seat"

    id: Mapped[uuid.UUID] = random_id()
    committee_id: Mapped[str] = mapped_column(ForeignKey("committee.committee_id", ondelete="CASCADE"), index=True)
    group: Mapped[str]
    organisation: Mapped[str]
    function: Mapped[str | None]
    seated_from: Mapped[dt.date | None] = mapped_column("from")
    seated_to: Mapped[dt.date | None] = mapped_column("to")
    trained_on: Mapped[dt.date | None]

    __table_args__ = (check("to_order", '"to" >= "from"'),)


class Meeting(Recorded, Base):
    """A meeting that a committee held."""

    __tablename__ = "meeting"

    meeting_id: Mapped[str] = mapped_column(primary_key=True, server_default=text("(gen_random_uuid())::text"))
    committee_id: Mapped[str] = mapped_column(ForeignKey("committee.committee_id", ondelete="CASCADE"))
    held_on: Mapped[dt.date]
    attendees_by_group: Mapped[dict[str, int]] = mapped_column(JSONB(), server_default=text("'{}'::jsonb"))
    minutes_ref: Mapped[str | None]
    place_text: Mapped[str | None]
    minutes: Mapped[str | None]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None]

    __table_args__ = (UniqueConstraint("committee_id", "held_on"),)


class MeetingItem(Recorded, Base):
    """A point of a meeting's agenda: a released incident, an action, or a topic; and what was said about it."""

    __tablename__ = "meeting_item"

    id: Mapped[uuid.UUID] = random_id()
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.meeting_id", ondelete="CASCADE"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("incident.incident_id", ondelete="CASCADE"), index=True
    )
    action_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("action.id", ondelete="CASCADE"), index=True)
    topic: Mapped[str | None]
    note: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("meeting_id", "incident_id"),
        UniqueConstraint("meeting_id", "action_id"),
        check("subject", "num_nonnulls(incident_id, action_id, topic) = 1"),
    )


class MeetingAttendance(Recorded, Base):
    """How many people of a seat came to a meeting."""

    __tablename__ = "meeting_attendance"

    id: Mapped[uuid.UUID] = random_id()
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.meeting_id", ondelete="CASCADE"))
    seat_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("committee_seat.id"), index=True)
    people: Mapped[int] = small(nullable=False)

    __table_args__ = (UniqueConstraint("meeting_id", "seat_id"), in_range("people", 0, 99))


class MinutesAddition(Recorded, Base):
    """What was added to minutes after they were closed."""

    __tablename__ = "minutes_addition"

    id: Mapped[uuid.UUID] = random_id()
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.meeting_id", ondelete="CASCADE"), index=True)
    words: Mapped[str]

    __table_args__ = (check("words", "length(words) BETWEEN 1 AND 4000"),)


class AboutSubject:
    """Exactly one incident, site, route, facility or deployment that a row is about."""

    @declared_attr
    @classmethod
    def incident_id(cls) -> Mapped[uuid.UUID | None]:
        """The incident."""
        return mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), index=True)

    @declared_attr
    @classmethod
    def site_id(cls) -> Mapped[str | None]:
        """The mine site."""
        return mapped_column(ForeignKey("mine_site.site_id", onupdate="CASCADE", ondelete="CASCADE"), index=True)

    @declared_attr
    @classmethod
    def route_ref(cls) -> Mapped[uuid.UUID | None]:
        """The route."""
        return mapped_column(ForeignKey("route.id", ondelete="CASCADE"), index=True)

    @declared_attr
    @classmethod
    def facility_ref(cls) -> Mapped[uuid.UUID | None]:
        """The facility."""
        return mapped_column(ForeignKey("facility.id", ondelete="CASCADE"), index=True)

    @declared_attr
    @classmethod
    def deployment_ref(cls) -> Mapped[uuid.UUID | None]:
        """The deployment."""
        return mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"), index=True)


ONE_SUBJECT = "num_nonnulls(incident_id, site_id, route_ref, facility_ref, deployment_ref) = 1"


class Action(AboutSubject, Recorded, Base):
    """What a committee decided should be done, by whom and until when."""

    __tablename__ = "action"

    id: Mapped[uuid.UUID] = random_id()
    committee_id: Mapped[str | None] = mapped_column(
        ForeignKey("committee.committee_id", ondelete="SET NULL"), index=True
    )
    meeting_id: Mapped[str | None] = mapped_column(ForeignKey("meeting.meeting_id", ondelete="SET NULL"), index=True)
    decided_on: Mapped[dt.date]
    action: Mapped[str]
    responsible_org: Mapped[str | None]
    due_on: Mapped[dt.date | None]
    done_on: Mapped[dt.date | None]
    result: Mapped[str | None]

    __table_args__ = (
        check("subject", ONE_SUBJECT),
        in_order("decided_on", "due_on"),
        in_order("decided_on", "done_on"),
    )


class RiskItem(AboutSubject, Recorded, Base):
    """A risk found by the Voluntary Principles' risk assessment, with its measure and its review."""

    __tablename__ = "risk_item"

    id: Mapped[uuid.UUID] = random_id()
    item: Mapped[str]
    risk: Mapped[str]
    likelihood: Mapped[int | None] = small()
    consequence: Mapped[int | None] = small()
    measure: Mapped[str | None]
    owner: Mapped[str | None]
    review_on: Mapped[dt.date | None] = mapped_column(index=True)

    __table_args__ = (
        check("subject", ONE_SUBJECT),
        one_of("item", vocab.RISK_ITEM),
        in_range("likelihood", 1, 5),
        in_range("consequence", 1, 5),
    )


class RiskIncident(Base):
    """An incident by which a risk is known, for whoever sees both."""

    __tablename__ = "risk_incident"

    id: Mapped[uuid.UUID] = random_id()
    risk_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("risk_item.id", ondelete="CASCADE"))
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.incident_id", ondelete="CASCADE"), index=True)
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    created_by: Mapped[str] = mapped_column(server_default=text("session_user"))

    __table_args__ = (UniqueConstraint("risk_id", "incident_id"),)


class Training(Located, Base):
    """A training in the Voluntary Principles or a related topic, with its participants by group."""

    __tablename__ = "training"

    id: Mapped[uuid.UUID] = random_id()
    training_id: Mapped[str] = mapped_column(server_default=text("(gen_random_uuid())::text"))
    topic: Mapped[str]
    held_on: Mapped[dt.date] = mapped_column(index=True)
    days: Mapped[int | None] = small()
    place_text: Mapped[str | None]
    unit_code: Mapped[str | None]
    language: Mapped[str | None]
    trainer_org: Mapped[str | None]
    funder: Mapped[str | None]
    participants_by_group: Mapped[dict[str, Any]] = mapped_column(JSONB(), server_default=text("'{}'::jsonb"))
    # How many there were, and how many women where these were counted: of all groups, by the database.
    participants: Mapped[int | None] = mapped_column(
        Computed("people_in(participants_by_group, 'total')", persisted=True)
    )
    women: Mapped[int | None] = mapped_column(Computed("people_in(participants_by_group, 'women')", persisted=True))
    committee_id: Mapped[str | None] = mapped_column(
        ForeignKey("committee.committee_id", ondelete="SET NULL"), index=True
    )
    geom: Mapped[Any] = geometry("POINT", nullable=True)
    geom_3857: Mapped[Any] = mercator("POINT")

    __table_args__ = (
        some_of("repairs", vocab.REPAIR),
        UniqueConstraint("training_id", "units"),
        one_of("topic", vocab.TRAINING_TOPIC),
        *not_negative("days"),
        check("participants_by_group", "counts_people(participants_by_group)"),
        check("geom", ON_EARTH),
        *spatial_indexes("training"),
    )
