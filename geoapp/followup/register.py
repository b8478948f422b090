"""The risk register after the Voluntary Principles' risk assessment: risks of sites, facilities and routes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.types import Text as SqlText

from geoapp.errors import ConflictError, ForbiddenError
from geoapp.followup.periods import lies_in
from layers.tables import Deployment, Facility, Incident, MineSite, RiskIncident, RiskItem, Route
from layers.text import Text

NOT_YOURS = "Risks are entered by coordinators, for the sites, facilities and routes of their units."
NOT_ALLOWED = "42501"
# What a risk is about: the column, and the table and the key of what it names.
SUBJECTS: dict[str, tuple[Any, Any]] = {
    "site": (RiskItem.site_id, MineSite.site_id),
    "facility": (RiskItem.facility_ref, Facility.id),
    "route": (RiskItem.route_ref, Route.id),
}
TEXTS = ("item", "risk", "likelihood", "consequence", "measure", "owner", "review_on")
LONGEST = 2_000
# So many incidents of a place are offered to be linked.
MOST_OFFERED = 12
# From which product of likelihood and consequence on a risk bears a name: the house's own.
BANDS = (
    (15, "extreme", Text("extreme", "extrême")),
    (9, "high", Text("high", "élevé")),
    (4, "medium", Text("medium", "moyen")),
    (1, "low", Text("low", "faible")),
)
GONE = Text(
    "Somebody else removed this risk while you had it open, so nothing was saved. What you typed is below.",
    "Quelqu’un d’autre a supprimé ce risque pendant que vous l’aviez ouvert\u00a0; rien n’a été enregistré. Ce que vous"
    " avez saisi est ci-dessous.",
)


@dataclass(frozen=True)
class Linked:
    """An incident that the viewer may see, by which a risk is known."""

    id: UUID
    number: str | None
    occurred_from: dt.date
    category: str | None


@dataclass(frozen=True)
class Risk:
    """A risk of the register. `subject` is its kind and key, `about` what people call it; `linked` as rights allow."""

    id: UUID
    subject: tuple[str, str]
    about: str
    item: str
    risk: str
    likelihood: int | None
    consequence: int | None
    measure: str | None
    owner: str | None
    review_on: dt.date | None
    due: bool
    units: Sequence[str]
    synthetic: bool
    linked: Sequence[Linked] = ()

    @property
    def band(self) -> str | None:
        """How grave it is, by likelihood times consequence; None where either is not known."""
        return band_of(self.likelihood, self.consequence)

    def texts(self) -> dict[str, str]:
        """Its columns as a form has them."""
        found = {name: getattr(self, name) for name in TEXTS}
        texts = {name: "" if value is None else str(value) for name, value in found.items()}
        return texts | {"incidents": " ".join(sorted(str(each.id) for each in self.linked))}

    def mark(self) -> str:
        """What a form remembers of it, to be given back with what was typed."""
        return json.dumps(self.texts(), ensure_ascii=False)


@dataclass(frozen=True)
class Chosen:
    """Which risks: of a unit, of a subject, due for review, of a cell of the matrix."""

    unit: str | None = None
    subject: tuple[str, str] | None = None
    due: bool = False
    likelihood: int | None = None
    consequence: int | None = None


def band_of(likelihood: int | None, consequence: int | None) -> str | None:
    """The code of the band of a likelihood and a consequence; None where either is not known."""
    if likelihood is None or consequence is None:
        return None
    return next(code for least, code, _ in BANDS if likelihood * consequence >= least)


def list_risks(connection: Connection, chosen: Chosen) -> list[Risk]:
    """The risks that the viewer may see: those due first, then the gravest."""
    gravity = RiskItem.likelihood * RiskItem.consequence
    asked = _asked().where(*_conditions(chosen))
    rows = connection.execute(
        asked.order_by(_is_due().desc(), gravity.desc().nulls_last(), RiskItem.review_on.nulls_last(), RiskItem.id)
    ).all()
    return _risks(connection, rows)


def read_risk(connection: Connection, risk_id: UUID, *, lock: bool = False) -> Risk | None:
    """One risk; None where the viewer may see none of that id, or, locked, change none."""
    asked = _asked().where(RiskItem.id == risk_id)
    row = connection.execute(asked.with_for_update(of=RiskItem) if lock else asked).one_or_none()
    return _risks(connection, [row])[0] if row is not None else None


def matrix_of(risks: Sequence[Risk]) -> dict[tuple[int, int], int]:
    """How many risks have each likelihood and consequence."""
    counts: dict[tuple[int, int], int] = {}
    for each in risks:
        if each.likelihood is not None and each.consequence is not None:
            cell = (each.likelihood, each.consequence)
            counts[cell] = counts.get(cell, 0) + 1
    return counts


def name_of(connection: Connection, subject: tuple[str, str]) -> tuple[str, str] | None:
    """The exact key and the name of a site, facility or route that the viewer may see, by its key; None for none."""
    kind, key = subject
    if kind not in SUBJECTS or "\0" in key:
        return None
    _, own = SUBJECTS[kind]
    table = own.class_
    asked = select(own, table.name)
    if kind == "site":
        asked = asked.where(own == key)
    else:
        readable = table.facility_id if kind == "facility" else table.route_id
        asked = asked.where(or_(readable == key, own == UUID(key)) if _is_uuid(key) else readable == key)
    found = connection.execute(asked.limit(1)).one_or_none()
    return (str(found[0]), found[1] or str(found[0])) if found is not None else None


def incidents_of(connection: Connection, subject: tuple[str, str]) -> list[Linked]:
    """The last incidents of a place that the viewer may see, to be linked."""
    kind, key = subject
    column = {"site": Incident.site_id, "facility": Incident.facility_ref, "route": Incident.route_ref}[kind]
    value: Any = key if kind == "site" else UUID(key)
    asked = _linked().where(column == value).order_by(Incident.occurred_from.desc(), Incident.incident_id)
    return [Linked(*row) for row in connection.execute(asked.limit(MOST_OFFERED))]


def find_incidents(connection: Connection, numbers: Sequence[str]) -> tuple[list[UUID], list[str]]:
    """The incidents that the viewer sees by their numbers or ids, and the words that mean none or several."""
    found: list[UUID] = []
    unknown: list[str] = []
    for number in numbers:
        same = Incident.incident_no == number
        if _is_uuid(number):
            same = or_(same, Incident.incident_id == UUID(number))
        ids = connection.scalars(select(Incident.incident_id).where(same).limit(2)).all()
        if len(ids) == 1:
            found.append(ids[0])
        else:
            unknown.append(number)
    return found, unknown


def linked_by(connection: Connection, ids: Sequence[UUID]) -> list[Linked]:
    """Those of some incidents that the viewer may see, the latest first."""
    asked = _linked().where(Incident.incident_id.in_(ids)).order_by(Incident.occurred_from.desc(), Incident.incident_id)
    return [Linked(*row) for row in connection.execute(asked)] if ids else []


def add_risk(
    connection: Connection, subject: tuple[str, str], values: Mapping[str, Any], linked: Sequence[UUID]
) -> UUID:
    """Write a new risk, with the rights of whoever acts; ForbiddenError where it is not theirs to write."""
    kind, key = subject
    column, _ = SUBJECTS[kind]
    made_up = ~func.viewer_sees_real()
    place = {column.key: key if kind == "site" else UUID(key)}
    try:
        statement = insert(RiskItem).values({**values, **place, "synthetic": made_up}).returning(RiskItem.id)
        risk_id = connection.execute(statement).scalar_one()
        _link(connection, risk_id, linked)
    except ProgrammingError as error:
        raise _refusal(error) from None
    return risk_id


def change_risk(connection: Connection, risk: Risk, values: Mapping[str, Any], linked: Sequence[UUID]) -> None:
    """Write what changed of a risk. What others linked that the viewer may not see stays linked."""
    there = {each.id for each in risk.linked}
    unlinked = delete(RiskIncident).where(
        RiskIncident.risk_id == risk.id, RiskIncident.incident_id.in_(there.difference(linked))
    )
    try:
        written = connection.execute(update(RiskItem).where(RiskItem.id == risk.id).values(values))
        connection.execute(unlinked)
        _link(connection, risk.id, [each for each in linked if each not in there])
    except ProgrammingError as error:
        raise _refusal(error) from None
    if written.rowcount != 1:
        raise ForbiddenError(NOT_YOURS)


def remove_risk(connection: Connection, risk_id: UUID) -> None:
    """Take a risk out of the register; its history keeps it. ConflictError where it is gone already."""
    if connection.execute(delete(RiskItem).where(RiskItem.id == risk_id)).rowcount != 1:
        raise ConflictError(GONE)


def may_write(connection: Connection, units: Sequence[str]) -> bool:
    """Whether the viewer may enter risks of a place in some units."""
    return bool(connection.scalar(select(lies_in(func.viewer_units("coordinator", type_=ARRAY(SqlText())), units))))


def units_of_subject(connection: Connection, subject: tuple[str, str]) -> Sequence[str]:
    """The units in which a site, facility or route lies."""
    kind, key = subject
    _, own = SUBJECTS[kind]
    asked = select(own.class_.units).where(own == (key if kind == "site" else UUID(key)))
    return connection.scalar(asked) or ()


def _link(connection: Connection, risk_id: UUID, incidents: Sequence[UUID]) -> None:
    if incidents:
        connection.execute(insert(RiskIncident), [{"risk_id": risk_id, "incident_id": each} for each in incidents])


def _refusal(error: ProgrammingError) -> Exception:
    return ForbiddenError(NOT_YOURS) if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED else error


def _is_due() -> ColumnElement[bool]:
    return func.coalesce(RiskItem.review_on <= func.today(), False)


def _asked() -> Select[Any]:
    kind = case(
        (RiskItem.site_id.is_not(None), "site"),
        (RiskItem.facility_ref.is_not(None), "facility"),
        (RiskItem.route_ref.is_not(None), "route"),
        (RiskItem.incident_id.is_not(None), "incident"),
        else_="deployment",
    )
    name = func.coalesce(MineSite.name, Facility.name, Route.name, Incident.incident_no, Deployment.provider_name)
    return (
        select(
            RiskItem.id,
            kind.label("kind"),
            RiskItem.site_id,
            RiskItem.facility_ref,
            RiskItem.route_ref,
            RiskItem.incident_id,
            RiskItem.deployment_ref,
            name.label("about"),
            RiskItem.item,
            RiskItem.risk,
            RiskItem.likelihood,
            RiskItem.consequence,
            RiskItem.measure,
            RiskItem.owner,
            RiskItem.review_on,
            _is_due().label("due"),
            RiskItem.units,
            RiskItem.synthetic,
        )
        .select_from(RiskItem)
        .outerjoin(MineSite, MineSite.site_id == RiskItem.site_id)
        .outerjoin(Facility, Facility.id == RiskItem.facility_ref)
        .outerjoin(Route, Route.id == RiskItem.route_ref)
        .outerjoin(Incident, Incident.incident_id == RiskItem.incident_id)
        .outerjoin(Deployment, Deployment.id == RiskItem.deployment_ref)
    )


def _conditions(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.unit:
        found.append(lies_in(RiskItem.units, [chosen.unit]))
    if chosen.subject:
        kind, key = chosen.subject
        column, _ = SUBJECTS[kind]
        found.append(column == (key if kind == "site" else UUID(key)))
    if chosen.due:
        found.append(_is_due())
    if chosen.likelihood is not None:
        found.append(RiskItem.likelihood == chosen.likelihood)
    if chosen.consequence is not None:
        found.append(RiskItem.consequence == chosen.consequence)
    return found


def _risks(connection: Connection, rows: Sequence[Any]) -> list[Risk]:
    linked = _linked_to(connection, [row.id for row in rows])
    risks = []
    for row in rows:
        key = row.site_id or row.facility_ref or row.route_ref or row.incident_id or row.deployment_ref
        risks.append(
            Risk(
                row.id,
                (row.kind, str(key)),
                row.about or str(key),
                row.item,
                row.risk,
                row.likelihood,
                row.consequence,
                row.measure,
                row.owner,
                row.review_on,
                row.due,
                row.units,
                row.synthetic,
                linked.get(row.id, ()),
            )
        )
    return risks


def _linked_to(connection: Connection, risks: Sequence[UUID]) -> dict[UUID, list[Linked]]:
    """The incidents that are linked to some risks, the latest first."""
    found: dict[UUID, list[Linked]] = {}
    asked = (
        _linked()
        .add_columns(RiskIncident.risk_id)
        .join(RiskIncident, RiskIncident.incident_id == Incident.incident_id)
        .where(RiskIncident.risk_id.in_(risks))
        .order_by(Incident.occurred_from.desc(), Incident.incident_id)
    )
    for *incident, risk in connection.execute(asked):
        found.setdefault(risk, []).append(Linked(*incident))
    return found


def _linked() -> Select[UUID, str | None, dt.date, str | None]:
    return select(Incident.incident_id, Incident.incident_no, Incident.occurred_from, Incident.category)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
