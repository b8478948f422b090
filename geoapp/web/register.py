"""`/register`: the risk register, its matrix, and the forms by which coordinators keep it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.followup.register import (
    NOT_YOURS,
    Chosen,
    Risk,
    add_risk,
    change_risk,
    incidents_of,
    linked_by,
    list_risks,
    matrix_of,
    may_write,
    read_risk,
    remove_risk,
    units_of_subject,
)
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.web.asked import asked_number, asked_text
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.language import day_in_words
from geoapp.web.policy import unstored
from geoapp.web.register_form import Sent, read_sent, shown_of, subject_of, subjects_to_choose
from geoapp.web.register_words import FIELDS, matrix_shown, risk_shown
from layers.text import Text
from layers.vocabulary import CATEGORY, CONSEQUENCE, LIKELIHOOD, RISK_ITEM

register = Blueprint("register", __name__, url_prefix="/register")

NOT_FOR_YOU = "The risk register is for coordinators, analysts and GIS officers, in their units."
STALE = Text(
    "Somebody else changed this risk while you had it open, so nothing was saved. What you typed is below; what changed"
    " is listed. Look, then save again.",
    "Quelqu’un d’autre a modifié ce risque pendant que vous l’aviez ouvert\u00a0; rien n’a été enregistré. Ce que vous"
    " avez saisi est ci-dessous, ce qui a changé est indiqué. Vérifiez, puis enregistrez de nouveau.",
)
GONE = Text(
    "Somebody else removed this risk while you had it open, so nothing was saved. What you typed is below: save it as a"
    " new one, or leave.",
    "Quelqu’un d’autre a supprimé ce risque pendant que vous l’aviez ouvert\u00a0; rien n’a été enregistré. Ce que vous"
    " avez saisi est ci-dessous\u00a0: enregistrez-le comme nouveau risque, ou abandonnez.",
)
WRONG = Text(
    "Nothing was saved yet: mend what is marked below.",
    "Rien n’a encore été enregistré\u00a0: corrigez ce qui est signalé ci-dessous.",
)


@register.before_request
def _require_role() -> None:
    if not current_viewer().has(*FULL_ROLES):
        raise ForbiddenError(NOT_FOR_YOU)


@register.get("")
def page() -> Response:
    """The matrix, and the risks under the filters of the address: those due for review first."""
    unit, due = asked_text("unit", 12), request.args.get("due") == "1"
    cell = asked_number("likelihood", 1, 5), asked_number("consequence", 1, 5)
    with reading() as connection:
        risks = list_risks(connection, Chosen(unit=unit, due=due))
    shown = [each for each in risks if None in cell or (each.likelihood, each.consequence) == cell]
    asked = {"unit": unit, "due": "1" if due else None}
    body = render_template(
        "register.html",
        risks=[risk_shown(each, g.language) for each in shown],
        matrix=matrix_shown(matrix_of(risks), asked, cell, g.language),
        consequences=[(code, CONSEQUENCE.label(code, g.language)) for code in CONSEQUENCE],
        unrated=sum(each.band is None for each in risks),
        total=len(risks),
        due=sum(each.due for each in risks),
        asked=asked,
        cell=None not in cell,
        may_add=current_viewer().has("coordinator"),
        synthetic=any(each.synthetic for each in risks),
    )
    return unstored(make_response(body))


@register.get("/new")
def new() -> Response:
    """The form of a new risk, of the site, facility or route that the address names."""
    _require_coordinator()
    with reading() as connection:
        subject = subject_of(connection, request.args)
        return _form(connection, None, Sent({}, subject=subject))


@register.post("/new")
def add() -> Response:
    """Enter a risk."""
    _require_coordinator()
    with writing() as connection:
        sent = read_sent(connection, request.form, g.language)
        if sent.faults or sent.subject is None:
            return _form(connection, None, sent, WRONG, 422)
        if not may_write(connection, units_of_subject(connection, sent.subject)):
            raise ForbiddenError(NOT_YOURS)
        key = add_risk(connection, sent.subject, sent.values, sent.linked)
    return make_response(redirect(url_for(".one", key=key, saved=1, lang=g.language), 303))


@register.get("/<uuid:key>")
def one(key: UUID) -> Response:
    """A risk: its form for who may change it, else its facts."""
    with reading() as connection:
        risk = read_risk(connection, key)
        if risk is None:
            raise NotFoundError(NO_SUCH_ROW)
        return _form(connection, risk, shown_of(risk))


@register.post("/<uuid:key>")
def change(key: UUID) -> Response:
    """Save a risk, or take it out of the register."""
    _require_coordinator()
    with writing() as connection:
        risk = read_risk(connection, key, lock=True)
        sent = read_sent(connection, request.form, g.language, risk)
        if risk is None:
            if read_risk(connection, key) is not None:
                raise ForbiddenError(NOT_YOURS)
            # What is no risk at all, or never was the viewer's, was in no form of theirs.
            if not request.form.get("was") or sent.subject is None:
                raise NotFoundError(NO_SUCH_ROW)
            return _form(connection, None, sent, GONE, 409)
        changed = _changed(risk, request.form.get("was", ""))
        if changed:
            return _stale(connection, risk, sent, changed)
        if request.form.get("step") == "remove":
            remove_risk(connection, key)
            return make_response(redirect(url_for(".page", lang=g.language), 303))
        if sent.faults:
            return _form(connection, risk, sent, WRONG, 422)
        change_risk(connection, risk, sent.values, sent.linked)
    return make_response(redirect(url_for(".one", key=key, saved=1, lang=g.language), 303))


def _require_coordinator() -> None:
    if not current_viewer().has("coordinator"):
        raise ForbiddenError(NOT_YOURS)


def _remembered(mark: str) -> dict[str, str]:
    try:
        found = json.loads(mark)
    except ValueError:
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _changed(risk: Risk, mark: str) -> list[str]:
    """The fields that differ by now from what a form remembers."""
    then = _remembered(mark)
    return [name for name, text in risk.texts().items() if then.get(name) != text]


def _stale(connection: Connection, risk: Risk, sent: Sent, changed: list[str]) -> Response:
    """The form after somebody else changed the risk: what was typed stays, the rest is as it is now."""
    then, now = _remembered(request.form.get("was", "")), risk.texts()
    changes = []
    for name in changed:
        yours = sent.texts.get(name, "")
        changes.append(
            (
                FIELDS[name].in_language(g.language),
                *(_said(connection, name, each) for each in (then.get(name, ""), now[name], yours)),
            )
        )
        if yours == then.get(name):
            # Nothing was typed there.
            sent.texts[name] = now[name]
    return _form(connection, risk, sent, STALE, 409, changes=changes)


def _said(connection: Connection, name: str, text: str) -> str:
    """The text of a field in words."""
    vocabulary = {"item": RISK_ITEM, "likelihood": LIKELIHOOD, "consequence": CONSEQUENCE}.get(name)
    if vocabulary is not None:
        return vocabulary.label(text or None, g.language)
    if name == "incidents":
        return ", ".join(
            each.number or day_in_words(each.occurred_from)
            for each in linked_by(connection, [UUID(each) for each in text.split()])
        )
    return text


def _form(
    connection: Connection,
    risk: Risk | None,
    sent: Sent,
    wrong: Text | None = None,
    status: int = 200,
    *,
    changes: list[Any] | None = None,
) -> Response:
    subject = sent.subject or (risk.subject if risk else None)
    linked = [UUID(each) for each in sent.texts.get("incidents", "").split()]
    offered = linked_by(connection, linked)
    if subject is not None and subject[0] in {"site", "facility", "route"}:
        offered += [each for each in incidents_of(connection, subject) if each not in offered]
    units = risk.units if risk else units_of_subject(connection, subject) if subject else ()
    writable = current_viewer().has("coordinator") and (not units or may_write(connection, units))
    if risk is None and not writable:
        raise ForbiddenError(NOT_YOURS)
    body = render_template(
        "risk.html",
        risk=risk_shown(risk, g.language) if risk else None,
        subject=subject,
        about=sent.about or (risk.about if risk else None),
        choices=subjects_to_choose(connection) if subject is None else [],
        typed=sent.texts,
        faults=sent.faults,
        items=[(code, RISK_ITEM.label(code, g.language)) for code in RISK_ITEM],
        likelihoods=[(code, LIKELIHOOD.label(code, g.language)) for code in LIKELIHOOD],
        consequences=[(code, CONSEQUENCE.label(code, g.language)) for code in CONSEQUENCE],
        offered=[
            {
                "id": each.id,
                "number": each.number,
                "on": day_in_words(each.occurred_from),
                "category": CATEGORY.label(each.category, g.language),
                "linked": each.id in linked,
            }
            for each in offered
        ],
        was=risk.mark() if risk else "",
        wrong=wrong.in_language(g.language) if wrong else None,
        changes=changes or [],
        writable=writable,
        saved=bool(request.args.get("saved")),
        synthetic=risk is not None and risk.synthetic,
    )
    return unstored(make_response(body, status))
