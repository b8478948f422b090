"""The page of the provinces: the figures about incidents that everybody may see."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from flask import Blueprint, Response, current_app, g, make_response, render_template, request

from geoapp.errors import BadRequestError
from geoapp.publish.edition import parse_quarter, quarter_name
from geoapp.publish.provinces import published_quarters, read_edition
from geoapp.settings import Settings
from geoapp.web.database import reading

provinces = Blueprint("provinces", __name__)

NO_QUARTER = "The address names no quarter such as 2025-Q4. Choose one on the page Provinces."


@provinces.get("/provinces")
def page() -> Response:
    """The latest edition of the quarter that `quarter` names, else of the last one that is published."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    asked = _asked()
    with reading() as connection:
        quarters = published_quarters(connection)
        chosen = asked or (quarters[0] if quarters else None)
        edition = read_edition(connection, chosen, g.language, settings.time_zone) if chosen else None
    return make_response(
        render_template(
            "provinces.html",
            edition=edition,
            quarters=[(quarter_name(each), in_words(each)) for each in quarters],
            chosen=quarter_name(chosen) if chosen else None,
            quarter=in_words(chosen) if chosen else None,
            made_on=format_date(edition.made_on, "long", locale=g.language) if edition else None,
            synthetic=edition is not None and edition.synthetic,
        )
    )


def in_words(quarter: dt.date) -> str:
    """A quarter, given by its first day, in the language of the request."""
    return format_date(quarter, "QQQQ yyyy", locale=g.language)


def _asked() -> dt.date | None:
    name = request.args.get("quarter")
    if not name:
        return None
    quarter = parse_quarter(name)
    if quarter is None:
        raise BadRequestError(NO_QUARTER)
    return quarter
