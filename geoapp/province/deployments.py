"""The security deployments of a unit as its committee is told of them: by number, function and force."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from geoapp.followup.periods import lies_in
from geoapp.followup.prepared import Prepared, read_prepared
from geoapp.province.section import Bar, Cell, Row, Section, Table, bars_of, counted, in_digits, said
from geoapp.province.unit import Unit
from layers.tables import AdminUnit, Deployment
from layers.tables.views import DEPLOYMENT_COUNT
from layers.text import Text
from layers.vocabulary import DEPLOYMENT_FUNCTION, FORCE

COUNT = DEPLOYMENT_COUNT.c
TITLE = Text("Security deployments", "Déploiements de sécurité")


@dataclass(frozen=True)
class Deployments:
    """How many there are today by function and force. `summed` tells that those of several units were added."""

    counts: dict[tuple[str, str], int]
    prepared: Prepared | None
    summed: bool
    synthetic: bool

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


def read_deployments(connection: Connection, unit: Unit, *, full: bool) -> Deployments:
    """The deployments of a unit today; for who sees them, how they are prepared."""
    summed = unit.level == 0
    # They are counted by province.
    provinces = select(AdminUnit.unit_code).where(AdminUnit.level == 1, AdminUnit.country == unit.country)
    here = COUNT.unit_code.in_(provinces) if summed else COUNT.unit_code == unit.unit_code
    rows = connection.execute(
        select(COUNT.function, COUNT.force, func.sum(COUNT.deployments), func.bool_or(COUNT.synthetic))
        .where(here)
        .group_by(COUNT.function, COUNT.force)
    ).all()
    counts = {(row[0] or "", row[1] or ""): int(row[2]) for row in rows}
    prepared = None
    if full:
        prepared = read_prepared(connection, unit.today, [lies_in(Deployment.units, [unit.unit_code])])
    return Deployments(counts, prepared, summed, any(row[3] for row in rows))


def deployments_section(found: Deployments, language: str) -> Section:
    """They in words."""
    title = said(TITLE, language)
    if not found.total:
        none = Text(
            "No deployment of today is recorded in this unit.",
            "Aucun déploiement d'aujourd'hui n'est enregistré dans cette unité.",
        )
        return Section("deployments", title, empty=said(none, language))
    lead = counted(
        found.total,
        Text("{n} deployment today.", "{n} déploiement aujourd'hui."),
        Text("{n} deployments today.", "{n} déploiements aujourd'hui."),
        language,
    )
    unknown = said(Text("not recorded", "non renseigné"), language)
    forces = [code for code in (*FORCE, "") if any(force == code for _, force in found.counts)]
    functions = [code for code in (*DEPLOYMENT_FUNCTION, "") if any(each == code for each, _ in found.counts)]
    numbers = [[found.counts.get((function, force), 0) for force in forces] for function in functions]
    bars: list[tuple[Bar, ...]] = bars_of([[("plain", sum(row))] for row in numbers])
    rows = [
        Row(
            (
                Cell(DEPLOYMENT_FUNCTION.label(function, language) or unknown),
                *(Cell(in_digits(n, language)) for n in row),
                Cell(in_digits(sum(row), language)),
            ),
            bar,
        )
        for function, row, bar in zip(functions, numbers, bars, strict=True)
    ]
    table = Table(
        said(Text("By function and force", "Par fonction et force"), language),
        (
            said(Text("Function", "Fonction"), language),
            *(FORCE.label(force, language) or unknown for force in forces),
            said(Text("All", "Total"), language),
        ),
        rows,
        frozenset(range(1, len(forces) + 2)),
        len(rows),
        said(Text("Deployments by function", "Déploiements par fonction"), language),
    )
    tables = [table]
    if found.prepared and found.prepared.deployments:
        tables.append(_prepared(found.prepared, language))
    several = Text(
        "One that lies in several provinces is counted in each.",
        "Celui qui se trouve dans plusieurs provinces est compté dans chacune.",
    )
    notes = (said(several, language),) if found.summed else ()
    return Section("deployments", title, (lead,), tuple(tables), notes, synthetic=found.synthetic)


def _prepared(found: Prepared, language: str) -> Table:
    lines = (
        (Text("Vetted", "Vérifiés"), found.vetted, found.vetted_unknown),
        (
            Text("Trained within two years", "Formés dans les deux ans"),
            found.trained,
            found.trained_unknown,
        ),
    )
    rows = [
        Row((Cell(said(name, language)), *(Cell(in_digits(n, language)) for n in (yes, unknown, found.deployments))))
        for name, yes, unknown in lines
    ]
    headings = (
        said(Text("Voluntary Principles", "Principes volontaires"), language),
        said(Text("Yes", "Oui"), language),
        said(Text("Not recorded", "Non renseigné"), language),
        said(Text("Of all", "Sur tous"), language),
    )
    title = said(Text("How they are prepared", "Comment ils sont préparés"), language)
    return Table(title, headings, rows, frozenset({1, 2, 3}), len(rows))
