"""What all tables share: the declarative base, the columns of every domain row, and column kinds with their checks."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, ClassVar

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from layers.vocabulary import Vocabulary


class Base(DeclarativeBase):
    """Every table of geoapp."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        str: Text(),
        bool: Boolean(),
        int: Integer(),
        dt.date: Date(),
        dt.datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        list[str]: ARRAY(Text()),
    }


def check(name: str, condition: str) -> CheckConstraint:
    """A named check; the table's name is put before it."""
    return CheckConstraint(condition, name=name)


def one_of(column: str, vocabulary: Vocabulary) -> CheckConstraint:
    """The check that `column` holds a code of `vocabulary`."""
    return check(column, f"{column} = ANY (ARRAY[{_quoted(vocabulary)}])")


def some_of(column: str, vocabulary: Vocabulary) -> CheckConstraint:
    """The check that every element of the array `column` is a code of `vocabulary`."""
    return check(column, f"{column} <@ ARRAY[{_quoted(vocabulary)}]")


def in_range(column: str, low: int, high: int) -> CheckConstraint:
    """The check that `column` lies from `low` to `high`, both included."""
    return check(column, f"{column} BETWEEN {low} AND {high}")


def not_negative(*columns: str) -> list[CheckConstraint]:
    """The checks that numbers which count or measure something are not below 0."""
    return [check(column, f"{column} >= 0") for column in columns]


def in_order(earlier: str, later: str) -> CheckConstraint:
    """The check that one date or time is not after another."""
    return check(f"{later}_order", f"{later} >= {earlier}")


def _quoted(vocabulary: Vocabulary) -> str:
    return ", ".join(f"'{code}'::text" for code in vocabulary)


# Infinite and NaN coordinates pass an ordinary comparison with a bounding box, so the bounds are closed ones.
ON_EARTH = (
    "NOT ST_IsEmpty(geom) AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180"
    " AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90"
)


def geometry(kind: str, nullable: bool = False) -> Mapped[Any]:
    """A geometry column in EPSG:4326."""
    return mapped_column(Geometry(kind, srid=4326, spatial_index=False), nullable=nullable)


def mercator(kind: str) -> Mapped[Any]:
    """The same geometry in EPSG:3857, kept by the database, from which tiles are cut."""
    return mapped_column(
        Geometry(kind, srid=3857, spatial_index=False),
        Computed("ST_Transform(geom, 3857)", persisted=True),
        nullable=True,
    )


def spatial_indexes(table: str) -> list[Index]:
    """GiST indexes on both geometry columns of a table."""
    return [Index(f"ix_{table}_{column}", column, postgresql_using="gist") for column in ("geom", "geom_3857")]


def random_id() -> Mapped[uuid.UUID]:
    """A primary key that nobody can guess, so that it tells nothing of rows that one may not see."""
    return mapped_column(Uuid(), primary_key=True, server_default=text("gen_random_uuid()"))


def small(nullable: bool = True) -> Mapped[Any]:
    """A small whole number."""
    return mapped_column(SmallInteger(), nullable=nullable)


class Recorded:
    """Columns of every domain row: where it came from, where it lies, and whether it is synthetic.

    `country` and `units` are written by the database (see the trigger functions of the migrations); `units` holds
    the codes of all administrative units, of every level, that the row lies in.
    """

    @declared_attr
    @classmethod
    def source_id(cls) -> Mapped[str | None]:
        """The source that the row was taken from."""
        return mapped_column(ForeignKey("source.source_id"))

    @declared_attr
    @classmethod
    def import_batch_id(cls) -> Mapped[uuid.UUID | None]:
        """The batch that wrote the row last."""
        return mapped_column(ForeignKey("import_batch.import_batch_id"))

    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    created_by: Mapped[str] = mapped_column(server_default=text("session_user"))
    country: Mapped[str | None]
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))


class Imported(Recorded):
    """A domain row that files bring; `repairs` are what the import that wrote it last had to put right of it."""

    repairs: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))


class Located(Imported):
    """A domain row with a geometry; `stated_unit` is the unit that its source names, kept beside the found ones."""

    stated_unit: Mapped[str | None]
    geom: Mapped[WKBElement | None]
