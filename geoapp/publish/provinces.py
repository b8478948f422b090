"""The latest published figures of a quarter, laid out by country and province."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on

from geoapp.errors import NotFoundError
from geoapp.naming import fold
from layers.tables import AdminUnit, PublishedCell, PublishedEdition
from layers.vocabulary import COUNTRY, PUBLISHED_LEVEL

NOT_PUBLISHED = "Nothing is published of this quarter. Choose another one on the page Provinces."


@dataclass(frozen=True)
class Province:
    """A province with its figures in the order of `PUBLISHED_LEVEL`; None where one is withheld."""

    unit_code: str
    name: str
    figures: tuple[int | None, ...]


@dataclass(frozen=True)
class Country:
    """A country with its provinces, in alphabetical order."""

    name: str
    provinces: tuple[Province, ...]


@dataclass(frozen=True)
class Edition:
    """What is published of a quarter, given by its first day; `made_on` is the day in the installation's zone."""

    quarter: dt.date
    number: int
    made_on: dt.date
    synthetic: bool
    countries: tuple[Country, ...]


def published_quarters(connection: Connection) -> Sequence[dt.date]:
    """The first days of the quarters that have an edition, the latest first."""
    quarters = select(PublishedEdition.quarter).distinct().order_by(PublishedEdition.quarter.desc())
    return connection.scalars(quarters).all()


def read_edition(connection: Connection, quarter: dt.date, language: str, time_zone: str) -> Edition:
    """The latest edition of a quarter, of real rows where there is one; NotFoundError where there is none."""
    edition = connection.execute(
        select(
            PublishedEdition.edition_id, PublishedEdition.number, PublishedEdition.made_at, PublishedEdition.synthetic
        )
        .where(PublishedEdition.quarter == quarter)
        .order_by(PublishedEdition.synthetic, PublishedEdition.number.desc())
        .limit(1)
    ).one_or_none()
    if edition is None:
        raise NotFoundError(NOT_PUBLISHED)
    made_on = edition.made_at.astimezone(ZoneInfo(time_zone)).date()
    rows = _rows(connection, edition.edition_id, quarter, language)
    return Edition(quarter, edition.number, made_on, edition.synthetic, _countries(rows, language))


def _rows(connection: Connection, edition_id: int, quarter: dt.date, language: str) -> Sequence[Row[Any]]:
    figures = (
        select(
            PublishedCell.unit_code,
            func.jsonb_object_agg(PublishedCell.level, PublishedCell.incidents).label("figures"),
        )
        .where(PublishedCell.edition_id == edition_id)
        .group_by(PublishedCell.unit_code)
        .subquery()
    )
    after = dt.date(quarter.year + quarter.month // 10, (quarter.month + 3) % 12, 1)
    # A code may have had another name in another life: the quarter's last one is shown.
    named = (
        select(
            figures.c.unit_code,
            figures.c.figures,
            AdminUnit.country,
            (AdminUnit.name_fr if language == "fr" else AdminUnit.name_en).label("name"),
        )
        .join(AdminUnit, AdminUnit.unit_code == figures.c.unit_code)
        .where(AdminUnit.level == 1, AdminUnit.valid_from < after)
        .ext(distinct_on(figures.c.unit_code))
        .order_by(figures.c.unit_code, AdminUnit.valid_from.desc())
    )
    return connection.execute(named).all()


def _countries(rows: Sequence[Row[Any]], language: str) -> tuple[Country, ...]:
    provinces: dict[str, list[Province]] = {}
    for row in rows:
        figures = tuple(row.figures.get(level) for level in PUBLISHED_LEVEL)
        provinces.setdefault(COUNTRY.label(row.country, language), []).append(
            Province(row.unit_code, row.name, figures)
        )
    return tuple(
        Country(name, tuple(sorted(provinces[name], key=lambda each: fold(each.name))))
        for name in sorted(provinces, key=fold)
    )
