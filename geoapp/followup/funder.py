"""The funder's report: trainings and participants of a funder, and what the programme did meanwhile, for a period.

Each figure says by what parameters it was made, how many rows it used, and how many it left out and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from geoapp.errors import QuestionError
from geoapp.followup.durations import Median, median_duration
from geoapp.followup.periods import Period
from geoapp.followup.prepared import Prepared, read_prepared, two_years_before
from geoapp.followup.trainings import funders, read_totals
from geoapp.risk.wording import n
from layers.tables import Deployment, Incident, Meeting, Training
from layers.text import Text
from layers.vocabulary import PARTICIPANT_GROUP

# What counts as no incident after all, and what as resolved.
UNFOUNDED = ("unfounded", "merged")
RESOLVED = ("resolved", "mitigated")
# What has been left out of a figure, in words.
REASONS = {
    "other_funder": Text("trainings of other funders", "formations d'autres bailleurs"),
    "no_funder": Text("trainings that name no funder", "formations sans bailleur indiqué"),
    "not_counted": Text("trainings without numbers", "formations sans effectifs"),
    "women_not_counted": Text(
        "people in groups whose women were not counted", "personnes de groupes où les femmes n'ont pas été comptées"
    ),
    "unfounded": Text("rejected, unfounded or merged", "rejetés, non fondés ou fusionnés"),
    "not_opened": Text(
        "reported in the period and not opened by its end", "signalés dans la période et non ouverts à sa fin"
    ),
    "otherwise_closed": Text("closed with another outcome or none", "clos avec une autre issue ou sans issue"),
    "unknown": Text("not recorded, counted as no", "non renseignés, comptés comme non"),
    "before": Text("trained longer ago, counted as no", "formés plus tôt, comptés comme non"),
    "no_strength": Text("deployments without numbers", "déploiements sans effectifs"),
}


@dataclass(frozen=True)
class Figure:
    """A figure with all that it takes to make it again.

    `kind` says how `value` reads: a count, a share of 1, days. `of` are its parameters, `counted` says how it is made.
    """

    name: str
    title: Text
    kind: str
    value: float | None
    of: dict[str, str]
    counted: Text
    used: int
    left_out: dict[str, int] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    note: Text | None = None


@dataclass(frozen=True)
class FunderReport:
    """What a funder is told: the figures, each training, and the people by group.

    `synthetic` is how many of the rows that were used are made up for demonstration.
    """

    funder: str
    period: Period
    made_on: dt.date
    figures: Sequence[Figure]
    trainings: Sequence[dict[str, Any]]
    groups: Sequence[dict[str, Any]]
    synthetic: int

    def figure(self, name: str) -> Figure:
        """The figure of a name."""
        return next(each for each in self.figures if each.name == name)


def make_funder_report(connection: Connection, funder: str, period: Period) -> FunderReport:
    """The report for a funder and a period, of the rows that the viewer may see.

    QuestionError for a funder whom none of these trainings names.
    """
    known = funders(connection)
    if funder not in known:
        named = ", ".join(known)
        raise QuestionError(
            f"funder: no training that you may see names '{funder}'. "
            + (f"Funders are: {named}." if known else "No training names a funder yet."),
            f"funder : aucune formation que vous pouvez voir n'indique « {funder} ». "
            + (f"Les bailleurs sont : {named}." if known else "Aucune formation n'indique encore de bailleur."),
        )
    today: dt.date = connection.execute(select(func.today())).scalar_one()
    figures, synthetic = _of_trainings(connection, funder, period)
    for part in (_of_meetings, _of_incidents, _of_deployments):
        more, made_up = part(connection, period)
        figures += more
        synthetic += made_up
    return FunderReport(
        funder,
        period,
        today,
        figures,
        _trainings(connection, funder, period),
        _groups(connection, funder, period),
        synthetic,
    )


def _in_period(period: Period) -> list[ColumnElement[bool]]:
    return [period.holds(Training.held_on), period.within(Training.units)]


def _of_trainings(connection: Connection, funder: str, period: Period) -> tuple[list[Figure], int]:
    own = [*_in_period(period), Training.funder == funder]
    totals = read_totals(connection, own)
    others = select(func.count().filter(Training.funder != funder), func.count().filter(Training.funder.is_(None)))
    of_others, of_nobody = connection.execute(others.where(*_in_period(period))).one()
    of = {"funder": funder, **period.parameters()}
    with_numbers = totals.trainings - totals.uncounted_trainings
    return [
        Figure(
            "trainings",
            Text("Trainings", "Formations"),
            "count",
            totals.trainings,
            of,
            Text(
                "trainings that name the funder, held in the period",
                "formations qui indiquent le bailleur, tenues dans la période",
            ),
            totals.trainings,
            {"other_funder": of_others, "no_funder": of_nobody},
        ),
        Figure(
            "participants",
            Text("Participants", "Participants"),
            "count",
            totals.people,
            of,
            Text(
                "people of all groups; who came to two trainings is counted twice",
                "personnes de tous les groupes ; qui a suivi deux formations est compté deux fois",
            ),
            with_numbers,
            {"not_counted": totals.uncounted_trainings},
        ),
        Figure(
            "women",
            Text("Women among them", "Dont femmes"),
            "count",
            totals.women if totals.counted else None,
            of,
            Text(
                "women in the groups of people where they were counted",
                "femmes, dans les groupes de personnes où elles ont été comptées",
            ),
            totals.counted,
            {"women_not_counted": totals.people - totals.counted},
            note=_share_of_women(totals.women, totals.counted),
        ),
    ], totals.synthetic


def _share_of_women(women: int, counted: int) -> Text | None:
    if not counted:
        return None
    share, people = round(100 * women / counted), n(counted)
    return Text(
        f"{share} % of the {people.en} people counted so", f"{share} % des {people.fr} personnes ainsi comptées"
    )


def _of_meetings(connection: Connection, period: Period) -> tuple[list[Figure], int]:
    asked = select(func.count(), func.count().filter(Meeting.synthetic))
    held, synthetic = connection.execute(asked.where(period.holds(Meeting.held_on), period.within(Meeting.units))).one()
    return [
        Figure(
            "meetings",
            Text("Committee meetings", "Réunions des comités"),
            "count",
            held,
            period.parameters(),
            Text(
                "meetings that committees held in the period, whoever funds them",
                "réunions tenues par les comités dans la période, quel que soit leur bailleur",
            ),
            held,
        )
    ], synthetic


def _of_incidents(connection: Connection, period: Period) -> tuple[list[Figure], int]:
    inside = period.within(Incident.units)
    unfounded = or_(Incident.status == "rejected", func.coalesce(Incident.outcome, "").in_(UNFOUNDED))
    opened, closed = period.holds(Incident.opened_on), period.holds(Incident.closed_on)
    known = func.coalesce(Incident.reported_on, Incident.occurred_to, Incident.occurred_from)
    unopened = or_(Incident.opened_on.is_(None), Incident.opened_on > period.until)
    counts = connection.execute(
        select(
            func.count().filter(opened, ~unfounded),
            func.count().filter(opened, unfounded),
            func.count().filter(period.holds(known), unopened, ~unfounded),
            func.count().filter(closed, ~unfounded, Incident.outcome.in_(RESOLVED)),
            func.count().filter(closed, ~unfounded, ~func.coalesce(Incident.outcome, "").in_(RESOLVED)),
            func.count().filter(closed, unfounded),
            func.count().filter(or_(opened, closed), Incident.synthetic),
        ).where(inside)
    ).one()
    lasted = connection.execute(select(Incident.opened_on, Incident.closed_on).where(inside, opened, ~unfounded)).all()
    ended = [(row.closed_on - row.opened_on).days for row in lasted if row.closed_on and row.closed_on <= period.until]
    still = [(period.until - row.opened_on).days for row in lasted if not row.closed_on or row.closed_on > period.until]
    median = median_duration(ended, still)
    of = period.parameters()
    return [
        Figure(
            "incidents_opened",
            Text("Incidents opened", "Incidents ouverts"),
            "count",
            counts[0],
            of,
            Text(
                "incidents opened in the period, with later corrections",
                "incidents ouverts dans la période, avec les corrections ultérieures",
            ),
            counts[0],
            {"unfounded": counts[1], "not_opened": counts[2]},
        ),
        Figure(
            "incidents_resolved",
            Text("Incidents resolved", "Incidents résolus"),
            "count",
            counts[3],
            of,
            Text(
                "incidents closed in the period as resolved or mitigated, whenever they were opened",
                "incidents clos dans la période comme résolus ou atténués, quelle que soit leur ouverture",
            ),
            counts[3],
            {"otherwise_closed": counts[4], "unfounded": counts[5]},
        ),
        Figure(
            "days_to_close",
            Text("Days to close, median", "Jours jusqu'à la clôture, médiane"),
            "days",
            median.days,
            of,
            Text(
                "of the incidents opened in the period, by Kaplan and Meier (1958): those open on its last day"
                " count as open for at least so long; interval of 95 % by Brookmeyer and Crowley (1982)",
                "des incidents ouverts dans la période, selon Kaplan et Meier (1958) : ceux encore ouverts à son"
                " dernier jour comptent comme ouverts au moins aussi longtemps ; intervalle à 95 % selon Brookmeyer et"
                " Crowley (1982)",
            ),
            len(lasted),
            {"unfounded": counts[1]},
            low=median.low,
            high=median.high,
            note=_of_median(median),
        ),
    ], counts[6]


def _of_median(median: Median) -> Text:
    ended, still = n(median.ended), n(median.open)
    counted = Text(f"{ended.en} closed, {still.en} still open", f"{ended.fr} clos, {still.fr} encore ouverts")
    if median.days is not None or median.longest is None:
        return counted
    return Text(
        f"{counted.en}: more than half last longer than what has been seen, at most {median.longest} days",
        f"{counted.fr} : plus de la moitié dure plus longtemps que ce qui a été observé, {median.longest} jours au"
        " plus",
    )


def _of_deployments(connection: Connection, period: Period) -> tuple[list[Figure], int]:
    found: Prepared = read_prepared(connection, period.until, [period.within(Deployment.units)])
    on = {name: text for name, text in period.parameters().items() if name != "since"}
    after = {"trained_after": two_years_before(period.until).isoformat()}
    return [
        Figure(
            "vetted",
            Text("Deployments vetted", "Déploiements aux antécédents vérifiés"),
            "share",
            found.share_vetted,
            on,
            Text("of the deployments on the last day", "des déploiements au dernier jour"),
            found.deployments,
            {"unknown": found.vetted_unknown},
            note=_of(found.vetted, found.deployments),
        ),
        Figure(
            "trained",
            Text("Deployments trained within two years", "Déploiements formés depuis moins de deux ans"),
            "share",
            found.share_trained,
            on | after,
            Text(
                "of the deployments on the last day, those with a training in the Voluntary Principles in the two years"
                " before",
                "des déploiements au dernier jour, ceux formés aux Principes volontaires dans les deux ans qui"
                " précèdent",
            ),
            found.deployments,
            {"unknown": found.trained_unknown, "before": found.trained_before},
            note=_of(found.trained, found.deployments),
        ),
        Figure(
            "people_trained",
            Text("Their people trained within two years", "Leurs agents formés depuis moins de deux ans"),
            "share",
            found.share_people,
            on | after,
            Text(
                "of the people of those deployments whose numbers are known",
                "des agents de ceux de ces déploiements dont les effectifs sont connus",
            ),
            found.with_strength,
            {"no_strength": found.deployments - found.with_strength},
            note=_of(found.people, found.strength),
        ),
    ], found.synthetic


def _of(part: int, whole: int) -> Text:
    some, all_ = n(part), n(whole)
    return Text(f"{some.en} of {all_.en}", f"{some.fr} sur {all_.fr}")


def _trainings(connection: Connection, funder: str, period: Period) -> list[dict[str, Any]]:
    columns = (
        Training.id,
        Training.training_id,
        Training.held_on,
        Training.place_text,
        Training.unit_code,
        Training.topic,
        Training.days,
        Training.trainer_org,
        Training.participants,
        Training.women,
        Training.synthetic,
    )
    asked = select(*columns).where(*_in_period(period), Training.funder == funder)
    return [dict(row) for row in connection.execute(asked.order_by(Training.held_on, Training.place_text)).mappings()]


def _groups(connection: Connection, funder: str, period: Period) -> list[dict[str, Any]]:
    asked = select(Training.participants_by_group).where(*_in_period(period), Training.funder == funder)
    groups: dict[str, dict[str, Any]] = {}
    for counted in connection.scalars(asked):
        for group, each in counted.items():
            total, women = (each.get("total", 0), each.get("women")) if isinstance(each, dict) else (each, None)
            known = groups.setdefault(group, {"group": group, "people": 0, "women": None})
            known["people"] += total
            if women is not None:
                known["women"] = (known["women"] or 0) + women
    order = [*PARTICIPANT_GROUP]
    return sorted(
        groups.values(),
        key=lambda each: (
            each["group"] not in order,
            order.index(each["group"]) if each["group"] in order else 0,
            each["group"],
        ),
    )
