"""How prepared the deployments of a day are: vetted, and trained in the Voluntary Principles within two years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from layers.tables import Deployment

# For so long a training counts.
TRAINED_YEARS = 2


@dataclass(frozen=True)
class Prepared:
    """Deployments valid on a day. What is not recorded counts as not vetted, not trained; `*_unknown` says how often.

    Of the people `strength` and `people` are of those `with_strength` deployments alone where both numbers are known.
    """

    deployments: int
    vetted: int
    vetted_unknown: int
    trained: int
    trained_unknown: int
    trained_before: int
    with_strength: int
    strength: int
    people: int
    synthetic: int

    @property
    def share_vetted(self) -> float | None:
        """The share that was vetted; None without deployments."""
        return self.vetted / self.deployments if self.deployments else None

    @property
    def share_trained(self) -> float | None:
        """The share that was trained within two years; None without deployments."""
        return self.trained / self.deployments if self.deployments else None

    @property
    def share_people(self) -> float | None:
        """The share of the people who were trained; None where no numbers are known."""
        return self.people / self.strength if self.strength else None


def two_years_before(day: dt.date) -> dt.date:
    """The same day two years earlier; of 29 February the day before."""
    try:
        return day.replace(year=day.year - TRAINED_YEARS)
    except ValueError:
        return day.replace(year=day.year - TRAINED_YEARS, day=28)


def read_prepared(connection: Connection, on: dt.date, conditions: Sequence[ColumnElement[bool]] = ()) -> Prepared:
    """How prepared the deployments are that the viewer sees, valid on a day, under some more conditions."""
    asked = select(*_figures(on)).where(_valid(on), *conditions)
    return Prepared(*(each or 0 for each in connection.execute(asked).one()))


def read_prepared_by_unit(connection: Connection, on: dt.date) -> dict[str, Prepared]:
    """The same of each unit in which the viewer sees a deployment valid on a day; one in several counts in each."""
    unit = func.unnest(Deployment.units)
    rows = connection.execute(select(unit, *_figures(on)).where(_valid(on)).group_by(unit))
    return {row[0]: Prepared(*(each or 0 for each in row[1:])) for row in rows}


def _valid(on: dt.date) -> ColumnElement[bool]:
    return and_(Deployment.valid_from <= on, or_(Deployment.valid_to.is_(None), on < Deployment.valid_to))


def _figures(on: dt.date) -> tuple[ColumnElement[Any], ...]:
    """What `Prepared` holds, in its order."""
    some = or_(Deployment.vps_trained.is_(None), Deployment.vps_trained > 0)
    day = Deployment.vps_trained_on
    within = and_(day > two_years_before(on), day <= on, some)
    known = and_(Deployment.strength > 0, or_(Deployment.vps_trained.is_not(None), day.is_(None)))
    return (
        func.count(),
        func.count().filter(Deployment.vetted == "yes"),
        func.count().filter(func.coalesce(Deployment.vetted, "unknown") == "unknown"),
        func.count().filter(within),
        func.count().filter(or_(day.is_(None), day > on)),
        func.count().filter(and_(day <= two_years_before(on), some)),
        func.count().filter(known),
        func.coalesce(func.sum(Deployment.strength).filter(known), 0),
        func.coalesce(func.sum(Deployment.vps_trained).filter(known, within), 0),
        func.count().filter(Deployment.synthetic),
    )
