"""What somebody typed, made fit to be kept: texts without signs that no reader sees, days, whole numbers."""

from __future__ import annotations

from datetime import date
from unicodedata import category

LARGEST = 100_000


def plain(text: str) -> str:
    """A text without what no reader sees: control signs, and those that turn the direction of writing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in lines if sign == "\n" or sign.isprintable() or category(sign) == "Zs").strip()


def one_line(text: str) -> str:
    """The same in one line."""
    return " ".join(plain(text).split())


def parse_day(text: str) -> date | None:
    """The day that an ISO date names; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == 10 and "1900" < text < "2200" else None
    except ValueError:
        return None


def parse_whole(text: str) -> int | None:
    """The whole number, from 0, that a text is; None for anything else."""
    digits = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 7 else None
    return number if number is not None and number <= LARGEST else None


def parse_degrees(text: str) -> float | None:
    """The degrees that a text with a decimal point or comma is; None for anything else."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if -180 <= value <= 180 else None
