"""`/incidents/report`: telling of an incident from a phone or a slow link, once, and following it by a number."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from geoapp.access.secret import hash_of, new_secret
from geoapp.access.viewer import FULL_ROLES
from geoapp.followup.reports import (
    LONGEST,
    ReportDraft,
    faults,
    file_report,
    follow_report,
    number_of,
    read_sent,
    units_to_report_in,
)
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.members import in_words, require_member, said
from geoapp.web.policy import unstored
from geoapp.web.session import token_hash
from layers.tables import WebSession
from layers.text import Text
from layers.vocabulary import ACTOR_KIND, CATEGORY, CHANNEL, DATE_PRECISION, OUTCOME, STATUS, Vocabulary

reporting = Blueprint("reporting", __name__, url_prefix="/incidents/report")
reporting.before_request(require_member)

SHORTEST_KEY, LONGEST_KEY = 20, 100
OUTSIDE = Text(
    "This point lies outside your provinces. Correct it, or leave it empty.",
    "Ce point se trouve hors de vos provinces. Corrigez-le, ou laissez-le vide.",
)
NO_NUMBER = Text(
    "This is no number of a report. It has the form R-XXXX-XXXX-XXXX.",
    "Ceci n’est pas un numéro de signalement. Il a la forme R-XXXX-XXXX-XXXX.",
)
UNKNOWN = Text(
    "There is no report of this number, or it is not for you. Compare it with what you noted.",
    "Aucun signalement ne porte ce numéro, ou il n’est pas pour vous. Comparez-le à ce que vous avez noté.",
)
# What follows from where a report stands, for whoever sent it.
NEXT = {
    "reported": Text("A coordinator looks at it within 7 days.", "Un coordinateur l’examine dans les 7 jours."),
    "verifying": Text("Somebody asks on the spot.", "Quelqu’un se renseigne sur place."),
    "open": Text(
        "It was verified. The coordinator may release a summary of it to the committee.",
        "Il a été vérifié. Le coordinateur peut en communiquer un résumé au comité.",
    ),
    "mitigating": Text("What was decided is being done.", "Ce qui a été décidé est en cours."),
    "monitoring": Text("Whether it holds is being watched.", "On vérifie que cela tient."),
    "closed": Text(
        "It is finished. If it comes back, send a new report.",
        "C’est terminé. Si cela revient, envoyez un nouveau signalement.",
    ),
    "rejected": Text(
        "It was not taken up. If you know more, send a new report.",
        "Il n’a pas été retenu. Si vous en savez plus, envoyez un nouveau signalement.",
    ),
    "reopened": Text("It was taken up again.", "Il a été repris."),
}


@reporting.get("")
def form() -> Response:
    """An empty form, with a key of its own."""
    return _form(ReportDraft(occurred_from="", date_precision="1"), new_secret())


@reporting.post("")
def send() -> Response:
    """File the report, or show the form again with what is wrong; a form that is sent twice gets its first number."""
    draft = read_sent(request.form)
    key = request.form.get("key", "")
    if not (SHORTEST_KEY <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        key = new_secret()
    with reading() as connection:
        units = [code for code, _, _ in units_to_report_in(connection)]
        wrong = faults(draft, units, _today(connection))
    if wrong:
        return _form(draft, key, wrong)
    try:
        with writing() as connection:
            filed = file_report(connection, key, draft, g.language, current_viewer().has(*FULL_ROLES))
    except IntegrityError:
        return _form(draft, key, {"longitude": OUTSIDE})
    page = render_template("report_sent.html", filed=filed, synthetic=False)
    return unstored(make_response(page))


@reporting.get("/follow")
def ask() -> Response:
    """The field for a number."""
    return unstored(make_response(render_template("report_follow.html", typed="", followed=None, fault=None)))


@reporting.post("/follow")
def follow() -> Response:
    """How far the report of a number has come; the number is in no address, which browsers keep."""
    typed = request.form.get("number", "").replace("\0", "")[:40]
    number = number_of(typed)
    fault, followed = (NO_NUMBER if number is None else None), None
    if number is not None:
        with reading() as connection:
            found = follow_report(connection, number)
        if found is None:
            fault = UNKNOWN
        else:
            followed = {
                "number": number,
                "reported_on": in_words(found.reported_on),
                "status": STATUS.label(found.status, g.language),
                "since": in_words(found.since),
                "outcome": OUTCOME.label(found.outcome, g.language),
                "released": found.released,
                "next": NEXT[found.status].in_language(g.language),
            }
    page = render_template(
        "report_follow.html", typed=typed, followed=followed, fault=fault.in_language(g.language) if fault else None
    )
    return unstored(make_response(page, 422 if fault else 200))


def _form(draft: ReportDraft, key: str, wrong: dict[str, Text] | None = None) -> Response:
    viewer = current_viewer()
    with reading() as connection:
        units = units_to_report_in(connection)
        shared = _on_shared_computer(connection)
        today = _today(connection)
    page = render_template(
        "report.html",
        draft=draft,
        key=key,
        wrong=said(wrong or {}),
        units=[(code, level, name.in_language(g.language)) for code, level, name in units],
        categories=_labels(CATEGORY),
        actors=_labels(ACTOR_KIND),
        precisions=_labels(DATE_PRECISION),
        channels=_labels(CHANNEL) if viewer.has(*FULL_ROLES) else [],
        longest=LONGEST,
        today=today.isoformat(),
        shared=shared,
        # A draft is kept for who wrote it: under a name that tells nobody's.
        owner=hash_of(f"draft of {viewer.name}")[:16],
    )
    return unstored(make_response(page, 422 if wrong else 200))


def _on_shared_computer(connection: Connection) -> bool:
    """Whether the session was begun on a computer of several people; unless it is known not to be, it is."""
    hashed = token_hash()
    asked = select(WebSession.shared_computer).where(WebSession.session_id == func.session_id_of(hashed))
    shared: bool | None = connection.scalar(asked) if hashed else None
    return shared is not False


def _today(connection: Connection) -> date:
    today: date = connection.execute(select(func.today())).scalar_one()
    return today


def _labels(vocabulary: Vocabulary) -> list[tuple[str, Any]]:
    return [(code, vocabulary.label(code, g.language)) for code in vocabulary]
