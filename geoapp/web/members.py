"""Pages for those who take part in the follow-up: committee members, coordinators, analysts and GIS officers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from flask import Response, g, make_response, redirect, request, url_for

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import ForbiddenError
from geoapp.web.database import current_viewer
from layers.text import Text

MEMBERS = ("committee", *FULL_ROLES)
NOT_YOURS = "The follow-up is for members of committees, coordinators, analysts and GIS officers."


def require_member() -> Response | None:
    """Have the public sign in first; refuse who takes no part."""
    viewer = current_viewer()
    if not viewer.signed_in:
        path = request.path if request.method == "GET" else "/incidents"
        return make_response(redirect(url_for("sign_in.page", lang=g.language, next=path), 303))
    if not viewer.has(*MEMBERS):
        raise ForbiddenError(NOT_YOURS)
    return None


def said(faults: Mapping[str, Text]) -> dict[str, str]:
    """Faults by field, in the language of the request."""
    return {name: text.in_language(g.language) for name, text in faults.items()}


def in_words(day: date | None) -> str:
    """A day in the language of the request; "" for none."""
    if day is None:
        return ""
    if g.language == "fr" and day.day == 1:
        return format_date(day, "1'er' MMMM y", locale=g.language)
    return format_date(day, "long", locale=g.language)
