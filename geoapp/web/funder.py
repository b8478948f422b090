"""`/reports/funder`: the funder's report as a page, and as PDF, CSV and JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, g, jsonify, make_response, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError, NotFoundError, QuestionError
from geoapp.followup.funder import make_funder_report
from geoapp.followup.funder_files import as_csv, as_json
from geoapp.followup.funder_words import (
    SEALED,
    as_pdf,
    figures_shown,
    groups_shown,
    period_said,
    trainings_shown,
    units_said,
)
from geoapp.followup.periods import Period, read_period
from geoapp.followup.trainings import funders
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.settings import Settings
from geoapp.web.asked import asked_text
from geoapp.web.database import current_viewer, reading
from geoapp.web.language import day_in_words
from geoapp.web.policy import unstored

funder_report = Blueprint("funder", __name__, url_prefix="/reports")

KINDS = ("pdf", "csv", "json")
NOT_YOURS = "The funder's report is for coordinators, analysts and GIS officers, in their units."


@funder_report.before_request
def _require_role() -> None:
    if not current_viewer().has(*FULL_ROLES):
        raise ForbiddenError(NOT_YOURS)


@funder_report.get("/funder")
def page() -> Response:
    """The form, and under it the report for what it asks."""
    funder = asked_text("funder")
    report, fault, status = None, None, 200
    with reading() as connection:
        known = funders(connection)
        try:
            period = _period(connection)
            report = make_funder_report(connection, funder, period) if funder else None
        except QuestionError as refused:
            fault, status = refused.said.in_language(g.language), 400
    asked = {name: request.args.get(name, "")[:200] for name in ("funder", "since", "until", "unit")}
    if report is not None:
        asked |= {"since": report.period.since.isoformat(), "until": report.period.until.isoformat()}
    body = render_template(
        "funder.html",
        funders=known,
        asked=asked,
        report=report,
        fault=fault,
        day=day_in_words,
        period=period_said(report, g.language) if report else "",
        units=units_said(report, g.language) if report else "",
        sealed=SEALED.in_language(g.language),
        figures=figures_shown(report, g.language) if report else [],
        groups=groups_shown(report, g.language) if report else [],
        trainings=trainings_shown(report, g.language) if report else [],
        files=[(kind, url_for(".file", kind=kind, lang=g.language, **_given(asked))) for kind in KINDS],
        synthetic=report is not None and report.synthetic > 0,
    )
    return unstored(make_response(body, status))


@funder_report.get("/funder.<kind>")
def file(kind: str) -> Response:
    """The report as a file."""
    if kind not in KINDS:
        raise NotFoundError(NO_SUCH_ROW)
    with reading() as connection:
        report = make_funder_report(connection, asked_text("funder") or "", _period(connection))
    if kind == "json":
        return unstored(jsonify(as_json(report)))
    if kind == "pdf":
        settings: Settings = current_app.extensions["geoapp.settings"]
        made = dt.datetime.now(ZoneInfo(settings.time_zone))
        answer = make_response(as_pdf(report, g.language, current_viewer().name, made))
        answer.mimetype = "application/pdf"
    else:
        answer = make_response(as_csv(report, g.language))
        answer.mimetype = "text/csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="funder-report.{kind}"'
    return unstored(answer)


def _period(connection: Connection) -> Period:
    return read_period(connection, *(asked_text(name) for name in ("since", "until", "unit")))


def _given(asked: dict[str, str]) -> dict[str, Any]:
    return {name: text for name, text in asked.items() if text}
