"""How likely two descriptions of a mine site are of one and the same: by name, distance and territory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from geoapp.naming import fold, fold_all
from layers.text import Text

# Words that say what a place is, not which one.
GENERIC = {
    "mine", "mines", "site", "sites", "minier", "miniere", "carriere", "carre", "puits", "chantier", "colline",
    "gisement", "exploitation", "concession", "zone", "mining", "quarry", "pit", "hill", "bloc", "secteur",
    "de", "du", "des", "la", "le", "les", "d", "l", "of", "the", "a", "au", "et",
}  # fmt: skip
BRACKETS = re.compile(r"\([^)]*\)")
NUMERALS = re.compile(r"\d+|i{1,3}|iv|v|vi{1,3}|ix|x")
ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
# How far off a position may be, in metres, where its accuracy is not stated.
ACCURACY = {"gps": 100.0, "map": 1_000.0, "reported": 3_000.0}
UNSTATED = 1_500.0
# Two positions are never compared over more than this, however vague they are.
FARTHEST = 6_000.0
LIKE_ENOUGH = 0.7
LEAST = 0.6
# What is kept of words that were looked at.
MOST_WORDS = 200_000
# Within one source two codes are two sites, unless the source made a mistake.
SAME_SOURCE = 0.15


class _Numbers(dict[str, int | None]):
    """The number that a word is, None for other words, each looked at once."""

    def __missing__(self, word: str) -> int | None:
        number = None
        if NUMERALS.fullmatch(word):
            number = int(word) if word.isdecimal() else ROMAN[word]
        if len(self) < MOST_WORDS:
            self[word] = number
        return number


NUMBERS = _Numbers()


class Described(NamedTuple):
    """A site as one row describes it; `accuracy_m` is how far off its position may be."""

    site_id: str
    names: tuple[str, ...]
    territory: str | None
    accuracy_m: float
    source: str | None
    lon: float
    lat: float


@dataclass(frozen=True)
class Likeness:
    """Two sites that may be one: a score from 0 to 1 and the reasons for it."""

    site_id: str
    other_site_id: str
    names: tuple[str, str]
    score: float
    distance_m: float
    reasons: Text


def accuracy(method: str | None, stated_m: float | None) -> float:
    """How far off a position may be, in metres: as stated, else what its method allows."""
    return stated_m if stated_m is not None else ACCURACY.get(method or "", UNSTATED)


@lru_cache(maxsize=10_000)
def core(name: str) -> tuple[str, ...]:
    """The words of a name that tell which site it is, in alphabetical order.

    "Carrière de Bisié (Walikale)" is ("bisie",): what stands in brackets only says where it is.
    """
    return _telling(fold(BRACKETS.sub(" ", name)).split() or fold(name).split())


def cores(names: Sequence[str]) -> list[tuple[str, ...]]:
    """`core` of each name, by one pass over all of them."""
    folded = fold_all([BRACKETS.sub(" ", name) if "(" in name else name for name in names])
    return [_telling(text.split() or fold(name).split()) for text, name in zip(folded, names, strict=True)]


def numbers(words: Sequence[str]) -> tuple[int, ...]:
    """The numbers among the words of a name, roman ones too: sites that are numbered differently are different."""
    found = [number for word in words if (number := NUMBERS[word]) is not None]
    return tuple(sorted(found)) if len(found) > 1 else tuple(found)


def name_likeness(one: str, other: str) -> float:
    """From 0 to 1; 0 where both are numbered differently, as Kalimbi 1 and Kalimbi 2 are."""
    ours, theirs = core(one), core(other)
    if numbers(ours) != numbers(theirs):
        return 0.0
    return SequenceMatcher(None, " ".join(ours), " ".join(theirs)).ratio()


def compare(one: Described, other: Described, distance_m: float) -> Likeness | None:
    """The likeness of two sites `distance_m` apart (geodesic); None where they are not like enough to be proposed.

    Both positions must agree within the sum of their accuracies. The score is 0.6 for the name, 0.25 for the distance
    as a part of that sum, 0.15 for the same territory (half of it where one is not known).
    """
    limit = min(one.accuracy_m + other.accuracy_m, FARTHEST)
    if distance_m > limit:
        return None
    likeness, pair = max((name_likeness(ours, theirs), (ours, theirs)) for ours in one.names for theirs in other.names)
    if likeness < LIKE_ENOUGH:
        return None
    territory = _territory(one.territory, other.territory)
    score = 0.6 * likeness + 0.25 * (1 - distance_m / limit) + 0.15 * (0.5 if territory is None else float(territory))
    same_source = one.source is not None and one.source == other.source
    score -= SAME_SOURCE if same_source else 0.0
    if score < LEAST:
        return None
    return Likeness(
        one.site_id,
        other.site_id,
        pair,
        round(score, 2),
        distance_m,
        _reasons(pair, likeness, distance_m, limit, territory),
    )


def _telling(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(word for word in words if word not in GENERIC) or words)


def _territory(one: str | None, other: str | None) -> bool | None:
    return fold(one) == fold(other) if one and other else None


def _reasons(pair: tuple[str, str], likeness: float, distance_m: float, limit: float, territory: bool | None) -> Text:
    percent, metres, within = round(100 * likeness), round(distance_m), round(limit)
    en = [f"names {percent} % alike ({pair[0]}, {pair[1]})", f"{metres} m apart, positions are good to {within} m"]
    fr = [
        f"noms semblables à {percent} % ({pair[0]}, {pair[1]})",
        f"distants de {metres} m, positions précises à {within} m",
    ]
    if territory is not None:
        en.append("same territory" if territory else "other territory")
        fr.append("même territoire" if territory else "autre territoire")
    return Text("; ".join(en), " ; ".join(fr))
