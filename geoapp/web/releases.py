"""The steps of a release: fill in the form, see what the committee will see, confirm; or withdraw it."""

from __future__ import annotations

from typing import Any
from unicodedata import category
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.publish.release import (
    LONGEST_SUMMARY,
    SHORTEST_SUMMARY,
    Draft,
    Subject,
    doubts,
    faults,
    first_draft,
    mark_of,
    preview,
    read_shown,
    read_subject,
    shown_date,
    withdraw_release,
    write_release,
)
from geoapp.publish.released import date_in_words
from geoapp.web.audit import record_read
from geoapp.web.database import writing
from geoapp.web.policy import unstored
from layers.tables import Incident
from layers.text import Text
from layers.vocabulary import CATEGORY, CHANNEL, DATE_PRECISION, LEVEL, LOCATION_PRECISION, STATUS, Vocabulary

releases = Blueprint("releases", __name__, url_prefix="/incidents/<uuid:incident_id>/release")

PLACE_NAMES = {
    "locality": Text("Locality: about 5 km", "Localité\u00a0: environ 5 km"),
    "territory": Text("Territory or district: {unit}", "Territoire ou district\u00a0: {unit}"),
    "province": Text("Province: {unit}", "Province\u00a0: {unit}"),
    "none": Text("No point", "Aucun point"),
}
PLACE_HINTS = {
    "locality": Text(
        "The point is moved to the nearest corner of a 5 km grid.",
        "Le point est déplacé au coin le plus proche d’une grille de 5 km.",
    ),
    "territory": Text("A point in its middle.", "Un point en son milieu."),
    "province": Text("A point in its middle.", "Un point en son milieu."),
    "none": Text("On no map; only {unit} is named.", "Sur aucune carte\u00a0; seul le nom {unit} est donné."),
}
DATE_NAMES = {
    1: Text("The day", "Le jour"),
    2: Text("The week", "La semaine"),
    3: Text("The month", "Le mois"),
    4: Text("Longer", "Plus long"),
}
ORIGINAL = {
    "number": Text("Number", "Numéro"),
    "date": Text("Occurred", "Survenu le"),
    "place": Text("Place", "Lieu"),
    "site": Text("Site", "Site"),
    "facility": Text("Facility", "Installation"),
    "route": Text("Route", "Itinéraire"),
    "precision": Text("Position known", "Position connue"),
    "channel": Text("Channel", "Canal"),
    "source": Text("Source", "Source"),
    "en": Text("In English", "En anglais"),
    "fr": Text("In French", "En français"),
}


@releases.get("")
def form(incident_id: UUID) -> Response:
    """The form, filled in with the release as it is."""
    with writing() as connection:
        subject = _subject(connection, incident_id)
        return _form(connection, subject, first_draft(connection, subject))


@releases.post("")
def send(incident_id: UUID) -> Response:
    """The form again where something is wrong with it, what the committee will see, or the release done."""
    draft = _sent()
    step = request.form.get("step")
    with writing() as connection:
        subject = _subject(connection, incident_id, lock=True)
        wrong = faults(subject, draft)
        if wrong or step == "edit":
            return _form(connection, subject, draft, {} if step == "edit" else wrong)
        seen = preview(connection, subject, draft)
        doubtful = doubts(subject, draft)
        ticked = set(request.form.getlist("looked_at"))
        left = [doubt for doubt in doubtful if doubt.key not in ticked]
        confirmed = step == "confirm"
        stale = confirmed and request.form.get("mark") != seen.mark
        if confirmed and not stale and not left:
            write_release(connection, subject, draft)
            return _back_to(incident_id)
        page = render_template(
            "release_preview.html",
            subject=subject,
            draft=draft,
            seen=seen,
            doubts=doubtful,
            ticked=ticked,
            stale=stale,
            unticked=confirmed and bool(left),
            synthetic=subject.synthetic,
        )
    return unstored(make_response(page, 409 if stale else 422 if confirmed else 200))


@releases.post("/withdraw")
def withdraw(incident_id: UUID) -> Response:
    """Take the release back, or show the form again where it is no longer the one that was looked at."""
    with writing() as connection:
        subject = _subject(connection, incident_id, lock=True)
        shown = read_shown(connection, incident_id)
        if shown and request.form.get("mark") != mark_of(shown):
            return _form(connection, subject, first_draft(connection, subject), stale=True)
        withdraw_release(connection, incident_id)
    return _back_to(incident_id)


def _subject(connection: Connection, incident_id: UUID, lock: bool = False) -> Subject:
    """The incident that is to be released; that it was looked at is in the audit."""
    subject = read_subject(connection, incident_id, lock=lock)
    record_read(connection, Incident.__tablename__, incident_id)
    return subject


def _back_to(incident_id: UUID) -> Response:
    return make_response(redirect(url_for("incidents.page", key=incident_id, lang=g.language), 303))


def _form(
    connection: Connection,
    subject: Subject,
    draft: Draft,
    wrong: dict[str, Text] | None = None,
    *,
    stale: bool = False,
) -> Response:
    shown = read_shown(connection, subject.incident_id)
    page = render_template(
        "release.html",
        subject=subject,
        draft=draft,
        wrong={field: said.in_language(g.language) for field, said in (wrong or {}).items()},
        stale=stale,
        released=shown.get(g.language),
        mark=mark_of(shown),
        places=_places(subject),
        dates=_dates(subject),
        categories=_labels(CATEGORY),
        levels=_labels(LEVEL),
        statuses=_labels(STATUS),
        original=_original(subject),
        shortest=SHORTEST_SUMMARY,
        longest=LONGEST_SUMMARY,
        synthetic=subject.synthetic,
    )
    return unstored(make_response(page, 409 if stale else 422 if wrong else 200))


def _sent() -> Draft:
    """The draft that the form brings; what cannot be stored in a text is left out of it."""
    sent = {name: _plain(value) for name, value in request.form.items()}
    precision = sent.get("date_precision", "")
    return Draft(
        place=sent.get("place", ""),
        date_precision=int(precision) if precision in DATE_PRECISION else 0,
        category=sent.get("category") or None,
        level=sent.get("level") or None,
        status=sent.get("status", ""),
        summary_fr=sent.get("summary_fr", ""),
        summary_en=sent.get("summary_en", ""),
    )


def _plain(text: str) -> str:
    """A text without what no reader sees: control signs, and those that turn the direction of writing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in lines if sign == "\n" or sign.isprintable() or category(sign) == "Zs").strip()


def _places(subject: Subject) -> list[dict[str, str]]:
    found = []
    for place in subject.places:
        unit = subject.unit(place)
        name = unit[1].in_language(g.language) if unit else ""
        words = [each[place].in_language(g.language).format(unit=name) for each in (PLACE_NAMES, PLACE_HINTS)]
        found.append({"value": place, "label": words[0], "hint": words[1]})
    return found


def _dates(subject: Subject) -> list[dict[str, Any]]:
    return [
        {
            "value": precision,
            "label": DATE_NAMES[precision].in_language(g.language),
            "hint": date_in_words(shown_date(subject.occurred_from, precision), precision, g.language),
        }
        for precision in subject.date_precisions
    ]


def _original(subject: Subject) -> list[tuple[str, str]]:
    """What the coordinator knows and the committee is not told, with labels; what is not known is left out."""
    known = {
        "number": subject.number,
        "date": date_in_words(subject.occurred_from, subject.date_precision, g.language),
        **{name: subject.names[name] for name in ("place", "site", "facility", "route")},
        "precision": LOCATION_PRECISION.label(subject.location_precision, g.language),
        "channel": CHANNEL.label(subject.channel, g.language),
        "source": subject.names["source"],
        **subject.summaries,
    }
    return [(label.in_language(g.language), known[key] or "") for key, label in ORIGINAL.items() if known[key]]


def _labels(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    return [(code, vocabulary.label(code, g.language)) for code in vocabulary]
