"""Coordinates as people write them: decimal degrees, degrees with minutes and seconds, pairs, UTM zones."""

from __future__ import annotations

import re

from geoapp.ingest import numbers

MINUS = "-−‒–"
# Letters of hemispheres in English and French, with the words.
WEST = {"w", "west", "o", "ouest"}
EAST = {"e", "east", "est"}
SOUTH = {"s", "south", "sud"}
NORTH = {"n", "north", "nord"}
HEMISPHERES = WEST | EAST | SOUTH | NORTH
WORD = re.compile(r"[a-z]+", re.IGNORECASE)
# Signs of degrees, minutes and seconds in all the ways that keyboards and Word have for them.
SIGNS = re.compile(r"[°ºo˚d'’‘′´`\"”“″:,;]|deg|min|sec", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
ZONE = re.compile(r"(?<!\d)([1-9]|[1-5]\d|60)\s*([c-hj-np-x]|nord|north|sud|south)?\s*$", re.IGNORECASE)
ZONE_IN_NAME = re.compile(
    r"(?:utm|zone|fuseau|z)[ _-]*(?:zone[ _-]*)?(3[3-6])[ _-]*(nord|north|sud|south|n|s|m|l|k)(?![a-z])", re.IGNORECASE
)
DMS = re.compile(r"(\d+)\s*d\s*(\d+)\s*m\s*(\d+(?:[.,]\d+)?)\s*s?(?![a-z])", re.IGNORECASE)
# What stands between two coordinates, the surest first: a comma may belong to a number.
PAIRS = (
    re.compile(r"^([^;/|]+)[;/|]([^;/|]+)$"),
    re.compile(
        r"^(.*?[NSEWO](?:ord|orth|ud|outh|st|ast|est|uest)?)[\s,]+(.*?[NSEWO](?:ord|orth|ud|outh|st|ast|est|uest)?)$",
        re.IGNORECASE,
    ),
    re.compile(r"^([NSEWO].*?\S)[\s,]+([NSEWO].*)$", re.IGNORECASE),
    re.compile(r"^([^,]+),\s*([^,]+)$"),
    re.compile(r"^(\S+,\d+)[\s,]+(\S+,\d+)$"),
    re.compile(r"^(\S+)\s+(\S+)$"),
)


def longitude(raw: object) -> float:
    """The same as `degrees`, of a value that may not be north or south of anything."""
    return degrees(raw, WEST | EAST)


def latitude(raw: object) -> float:
    """The same as `degrees`, of a value that may not be west or east of anything."""
    return degrees(raw, SOUTH | NORTH)


def degrees(raw: object, hemispheres: set[str] = HEMISPHERES) -> float:
    """The decimal degrees that `raw` means; raises ValueError where it means none, or another's hemisphere.

    Understood are 28.55, 28,55, 28°33'00"E, E 28 33 00, 28d33m0s, 28:33:00, -2 36.6, 2°36′36″ Sud and their like.
    """
    text = str(raw).strip()
    if not isinstance(raw, str):
        return numbers.decimal(raw)
    # In 28d33m0s the last letter says seconds; a small o is a sign of degrees.
    text = re.sub(r"(?<=\d)\s*o(?=[\s\d])", "°", DMS.sub(r"\1°\2'\3", text))
    words = {word.lower() for word in WORD.findall(text)} & HEMISPHERES
    if len(words) > 1 or not words <= hemispheres:
        raise ValueError(raw)
    bare = WORD.sub(lambda found: " " if found[0].lower() in HEMISPHERES else found[0], text)
    parts = NUMBER.findall(bare)
    if len(parts) <= 1 or not _is_sexagesimal(bare, parts):
        return _signed(numbers.decimal(bare.strip().rstrip("°º˚ ").replace("−", "-")), words)
    values = [float(part.replace(",", ".")) for part in parts]
    # Only the last part may have decimals, and minutes and seconds stay under sixty.
    if len(values) > 3 or any(value != int(value) for value in values[:-1]) or any(value >= 60 for value in values[1:]):
        raise ValueError(raw)
    size = sum(value / 60**place for place, value in enumerate(values))
    return _signed(-size if bare.lstrip(" ")[:1] in MINUS else size, words)


def pair(raw: object) -> tuple[float, float]:
    """Two coordinates of one cell, such as "-2.61, 28.55" or "2°36'36"S 28°33'00"E", in the order of the cell.

    Raises ValueError where it does not hold two.
    """
    text = str(raw).strip().strip("()[]")
    for way in PAIRS:
        found = way.match(text)
        if found is not None:
            return degrees(found[1]), degrees(found[2])
    raise ValueError(raw)


def zone(raw: object) -> tuple[int, bool]:
    """The UTM zone that `raw` means and whether it is south of the equator: 35S, 36 N, 35M, "UTM 35 Sud".

    Without a letter the zone is taken to be south, where most of the region lies. Raises ValueError for no zone.
    """
    text = str(raw).strip().removesuffix(".0")
    found = ZONE.search(text)
    if found is None:
        raise ValueError(raw)
    letter = (found[2] or "s").lower()
    # N and S are taken for the hemispheres, which is how they are meant here; other letters for bands of latitude.
    south = letter[0] == "s" or (len(letter) == 1 and letter < "n")
    return int(found[1]), south


def zone_in_name(name: str) -> tuple[int, bool] | None:
    """The UTM zone that the name of a column or file tells, such as x_utm35s; None where it tells none."""
    found = ZONE_IN_NAME.search(name)
    return None if found is None else (int(found[1]), found[2][0].lower() in "smlk")


def _is_sexagesimal(text: str, parts: list[str]) -> bool:
    """Whether several numbers are degrees with their minutes, not one number with blanks between thousands."""
    rest = NUMBER.sub("", text)
    if SIGNS.search(rest):
        return True
    return rest.strip(f" {MINUS}+.\t\u00a0\u202f") == "" and len(parts) in (2, 3) and len(parts[0].split(".")[0]) <= 3


def _signed(value: float, words: set[str]) -> float:
    if not words:
        return value
    return -abs(value) if words & (WEST | SOUTH) else abs(value)
