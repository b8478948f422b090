"""Turning what stands in the cells of a file into values of a column."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from geoapp.ingest import dates, numbers, words
from geoapp.ingest.findings import Findings
from geoapp.ingest.kinds import Kind
from geoapp.ingest.sheet import Values
from geoapp.ingest.targets import FileColumn
from geoapp.naming import fold
from layers.text import Text
from layers.vocabulary import PARTICIPANT_GROUP

MISSING = {"", "NA", "N/A", "#N/A", "NULL", "null", "NaN", "nan", "NaT", "<NA>"}
YES = {"yes", "y", "oui", "o", "true", "vrai", "t", "1"}
NO = {"no", "n", "non", "false", "faux", "f", "0"}
SEPARATORS = re.compile(r"[;,/|]")
# Control characters, and halves of characters, which the database does not take.
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Any of these, blanks that are none, or a blank at an end.
UNCLEAN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xa0\u202f\ud800-\udfff]|^\s|\s$", re.MULTILINE)
DOUBTFUL = re.compile(r"[+-]?\d{1,3},\d{3}")
EARLIEST = dt.date(1900, 1, 1)

# More came to no training.
MOST_PEOPLE = 999_999_999

# Keys stand in indexes, which hold no long texts.
LONGEST_KEY = 200


class FaultError(ValueError):
    """A value that its column cannot hold: the rule that it breaks, and what to do."""

    def __init__(self, rule: str, repair: object = None):
        super().__init__(rule)
        self.rule = rule
        self.repair = repair


@dataclass(frozen=True)
class Mended:
    """A value that was changed on the way in, with the rule that says so."""

    value: Any
    rule: str


@dataclass(frozen=True)
class Calendar:
    """What dates are judged by: today, and the zone of times that name none."""

    today: dt.date
    zone: ZoneInfo


Parse = Callable[[Any], Any]


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing."""
    if value is None or value is pd.NaT:
        return True
    if isinstance(value, str):
        return value in MISSING or value.strip() in MISSING
    return bool(value != value)  # noqa: PLR0124 - NaN and NaT alone differ from themselves.


def convert(values: Values, column: FileColumn, is_key: bool, calendar: Calendar, findings: Findings) -> Values:
    """The values of `column` from the cells in `values`, as Python objects; None for empty cells and for bad ones.

    Every bad value is a finding that refuses its row, and so is an empty cell where the column needs a value.
    """
    codes, distinct = pd.factorize(np.asarray(values))
    parse = _parser(column, is_key, distinct, calendar)
    longest = _longest(column, is_key)
    clean = _clean_texts(column, distinct, longest)
    results = clean if clean is not None else [_attempt(parse, raw) for raw in distinct]
    # One more, which the code -1 of empty cells means; assigned singly, since lists would make rows of an array.
    kept = np.full(len(results) + 1, None, dtype=object)
    told = np.zeros(len(results) + 1, dtype=bool)
    for place, result in enumerate([] if clean is not None else results):
        faulty, mended = isinstance(result, FaultError), isinstance(result, Mended)
        kept[place] = None if faulty else result.value if mended else result
        told[place] = faulty or mended
    if clean is not None:
        kept[:-1] = clean
    if column.required:
        told |= pd.isna(kept)
    for index in np.flatnonzero(told[codes]):
        code = codes[index]
        result = results[code] if code >= 0 else None
        if isinstance(result, FaultError):
            findings.add(result.rule, int(index) + 1, column.name, distinct[code], result.repair)
        elif isinstance(result, Mended):
            findings.add(result.rule, int(index) + 1, column.name, distinct[code], result.value)
        else:
            findings.add("missing_value", int(index) + 1, column.name)
    converted: Values = kept[codes]
    return converted


def join_lists(arrays: list[Values]) -> Values:
    """The cells of several columns that fill one array, joined as one cell."""
    if len(arrays) == 1:
        return arrays[0]
    joined = [";".join(str(each) for each in cells if not is_missing(each)) for cells in zip(*arrays, strict=True)]
    return np.array(joined, dtype=object)


def _attempt(parse: Parse, raw: Any) -> Any:
    if is_missing(raw):
        return None
    try:
        return parse(raw)
    except FaultError as fault:
        return fault


def _parser(column: FileColumn, is_key: bool, distinct: Any, calendar: Calendar) -> Parse:
    kind = column.kind
    if kind.name in {"date", "time"}:
        order = dates.order_of(distinct)
        parse = _date if kind.name == "date" else _time
        return lambda raw: _not_future(parse(raw, order, calendar), column, calendar)
    if kind.name == "texts":
        return lambda raw: _texts(raw, kind)
    if kind.vocabulary is not None:
        return lambda raw: _code(raw, kind)
    if kind.name == "text":
        longest = _longest(column, is_key)
        return lambda raw: _text(raw, longest)
    parsers: dict[str, Parse] = {"decimal": _decimal, "yes_no": _yes_no, "object": _object, "people": _people}
    return parsers.get(kind.name) or (lambda raw: _whole(raw, kind.largest))


def _longest(column: FileColumn, is_key: bool) -> int | None:
    return LONGEST_KEY if is_key or column.refers_to is not None else None


def _clean_texts(column: FileColumn, distinct: Any, longest: int | None) -> list[Any] | None:
    """The texts as they are, where one look at all of them finds nothing that would be changed in any; else None."""
    if column.kind.name != "text" or column.kind.vocabulary is not None or distinct.dtype != object:
        return None
    texts = distinct.tolist()
    if set(map(type, texts)) != {str} or _may_be_unclean(texts):
        return None
    if longest is not None and max(map(len, texts)) > longest:
        return None
    return [None if text in MISSING else text for text in texts]


def _may_be_unclean(texts: list[str]) -> bool:
    """Whether any text has a character or a blank that is not stored: first a quick look, which has most files pass."""
    joined = "|".join(["", *filter(None, texts), ""])
    if joined.isprintable() and " |" not in joined and "| " not in joined:
        return False
    return UNCLEAN.search("\n".join(filter(None, texts))) is not None


def plain_text(raw: object) -> str:
    """A cell as text: trimmed, with ordinary blanks; a whole number without decimals."""
    if isinstance(raw, float | np.floating) and raw.is_integer():
        return str(int(raw))
    return re.sub(r"[\u00a0\u202f]", " ", str(raw)).strip()


def _text(raw: object, longest: int | None) -> Any:
    text = plain_text(raw).replace("\r\n", "\n")
    clean = UNSTORABLE.sub("", text)
    if longest is not None and len(clean) > longest:
        raise FaultError("too_long", longest)
    if clean == text:
        return text
    return Mended(clean, "text_cleaned") if clean.strip() else None


def _code(raw: object, kind: Kind) -> Any:
    vocabulary = kind.vocabulary
    assert vocabulary is not None  # noqa: S101 - the caller looked.
    text = plain_text(raw)
    code = words.code_of(text, vocabulary)
    if code is None and words.means_not_known(text):
        return None
    if code is None:
        raise FaultError("unknown_code", words.proposal(text, vocabulary))
    return int(code) if kind.name == "whole" else code


def _texts(raw: object, kind: Kind) -> list[Any]:
    parts = [plain_text(UNSTORABLE.sub("", part)) for part in _parts(plain_text(raw), kind)]
    found = [part if kind.vocabulary is None else _code(part, kind) for part in parts if part]
    kept: list[Any] = []
    for part in found:
        if part is not None and part not in kept:
            kept.append(part.value if isinstance(part, Mended) else part)
    return kept


def _parts(text: str, kind: Kind) -> list[str]:
    """The elements of a list: of JSON, of PostgreSQL's braces, or with a separator between them."""
    if text.startswith("[") and text.endswith("]"):
        try:
            return [str(part) for part in json.loads(text) if part is not None]
        except ValueError:
            text = text[1:-1]
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].replace('"', "")
    if kind.vocabulary is not None and words.code_of(text, kind.vocabulary):
        return [text]
    return SEPARATORS.split(text)


def _whole(raw: object, largest: int) -> Any:
    try:
        number = numbers.whole(raw)
    except (ValueError, OverflowError):
        raise FaultError("not_whole") from None
    if not -largest <= number <= largest:
        raise FaultError("too_large")
    return number if _plainly(raw) else Mended(number, "number_read")


def _decimal(raw: object) -> Any:
    try:
        number = numbers.decimal(raw)
    except (ValueError, OverflowError):
        raise FaultError("not_number") from None
    return number if _plainly(raw) else Mended(number, "number_read")


def _plainly(raw: object) -> bool:
    """Whether it is plain which number is meant; 1,234 is read as a thousand or as one and a bit, by its column."""
    return not isinstance(raw, str) or DOUBTFUL.fullmatch(raw.strip()) is None


def _yes_no(raw: object) -> bool:
    word = fold(plain_text(raw))
    if word not in YES | NO:
        raise FaultError("not_yes_no")
    return word in YES


def _object(raw: object) -> dict[str, Any]:
    try:
        found = json.loads(str(raw))
        stored = json.dumps(found, allow_nan=False, ensure_ascii=False)
    except (ValueError, RecursionError):
        raise FaultError("not_json") from None
    # The database takes neither a zero character nor half a character.
    if not isinstance(found, dict) or re.search(r"\\u0000|[\ud800-\udfff]", stored):
        raise FaultError("not_json")
    return found


def _people(raw: object) -> dict[str, Any]:
    """People by group: whole numbers, or objects with `total` and, where they were counted, `women`."""
    found = _object(raw)
    for group, counted in found.items():
        named = PARTICIPANT_GROUP.labels.get(group, Text(group, group))
        if not isinstance(counted, dict):
            counted = {"total": counted}  # noqa: PLW2901 - the shorter way to write it.
        total, women = counted.get("total"), counted.get("women")
        for each in (total, 0 if women is None else women):
            if not isinstance(each, int) or isinstance(each, bool) or not 0 <= each <= MOST_PEOPLE:
                raise FaultError("not_people", named)
        if women is not None and women > total:
            raise FaultError("women_more", Text(f"{named.en}, {women} > {total}", f"{named.fr}, {women} > {total}"))
    return found


def _date(raw: object, order: dates.Order, calendar: Calendar) -> Any:
    if serial := dates.excel_day(raw):
        return Mended(serial, "excel_date")
    try:
        return dates.day(raw, order)
    except dates.AmbiguousDateError as error:
        raise FaultError("ambiguous_date", str(error)) from None
    except (ValueError, OverflowError):
        raise FaultError("not_date") from None


def _time(raw: object, order: dates.Order, calendar: Calendar) -> Any:
    try:
        return dates.moment(raw, order, calendar.zone)
    except dates.AmbiguousDateError as error:
        raise FaultError("ambiguous_date", str(error)) from None
    except (ValueError, OverflowError):
        raise FaultError("not_time") from None


def _not_future(result: Any, column: FileColumn, calendar: Calendar) -> Any:
    value = result.value if isinstance(result, Mended) else result
    try:
        day = value.astimezone(calendar.zone).date() if isinstance(value, dt.datetime) else value
    except OverflowError:
        raise FaultError("not_time") from None
    if day < EARLIEST:
        raise FaultError("impossible_date")
    if column.past and day > calendar.today:
        raise FaultError("future_date", calendar.today)
    return result
