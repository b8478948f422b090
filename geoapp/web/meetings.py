"""`/meetings/<id>`: agenda, attendance, decisions and minutes; `/actions/<id>/done`: what became of a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, select

from geoapp.errors import ConflictError
from geoapp.followup import decisions
from geoapp.followup import meetings as kept
from geoapp.followup.committees import WANTED_GROUPS
from geoapp.followup.decisions import DecisionDraft
from geoapp.followup.meanwhile import Change, compare
from geoapp.followup.meetings import CLOSED, ActionRow, Item, MeetingPage, read_meeting
from geoapp.followup.words import one_line, parse_whole, plain
from geoapp.publish.released import LEVEL_UNKNOWN, UNCATEGORISED, date_in_words
from geoapp.web.database import reading, writing
from geoapp.web.members import in_words, require_member, said
from geoapp.web.policy import unstored
from geoapp.web.steps import moment
from layers.tables import Deployment, Facility, IncidentRelease, Route
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text
from layers.vocabulary import CATEGORY, COMMITTEE_KIND, DEPLOYMENT_FUNCTION, LEVEL, SEAT_GROUP, STATUS

meetings = Blueprint("meetings", __name__)
meetings.before_request(require_member)

LONGEST_NOTE, LONGEST_PLACE, MOST_PEOPLE = 4000, 200, 99
NOBODY = Text(
    "Write how many came for each seat first: at least one person.",
    "Indiquez d’abord combien sont venus pour chaque siège\u00a0: au moins une personne.",
)
TO_COME = Text(
    "This meeting is still to come: its minutes are closed once it was held.",
    "Cette réunion est à venir\u00a0: son procès-verbal se clôt une fois qu’elle s’est tenue.",
)
KINDS = {
    "site": Text("a mine site", "un site minier"),
    "route": Text("a route", "un itinéraire"),
    "facility": Text("a facility", "une installation"),
    "deployment": Text("a deployment", "un déploiement"),
}
EMPTY = DecisionDraft("", "", "", "", "")


@meetings.get("/meetings/<meeting_id>")
def page(meeting_id: str) -> Response:
    """A meeting."""
    with reading() as connection:
        return _page(connection, _read(connection, meeting_id))


@meetings.post("/meetings/<meeting_id>")
def save(meeting_id: str) -> Response:
    """Save attendance and minutes; where somebody else wrote the same field meanwhile, show both and save nothing."""
    with writing() as connection:
        meeting = _read(connection, meeting_id, to_run=True)
        now = kept.held_of(meeting)
        yours = {
            name: (plain if name == "minutes" or name.startswith("note-") else one_line)(request.form[name])
            for name in now
            if name in request.form
        }
        then = {name: request.form.get(f"was-{name}", "").replace("\r\n", "\n") for name in yours}
        if meeting.closed_at:
            return _page(connection, meeting, typed=yours, closed_meanwhile=True)
        meanwhile = compare(then, now, yours)
        if meanwhile.clashes:
            return _page(connection, meeting, typed={**now, **yours}, changes=meanwhile.theirs)
        wrong = _faults(yours)
        if wrong:
            return _page(connection, meeting, typed={**now, **yours}, wrong=wrong)
        kept.write_minutes(connection, meeting, meanwhile.write)
    return _to(meeting_id, "minutes")


def _faults(yours: dict[str, str]) -> dict[str, Text]:
    found = {}
    for name, words in yours.items():
        if name.startswith("people-"):
            people = parse_whole(words)
            if words and (people is None or people > MOST_PEOPLE):
                found[name] = Text("Write a number from 0 to 99.", "Écrivez un nombre de 0 à 99.")
        elif len(words) > (LONGEST_PLACE if name == "place" else LONGEST_NOTE):
            found[name] = Text("This is too long.", "C’est trop long.")
    return found


@meetings.post("/meetings/<meeting_id>/agenda")
def agenda(meeting_id: str) -> Response:
    """Bring the agenda up to date, put a topic on it, or take a point off."""
    with writing() as connection:
        meeting = _read(connection, meeting_id, to_run=True)
        topic = one_line(request.form.get("topic", ""))[:LONGEST_PLACE]
        try:
            if off := request.form.get("off"):
                kept.take_off(connection, meeting, off)
            elif topic:
                kept.add_topic(connection, meeting, topic)
            else:
                kept.draw_up(connection, meeting)
        except ConflictError:
            return _page(connection, meeting, closed_meanwhile=True)
    return _to(meeting_id, "agenda")


@meetings.post("/meetings/<meeting_id>/decisions")
def decide(meeting_id: str) -> Response:
    """Record a decision."""
    draft = DecisionDraft(
        **{name: one_line(request.form.get(name, "")) for name in ("action", "about", "key", "responsible", "due_on")}
    )
    with writing() as connection:
        meeting = _read(connection, meeting_id, to_run=True)
        if meeting.closed_at:
            return _page(connection, meeting, draft=draft, closed_meanwhile=True)
        wrong = decisions.faults(meeting, draft)
        subject = decisions.find_subject(connection, meeting, draft)
        if isinstance(subject, dict):
            wrong = wrong | subject
        if wrong or isinstance(subject, dict):
            return _page(connection, meeting, draft=draft, wrong=wrong)
        decisions.decide(connection, meeting, draft, subject)
    return _to(meeting_id, "decisions")


@meetings.post("/meetings/<meeting_id>/close")
def close(meeting_id: str) -> Response:
    """Close the minutes."""
    with writing() as connection:
        meeting = _read(connection, meeting_id, to_run=True)
        if meeting.closed_at:
            return _page(connection, meeting, closed_meanwhile=True)
        fault = TO_COME if meeting.to_come else None if any(meeting.people.values()) else NOBODY
        if fault:
            return _page(connection, meeting, wrong={"close": fault})
        kept.close(connection, meeting)
    return _to(meeting_id, "minutes")


@meetings.post("/meetings/<meeting_id>/corrections")
def correct(meeting_id: str) -> Response:
    """Add to closed minutes."""
    words = plain(request.form.get("words", ""))
    with writing() as connection:
        meeting = _read(connection, meeting_id, to_run=True)
        if not meeting.closed_at or not 0 < len(words) <= LONGEST_NOTE:
            said_so = Text("Write what is to be added.", "Écrivez ce qui est à ajouter.")
            return _page(connection, meeting, wrong={"words": said_so}, typed={"words": words})
        kept.add_correction(connection, meeting, words)
    return _to(meeting_id, "corrections")


@meetings.get("/actions/<uuid:action_id>/done")
def done_form(action_id: UUID) -> Response:
    """The form that says that an action is done."""
    with writing() as connection:
        to_do = decisions.read_to_do(connection, action_id)
    return _done(to_do, to_do.today.isoformat(), "")


@meetings.post("/actions/<uuid:action_id>/done")
def done(action_id: UUID) -> Response:
    """Say that an action is done."""
    day, result = one_line(request.form.get("done_on", "")), one_line(request.form.get("result", ""))
    with writing() as connection:
        to_do = decisions.read_to_do(connection, action_id)
        if to_do.done_on is not None:
            return _done(to_do, day, result, {"done_on": decisions.DONE_BEFORE})
        wrong = decisions.done_faults(to_do, day, result)
        if wrong:
            return _done(to_do, day, result, wrong)
        decisions.finish(connection, to_do, day, result)
    return make_response(redirect(_way_back(to_do), 303))


def _way_back(to_do: decisions.ToDo) -> str:
    if to_do.meeting_id:
        return url_for(".page", meeting_id=to_do.meeting_id, lang=g.language, _anchor="decisions")
    return url_for("committees.page", lang=g.language)


def _done(to_do: decisions.ToDo, day: str, result: str, wrong: dict[str, Text] | None = None) -> Response:
    body = render_template(
        "action_done.html",
        to_do=to_do,
        decided=in_words(to_do.decided_on),
        day=day,
        result=result,
        wrong=said(wrong or {}),
        back=_way_back(to_do),
        synthetic=to_do.synthetic,
    )
    return unstored(make_response(body, 422 if wrong else 200))


def _read(connection: Connection, meeting_id: str, *, to_run: bool = False) -> MeetingPage:
    return read_meeting(connection, meeting_id.replace("\0", ""), g.language, to_run=to_run, lock=to_run)


def _to(meeting_id: str, part: str) -> Response:
    return make_response(redirect(url_for(".page", meeting_id=meeting_id, lang=g.language, _anchor=part), 303))


def _page(
    connection: Connection,
    meeting: MeetingPage,
    *,
    typed: dict[str, str] | None = None,
    draft: DecisionDraft = EMPTY,
    changes: tuple[Change, ...] = (),
    wrong: dict[str, Text] | None = None,
    closed_meanwhile: bool = False,
) -> Response:
    now = kept.held_of(meeting)
    items = [_item(connection, item) for item in meeting.items]
    labels = {
        "place": Text("Place", "Lieu").in_language(g.language),
        "minutes": Text("Minutes", "Procès-verbal").in_language(g.language),
        **{f"note-{item['id']}": item["title"] for item in items},
        **{f"people-{seat.seat_id}": seat.organisation for seat in meeting.seats},
    }
    groups = {seat.group for seat in meeting.seats}
    next_on = meeting.held_on + timedelta(days=meeting.period) if meeting.period else None
    body = render_template(
        "meeting.html",
        meeting=meeting,
        kind=COMMITTEE_KIND.label(meeting.committee_kind, g.language),
        held=in_words(meeting.held_on),
        items=items,
        now=now,
        typed={**now, **(typed or {})},
        # What was typed into minutes that were closed meanwhile is shown once more, so that it can be added below.
        lost=[(labels.get(name, name), words) for name, words in (typed or {}).items() if words != now.get(name, "")]
        if closed_meanwhile
        else [],
        draft=draft,
        kinds=[(code, name.in_language(g.language)) for code, name in KINDS.items()],
        group_said=lambda code: SEAT_GROUP.label(code, g.language),
        missing=[SEAT_GROUP.label(code, g.language) for code in WANTED_GROUPS if code not in groups],
        decisions=[action_in_words(connection, each) for each in meeting.decisions],
        additions=[(moment(at), who, words) for at, who, words in meeting.additions],
        closed=moment(meeting.closed_at),
        next_on=next_on,
        next_said=in_words(next_on),
        changes=[
            {"label": labels.get(each.name, each.name), "then": each.then, "now": each.now, "yours": each.yours}
            for each in changes
        ],
        closed_meanwhile=CLOSED.in_language(g.language) if closed_meanwhile else None,
        wrong=said(wrong or {}),
        synthetic=meeting.synthetic,
    )
    return unstored(make_response(body, 409 if changes or closed_meanwhile else 422 if wrong else 200))


def _item(connection: Connection, item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {"id": item.item_id, "kind": item.kind, "note": item.note}
    if item.kind == "incident":
        found |= {
            "title": CATEGORY.label(item.category, g.language) or UNCATEGORISED.in_language(g.language),
            "level": item.level,
            "level_said": LEVEL.label(item.level, g.language) or LEVEL_UNKNOWN.in_language(g.language),
            "status": STATUS.label(item.status, g.language),
            "when": date_in_words(item.shown_date, item.date_precision, g.language) if item.shown_date else "",
            "summary": item.summary,
            "incident_id": item.incident_id,
        }
    elif item.action:
        found |= {"title": item.action.action, "action": action_in_words(connection, item.action)}
    else:
        found["title"] = item.topic
    return found


def action_in_words(connection: Connection, row: ActionRow) -> dict[str, Any]:
    """An action as pages show it, with a way to what it is about."""
    href, name = _about(connection, row)
    return {
        "id": row.action_id,
        "action": row.action,
        "responsible": row.responsible,
        "decided": in_words(row.decided_on),
        "due": in_words(row.due_on),
        "done": in_words(row.done_on),
        "result": row.result,
        "late": row.late,
        "href": href,
        "about": name,
        "for_all": row.for_all,
    }


def _about(connection: Connection, row: ActionRow) -> tuple[str, str]:
    if row.about == "incident":
        shown = connection.execute(
            select(IncidentRelease.category).where(IncidentRelease.incident_id == UUID(row.key))
        ).one_or_none()
        name = CATEGORY.label(shown.category if shown else None, g.language) or UNCATEGORISED.in_language(g.language)
        return f"/incidents/{row.key}", name
    if row.about == "site":
        known = select(PUBLIC_MINE_SITE.c.name).where(PUBLIC_MINE_SITE.c.site_id == row.key)
        return f"/sites/{row.key}", connection.scalar(known) or row.key
    if row.about == "route":
        return f"/routes/{row.key}", connection.scalar(select(Route.name).where(Route.id == UUID(row.key))) or ""
    if row.about == "facility":
        return "", connection.scalar(select(Facility.name).where(Facility.id == UUID(row.key))) or ""
    function = connection.scalar(select(Deployment.function).where(Deployment.id == UUID(row.key)))
    return f"/deployments/{row.key}", DEPLOYMENT_FUNCTION.label(function, g.language)
