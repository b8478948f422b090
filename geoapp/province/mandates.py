"""The deployments of a unit with what the Voluntary Principles ask of each: mandate, vetting, training."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from geoapp.followup.periods import lies_in
from geoapp.followup.prepared import Prepared, read_prepared, two_years_before
from geoapp.province.section import NO_BREAK, Cell, Row, Section, Table, bars_of, counted, day, in_digits, said
from geoapp.province.unit import Unit
from layers.tables import Deployment, Facility, MineSite, Route
from layers.text import Text
from layers.vocabulary import DEPLOYMENT_FUNCTION, FORCE, VETTED

TITLE = Text("Deployments and the Voluntary Principles", "Déploiements et Principes volontaires")
NOT_RECORDED = Text("not recorded", "non renseigné")
OUTDATED = Text("outdated", "dépassée")
# The condition that a mandate is recorded: an order, a memorandum or a contract, or its day.
WITH_MANDATE = or_(Deployment.mandate_ref.is_not(None), Deployment.mou_on.is_not(None))


@dataclass(frozen=True)
class Guard:
    """A deployment of today, with where it is and what is recorded of its mandate, vetting and training."""

    id: UUID
    force: str
    function: str | None
    place: str
    strength: int | None
    mandate_ref: str | None
    mou_on: dt.date | None
    vetted: str | None
    vps_trained: int | None
    vps_trained_on: dt.date | None
    synthetic: bool

    def trained(self, today: dt.date) -> bool:
        """Whether it was trained within two years."""
        day = self.vps_trained_on
        return day is not None and two_years_before(today) < day <= today and self.vps_trained != 0


@dataclass(frozen=True)
class Mandates:
    """The deployments of a unit: how many are prepared, and the first of them, those that lack most on top."""

    prepared: Prepared
    with_mandate: int
    guards: Sequence[Guard]


def valid_on(on: dt.date) -> ColumnElement[bool]:
    """The condition that a deployment is there on a day."""
    return and_(Deployment.valid_from <= on, or_(Deployment.valid_to.is_(None), on < Deployment.valid_to))


def read_guards(
    connection: Connection, on: dt.date, condition: ColumnElement[bool], most: int | None = None
) -> list[Guard]:
    """The deployments of a day under a condition that the viewer sees, those that lack most first."""
    lacks = func.num_nulls(
        func.coalesce(Deployment.mandate_ref, func.text(Deployment.mou_on)),
        func.nullif(Deployment.vetted, "unknown"),
        Deployment.vps_trained_on,
    )
    asked = (
        select(
            Deployment.id,
            Deployment.force,
            Deployment.function,
            func.coalesce(MineSite.name, Facility.name, Route.name, "").label("place"),
            Deployment.strength,
            Deployment.mandate_ref,
            Deployment.mou_on,
            Deployment.vetted,
            Deployment.vps_trained,
            Deployment.vps_trained_on,
            Deployment.synthetic,
        )
        .outerjoin(MineSite, MineSite.site_id == Deployment.site_id)
        .outerjoin(Facility, Facility.id == Deployment.facility_ref)
        .outerjoin(Route, Route.id == Deployment.route_ref)
        .where(valid_on(on), condition)
        .order_by(lacks.desc(), Deployment.vps_trained_on.asc().nulls_first(), Deployment.id)
        .limit(most)
    )
    return [Guard(*row) for row in connection.execute(asked)]


def read_mandates(connection: Connection, unit: Unit, most: int) -> Mandates:
    """The deployments of a unit today."""
    here = lies_in(Deployment.units, [unit.unit_code])
    with_mandate = connection.scalar(select(func.count()).where(valid_on(unit.today), here, WITH_MANDATE)) or 0
    return Mandates(
        read_prepared(connection, unit.today, [here]), with_mandate, read_guards(connection, unit.today, here, most)
    )


def mandates_section(found: Mandates, unit: Unit, language: str) -> Section:
    """They in words."""
    title, prepared = said(TITLE, language), found.prepared
    if not prepared.deployments:
        none = Text(
            "No deployment of today is recorded in this unit.",
            "Aucun déploiement d'aujourd'hui n'est enregistré dans cette unité.",
        )
        return Section("mandates", title, empty=said(none, language))
    total = prepared.deployments
    lines = (
        (Text("Mandate recorded", "Mandat renseigné"), found.with_mandate, total - found.with_mandate),
        (Text("Vetted", "Vérifiés"), prepared.vetted, prepared.vetted_unknown),
        (Text("Trained within two years", "Formés dans les deux ans"), prepared.trained, prepared.trained_unknown),
    )
    bars = bars_of([*([("plain", yes)] for _, yes, _ in lines), [("plain", total)]])
    rows = [
        Row(
            (
                Cell(said(name, language)),
                *(Cell(in_digits(number, language)) for number in (yes, total - yes - unknown, unknown)),
                Cell(f"{in_digits(round(100 * yes / total), language)}{NO_BREAK}%"),
            ),
            bar,
        )
        for (name, yes, unknown), bar in zip(lines, bars, strict=False)
    ]
    headings = (
        Text("What is asked", "Ce qui est demandé"),
        Text("Yes", "Oui"),
        Text("No", "Non"),
        Text("Not recorded", "Non renseigné"),
        Text("Share", "Part"),
    )
    asked = Table(
        said(Text("What the Voluntary Principles ask", "Ce que demandent les Principes volontaires"), language),
        tuple(said(each, language) for each in headings),
        rows,
        frozenset({1, 2, 3, 4}),
        len(rows),
        said(Text("Share of the deployments", "Part des déploiements"), language),
    )
    lead = counted(
        total,
        Text("{n} deployment today.", "{n} déploiement aujourd'hui."),
        Text("{n} deployments today.", "{n} déploiements aujourd'hui."),
        language,
    )
    note = Text("What is not recorded counts as no in the share.", "Ce qui n'est pas renseigné compte comme non.")
    return Section(
        "mandates",
        title,
        (lead,),
        (asked, guard_table(found.guards, unit.today, language, total)),
        (said(note, language),),
        synthetic=bool(prepared.synthetic),
    )


def guard_table(guards: Sequence[Guard], today: dt.date, language: str, total: int) -> Table:
    """Deployments as a table, each with what is recorded of it; what is missing stands out."""
    missing = said(NOT_RECORDED, language)
    rows = []
    for each in guards:
        function = DEPLOYMENT_FUNCTION.label(each.function, language) if each.function else ""
        force = FORCE.label(each.force, language)
        mandate = " · ".join(part for part in (each.mandate_ref, day(each.mou_on, language)) if part)
        known = each.vetted is not None and each.vetted != "unknown"
        people = (
            said(Text("{n} of {all}", "{n} sur {all}"), language, n=each.vps_trained, all=each.strength)
            if each.vps_trained is not None and each.strength
            else ""
        )
        trained = each.vps_trained_on
        rows.append(
            Row(
                (
                    Cell(force, " · ".join(part for part in (function, each.place) if part), f"/deployments/{each.id}"),
                    Cell("–" if each.strength is None else in_digits(each.strength, language)),
                    Cell(mandate, mark="" if mandate else missing),
                    Cell(VETTED.label(each.vetted, language) if known else "", mark="" if known else missing),
                    Cell(
                        day(trained, language),
                        people,
                        mark=missing if trained is None else "" if each.trained(today) else said(OUTDATED, language),
                    ),
                )
            )
        )
    headings = (
        Text("Deployment", "Déploiement"),
        Text("Strength", "Effectif"),
        Text("Mandate", "Mandat"),
        Text("Vetting", "Vérification"),
        Text("Training", "Formation"),
    )
    title = Text("Each of them, those of which least is known first", "Chacun, les moins renseignés d'abord")
    return Table(said(title, language), tuple(said(each, language) for each in headings), rows, total=total)
