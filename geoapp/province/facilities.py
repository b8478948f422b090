"""The depots and other facilities of a unit; for who may, their guards, the break-ins and the movements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, case, func, literal, or_, select

from geoapp.followup.periods import YEAR_BEFORE, lies_in
from geoapp.province.mandates import WITH_MANDATE, Guard, guard_table, read_guards, valid_on
from geoapp.province.section import Cell, Row, Section, Table, counted, day, in_digits, said
from geoapp.province.unit import Unit
from geoapp.publish.released import LEVEL_UNKNOWN
from geoapp.risk.escort import ZONE
from layers.tables import Deployment, EscortMovement, Facility, Incident, Route
from layers.text import Text
from layers.vocabulary import CARGO, FACILITY_KIND, LEVEL, STATUS

TITLE = Text("Facilities", "Installations")
BREAK_IN = "depot_break_in"
# As a committee reads of them: what stores minerals or explosives first.
ORDER = ("depot", "explosives_magazine", "buying_house", "processor", "exporter", "police_post", "border_post")
GUARDS = Text("Guards", "Gardes")
# The day a movement arrived, in the zone of the installation.
ARRIVED = func.date(func.timezone(ZONE, EscortMovement.arrived_at))


@dataclass(frozen=True)
class Listed:
    """A facility with its deployments of today and the break-ins of twelve months, 0 for who sees none."""

    id: UUID
    name: str
    kind: str
    operator: str | None
    synthetic: bool
    guards: int
    with_mandate: int
    break_ins: int
    last_break_in: dt.date | None


@dataclass(frozen=True)
class Facilities:
    """The facilities of a unit: how many, and the first of them; `full` tells whether guards are told."""

    rows: Sequence[Listed]
    total: int
    full: bool


def read_facilities(connection: Connection, unit: Unit, *, full: bool, most: int) -> Facilities:
    """The facilities in a unit today that the viewer sees, depots first, those broken into on top."""
    guards = (
        select(
            Deployment.facility_ref,
            func.count().label("guards"),
            func.count().filter(WITH_MANDATE).label("with_mandate"),
        )
        .where(valid_on(unit.today), Deployment.facility_ref.is_not(None))
        .group_by(Deployment.facility_ref)
        .subquery()
    )
    broken = (
        select(
            Incident.facility_ref,
            func.count().label("break_ins"),
            func.max(Incident.occurred_from).label("last_break_in"),
        )
        .where(
            Incident.category == BREAK_IN,
            Incident.status != "rejected",
            Incident.occurred_from >= unit.today - YEAR_BEFORE,
            Incident.facility_ref.is_not(None),
        )
        .group_by(Incident.facility_ref)
        .subquery()
    )
    here = lies_in(Facility.units, [unit.unit_code])
    break_ins = func.coalesce(broken.c.break_ins, 0)
    rank = case({kind: at for at, kind in enumerate(ORDER)}, value=Facility.kind, else_=len(ORDER))
    asked = (
        select(
            Facility.id,
            Facility.name,
            Facility.kind,
            Facility.operator,
            Facility.synthetic,
            func.coalesce(guards.c.guards, 0),
            func.coalesce(guards.c.with_mandate, 0),
            break_ins,
            broken.c.last_break_in,
        )
        .outerjoin(guards, guards.c.facility_ref == Facility.id)
        .outerjoin(broken, broken.c.facility_ref == Facility.id)
        .where(here)
        .order_by(break_ins.desc() if full else literal(0), rank, Facility.name, Facility.id)
        .limit(most)
    )
    total = connection.scalar(select(func.count()).select_from(Facility).where(here)) or 0
    return Facilities([Listed(*row) for row in connection.execute(asked)], total, full)


def facilities_section(found: Facilities, language: str) -> Section:
    """They in words."""
    title = said(TITLE, language)
    if not found.total:
        none = Text("No facility is recorded in this unit.", "Aucune installation n'est enregistrée dans cette unité.")
        return Section("facilities", title, empty=said(none, language))
    rows = []
    nobody = said(Text("none recorded", "aucune enregistrée"), language)
    for each in found.rows:
        cells = [
            Cell(each.name, FACILITY_KIND.label(each.kind, language), f"/facilities/{each.id}"),
            Cell(each.operator or "–"),
        ]
        if found.full:
            cells += [
                Cell(in_digits(each.guards, language) if each.guards else "", mark="" if each.guards else nobody),
                Cell(in_digits(each.with_mandate, language) if each.guards else "–"),
                Cell(in_digits(each.break_ins, language), day(each.last_break_in, language)),
            ]
        rows.append(Row(tuple(cells), stands_out=found.full and each.break_ins > 0))
    headings = [Text("Facility", "Installation"), Text("Operator", "Exploitant")]
    if found.full:
        headings += [
            Text("Deployments guarding it", "Déploiements qui la gardent"),
            Text("with a mandate", "avec mandat"),
            Text("Break-ins in a year", "Cambriolages en un an"),
        ]
    lead = counted(
        found.total,
        Text("{n} facility.", "{n} installation."),
        Text("{n} facilities.", "{n} installations."),
        language,
    )
    table = Table(
        said(Text("Each of them", "Chacune"), language),
        tuple(said(each, language) for each in headings),
        rows,
        total=found.total,
    )
    return Section("facilities", title, (lead,), (table,), synthetic=any(each.synthetic for each in found.rows))


@dataclass(frozen=True)
class Depot:
    """What is around a facility: its guards of today, break-ins, and movements that began or ended there."""

    today: dt.date
    guards: Sequence[Guard]
    break_ins: Sequence[tuple[UUID, str | None, dt.date, int | None, str]]
    movements: Sequence[tuple[UUID, str, str, dt.date, float | None, float | None, bool, str]]
    movements_total: int


def read_depot(connection: Connection, facility: UUID, most: int) -> Depot:
    """What the viewer sees around a facility; of incidents and movements the latest first."""
    today: dt.date = connection.execute(select(func.today())).scalar_one()
    guards = read_guards(connection, today, Deployment.facility_ref == facility)
    break_ins = connection.execute(
        select(
            Incident.incident_id,
            Incident.incident_no,
            Incident.occurred_from,
            Incident.level,
            Incident.status,
        )
        .where(Incident.facility_ref == facility, Incident.category == BREAK_IN, Incident.status != "rejected")
        .order_by(Incident.occurred_from.desc(), Incident.incident_id)
        .limit(most)
    )
    code = select(Facility.facility_id).where(Facility.id == facility).scalar_subquery()
    there = or_(Route.from_ref == code, Route.to_ref == code)
    escorted = or_(EscortMovement.deployment_ref.is_not(None), func.coalesce(EscortMovement.escort_strength, 0) > 0)
    movements = (
        select(
            EscortMovement.id,
            EscortMovement.movement_id,
            EscortMovement.cargo,
            ARRIVED.label("arrived_on"),
            EscortMovement.dispatched_kg,
            EscortMovement.received_kg,
            escorted.label("escorted"),
            Route.name,
        )
        .join(Route, Route.id == EscortMovement.route_ref)
        .where(there)
    )
    total = connection.scalar(select(func.count()).select_from(movements.subquery())) or 0
    latest = movements.order_by(EscortMovement.arrived_at.desc(), EscortMovement.id).limit(most)
    return Depot(
        today,
        guards,
        break_ins.all(),
        connection.execute(latest).all(),
        total,
    )


def depot_sections(found: Depot, language: str) -> list[Section]:
    """It in words: guards with mandate and training, break-ins, movements."""
    return [_guards(found, language), _break_ins(found, language), _movements(found, language)]


def _guards(found: Depot, language: str) -> Section:
    title = said(GUARDS, language)
    if not found.guards:
        none = Text(
            "No deployment of today is recorded at this facility.",
            "Aucun déploiement d'aujourd'hui n'est enregistré dans cette installation.",
        )
        return Section("guards", title, empty=said(none, language))
    return Section("guards", title, (), (guard_table(found.guards, found.today, language, len(found.guards)),))


def _break_ins(found: Depot, language: str) -> Section:
    title = said(Text("Break-ins", "Cambriolages"), language)
    if not found.break_ins:
        none = Text(
            "No break-in is recorded. Absence of reports is not absence of incidents.",
            "Aucun cambriolage n'est enregistré. L'absence de signalements n'est pas l'absence d'incidents.",
        )
        return Section("break-ins", title, empty=said(none, language))
    unknown = said(LEVEL_UNKNOWN, language)
    rows = [
        Row(
            (
                Cell(day(on, language), number or "", f"/incidents/{key}"),
                Cell(LEVEL.label(level, language) if level else unknown),
                Cell(STATUS.label(status, language)),
            )
        )
        for key, number, on, level, status in found.break_ins
    ]
    headings = (Text("Day", "Jour"), Text("Level", "Niveau"), Text("Status", "État"))
    table = Table(
        said(Text("Recorded break-ins", "Cambriolages enregistrés"), language),
        tuple(said(each, language) for each in headings),
        rows,
        total=len(rows),
    )
    return Section("break-ins", title, (), (table,))


def _movements(found: Depot, language: str) -> Section:
    title = said(Text("Movements", "Mouvements"), language)
    if not found.movements:
        none = Text(
            "No movement is recorded on a route that begins or ends here.",
            "Aucun mouvement n'est enregistré sur un itinéraire qui commence ou finit ici.",
        )
        return Section("movements", title, empty=said(none, language))
    yes, no = said(Text("yes", "oui"), language), said(Text("no", "non"), language)

    def kg(value: float | None) -> str:
        return "–" if value is None else in_digits(value, language)

    rows = [
        Row(
            (
                Cell(day(on, language), route, f"/movements/{key}"),
                Cell(CARGO.label(cargo, language)),
                Cell(yes if escorted else "", mark="" if escorted else no),
                Cell(kg(sent)),
                Cell(kg(received)),
            )
        )
        for key, _, cargo, on, sent, received, escorted, route in found.movements
    ]
    headings = (
        Text("Arrived on", "Arrivé le"),
        Text("Cargo", "Chargement"),
        Text("Escorted", "Escorté"),
        Text("Sent, kg", "Envoyé, kg"),
        Text("Received, kg", "Reçu, kg"),
    )
    table = Table(
        said(Text("The latest first", "Les plus récents d'abord"), language),
        tuple(said(each, language) for each in headings),
        rows,
        total=found.movements_total,
    )
    return Section("movements", title, (), (table,))
