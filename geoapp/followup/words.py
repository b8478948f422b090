"""What somebody typed, made fit to be kept: texts without signs that no reader sees, days, whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from unicodedata import category

from layers.text import Text

LARGEST = 100_000
# The fields of a place, each with the degrees that it goes to.
DEGREES = {"longitude": 180, "latitude": 90}


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


def parse_degrees(text: str, most: int) -> float | None:
    """The degrees that a text with a decimal point or comma is, up to `most` either way; None for anything else."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if -most <= value <= most else None


def parse_place(typed: Mapping[str, str]) -> tuple[float, float] | None:
    """The longitude and latitude, in degrees, of a form without faults; None where it has none."""
    lon, lat = (parse_degrees(typed[name], most) for name, most in DEGREES.items())
    return None if lon is None or lat is None else (lon, lat)


def place_faults(typed: Mapping[str, str]) -> dict[str, Text]:
    """What is wrong with the longitude and latitude of a form, by the name of the field."""
    found = {}
    for name, most in DEGREES.items():
        if not typed[name]:
            if any(typed[each] for each in DEGREES):
                found[name] = Text("Both are needed, or none.", "Il faut les deux, ou aucune.")
        elif parse_degrees(typed[name], most) is None:
            found[name] = Text("Write degrees, such as 28.8431.", "Écrivez des degrés, comme 28,8431.")
    return found
