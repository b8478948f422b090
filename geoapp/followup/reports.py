"""A report from a form: what it holds, filing it once and as nobody, and following it by its number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from geoapp.followup.words import one_line, parse_day, parse_place, parse_whole, place_faults, plain
from layers.tables import AdminUnit
from layers.text import Text
from layers.vocabulary import ACTOR_KIND, CATEGORY, CHANNEL, DATE_PRECISION

SHORTEST, LONGEST, LONGEST_PLACE = 10, 4000, 300
NUMBER = re.compile(r"R-?([2-9A-HJ-NP-Z]{4})-?([2-9A-HJ-NP-Z]{4})-?([2-9A-HJ-NP-Z]{4})")
_FILE = text("SELECT * FROM file_report(:key, :facts)").bindparams(bindparam("facts", type_=JSONB()))
_FOLLOW = text("SELECT * FROM follow_report(:number)")


@dataclass(frozen=True)
class ReportDraft:
    """A report as its form brings it; all of it as it was typed."""

    unit: str = ""
    place_text: str = ""
    longitude: str = ""
    latitude: str = ""
    occurred_from: str = ""
    date_precision: str = "1"
    category: str = ""
    actor_kind: str = ""
    words: str = ""
    killed: str = ""
    injured: str = ""
    abducted: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Filed:
    """A report that was filed: its number, whether it had been before, and whether it said something else then."""

    number: str
    again: bool
    differs: bool


@dataclass(frozen=True)
class Followed:
    """How far a report has come, since when; `released` where the committee has been told."""

    reported_on: date
    status: str
    since: date
    outcome: str | None
    released: bool


def read_sent(sent: Mapping[str, str]) -> ReportDraft:
    """The report that a form brings; what cannot be stored in a text is left out of it."""
    typed = {each.name: one_line(sent.get(each.name, "")) for each in fields(ReportDraft)}
    return ReportDraft(**{**typed, "words": plain(sent.get("words", ""))})


def units_to_report_in(connection: Connection) -> list[tuple[str, int, Text]]:
    """The units that the viewer may report from, with level and name: provinces, each followed by what is in it."""
    rows = connection.execute(
        select(AdminUnit.unit_code, AdminUnit.parent_code, AdminUnit.level, AdminUnit.name_en, AdminUnit.name_fr)
        .where(
            AdminUnit.level.in_((1, 2)),
            AdminUnit.valid_from <= func.today(),
            (AdminUnit.valid_to.is_(None)) | (AdminUnit.valid_to > func.today()),
            func.may_report_in(AdminUnit.unit_code),
        )
        .order_by(AdminUnit.name_en)
    ).all()
    named = {row.unit_code: (row.unit_code, row.level, Text(row.name_en, row.name_fr)) for row in rows}
    inside: dict[str, list[str]] = {}
    for row in rows:
        inside.setdefault(row.parent_code if row.level == 2 and row.parent_code in named else "", []).append(
            row.unit_code
        )
    return [named[each] for top in inside.get("", ()) for each in (top, *inside.get(top, ()))]


def faults(draft: ReportDraft, units: Sequence[str], today: date) -> dict[str, Text]:
    """What is wrong with a report, by the name of the field."""
    found: dict[str, Text] = {}
    if draft.unit not in units:
        found["unit"] = Text("Choose where it happened.", "Choisissez où cela s’est passé.")
    if not draft.place_text:
        found["place_text"] = Text(
            "Write the place: a village, a site, a road.", "Écrivez le lieu\u00a0: village, site, route."
        )
    elif len(draft.place_text) > LONGEST_PLACE:
        found["place_text"] = Text("This is too long.", "C’est trop long.")
    day = parse_day(draft.occurred_from)
    if day is None:
        found["occurred_from"] = Text("Write a day such as 2026-03-31.", "Écrivez un jour comme 2026-03-31.")
    elif day > today:
        found["occurred_from"] = Text("This day has not come yet.", "Ce jour n’est pas encore venu.")
    if not SHORTEST <= len(draft.words) <= LONGEST:
        found["words"] = Text(
            f"Write what happened, in {SHORTEST} to {LONGEST:,} characters.",
            f"Écrivez ce qui s’est passé, en {SHORTEST} à {LONGEST:,} caractères.".replace(",000", "\u202f000"),
        )
    return found | _coded_faults(draft) | _number_faults(draft)


def _coded_faults(draft: ReportDraft) -> dict[str, Text]:
    lists = {"date_precision": DATE_PRECISION, "category": CATEGORY, "actor_kind": ACTOR_KIND, "channel": CHANNEL}
    return {
        name: Text("Choose one of the list.", "Choisissez dans la liste.")
        for name, vocabulary in lists.items()
        if getattr(draft, name) and getattr(draft, name) not in vocabulary
    }


def _number_faults(draft: ReportDraft) -> dict[str, Text]:
    found = {}
    for name in ("killed", "injured", "abducted"):
        if getattr(draft, name) and parse_whole(getattr(draft, name)) is None:
            found[name] = Text("Write a whole number; 0 for none.", "Écrivez un nombre entier\u00a0; 0 pour aucun.")
    return found | place_faults(asdict(draft))


def file_report(connection: Connection, key: str, draft: ReportDraft, language: str, handles: bool) -> Filed:
    """File a report without faults, once a key; `handles` tells whether the channel may be chosen, as by a coordinator.

    The words are kept in the language of the form.
    """
    facts: dict[str, Any] = {
        "unit": draft.unit,
        "place_text": draft.place_text,
        "occurred_from": draft.occurred_from,
        "date_precision": draft.date_precision or "1",
        "category": draft.category or None,
        "actor_kind": draft.actor_kind or None,
        "channel": (draft.channel or "field_staff") if handles else "committee",
        "location_precision": "5",
        f"summary_{language}": draft.words,
        **{name: parse_whole(getattr(draft, name)) for name in ("killed", "injured", "abducted")},
    }
    if place := parse_place(asdict(draft)):
        facts |= {"lon": place[0], "lat": place[1], "location_precision": "2"}
    row = connection.execute(_FILE, {"key": key, "facts": facts}).one()
    return Filed(row.number, row.again, row.differs)


def number_of(typed: str) -> str | None:
    """The number of a report as it was typed, with or without its lines; None where it is none."""
    found = NUMBER.fullmatch("".join(typed.upper().split()))
    return "R-" + "-".join(found.groups()) if found else None


def follow_report(connection: Connection, number: str) -> Followed | None:
    """How far the report of a number has come; None where there is none of that number for this viewer."""
    row = connection.execute(_FOLLOW, {"number": number}).one_or_none()
    return None if row is None else Followed(row.reported_on, row.status, row.since, row.outcome, row.released)
