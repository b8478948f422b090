"""A period of days and the units that something is counted in, as reports and pages are asked for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text as SqlText

from geoapp.errors import QuestionError
from layers.tables import AdminUnit

YEAR_BEFORE = dt.timedelta(days=364)


@dataclass(frozen=True)
class Period:
    """The days from `since` to `until`, both included, and the units; without units, all that the viewer may see."""

    since: dt.date
    until: dt.date
    units: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str]:
        """It as the parameters of an address."""
        units = {"unit": ",".join(self.units)} if self.units else {}
        return {"since": self.since.isoformat(), "until": self.until.isoformat(), **units}

    def within(self, units: Any) -> ColumnElement[bool]:
        """The condition that a row whose units these are lies in one of the period's."""
        return lies_in(units, self.units) if self.units else true()

    def holds(self, day: Any) -> ColumnElement[bool]:
        """The condition that a day lies in the period."""
        condition: ColumnElement[bool] = day.between(self.since, self.until)
        return condition


def lies_in(units: Any, codes: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a row whose units these are lies in one of the units of some codes."""
    condition: ColumnElement[bool] = units.bool_op("&&")(literal(list(codes), ARRAY(SqlText())))
    return condition


def read_period(connection: Connection, since: str | None, until: str | None, unit: str | None) -> Period:
    """The period of texts such as 2025-01-01: until today, and the year before that, where they say nothing.

    QuestionError for a day that is none, one after today, the wrong order, and a unit that there is not.
    """
    today: dt.date = connection.execute(select(func.today())).scalar_one()
    last = _day("until", until) or today
    first = _day("since", since) or last - YEAR_BEFORE
    if last > today:
        raise QuestionError(
            f"until: {last} is after today, {today}. Give a day that is over, or none.",
            f"until : {last} est après aujourd'hui, {today}. Indiquez un jour passé, ou aucun.",
        )
    if first > last:
        raise QuestionError(
            f"since: {first} is after until, {last}. Exchange them.",
            f"since : {first} est après until, {last}. Échangez-les.",
        )
    units = tuple(dict.fromkeys(part.strip().upper() for part in (unit or "").split(",") if part.strip()))
    known = set(connection.scalars(select(AdminUnit.unit_code).where(AdminUnit.unit_code.in_(units)))) if units else ()
    if unknown := [code for code in units if code not in known]:
        raise QuestionError(
            f"unit: there is no unit {unknown[0]}. Give codes such as CD or CD-SK.",
            f"unit : il n'y a pas d'unité {unknown[0]}. Indiquez des codes comme CD ou CD-SK.",
        )
    return Period(first, last, units)


def _day(name: str, text: str | None) -> dt.date | None:
    if not text or not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise QuestionError(
            f"{name}: '{text}' is not a date; write it as 2024-03-31.",
            f"{name} : « {text} » n'est pas une date ; écrivez 2024-03-31.",
        ) from None
