"""The published edition: the only figures about incidents that the public has."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import Base, check, one_of


class PublishedEdition(Base):
    """Counts of one quarter, made once and then frozen; a correction is an edition of its own with a higher number.

    A synthetic edition counts synthetic rows alone, the others real rows alone; each kind is numbered from 1.
    """

    __tablename__ = "published_edition"

    edition_id: Mapped[int] = mapped_column(Integer(), primary_key=True)
    quarter: Mapped[dt.date]
    number: Mapped[int]
    made_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    synthetic: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("quarter", "synthetic", "number"),
        check("quarter", "quarter = date_trunc('quarter', quarter)::date"),
        check("number", "number >= 1"),
    )


class PublishedCell(Base):
    """Incidents of one province, quarter and level; `incidents` is missing where a figure is withheld.

    That is where it is under 3, or would tell of so small a number beside an earlier edition. Every province of the
    quarter has a cell of every level, so that a missing row tells nothing.
    """

    __tablename__ = "published_cell"

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("published_edition.edition_id", ondelete="CASCADE"), primary_key=True
    )
    unit_code: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    incidents: Mapped[int | None]

    __table_args__ = (
        one_of("level", vocab.PUBLISHED_LEVEL),
        check("incidents", "incidents >= 3"),
    )
