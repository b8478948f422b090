"""The form of a risk: what somebody sent with it, and what of that cannot be kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select
from werkzeug.datastructures import MultiDict

from geoapp.followup.register import LONGEST, TEXTS, Risk, find_incidents, linked_by, name_of
from layers.tables import Facility, Route
from layers.text import Text
from layers.vocabulary import CONSEQUENCE, LIKELIHOOD, RISK_ITEM

CODES = {"item": RISK_ITEM, "likelihood": LIKELIHOOD, "consequence": CONSEQUENCE}
NEEDED = ("item", "risk")
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2100, 1, 1)
# So many routes and facilities are offered in a list.
MOST_CHOICES = 600
FILL_IN = Text("Fill this in.", "Remplissez ce champ.")
CHOOSE = Text("Choose one of the list.", "Choisissez dans la liste.")
TOO_LONG = Text(
    f"This is longer than {LONGEST} characters; shorten it.", f"Plus de {LONGEST} caractères\u00a0; raccourcissez."
)
NOT_DATE = Text("This is not a date; write it as 2027-03-31.", "Ce n’est pas une date\u00a0; écrivez 2027-03-31.")
FAR_DATE = Text("Check the year.", "Vérifiez l’année.")
NO_SUBJECT = Text(
    "There is no such site, facility or route that you may see. Choose one, or write the key of a site.",
    "Il n’y a pas de tel site, installation ou itinéraire que vous pouvez voir. Choisissez, ou écrivez la clé d’un"
    " site.",
)
NO_INCIDENT = Text(
    "No single incident that you may see has the number {numbers}.",
    "Aucun incident unique que vous pouvez voir ne porte le numéro {numbers}.",
)


@dataclass
class Sent:
    """What was typed, as texts by field, and as values by column; the linked incidents; what is wrong, by field."""

    texts: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    linked: list[UUID] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    subject: tuple[str, str] | None = None
    about: str | None = None


def shown_of(risk: Risk) -> Sent:
    """The form of a risk as it is."""
    return Sent(risk.texts(), subject=risk.subject, about=risk.about)


def subject_of(connection: Connection, given: Mapping[str, str]) -> tuple[str, str] | None:
    """The site, facility or route that a form or an address names; None where it names none that the viewer sees."""
    for kind in ("site", "facility", "route"):
        if key := given.get(kind, "").strip():
            found = name_of(connection, (kind, key))
            return (kind, found[0]) if found else None
    return None


def read_sent(connection: Connection, form: MultiDict[str, str], language: str, risk: Risk | None = None) -> Sent:
    """What the form of a risk sent; of one that is there, `risk`, the subject stays."""
    sent = Sent({name: _clean(form.get(name, "")) for name in TEXTS})
    sent.subject = risk.subject if risk else subject_of(connection, form)
    if sent.subject is None:
        sent.faults["subject"] = NO_SUBJECT.in_language(language)
    else:
        found = name_of(connection, sent.subject)
        sent.about = risk.about if risk else found[1] if found else None
    for name, text in sent.texts.items():
        sent.values[name] = text or None
        if not text and name in NEEDED:
            sent.faults[name] = FILL_IN.in_language(language)
        elif len(text) > LONGEST:
            sent.faults[name] = TOO_LONG.in_language(language)
        elif text and name in CODES:
            if text not in CODES[name]:
                sent.faults[name] = CHOOSE.in_language(language)
            elif name != "item":
                sent.values[name] = int(text)
    _read_review(sent, language)
    _read_incidents(connection, sent, form, language)
    return sent


def _read_review(sent: Sent, language: str) -> None:
    text = sent.texts["review_on"]
    if not text:
        return
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        sent.faults["review_on"] = NOT_DATE.in_language(language)
        return
    if not EARLIEST <= day < LATEST:
        sent.faults["review_on"] = FAR_DATE.in_language(language)
    sent.values["review_on"] = day


def _read_incidents(connection: Connection, sent: Sent, form: MultiDict[str, str], language: str) -> None:
    """The incidents that were ticked, and those of the numbers that were typed."""
    numbers = [part.strip() for part in _clean(form.get("numbers", "")).replace(";", ",").split(",") if part.strip()]
    found, unknown = find_incidents(connection, numbers)
    ticked = [UUID(each) for each in form.getlist("incident") if _is_uuid(each)]
    sent.linked = list(dict.fromkeys([*(each.id for each in linked_by(connection, ticked)), *found]))
    sent.texts["incidents"] = " ".join(sorted(map(str, sent.linked)))
    sent.texts["numbers"] = ", ".join(unknown)
    if unknown:
        sent.faults["numbers"] = NO_INCIDENT.in_language(language).format(numbers=", ".join(unknown))


def subjects_to_choose(connection: Connection) -> list[tuple[str, list[tuple[str, str]]]]:
    """The facilities and routes that the viewer may see, by the name of their field."""
    found = []
    for kind, table in (("facility", Facility), ("route", Route)):
        asked = select(table.id, table.name).order_by(table.name, table.id).limit(MOST_CHOICES)
        found.append((kind, [(str(key), name or str(key)) for key, name in connection.execute(asked)]))
    return found


def _clean(text: str) -> str:
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign.isprintable() or sign == "\n")
    return kept.encode("utf-8", "ignore").decode("utf-8").strip()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
