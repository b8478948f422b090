"""Trainings: those of a viewer's units, the people trained by year and group, and their funders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Integer, Row, cast, column, extract, func, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text as SqlText

from geoapp.followup.periods import lies_in
from layers.tables import AdminUnit, Committee, Training

# As many as a page lists.
PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """Which trainings: of a unit, a year, a funder, a topic; None for all."""

    unit: str | None = None
    year: int | None = None
    funder: str | None = None
    topic: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row has to fulfil."""
        found: list[ColumnElement[bool]] = []
        if self.unit:
            found.append(lies_in(Training.units, [self.unit]))
        if self.year:
            found.append(extract("year", Training.held_on) == self.year)
        if self.funder:
            found.append(Training.funder == self.funder)
        if self.topic:
            found.append(Training.topic == self.topic)
        return found


@dataclass(frozen=True)
class Trained:
    """The people of one group in one year; `women` is None where none were counted, `counted` of how many people."""

    year: int
    group: str
    people: int
    women: int | None
    counted: int


@dataclass(frozen=True)
class Totals:
    """How many trainings and people; of `counted` people it is known whether they were women."""

    trainings: int
    people: int
    women: int
    counted: int
    uncounted_trainings: int
    synthetic: int


COLUMNS = (
    Training.id,
    Training.training_id,
    Training.topic,
    Training.held_on,
    Training.days,
    Training.place_text,
    Training.unit_code,
    Training.units,
    Training.language,
    Training.trainer_org,
    Training.funder,
    Training.participants,
    Training.women,
    Training.participants_by_group,
    Training.synthetic,
    func.ST_X(Training.geom).label("lon"),
    func.ST_Y(Training.geom).label("lat"),
)


def list_trainings(connection: Connection, chosen: Chosen, page: int = 1) -> Sequence[Row[Any]]:
    """A page of the trainings that the viewer may see, the latest first."""
    asked = select(*COLUMNS).where(*chosen.conditions())
    ordered = asked.order_by(Training.held_on.desc(), Training.place_text, Training.id)
    return connection.execute(ordered.offset((page - 1) * PAGE).limit(PAGE)).all()


def read_training(connection: Connection, training_id: UUID) -> Row[Any] | None:
    """One training with the name of its committee; None where the viewer may see none of that id."""
    asked = select(*COLUMNS, Committee.name.label("committee")).select_from(Training)
    joined = asked.outerjoin(Committee, Committee.committee_id == Training.committee_id)
    return connection.execute(joined.where(Training.id == training_id)).one_or_none()


def _groups() -> Any:
    """Each group of a training as a row of its own."""
    return func.jsonb_each(Training.participants_by_group).table_valued(
        column("key", SqlText()), column("value", JSONB()), name="counted"
    )


def _people(group: Any, which: str) -> ColumnElement[int]:
    return func.people_in(func.jsonb_build_object(group.c.key, group.c.value), which, type_=Integer())


def people_by_year(connection: Connection, chosen: Chosen) -> list[Trained]:
    """The people trained by year and group, the latest year first."""
    group = _groups()
    year = cast(extract("year", Training.held_on), Integer)
    total, women = _people(group, "total"), _people(group, "women")
    asked = (
        select(
            year.label("year"),
            group.c.key.label("group"),
            func.coalesce(func.sum(total), 0).label("people"),
            func.sum(women).label("women"),
            func.coalesce(func.sum(total).filter(women.is_not(None)), 0).label("counted"),
        )
        .select_from(Training)
        .join(group, true())
        .where(*chosen.conditions())
        .group_by(year, group.c.key)
        .order_by(year.desc(), group.c.key)
    )
    return [Trained(*row) for row in connection.execute(asked)]


def read_totals(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> Totals:
    """How many trainings, people and women, of the trainings that fulfil some conditions."""
    group = _groups()
    women = _people(group, "women")
    of_people = (
        select(
            func.coalesce(func.sum(women), 0),
            func.coalesce(func.sum(_people(group, "total")).filter(women.is_not(None)), 0),
        )
        .select_from(Training)
        .join(group, true())
        .where(*conditions)
    )
    of_trainings = select(
        func.count(),
        func.coalesce(func.sum(Training.participants), 0),
        func.count().filter(Training.participants.is_(None)),
        func.count().filter(Training.synthetic),
    ).where(*conditions)
    women_there, counted = (each or 0 for each in connection.execute(of_people).one())
    trainings, people, uncounted, synthetic = (each or 0 for each in connection.execute(of_trainings).one())
    return Totals(trainings, people, women_there, counted, uncounted, synthetic)


def years_and_funders(connection: Connection) -> tuple[list[int], list[str]]:
    """The years in which the viewer sees trainings, the latest first, and their funders."""
    year = cast(extract("year", Training.held_on), Integer)
    years = connection.scalars(select(year).distinct().order_by(year.desc())).all()
    return list(years), funders(connection)


def funders(connection: Connection) -> list[str]:
    """Who funded a training that the viewer may see."""
    asked = select(Training.funder).where(Training.funder.is_not(None)).distinct().order_by(Training.funder)
    return [str(name) for name in connection.scalars(asked)]


def units_of_trainings(connection: Connection, language: str) -> list[tuple[str, str]]:
    """The provinces in which the viewer sees trainings, by code and name."""
    named = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    lie = select(func.unnest(Training.units)).distinct()
    asked = select(AdminUnit.unit_code, named).where(
        AdminUnit.level == 1, AdminUnit.valid_to.is_(None), AdminUnit.unit_code.in_(lie)
    )
    return [(str(code), str(name)) for code, name in connection.execute(asked.order_by(named))]
