"""What an analyst writes down and watches: briefings, their parts in order, and watched places."""

from __future__ import annotations

import datetime as dt
import uuid

from geoalchemy2 import WKBElement
from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.tables.base import Base, check, geometry, random_id

NOW = text("now()")
NOTHING = text("''")


class Briefing(Base):
    """A paper that somebody puts together; `revision` counts the changes of its title and of its order."""

    __tablename__ = "briefing"

    briefing_id: Mapped[uuid.UUID] = random_id()
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"))
    title: Mapped[str]
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    made_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (
        UniqueConstraint("briefing_id", "user_name"),
        check("title", "length(title) BETWEEN 1 AND 1000"),
        Index("ix_briefing_user_name", "user_name"),
    )


class BriefingItem(Base):
    """A part of a briefing, in the order of `place`; it is worked out when it is shown.

    `query` is of an answer the question and its parameters (`corridor?route=R1`), of a view the state of the map, of a
    comparison its address's query. `shared` notes go into a paper for others. `revision` counts the changes.
    """

    __tablename__ = "briefing_item"

    item_id: Mapped[uuid.UUID] = random_id()
    briefing_id: Mapped[uuid.UUID]
    user_name: Mapped[str]
    place: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(server_default=NOTHING)
    query: Mapped[str] = mapped_column(server_default=NOTHING)
    note: Mapped[str] = mapped_column(server_default=NOTHING)
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (
        check("kind", "kind = ANY (ARRAY['answer'::text, 'view'::text, 'comparison'::text, 'note'::text])"),
        check("title", "length(title) <= 1000"),
        check("query", "length(query) <= 200000"),
        check("note", "length(note) <= 20000"),
        ForeignKeyConstraint(
            ["briefing_id", "user_name"],
            ["briefing.briefing_id", "briefing.user_name"],
            name="fk_briefing_item_briefing_id",
            ondelete="CASCADE",
        ),
        Index("ix_briefing_item_briefing_id", "briefing_id"),
    )


class Watch(Base):
    """A place that somebody watches: a site or a route by `row_key`, or a line or an area of their own.

    What lies within `km` of it and was recorded after `seen_at` is new; `seen_ids` are the youngest rows seen then.
    """

    __tablename__ = "watch"

    watch_id: Mapped[uuid.UUID] = random_id()
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str]
    row_key: Mapped[str | None]
    geom: Mapped[WKBElement | None] = geometry("GEOMETRY", nullable=True)
    km: Mapped[float]
    made_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    seen_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'::uuid[]"))

    __table_args__ = (
        check("name", "length(name) BETWEEN 1 AND 1000"),
        check("kind", "kind = ANY (ARRAY['site'::text, 'route'::text, 'line'::text, 'area'::text])"),
        check("km", "km BETWEEN 0 AND 50"),
        Index("ix_watch_user_name", "user_name"),
    )
