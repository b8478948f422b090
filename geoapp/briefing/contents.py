"""What a briefing says: each part worked out now, with its author's rights or with those of a reader of theirs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from urllib.parse import parse_qsl

from babel.dates import format_date
from shapely import Point
from sqlalchemy import Connection, func, select

from geoapp.access.briefings import ANSWER, COMPARISON, NOTE, VIEW, Item
from geoapp.access.viewer import FULL_ROLES, read_viewer
from geoapp.briefing.answers import Figure, Table, answer, parse_address
from geoapp.briefing.comparison import YEAR, Comparison, Period, compare
from geoapp.catalogue import catalogue
from geoapp.errors import ForbiddenError, GeoappError, QuestionError, UnauthorizedError
from geoapp.publish.counts import read_sentence
from geoapp.publish.drawing import DRAWN, Box, Drawing, box_around, box_of_view, draw_map
from geoapp.risk.questions import QUESTIONS
from layers.catalogue import LAYERS
from layers.filter import PARSERS, Filter, routes_named
from layers.tables import Route
from layers.text import Text

VIEW_TITLE, NOTE_TITLE = Text("The map", "La carte"), Text("Note", "Remarque")
COMPARISON_TITLE = Text("Two periods compared", "Deux périodes comparées")
NOT_FOR_READER = Text(
    "This part is left out: it is not for the reader of this paper.",
    "Cette partie est omise : elle n'est pas destinée au lecteur de ce document.",
)
NOT_COMPUTED = Text("This part could not be worked out.", "Cette partie n'a pas pu être calculée.")
# Where the 3T mines are, for a view that has no place of its own.
START: Box = (26.6, -4.9, 30.9, 1.1)
# The layers of a view that names none.
AT_FIRST = ("incidents", "mine_sites", "routes", "deployments")


@dataclass(frozen=True)
class Part:
    """A part of a briefing, worked out. `fault` says in its place why it is not there.

    `appendix` are the parameters that it was worked out with, in words.
    """

    number: int
    kind: str
    title: str
    item: Item
    note: str = ""
    sentence: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    comparison: Comparison | None = None
    drawing: Drawing | None = None
    fault: str = ""
    appendix: Sequence[tuple[str, str]] = ()
    question: str = ""
    synthetic: bool = False
    counted: Sequence[tuple[Text, str]] = ()
    put_off: bool = False


def work_out(
    connection: Connection,
    items: Sequence[Item],
    language: str,
    *,
    for_reader: bool = False,
    drawn: bool = True,
    seconds: float = math.inf,
) -> list[Part]:
    """The parts in order, each with what the transaction's viewer may see.

    For a reader: what they may not see is left out in its place and not named; of the author's own words those alone
    that are marked as shared. After so many seconds what is left is put off.
    """
    if for_reader:
        items = [item for item in items if item.kind != NOTE or item.shared]
    end = monotonic() + seconds
    parts = []
    for number, item in enumerate(items, 1):
        if item.kind != NOTE and monotonic() > end:
            parts.append(Part(number, item.kind, title_of(item, language), item, item.note, put_off=True))
        else:
            parts.append(_part(connection, number, item, language, for_reader=for_reader, drawn=drawn))
    return parts


@dataclass(frozen=True)
class _Words:
    """A part that is worked out, with the author's words as far as they go to whoever reads them."""

    number: int
    item: Item
    language: str
    title: str
    note: str
    for_reader: bool
    drawn: bool


def _translated(error: Exception, language: str) -> str:
    return catalogue(language).gettext(str(error))


def _part(connection: Connection, number: int, item: Item, language: str, *, for_reader: bool, drawn: bool) -> Part:
    own = not for_reader or item.shared
    note, title = (item.note, item.title) if own else ("", "")
    if item.kind == NOTE:
        return Part(number, NOTE, title or NOTE_TITLE.in_language(language), item, note)
    words = _Words(number, item, language, title, note, for_reader, drawn)
    try:
        match item.kind:
            case "answer":
                return _answer(connection, words)
            case "view":
                return _view(connection, words)
            case _:
                return _comparison(connection, words)
    except (UnauthorizedError, ForbiddenError, QuestionError) as error:
        if for_reader:
            # What was asked would tell of what is not for them, a route's name for one.
            return Part(number, item.kind, "", item, fault=NOT_FOR_READER.in_language(language))
        said = error.said.in_language(language) if isinstance(error, QuestionError) else _translated(error, language)
        fault = f"{NOT_COMPUTED.in_language(language)} {said}"
        return Part(number, item.kind, title or _title(item, language), item, note, fault=fault, question=item.query)


def title_of(item: Item, language: str) -> str:
    """What a part is called: as its author does, else by its kind."""
    return item.title or _title(item, language)


def _title(item: Item, language: str) -> str:
    if item.kind == ANSWER:
        try:
            return QUESTIONS[parse_address(item.query)[0]].title.in_language(language)
        except GeoappError:
            return item.query[:60]
    return {VIEW: VIEW_TITLE, COMPARISON: COMPARISON_TITLE, NOTE: NOTE_TITLE}[item.kind].in_language(language)


def _answer(connection: Connection, words: _Words) -> Part:
    told = answer(connection, words.item.query, words.language)
    drawing = None
    if words.drawn and told.overlays:
        box = box_around([each.shape for each in told.overlays])
        layers = ("incidents", "routes", "mine_sites")
        drawing = draw_map(connection, box, words.language, layers=layers, chosen=told.chosen, overlays=told.overlays)
    return Part(
        words.number,
        ANSWER,
        words.title or told.question.title.in_language(words.language),
        words.item,
        words.note,
        told.sentence.in_language(words.language),
        told.figures,
        told.tables,
        drawing=drawing,
        appendix=told.parameters,
        question=told.question.name,
        synthetic=told.synthetic,
        counted=told.counted,
    )


def _view(connection: Connection, words: _Words) -> Part:
    given = dict(parse_qsl(words.item.query))
    chosen = _chosen(connection, given, for_reader=words.for_reader)
    viewer = read_viewer(connection)
    asked = given["layers"].split(",") if "layers" in given else AT_FIRST
    shown = [each for each in asked if each in DRAWN and (not LAYERS[each].roles or viewer.has(*LAYERS[each].roles))]
    drawing = None
    if words.drawn:
        drawing = draw_map(connection, _box(given), words.language, layers=shown, chosen=chosen)
    place = [("at", given["at"])] if "at" in given else []
    return Part(
        words.number,
        VIEW,
        words.title or VIEW_TITLE.in_language(words.language),
        words.item,
        words.note,
        read_sentence(connection, chosen, words.language, of_sites=not viewer.has(*FULL_ROLES, "committee")),
        drawing=drawing,
        appendix=[*chosen.query().items(), *place, ("layers", ", ".join(shown))],
        synthetic=drawing is not None and drawing.synthetic,
    )


def _comparison(connection: Connection, words: _Words) -> Part:
    given = dict(parse_qsl(words.item.query))
    chosen = _chosen(connection, given, for_reader=words.for_reader)
    if not read_viewer(connection).has(*FULL_ROLES, "committee"):
        raise ForbiddenError(NOT_COMPUTED.en)
    earlier, later = read_periods(given, connection.scalar(select(func.today())) or dt.date.max)
    found = compare(connection, earlier, later, chosen, words.language)
    days = [in_words(each, words.language) for each in (earlier, later)]
    return Part(
        words.number,
        COMPARISON,
        words.title or COMPARISON_TITLE.in_language(words.language),
        words.item,
        words.note,
        read_sentence(connection, replace(chosen, since=None, until=None), words.language),
        comparison=found,
        appendix=[
            *zip(("since2, until2", "since, until"), days, strict=True),
            *replace(chosen, since=None, until=None).query().items(),
        ],
        synthetic=found.synthetic,
    )


def in_words(period: Period, language: str) -> str:
    """A period's days."""
    return " – ".join(str(format_date(each, "medium", locale=language)) for each in (period.since, period.until))


def read_periods(given: Mapping[str, str], today: dt.date) -> tuple[Period, Period]:
    """The earlier and the later period of an address: `since2` to `until2`, and `since` to `until`.

    The later one is the last twelve months where it is not given, the earlier one the same days a year before. Raises
    QuestionError.
    """
    until = _day(given, "until") or today
    since = _day(given, "since") or max(until, dt.date.min + YEAR) - YEAR
    later = _period(since, until, "since", "until")
    since2, until2 = _day(given, "since2"), _day(given, "until2")
    if since2 is None and until2 is None:
        return Period.year_before(later), later
    length = dt.timedelta(days=later.days - 1)
    until2 = until2 or (since2 or until) + length
    since2 = since2 or until2 - length
    return _period(since2, until2, "since2", "until2"), later


def _period(since: dt.date, until: dt.date, first: str, last: str) -> Period:
    if since > until:
        raise QuestionError(f"{first}: is after {last}, {until}.", f"{first} : est après {last}, le {until}.")
    return Period(since, until)


def _day(given: Mapping[str, str], name: str) -> dt.date | None:
    if not given.get(name):
        return None
    try:
        return dt.date.fromisoformat(given[name])
    except ValueError:
        raise QuestionError(
            f"{name}: is not a day; write it as 2026-03-31.",
            f"{name} : n'est pas un jour ; écrivez-le comme 2026-03-31.",
        ) from None


def _chosen(connection: Connection, given: Mapping[str, str], *, for_reader: bool) -> Filter:
    chosen, _ = Filter.understand({name: value for name, value in given.items() if name in PARSERS})
    if for_reader:
        seen = connection.execute(select(Route.id, Route.route_id).where(routes_named(chosen.route))).all()
        known = {str(each) for row in seen for each in row}
        if not known.issuperset(chosen.route) or ((chosen.source or chosen.quality) and not _whole(connection)):
            raise ForbiddenError(NOT_FOR_READER.en)
    return chosen


def _whole(connection: Connection) -> bool:
    return read_viewer(connection).has(*FULL_ROLES)


def _box(given: Mapping[str, str]) -> Box:
    try:
        zoom, lat, lon = (float(each) for each in given.get("at", "").split("/"))
        Point(lon, lat)
    except ValueError:
        return START
    return box_of_view(min(max(zoom, 4), 18), min(max(lat, -80), 80), lon)
