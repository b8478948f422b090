"""`/committees`: the committees with their seats, missing groups, meetings and open actions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from geoapp.errors import ConflictError
from geoapp.followup import committees as kept
from geoapp.followup.committees import CommitteePage, read_committee
from geoapp.followup.meetings import draw_up, open_actions, read_meeting
from geoapp.followup.reports import units_to_report_in
from geoapp.followup.words import one_line, parse_day, parse_whole
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.meetings import action_in_words
from geoapp.web.members import in_words, require_member, said
from geoapp.web.policy import unstored
from layers.text import Text
from layers.vocabulary import COMMITTEE_KIND, SEAT_GROUP

committees = Blueprint("committees", __name__, url_prefix="/committees")
committees.before_request(require_member)

NO_DAY = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
LONGEST = 200
MOST_DAYS = 400


@committees.get("")
def page() -> Response:
    """The committees that the viewer sees, of the unit that `unit` names or of all, and a form that adds one."""
    return _list({})


@committees.post("")
def found() -> Response:
    """Add a committee."""
    sent = {name: one_line(request.form.get(name, "")) for name in ("kind", "name", "unit", "period")}
    wrong: dict[str, Text] = {}
    if sent["kind"] not in COMMITTEE_KIND:
        wrong["kind"] = Text("Choose a kind of the list.", "Choisissez un type de la liste.")
    if not 0 < len(sent["name"]) <= LONGEST:
        wrong["name"] = Text("Write its name.", "Écrivez son nom.")
    period = parse_whole(sent["period"])
    if sent["period"] and (period is None or not 0 < period <= MOST_DAYS):
        wrong["period"] = Text("Write a number of days, 1 to 400.", "Écrivez un nombre de jours, de 1 à 400.")
    with reading() as connection:
        if sent["unit"] not in {code for code, _, _ in units_to_report_in(connection)}:
            wrong["unit"] = Text("Choose a unit of the list.", "Choisissez une unité de la liste.")
    if wrong:
        return _list(sent, wrong)
    with writing() as connection:
        made = kept.found_committee(connection, sent["kind"], sent["name"], sent["unit"], period)
    return _to(made)


@committees.get("/<committee_id>")
def one(committee_id: str) -> Response:
    """A committee."""
    with reading() as connection:
        return _page(connection, read_committee(connection, committee_id.replace("\0", "")))


@committees.post("/<committee_id>/seats")
def seats(committee_id: str) -> Response:
    """Add a seat, or end one."""
    with writing() as connection:
        committee = read_committee(connection, committee_id.replace("\0", ""), to_run=True)
        if ending := request.form.get("end"):
            kept.end_seat(connection, committee, ending)
            return _to(committee_id)
        group = request.form.get("group", "")
        organisation, function = (one_line(request.form.get(name, "")) for name in ("organisation", "function"))
        wrong: dict[str, Text] = {}
        if group not in SEAT_GROUP:
            wrong["group"] = Text("Choose a group of the list.", "Choisissez un groupe de la liste.")
        if not 0 < len(organisation) <= LONGEST or len(function) > LONGEST:
            wrong["organisation"] = Text(
                "Write the organisation; no person’s name.", "Écrivez l’organisation\u00a0; aucun nom de personne."
            )
        if wrong:
            return _page(connection, committee, wrong)
        kept.add_seat(connection, committee, group, organisation, function)
    return _to(committee_id)


@committees.post("/<committee_id>/meetings")
def plan(committee_id: str) -> Response:
    """Plan a meeting, with its agenda drawn up from what is open."""
    with writing() as connection:
        committee = read_committee(connection, committee_id.replace("\0", ""), to_run=True)
        day = parse_day(one_line(request.form.get("held_on", "")))
        if day is None:
            return _page(connection, committee, {"held_on": NO_DAY})
        try:
            made = kept.plan_meeting(connection, committee, day, one_line(request.form.get("place", ""))[:LONGEST])
        except ConflictError as there:
            return _page(connection, committee, {"held_on": there.said})
        draw_up(connection, read_meeting(connection, made, g.language))
    return make_response(redirect(url_for("meetings.page", meeting_id=made, lang=g.language), 303))


def _to(committee_id: str) -> Response:
    return make_response(redirect(url_for(".one", committee_id=committee_id, lang=g.language), 303))


def _list(sent: dict[str, str], wrong: dict[str, Text] | None = None) -> Response:
    runs = current_viewer().has("coordinator")
    with reading() as connection:
        rows = kept.list_committees(connection, request.args.get("unit", "").replace("\0", "") or None)
        units = units_to_report_in(connection) if runs else []
    for row in rows:
        row["kind"] = COMMITTEE_KIND.label(row["kind"], g.language)
        row["unit"] = row["unit"].in_language(g.language)
        row["last"], row["next"] = in_words(row["last"]), in_words(row["next"])
    body = render_template(
        "committees.html",
        rows=rows,
        runs=runs,
        sent=sent,
        wrong=said(wrong or {}),
        kinds=[(code, COMMITTEE_KIND.label(code, g.language)) for code in COMMITTEE_KIND],
        units=[(code, level, name.in_language(g.language)) for code, level, name in units],
        synthetic=any(row["synthetic"] for row in rows),
    )
    return unstored(make_response(body, 422 if wrong else 200))


def _page(connection: Any, committee: CommitteePage, wrong: dict[str, Text] | None = None) -> Response:
    actions = open_actions(connection, committee.committee_id, committee.today)
    body = render_template(
        "committee.html",
        committee=committee,
        kind=COMMITTEE_KIND.label(committee.kind, g.language),
        unit=committee.unit.in_language(g.language),
        groups=[(code, SEAT_GROUP.label(code, g.language)) for code in SEAT_GROUP],
        group_said=lambda code: SEAT_GROUP.label(code, g.language),
        day=in_words,
        actions=[action_in_words(connection, each) for each in actions],
        wrong=said(wrong or {}),
        synthetic=committee.synthetic,
    )
    return unstored(make_response(body, 422 if wrong else 200))
