"""The last meeting of a unit's committee: what it decided, and what changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from geoapp.followup.meetings import ActionRow, read_actions
from geoapp.followup.periods import Period, lies_in
from geoapp.followup.trainings import read_totals
from geoapp.province.actions import action_table
from geoapp.province.incidents import category_said, level_cell
from geoapp.province.section import Cell, Row, Section, Table, day, in_digits, said
from geoapp.province.unit import Unit
from geoapp.publish.released import date_in_words
from layers.tables import Action, Committee, Incident, IncidentRelease, Meeting, Training
from layers.text import Text
from layers.vocabulary import COMMITTEE_KIND, STATUS

# Whose meeting a unit's is, where it has several committees.
FIRST = ("NSC", "CPS", "CPP", "DMTF", "CTS", "CLS", "other")
MOST_CHANGES = 20


@dataclass(frozen=True)
class LastMeeting:
    """The last meeting that was held; `planned` is when the committee is to meet next, where that is known.

    `decisions` are its own, else those of the meeting of `decided_on`, the last before it that has any.
    """

    meeting_id: str
    committee_id: str
    committee: str
    kind: str
    held_on: dt.date
    planned: dt.date | None
    synthetic: bool
    decided_on: dt.date
    decisions: Sequence[ActionRow]


@dataclass(frozen=True)
class Committees:
    """The committees of a unit: how many, and the last meeting of the one that stands highest."""

    number: int
    last: LastMeeting | None


def read_committees(connection: Connection, unit: Unit) -> Committees:
    """The committees of a unit that the viewer sees; of several the highest that has met counts."""
    own = Committee.unit_code.in_(unit.codes)
    number = connection.scalar(select(func.count()).select_from(Committee).where(own)) or 0
    rank = case({kind: at for at, kind in enumerate(FIRST)}, value=Committee.kind, else_=len(FIRST))
    planned = (
        select(func.min(Meeting.held_on))
        .where(Meeting.committee_id == Committee.committee_id, Meeting.held_on > func.today())
        .correlate(Committee)
        .scalar_subquery()
    )
    row = connection.execute(
        select(
            Meeting.meeting_id,
            Meeting.committee_id,
            Committee.name,
            Committee.kind,
            Meeting.held_on,
            planned.label("planned"),
            Meeting.synthetic,
        )
        .join(Committee, Committee.committee_id == Meeting.committee_id)
        .where(own, Meeting.held_on <= func.today())
        .order_by(rank, Meeting.held_on.desc(), Meeting.meeting_id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return Committees(number, None)
    decided = connection.execute(
        select(Meeting.meeting_id, Meeting.held_on)
        .join(Action, Action.meeting_id == Meeting.meeting_id)
        .where(Meeting.committee_id == row.committee_id, Meeting.held_on <= row.held_on)
        .order_by(Meeting.held_on.desc(), (Meeting.meeting_id == row.meeting_id).desc(), Meeting.meeting_id)
        .limit(1)
    ).one_or_none()
    if decided is None:
        return Committees(number, LastMeeting(*row, row.held_on, []))
    decisions = read_actions(connection, unit.today, Action.meeting_id == decided.meeting_id)
    return Committees(number, LastMeeting(*row, decided.held_on, decisions))


def decisions_section(found: Committees, unit: Unit, language: str, most: int) -> Section:
    """What the last meeting decided, and what became of it."""
    title = said(Text("Decisions of the last meeting", "Décisions de la dernière réunion"), language)
    if found.last is None:
        none = (
            Text("The committee of this unit has not met yet.", "Le comité de cette unité ne s'est pas encore réuni.")
            if found.number
            else Text("No committee is recorded in this unit.", "Aucun comité n'est enregistré dans cette unité.")
        )
        return Section("decisions", title, empty=said(none, language))
    last = found.last
    lead = [
        said(
            Text("{committee} met on {day}.", "{committee} s'est réuni le {day}."),
            language,
            committee=last.committee,
            day=day(last.held_on, language),
        )
    ]
    if last.planned:
        lead.append(
            said(
                Text("The next meeting is planned for {day}.", "La prochaine réunion est prévue le {day}."),
                language,
                day=day(last.planned, language),
            )
        )
    link = (
        f"/meetings/{last.meeting_id}",
        said(Text("The meeting, with its minutes", "La réunion, avec son procès-verbal"), language),
    )
    if not last.decisions:
        none = Text("No decision of it is recorded.", "Aucune décision n'en est enregistrée.")
        return Section(
            "decisions", title, tuple(lead), empty=said(none, language), synthetic=last.synthetic, links=(link,)
        )
    name = COMMITTEE_KIND.label(last.kind, language)
    if last.decided_on != last.held_on:
        earlier = Text(
            "No decision of it is recorded; the last ones are of {day}.",
            "Aucune décision n'en est enregistrée ; les dernières sont du {day}.",
        )
        lead.append(said(earlier, language, day=day(last.decided_on, language)))
    table = action_table(last.decisions, name, unit, language, most, done=True)
    return Section("decisions", title, tuple(lead), (table,), synthetic=last.synthetic, links=(link,))


@dataclass(frozen=True)
class Told:
    """An incident that the committee was told of in a period."""

    incident_id: Any
    category: str | None
    level: int | None
    status: str
    happened: dt.date
    precision: int
    summary: str
    released_on: dt.date


@dataclass(frozen=True)
class Changes:
    """What changed in a period. `reported` and `closed` are known to those alone who see the incidents themselves."""

    period: Period
    told: Sequence[Told]
    told_total: int
    done: Sequence[ActionRow]
    decided: int
    trainings: int
    people: int
    reported: int | None
    closed: int | None
    synthetic: bool


def since_last(found: Committees, unit: Unit) -> Period:
    """From the last meeting until today; a year where there was none."""
    since = found.last.held_on if found.last else unit.today - dt.timedelta(days=364)
    return Period(since, unit.today, unit.codes)


def read_changes(connection: Connection, unit: Unit, period: Period, language: str, *, full: bool) -> Changes:
    """What changed in a unit in a period, as far as the viewer is told."""
    summary = IncidentRelease.summary_fr if language == "fr" else IncidentRelease.summary_en
    here = (lies_in(IncidentRelease.units, unit.codes), period.holds(IncidentRelease.released_on))
    number, synthetic = connection.execute(
        select(func.count(), func.bool_or(IncidentRelease.synthetic)).where(*here)
    ).one()
    told = connection.execute(
        select(
            IncidentRelease.incident_id,
            IncidentRelease.category,
            IncidentRelease.level,
            IncidentRelease.status,
            IncidentRelease.shown_date,
            IncidentRelease.shown_date_precision,
            summary,
            IncidentRelease.released_on,
        )
        .where(*here)
        .order_by(
            IncidentRelease.level.asc().nulls_last(), IncidentRelease.shown_date.desc(), IncidentRelease.incident_id
        )
        .limit(MOST_CHANGES)
    ).all()
    done = read_actions(connection, unit.today, lies_in(Action.units, unit.codes), period.holds(Action.done_on))
    decided = connection.scalar(
        select(func.count())
        .select_from(Action)
        .where(lies_in(Action.units, unit.codes), period.holds(Action.decided_on))
    )
    held = read_totals(connection, (lies_in(Training.units, unit.codes), period.holds(Training.held_on)))
    reported = closed = None
    if full:
        reported, closed, made_up = connection.execute(
            select(
                func.count().filter(period.holds(Incident.reported_on)),
                func.count().filter(period.holds(Incident.closed_on)),
                func.bool_or(Incident.synthetic),
            ).where(lies_in(Incident.units, unit.codes))
        ).one()
        synthetic = synthetic or made_up
    return Changes(
        period,
        [Told(*row) for row in told],
        number,
        done,
        decided or 0,
        held.trainings,
        held.people,
        reported,
        closed,
        bool(synthetic or held.synthetic),
    )


def changes_section(found: Changes, unit: Unit, language: str, *, since_meeting: bool) -> Section:
    """They in words: figures, the incidents told, the actions done."""
    title = (
        Text("What changed since the last meeting", "Ce qui a changé depuis la dernière réunion")
        if since_meeting
        else Text("What changed in the period", "Ce qui a changé dans la période")
    )
    lead = said(
        Text("From {since} to {until}.", "Du {since} au {until}."),
        language,
        since=day(found.period.since, language),
        until=day(found.period.until, language),
    )
    figures: list[tuple[Text, int | None]] = [
        (Text("Incidents reported", "Incidents signalés"), found.reported),
        (Text("Incidents closed", "Incidents clos"), found.closed),
        (Text("Incidents released to the committee", "Incidents communiqués au comité"), found.told_total),
        (Text("Actions decided", "Actions décidées"), found.decided),
        (Text("Actions done", "Actions faites"), len(found.done)),
        (Text("Trainings held", "Formations tenues"), found.trainings),
        (Text("People trained", "Personnes formées"), found.people),
    ]
    known = [(name, number) for name, number in figures if number is not None]
    if not any(number for _, number in known):
        none = Text("Nothing is recorded in this time.", "Rien n'est enregistré dans ce temps.")
        return Section("changes", said(title, language), (lead,), empty=said(none, language))
    tables = [
        Table(
            said(Text("In figures", "En chiffres"), language),
            (said(Text("What", "Quoi"), language), said(Text("Number", "Nombre"), language)),
            [Row((Cell(said(name, language)), Cell(in_digits(number, language)))) for name, number in known],
            frozenset({1}),
            len(known),
        )
    ]
    if found.told:
        tables.append(_told(found, language))
    if found.done:
        words = said(Text("Actions done", "Actions faites"), language)
        tables.append(action_table(found.done, words, unit, language, MOST_CHANGES, done=True))
    return Section("changes", said(title, language), (lead,), tuple(tables), synthetic=found.synthetic)


def _told(found: Changes, language: str) -> Table:
    rows = [
        Row(
            (
                level_cell(each.level, language),
                Cell(category_said(each.category, language), each.summary, f"/incidents/{each.incident_id}"),
                Cell(date_in_words(each.happened, each.precision, language)),
                Cell(STATUS.label(each.status, language)),
            )
        )
        for each in found.told
    ]
    headings = (
        said(Text("Level", "Niveau"), language),
        said(Text("What", "Quoi"), language),
        said(Text("Happened", "Survenu"), language),
        said(Text("Status", "État"), language),
    )
    title = said(Text("Incidents released to the committee", "Incidents communiqués au comité"), language)
    return Table(title, headings, rows, total=found.told_total, href="/incidents")


def until_said(found: Committees, language: str) -> str:
    """The meeting that a pack is for, in words; "" where none is planned."""
    if found.last is None or found.last.planned is None:
        return ""
    return said(
        Text("For the meeting of {day}", "Pour la réunion du {day}"), language, day=day(found.last.planned, language)
    )
