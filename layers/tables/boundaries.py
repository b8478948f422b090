"""Administrative units with their lives, and what the base map is drawn from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Computed, Double, ForeignKeyConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import (
    ON_EARTH,
    Base,
    Recorded,
    check,
    geometry,
    in_range,
    mercator,
    one_of,
    small,
    spatial_indexes,
)


class AdminUnit(Recorded, Base):
    """A country, province or smaller unit during a half-open life `[valid_from, valid_to)`.

    `awaits_successor` marks a unit of a vintage that has ended although its successor is not loaded: it stays open
    until then. `approximate` marks an outline that is known to differ from the legal one; `note` says how, and where
    the dates come from.
    """

    __tablename__ = "admin_unit"

    unit_code: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    valid_to: Mapped[dt.date | None]
    level: Mapped[int] = small(nullable=False)
    parent_code: Mapped[str | None]
    country: Mapped[str] = mapped_column(nullable=False)
    pcode: Mapped[str | None]
    name_en: Mapped[str]
    name_fr: Mapped[str]
    admin_type: Mapped[str]
    awaits_successor: Mapped[bool] = mapped_column(server_default=text("false"))
    approximate: Mapped[bool] = mapped_column(server_default=text("false"))
    note: Mapped[str | None]
    area_km2: Mapped[float] = mapped_column(Double(), Computed("ST_Area(geom::geography) / 1000000.0", persisted=True))
    geom: Mapped[Any] = geometry("MULTIPOLYGON")
    geom_3857: Mapped[Any] = mercator("MULTIPOLYGON")

    __table_args__ = (
        in_range("level", 0, 2),
        one_of("country", vocab.COUNTRY),
        one_of("admin_type", vocab.ADMIN_TYPE),
        check("valid_to_order", "valid_to > valid_from"),
        check("geom", f"ST_IsValid(geom) AND {ON_EARTH}"),
        *spatial_indexes("admin_unit"),
    )


class AdminUnitPart(Base):
    """A piece of an administrative unit, small enough for its box to fit it; kept by a trigger on `admin_unit`."""

    __tablename__ = "admin_unit_part"

    part_id: Mapped[int] = mapped_column(Integer(), primary_key=True)
    unit_code: Mapped[str]
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    level: Mapped[int] = small(nullable=False)
    country: Mapped[str]
    geom: Mapped[Any] = geometry("POLYGON")

    __table_args__ = (
        ForeignKeyConstraint(
            ["unit_code", "valid_from"],
            ["admin_unit.unit_code", "admin_unit.valid_from"],
            ondelete="CASCADE",
            onupdate="CASCADE",
            name="fk_admin_unit_part_unit",
        ),
        Index("ix_admin_unit_part_geom", "geom", postgresql_using="gist"),
        Index("ix_admin_unit_part_unit", "unit_code", "valid_from"),
    )


class AdminUnitOutline(Base):
    """A unit as tiles of a zoom draw it: simplified together with all others; forgotten when a unit's shape changes."""

    __tablename__ = "admin_unit_outline"

    unit_code: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    zoom: Mapped[int] = mapped_column(SmallInteger(), primary_key=True)
    geom_3857: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", srid=3857, spatial_index=False), nullable=False)

    __table_args__ = (
        ForeignKeyConstraint(
            ["unit_code", "valid_from"],
            ["admin_unit.unit_code", "admin_unit.valid_from"],
            ondelete="CASCADE",
            onupdate="CASCADE",
            name="fk_admin_unit_outline_unit",
        ),
        in_range("zoom", 0, 22),
    )


class AdminUnitOrigin(Base):
    """An older unit that a unit was made from: a scope on the new one covers rows of the old one's days."""

    __tablename__ = "admin_unit_origin"

    unit_code: Mapped[str] = mapped_column(primary_key=True)
    made_from: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (check("made_from", "made_from <> unit_code"),)


class BaseFeature(Base):
    """A lake, river, town, road or neighbouring country of the base map; `rank` 1 is the most important."""

    __tablename__ = "base_feature"

    base_feature_id: Mapped[int] = mapped_column(Integer(), primary_key=True)
    kind: Mapped[str]
    name_en: Mapped[str | None]
    name_fr: Mapped[str | None]
    rank: Mapped[int] = small(nullable=False)
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    geom: Mapped[Any] = geometry("GEOMETRY")
    geom_3857: Mapped[Any] = mercator("GEOMETRY")

    __table_args__ = (
        one_of("kind", vocab.BASE_KIND),
        in_range("rank", 1, 9),
        check("geom", f"ST_IsValid(geom) AND {ON_EARTH}"),
        Index("ix_base_feature_geom_3857", "geom_3857", postgresql_using="gist"),
    )
