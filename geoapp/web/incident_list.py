"""`/incidents`: what is open and due for those who handle it; what was released, for committees and everybody else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from geoapp.access.viewer import FULL_ROLES
from geoapp.followup.due import (
    ALL,
    MOST_COUNTED,
    UNFINISHED,
    UNKNOWN_LEVEL,
    Listed,
    Told,
    Wanted,
    counts,
    read_due,
    read_released_list,
)
from geoapp.publish.released import LEVEL_UNKNOWN, UNCATEGORISED, date_in_words
from geoapp.web.database import current_viewer, reading
from geoapp.web.language import number
from geoapp.web.members import in_words, require_member
from geoapp.web.policy import unstored
from layers.text import Text
from layers.vocabulary import CATEGORY, LEVEL, STATUS

incident_list = Blueprint("incident_list", __name__)
incident_list.before_request(require_member)

STATUSES = {
    UNFINISHED: Text("all that are not finished", "tous ceux qui ne sont pas terminés"),
    ALL: Text("all", "tous"),
}
RELEASED = "released"
MOST_PAGES = 1000


@incident_list.get("/incidents")
def page() -> Response:
    """The list that the address asks for."""
    asked = {name: value.replace("\0", "") for name, value in request.args.items()}
    wanted = Wanted.of(asked)
    handles = current_viewer().has(*FULL_ROLES)
    released = not handles or asked.get("list") == RELEASED
    with reading() as connection:
        if released:
            place = asked.get("page", "")
            at = min(int(place), MOST_PAGES) if place.isascii() and place.isdecimal() and len(place) < 6 else 1
            told, further = read_released_list(connection, wanted, g.language, max(at, 1))
            rows = [_told(each) for each in told]
            after = str(max(at, 1) + 1) if further else ""
            numbers: dict[str, str] = {}
        else:
            found = read_due(connection, wanted)
            rows = [_listed(each) for each in found.rows]
            after = found.after
            numbers = {name: _counted(count) for name, count in counts(connection).items()}
    kept = {
        "status": wanted.status if wanted.status != UNFINISHED else None,
        "level": wanted.level or None,
        "due": wanted.due or None,
        "mine": "1" if wanted.mine else None,
        "list": RELEASED if released and handles else None,
    }

    def address(**changes: str | None) -> str:
        return url_for(".page", lang=g.language, **{**kept, **changes})  # type: ignore[arg-type]

    body = render_template(
        "incidents.html",
        rows=rows,
        released=released,
        handles=handles,
        wanted=wanted,
        numbers=numbers,
        address=address,
        after=address(**{"page" if released else "after": after}) if after else None,
        statuses=[
            *((code, said.in_language(g.language)) for code, said in STATUSES.items()),
            *((code, STATUS.label(code, g.language)) for code in STATUS),
        ],
        levels=[
            *((code, LEVEL.label(code, g.language)) for code in LEVEL),
            (UNKNOWN_LEVEL, LEVEL_UNKNOWN.in_language(g.language)),
        ],
        synthetic=any(row["synthetic"] for row in rows),
    )
    return unstored(make_response(body))


def _counted(count: int) -> str:
    return f"{number(MOST_COUNTED)}+" if count > MOST_COUNTED else number(count)


def _listed(row: Listed) -> dict[str, Any]:
    return {
        "id": row.incident_id,
        "title": CATEGORY.label(row.category, g.language) or UNCATEGORISED.in_language(g.language),
        "number": row.number,
        "level": row.level,
        "level_said": LEVEL.label(row.level, g.language) or LEVEL_UNKNOWN.in_language(g.language),
        "status": STATUS.label(row.status, g.language),
        "when": date_in_words(row.happened, row.date_precision, g.language),
        "where": row.place,
        "due": in_words(row.due_on),
        "late": row.days_late,
        "old": row.old,
        "released": row.released,
        "sealed": row.sealed,
        "synthetic": row.synthetic,
    }


def _told(row: Told) -> dict[str, Any]:
    return {
        "id": row.incident_id,
        "title": CATEGORY.label(row.category, g.language) or UNCATEGORISED.in_language(g.language),
        "level": row.level,
        "level_said": LEVEL.label(row.level, g.language) or LEVEL_UNKNOWN.in_language(g.language),
        "status": STATUS.label(row.status, g.language),
        "when": date_in_words(row.shown_date, row.date_precision, g.language),
        "summary": row.summary,
        "told": in_words(row.released_on),
        "synthetic": row.synthetic,
    }
