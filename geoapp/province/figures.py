"""The figures by which provinces are compared, each as far as the viewer's rights go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from geoapp.access.viewer import FULL_ROLES, acting_viewer
from geoapp.followup.periods import Period, lies_in
from geoapp.followup.prepared import read_prepared_by_unit
from geoapp.province.shades import Scale
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.coverage import covered_by_unit
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.places import SITES
from geoapp.risk.provinces import Unit, UnitCounts, a_year_earlier, ask_provinces, units_on
from layers.mine_sites import LONG_UNVISITED
from layers.tables import AdminUnit, IncidentRelease
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text

RADIUS_KM = 5.0
Kind = Literal["whole", "decimal", "percent", "signed"]
CHANGE = Text("Change on the year", "Évolution sur un an")


@dataclass(frozen=True)
class Column:
    """A column of the table beside the map: the value's name, its heading, and how it is written."""

    key: str
    heading: Text
    kind: Kind = "whole"


@dataclass(frozen=True)
class Figure:
    """A figure: what it counts, its scale, and its columns, the first of which is on the map.

    `member` tells that it is told to a committee, too, from what was released to it. `question` is the risk question
    that answers it.
    """

    name: str
    title: Text
    says: Text
    scale: Scale
    columns: tuple[Column, ...]
    member: bool = False
    question: str = "provinces"


INCIDENTS = Column("incidents", Text("Incidents", "Incidents"))
SITES_COLUMN = Column("sites", Text("Mine sites", "Sites miniers"))
FIGURES: Mapping[str, Figure] = {
    each.name: each
    for each in (
        Figure(
            "incidents",
            Text("Incidents", "Incidents"),
            Text(
                "Incidents that happened in the period, but for those rejected or found to be unfounded.",
                "Incidents survenus pendant la période, sauf ceux rejetés ou jugés infondés.",
            ),
            "number",
            (
                INCIDENTS,
                Column("level_1", Text("Level 1", "Niveau 1")),
                Column("level_2", Text("Level 2", "Niveau 2")),
                Column("level_3", Text("Level 3", "Niveau 3")),
                Column("level_unknown", Text("Level unknown", "Niveau inconnu")),
            ),
            member=True,
        ),
        Figure(
            "weighted",
            Text("Weighted incidents", "Incidents pondérés"),
            Text(
                "The same incidents, weighted by level and by the people killed and injured; the count stands beside.",
                "Les mêmes incidents, pondérés selon le niveau, les morts et les blessés ; le nombre figure à côté.",
            ),
            "number",
            (Column("weighted", Text("Weight", "Poids"), "decimal"), INCIDENTS),
        ),
        Figure(
            "per_100_sites",
            Text("Incidents per 100 sites", "Incidents pour 100 sites"),
            Text(
                "Incidents of the period per 100 mine sites. Few sites make a rate jump: the map shows it smoothed,"
                " drawn to the mean of all provinces the more, the fewer sites there are (Marshall 1991).",
                "Incidents de la période pour 100 sites miniers. Avec peu de sites, un taux varie beaucoup : la carte"
                " le montre lissé, rapproché de la moyenne des provinces d'autant plus que les sites sont rares"
                " (Marshall 1991).",
            ),
            "number",
            (
                Column("smoothed", Text("Per 100 sites, smoothed", "Pour 100 sites, lissé"), "decimal"),
                Column("per_100_sites", Text("as counted", "brut"), "decimal"),
                INCIDENTS,
                SITES_COLUMN,
            ),
            member=True,
        ),
        Figure(
            "overdue",
            Text("Overdue incidents", "Incidents en retard"),
            Text(
                "Incidents that were open on the last day of the period, and had been for more than 183 days.",
                "Incidents encore ouverts le dernier jour de la période, depuis plus de 183 jours.",
            ),
            "number",
            (
                Column("overdue", Text("Overdue", "En retard")),
                Column("open", Text("Open", "Ouverts")),
            ),
        ),
        Figure(
            "coverage",
            Text("Coverage of sites", "Couverture des sites"),
            Text(
                "Share of the worked mine sites within 5 km of a security deployment on the last day of the period. A"
                " deployment is no promise that nothing happens.",
                "Part des sites miniers exploités à moins de 5 km d'un déploiement de sécurité, le dernier jour de la"
                " période. Un déploiement ne promet pas que rien n'arrive.",
            ),
            "share",
            (
                Column("share", Text("Within 5 km", "À moins de 5 km"), "percent"),
                Column("covered", Text("Sites within 5 km", "Sites à moins de 5 km")),
                Column("worked", Text("Worked sites", "Sites exploités")),
            ),
            question="coverage",
        ),
        Figure(
            "trained",
            Text("Share of deployments trained", "Part des déploiements formés"),
            Text(
                "Share of the security deployments that were trained in the Voluntary Principles within the two years"
                " before the last day of the period. What is not recorded counts as no.",
                "Part des déploiements de sécurité formés aux Principes volontaires dans les deux ans avant le dernier"
                " jour de la période. Ce qui n'est pas renseigné compte comme non.",
            ),
            "share",
            (
                Column("share", Text("Trained", "Formés"), "percent"),
                Column("trained", Text("Deployments trained", "Déploiements formés")),
                Column("deployments", Text("Deployments", "Déploiements")),
                Column("not_recorded", Text("not recorded", "non renseignés")),
            ),
        ),
        Figure(
            "change",
            CHANGE,
            Text(
                "Incidents of the period less those of the same days a year before, as a number: of few incidents a"
                " percentage would say little.",
                "Incidents de la période moins ceux des mêmes jours un an plus tôt, en nombre : sur peu d'incidents, un"
                " pourcentage dirait peu.",
            ),
            "change",
            (
                Column("change", CHANGE, "signed"),
                INCIDENTS,
                Column("year_before", Text("A year before", "Un an avant")),
            ),
            member=True,
        ),
    )
}


@dataclass(frozen=True)
class Row:
    """A province with the values of a figure's columns, None where there is none.

    `unvisited` tells that no site of it was visited in the 183 days before; None for who is not told of visits.
    `released` tells that it is counted from what was released to its committee.
    """

    unit_code: str
    name: Text
    country: str
    values: Mapping[str, float | None]
    unvisited: bool | None
    released: bool = False

    def value(self, figure: Figure) -> float | None:
        """What the map shows of it."""
        return self.values.get(figure.columns[0].key)


@dataclass(frozen=True)
class Table:
    """A figure of all provinces of the viewer; `sentence` says what was counted and what was left out."""

    rows: Sequence[Row]
    sentence: Text | None
    younger: bool
    synthetic: bool


def figures_open(connection: Connection) -> list[Figure]:
    """The figures that the viewer of a transaction is told, in their order."""
    viewer = acting_viewer(connection)
    if viewer is None or viewer.has(*FULL_ROLES):
        return list(FIGURES.values())
    return [each for each in FIGURES.values() if each.member] if viewer.has("committee") else []


def read_table(connection: Connection, figure: Figure, period: Period) -> Table:
    """A figure in a period for the provinces of today where the viewer has a role.

    In a unit where they are only a member of the committee, from what was released to it.
    """
    viewer = acting_viewer(connection)
    today: dt.date = connection.execute(select(func.today())).scalar_one()
    lives = {
        row.unit_code: row
        for row in connection.execute(
            select(AdminUnit.unit_code, AdminUnit.country, AdminUnit.valid_from, AdminUnit.name_en, AdminUnit.name_fr)
            .where(AdminUnit.level == 1, AdminUnit.valid_from <= today)
            .where(AdminUnit.valid_to.is_(None) | (AdminUnit.valid_to > today))
        )
    }
    rows: list[Row] = []
    sentence, synthetic = None, False
    if viewer is None or viewer.has(*FULL_ROLES):
        countries = {code: row.country for code, row in lives.items()}
        rows, sentence, synthetic = _full(connection, figure, period, countries)
    if viewer is not None and viewer.has("committee") and figure.member:
        known = {each.unit_code for each in rows}
        codes = [code for code in _scope(connection, viewer.rights["committee"]) if code in lives and code not in known]
        more, made_up = _released(connection, period, {code: lives[code] for code in codes})
        rows, synthetic = [*rows, *more], synthetic or made_up
    younger = any(lives[each.unit_code].valid_from > period.since for each in rows)
    return Table(rows, sentence, younger, synthetic)


def _full(
    connection: Connection, figure: Figure, period: Period, countries: Mapping[str, str]
) -> tuple[list[Row], Text | None, bool]:
    ground = ground_for_questions(connection)
    now = Asked(ground.today, period.since, period.until)
    units = [each for each in units_on(connection, ground, now) if each.level == 1]
    sentence, synthetic = None, False
    values: dict[str, Mapping[str, float | None]]
    if figure.name == "coverage":
        then = Asked(period.until, values={"radius_km": RADIUS_KM})
        shares = covered_by_unit(connection, ground, then, [each.codes for each in units])
        values = {
            unit.unit_code: {"share": each.share, "covered": each.covered, "worked": each.total}
            for unit, each in zip(units, shares, strict=True)
        }
        synthetic = any(ground.get(connection, SITES).synthetic)
    elif figure.name == "trained":
        prepared = read_prepared_by_unit(connection, period.until)
        values = {
            code: {
                "share": each.share_trained,
                "trained": each.trained,
                "deployments": each.deployments,
                "not_recorded": each.trained_unknown,
            }
            for code, each in prepared.items()
        }
        none = {"share": None, "trained": 0, "deployments": 0, "not_recorded": 0}
        values = {each.unit_code: values.get(each.unit_code, none) for each in units}
        synthetic = any(each.synthetic for each in prepared.values())
    else:
        # What was open on a day is asked as of that day; what happened in a period, as it is known today.
        answer = ask_provinces(connection, ground, replace(now, on=period.until) if figure.name == "overdue" else now)
        values = {each.unit_code: _counted(each) for each in answer.units}
        sentence, synthetic = answer.sentence, bool(answer.synthetic)
    unvisited = _unvisited(connection, ground, units, period.until)
    rows = [
        Row(unit.unit_code, unit.name, countries[unit.unit_code], values.get(unit.unit_code, {}), nobody)
        for unit, nobody in zip(units, unvisited, strict=True)
    ]
    return rows, sentence, synthetic


def _counted(counts: UnitCounts) -> dict[str, float | None]:
    return {
        "incidents": counts.incidents,
        **{f"level_{level}": counts.by_level[level] for level in ("1", "2", "3")},
        "level_unknown": counts.by_level["level_unknown"],
        "weighted": counts.weighted,
        "smoothed": counts.per_100_sites_smoothed,
        "per_100_sites": counts.per_100_sites,
        "sites": counts.sites,
        "overdue": counts.overdue,
        "open": counts.open,
        "change": counts.change,
        "year_before": counts.year_before,
    }


def _unvisited(connection: Connection, ground: Ground, units: Sequence[Unit], on: dt.date) -> list[bool]:
    """In which units no site was visited in the 183 days to a day: those without sites are among them."""
    sites = ground.get(connection, SITES)
    lately = [any(0 <= (on - day).days <= LONG_UNVISITED for day in days) for days in sites.visits]
    visited = [codes for codes, been in zip(sites.units, lately, strict=True) if been]
    return [all(each.codes.isdisjoint(codes) for codes in visited) for each in units]


def _scope(connection: Connection, units: Sequence[str]) -> Sequence[str]:
    """The provinces that lie in some units."""
    asked = select(AdminUnit.unit_code).where(AdminUnit.level == 1, lies_in(AdminUnit.units, list(units))).distinct()
    return connection.scalars(asked.order_by(AdminUnit.unit_code)).all()


def _released(connection: Connection, period: Period, lives: Mapping[str, Any]) -> tuple[list[Row], bool]:
    """The same from the releases, by the days that they show; they tell no visits, and rates are as counted."""
    year_before = replace(period, since=a_year_earlier(period.since), until=a_year_earlier(period.until))
    unit = func.unnest(IncidentRelease.units)
    day, level = IncidentRelease.shown_date, IncidentRelease.level
    now = period.holds(day)
    counts = (
        func.count().filter(now),
        *(func.count().filter(now, level == each) for each in (1, 2, 3)),
        func.count().filter(now, level.is_(None)),
        func.count().filter(year_before.holds(day)),
        func.bool_or(IncidentRelease.synthetic),
    )
    asked = select(unit, *counts).where(IncidentRelease.status != "rejected").group_by(unit)
    found = {row[0]: row[1:] for row in connection.execute(asked)}
    site_unit = func.unnest(PUBLIC_MINE_SITE.c.units)
    counted = select(site_unit, func.count()).group_by(site_unit)
    sites: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
    rows = []
    for code, life in lives.items():
        number, one, two, three, unknown, before, _ = found.get(code, (0, 0, 0, 0, 0, 0, False))
        rate = 100 * number / sites[code] if sites.get(code) else None
        values: dict[str, float | None] = {
            "incidents": number,
            "level_1": one,
            "level_2": two,
            "level_3": three,
            "level_unknown": unknown,
            "smoothed": rate,
            "per_100_sites": rate,
            "sites": sites.get(code, 0),
            "change": number - before,
            "year_before": before,
        }
        rows.append(Row(code, Text(life.name_en, life.name_fr), life.country, values, None, released=True))
    return rows, any(found[code][-1] for code in lives if code in found)
