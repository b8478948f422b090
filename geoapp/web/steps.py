"""Handling an incident: taking it a step further, and assessing it; who comes second sees what the first did."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for

from geoapp.followup import assessment
from geoapp.followup.history import Entry
from geoapp.followup.meanwhile import Change, compare
from geoapp.followup.steps import (
    LONGEST_REASON,
    OUTCOMES,
    WAYS,
    Standing,
    StepDraft,
    faults,
    read_standing,
    take,
)
from geoapp.followup.words import DEGREES, one_line, plain
from geoapp.settings import Settings
from geoapp.web.audit import record_read
from geoapp.web.column_words import column_label
from geoapp.web.database import writing
from geoapp.web.members import in_words, require_member, said
from geoapp.web.policy import unstored
from layers.tables import Incident
from layers.text import Text
from layers.vocabulary import LEVEL, OUTCOME, STATUS, STEP_KIND

steps = Blueprint("steps", __name__, url_prefix="/incidents/<uuid:incident_id>")
steps.before_request(require_member)

PLACE_WORDS = {"longitude": Text("Longitude", "Longitude"), "latitude": Text("Latitude", "Latitude")}


@steps.get("/step")
def form(incident_id: UUID) -> Response:
    """The steps that may follow."""
    with writing() as connection:
        standing = read_standing(connection, incident_id)
        record_read(connection, Incident.__tablename__, incident_id)
    way = request.args.get("way", "")
    draft = StepDraft(standing.status, way if way in standing.ways else "", standing.today.isoformat(), "", "", "")
    return _form(standing, draft)


@steps.post("/step")
def send(incident_id: UUID) -> Response:
    """Take the step, or show the form again with what is wrong, or with what somebody else did meanwhile."""
    sent = request.form
    draft = StepDraft(
        seen=sent.get("seen", ""),
        way=sent.get("way", ""),
        taken_on=one_line(sent.get("taken_on", "")),
        outcome=sent.get("outcome", ""),
        due_on=one_line(sent.get("due_on", "")),
        reason=plain(sent.get("reason", "")),
    )
    with writing() as connection:
        standing = read_standing(connection, incident_id, lock=True)
        if draft.seen != standing.status:
            return _form(standing, draft, stale=True)
        wrong = faults(standing, draft)
        if wrong:
            return _form(standing, draft, wrong)
        take(connection, standing, draft)
    return make_response(redirect(url_for("incidents.page", key=incident_id, lang=g.language), 303))


def _form(
    standing: Standing, draft: StepDraft, wrong: dict[str, Text] | None = None, *, stale: bool = False
) -> Response:
    page = render_template(
        "step.html",
        standing=standing,
        draft=draft,
        wrong=said(wrong or {}),
        stale=stale,
        who=standing.last_by,
        when=moment(standing.last_at),
        status=STATUS.label(standing.status, g.language),
        level=LEVEL.label(standing.level, g.language),
        due=in_words(standing.due_on),
        released_status=STATUS.label(standing.released_status, g.language),
        ways=[(way, *(each.in_language(g.language) for each in WAYS[way])) for way in standing.ways],
        outcomes=[(code, OUTCOME.label(code, g.language)) for code in OUTCOMES],
        longest=LONGEST_REASON,
        synthetic=standing.synthetic,
    )
    return unstored(make_response(page, 409 if stale else 422 if wrong else 200))


@steps.get("/assess")
def assess_form(incident_id: UUID) -> Response:
    """The facts of an incident, to be put right."""
    with writing() as connection:
        facts, synthetic = assessment.read_facts(connection, incident_id)
        record_read(connection, Incident.__tablename__, incident_id)
    return _facts(incident_id, facts, facts, synthetic)


@steps.post("/assess")
def assess(incident_id: UUID) -> Response:
    """Save what was changed; where somebody else changed the same meanwhile, show both and save nothing."""
    yours = assessment.read_sent(request.form)
    then = {name: request.form.get(f"was-{name}", "").replace("\r\n", "\n") for name in assessment.FIELDS}
    with writing() as connection:
        now, synthetic = assessment.read_facts(connection, incident_id, lock=True)
        meanwhile = compare(then, now, yours)
        if meanwhile.clashes:
            return _facts(incident_id, yours, now, synthetic, changes=meanwhile.theirs)
        merged = {**now, **meanwhile.write}
        wrong = assessment.faults(merged, read_standing(connection, incident_id).today.isoformat())
        if wrong:
            return _facts(incident_id, {**yours, **merged}, now, synthetic, wrong=wrong)
        assessment.write_facts(connection, incident_id, merged, meanwhile.write)
    return make_response(redirect(url_for("incidents.page", key=incident_id, lang=g.language), 303))


def _facts(
    incident_id: UUID,
    facts: dict[str, str],
    now: dict[str, str],
    synthetic: bool,
    *,
    changes: tuple[Change, ...] = (),
    wrong: dict[str, Text] | None = None,
) -> Response:
    page = render_template(
        "assess.html",
        incident_id=incident_id,
        fields=[_field(name, facts[name]) for name in assessment.FIELDS],
        now=now,
        changes=[
            {
                "label": _label(each.name),
                **{part: value_in_words(each.name, getattr(each, part)) for part in ("then", "now", "yours")},
            }
            for each in changes
        ],
        wrong=said(wrong or {}),
        labels={name: _label(name) for name in assessment.FIELDS},
        synthetic=synthetic,
    )
    return unstored(make_response(page, 409 if changes else 422 if wrong else 200))


def _field(name: str, value: str) -> dict[str, Any]:
    vocabulary = assessment.CODED.get(name)
    choices = [(code, vocabulary.label(code, g.language)) for code in vocabulary] if vocabulary else []
    return {
        "name": name,
        "label": _label(name),
        "value": value,
        "choices": choices,
        "kind": "day"
        if name in assessment.DAYS
        else "words"
        if name in assessment.SUMMARIES
        else "number"
        if name in (*assessment.COUNTED, *DEGREES)
        else "line",
    }


def _label(name: str) -> str:
    return PLACE_WORDS[name].in_language(g.language) if name in PLACE_WORDS else column_label(name, g.language)


def value_in_words(name: str, value: object) -> str:
    """A fact of an incident as a page shows it."""
    if value is None or value == "":
        return ""
    vocabulary = assessment.CODED.get(name)
    return vocabulary.label(str(value), g.language) if vocabulary else str(value)


def entries_in_words(entries: list[Entry]) -> list[dict[str, Any]]:
    """The history of an incident as its page shows it."""
    return [
        {
            "when": moment(entry.at),
            "iso": entry.at.isoformat(timespec="seconds"),
            "who": entry.who,
            "deed": STEP_KIND.label(entry.deed, g.language) if entry.deed not in {"step", "edit"} else "",
            "edit": entry.deed == "edit",
            "from": STATUS.label(entry.from_status, g.language),
            "to": STATUS.label(entry.to_status, g.language) if entry.deed == "step" else "",
            "day": in_words(entry.day),
            "outcome": OUTCOME.label(entry.outcome, g.language),
            "due": in_words(entry.due_on),
            "reason": entry.reason or "",
            "facts": [
                (_label(name), *("" if name == "geom" else value_in_words(name, each) for each in (before, after)))
                for name, before, after in entry.facts
            ],
        }
        for entry in entries
    ]


def moment(at: Any) -> str:
    """A time of day in the installation's time zone, in the language of the request; "" for none."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    if at is None:
        return ""
    return format_datetime(at, "d MMM y, HH:mm", tzinfo=ZoneInfo(settings.time_zone), locale=g.language)
