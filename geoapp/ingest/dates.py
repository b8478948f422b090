"""Dates and times as people and programs write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from numbers import Real
from typing import Literal
from zoneinfo import ZoneInfo

from geoapp.naming import fold

Order = Literal["day first", "month first", "unknown"]

ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](.*)|Z)?")
COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
PARTS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ,]+(.*))?")
WORDED = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]+) (\d{4})")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?", re.IGNORECASE)
MONTHS = (
    ("january", "janvier"), ("february", "fevrier"), ("march", "mars"), ("april", "avril"), ("may", "mai"),
    ("june", "juin"), ("july", "juillet"), ("august", "aout"), ("september", "septembre"), ("october", "octobre"),
    ("november", "novembre"), ("december", "decembre"),
)  # fmt: skip

# Excel counts days from here; the serial numbers of 1954 to 2064 are not mistaken for years or amounts.
EXCEL_ZERO = dt.date(1899, 12, 30)
EXCEL_DAYS = range(20_000, 60_000)


class AmbiguousDateError(ValueError):
    """A date whose day and month cannot be told apart; its text names both readings."""


def order_of(values: Iterable[object]) -> Order:
    """Whether dates such as 03/04/2024 in a column begin with the day, as its unmistakable ones tell."""
    first, second = False, False
    for value in values:
        if isinstance(value, str) and (match := PARTS.fullmatch(value.strip())):
            first |= int(match[1]) > 12
            second |= int(match[2]) > 12
    if first == second:
        return "unknown"
    return "day first" if first else "month first"


def excel_day(raw: object) -> dt.date | None:
    """The date of an Excel serial number; None for anything else."""
    text = str(raw).strip().removesuffix(".0")
    if not (isinstance(raw, Real | str) and text.isdecimal() and int(text) in EXCEL_DAYS):
        return None
    return EXCEL_ZERO + dt.timedelta(days=int(text))


def day(raw: object, order: Order) -> dt.date:
    """The date that `raw` means, as written: a time of day or a zone behind it changes nothing.

    Raises AmbiguousDateError where day and month cannot be told apart, ValueError where it is no date.
    """
    return _split(raw, order)[0]


def moment(raw: object, order: Order, zone: ZoneInfo) -> dt.datetime:
    """The moment that `raw` means; in `zone` where it does not say. Raises as `day` does."""
    date, clock = _split(raw, order)
    match = CLOCK.fullmatch(clock.strip()) if clock.strip() else None
    if clock.strip() and match is None:
        raise ValueError(raw)
    if match is None:
        return dt.datetime.combine(date, dt.time(), zone)
    time = dt.time(int(match[1]), int(match[2]), int(match[3] or 0))
    return dt.datetime.combine(date, time, _zone(match[4], zone))


def _split(raw: object, order: Order) -> tuple[dt.date, str]:
    text = str(raw).strip()
    if match := ISO.fullmatch(text):
        return dt.date(int(match[1]), int(match[2]), int(match[3])), match[4] or ""
    if match := COMPACT.fullmatch(text.removesuffix(".0")):
        return dt.date(int(match[1]), int(match[2]), int(match[3])), ""
    if match := PARTS.fullmatch(text):
        return _ordered(int(match[1]), int(match[2]), int(match[3]), order), match[4] or ""
    if match := WORDED.fullmatch(fold(text)):
        for number, names in enumerate(MONTHS, 1):
            if any(name == match[2] or (len(match[2]) >= 3 and name.startswith(match[2])) for name in names):
                return dt.date(int(match[3]), number, int(match[1])), ""
    raise ValueError(raw)


def _ordered(first: int, second: int, year: int, order: Order) -> dt.date:
    if first <= 12 and second <= 12 and first != second and order == "unknown":
        readings = dt.date(year, second, first), dt.date(year, first, second)
        raise AmbiguousDateError(" or ".join(str(reading) for reading in readings))
    month_first = second > 12 or (order == "month first" and first <= 12)
    return dt.date(year, first, second) if month_first else dt.date(year, second, first)


def _zone(text: str | None, zone: ZoneInfo) -> dt.tzinfo:
    if not text:
        return zone
    if text.upper() in {"Z", "UTC"}:
        return dt.UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return dt.timezone(sign * dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
