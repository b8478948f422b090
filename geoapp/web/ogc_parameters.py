"""The query parameters of OGC API - Features, read into what is asked for; each refusal says what is allowed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import request
from werkzeug.datastructures import MultiDict

from geoapp.errors import BadRequestError
from geoapp.publish.box import CRS84, SYSTEMS, Box, Crs, box_of
from geoapp.publish.cql import Expression, parse
from geoapp.publish.features import MOST, Question

DEFAULT_LIMIT = 100
# Understood at every address.
EVERYWHERE = {"f", "lang"}
OF_ITEMS = {
    "limit", "bbox", "bbox-crs", "datetime", "crs", "filter", "filter-lang", "filter-crs", "sortby", "after",
}  # fmt: skip
OF_AN_ITEM = {"crs"}
FORMATS = ("json", "html")


def require_known(known: set[str]) -> None:
    """Raise BadRequestError for a parameter that is not in `known`, or that is given twice."""
    for name, values in request.args.lists():
        if name not in known | EVERYWHERE:
            raise BadRequestError(
                f"{name[:60]}: there is no such parameter here. There are: {', '.join(sorted(known | EVERYWHERE))}."
            )
        if len(values) > 1:
            raise BadRequestError(f"{name}: is given more than once.")


def wanted_format() -> str:
    """What the answer is to be: "json" or "html"; BadRequestError for another `f`."""
    asked = request.args.get("f")
    if asked is not None:
        if asked not in FORMATS:
            raise BadRequestError(f"f: is not one of {', '.join(FORMATS)}.")
        return asked
    best = request.accept_mimetypes.best_match(["application/json", "application/geo+json", "text/html"])
    return "html" if best == "text/html" else "json"


def read_question() -> Question:
    """What the request's parameters ask for."""
    require_known(OF_ITEMS)
    given = request.args
    since, until = _interval(given.get("datetime"))
    return Question(
        limit=_limit(given.get("limit")),
        box=_box(given),
        since=since,
        until=until,
        expression=_expression(given),
        sort=_sort(given.get("sortby")),
        after=given.get("after"),
        crs=read_crs(given.get("crs"), "crs"),
    )


def read_crs(uri: str | None, name: str) -> Crs:
    """The system that a parameter names; BadRequestError for one that is not offered."""
    if uri is None:
        return CRS84
    if uri.strip("<>[]") not in SYSTEMS:
        raise BadRequestError(f"{name}: is not one of {', '.join(SYSTEMS)}.")
    return SYSTEMS[uri.strip("<>[]")]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or int(text[:20]) < 1:
        raise BadRequestError(f"limit: is not a whole number from 1 to {MOST}.")
    # More than the most is no fault by the standard: the page is as long as it may be.
    return min(int(text[:20]), MOST)


def _box(given: MultiDict[str, str]) -> Box | None:
    text = given.get("bbox")
    crs = read_crs(given.get("bbox-crs"), "bbox-crs")
    if text is None:
        return None
    return box_of(text, crs)


def _interval(text: str | None) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day of `datetime`: a day, a time, or two of them with a slash, `..` for an open end."""
    if text is None:
        return None, None
    first, slash, last = text.partition("/")
    try:
        since, until = _day(first, open_end=bool(slash)), _day(last if slash else first, open_end=bool(slash))
    except ValueError:
        raise BadRequestError(
            "datetime: is not a day such as 2026-03-31 or an interval such as 2026-01-01/2026-03-31; .. is an open end."
        ) from None
    if since and until and since > until:
        raise BadRequestError("datetime: ends before it begins.")
    return since, until


def _day(text: str, open_end: bool) -> dt.date | None:
    if open_end and text in {"", ".."}:
        return None
    if len(text) == 10:
        return dt.date.fromisoformat(text)
    return dt.datetime.fromisoformat(text).date()


def _expression(given: MultiDict[str, str]) -> Expression | None:
    if given.get("filter-lang", "cql2-text") != "cql2-text":
        raise BadRequestError("filter-lang: is not cql2-text, the one language that filters are read in.")
    crs = read_crs(given.get("filter-crs"), "filter-crs")
    if crs.flipped:
        raise BadRequestError("filter-crs: write geometries of a filter with longitude first, in CRS84.")
    text = given.get("filter")
    return parse(text, crs.srid) if text else None


def _sort(text: str | None) -> list[tuple[str, bool]]:
    if not text:
        return []
    read: Callable[[str], tuple[str, bool]] = lambda each: (each.lstrip("+- "), each.startswith("-"))  # noqa: E731
    named = [read(each) for each in text.split(",")]
    if len(named) > 5 or len({name for name, _ in named}) < len(named):
        raise BadRequestError("sortby: names at most five properties, each once, such as sortby=-occurred_from,level.")
    return named
