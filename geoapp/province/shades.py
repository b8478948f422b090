"""The classes of a choropleth: which value has which shade, and what each is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

import numpy as np

from geoapp.province.section import NO_BREAK, in_digits, said
from layers.text import Text

Scale = Literal["number", "share", "change"]

# Each ramp is told apart in grey and by colour-blind readers. None has a green: few reports are no safety.
NONE_COLOR = "#fdfdfb"
NUMBERS = ("#fdeccb", "#fdc98b", "#f4925a", "#d0492f", "#7f1012")
SHARES = ("#edf2fa", "#bcd2e8", "#74a9cf", "#2f7ab5", "#083d73")
LESS, MORE = ("#5b3b93", "#b3a7d1"), ("#f9bd70", "#bf5b08")
FIFTHS = (0.2, 0.4, 0.6, 0.8)

ZERO = Text("none", "aucun")
TO = Text("{low} to {high}", "{low} à {high}")
UNDER = Text("under {high} %", "moins de {high} %")
FROM = Text("{low} % and more", "{low} % et plus")
BETWEEN = Text("{low} to {high} %", "{low} à {high} %")
UNCHANGED = Text("as many", "autant")


@dataclass(frozen=True)
class Shade:
    """A class of values: its colour and its name."""

    color: str
    words: str


@dataclass(frozen=True)
class Shades:
    """The classes from the lowest to the highest, and which one a value is in."""

    classes: tuple[Shade, ...]
    of: Callable[[float], int]

    def color(self, value: float) -> str:
        """The colour of a value."""
        return self.classes[self.of(value)].color


def shades_of(values: Sequence[float], scale: Scale, language: str) -> Shades:
    """The classes of some values: shares by fifths, changes by the middle one, numbers with as many units in each."""
    if scale == "share":
        return _shares(language)
    return _changes(values, language) if scale == "change" else _numbers(values, language)


def _numbers(values: Sequence[float], language: str) -> Shades:
    some = sorted(each for each in values if each > 0)
    most = min(len(NUMBERS), len(set(some)))
    bounds = sorted({float(each) for each in np.quantile(some, [at / most for at in range(1, most)])}) if some else []
    place = {value: int(np.searchsorted(bounds, value, side="left")) for value in some}
    places = sorted(set(place.values()))
    # With few classes the ramp still runs from its lightest to its darkest.
    ramp = [NUMBERS[round(at * (len(NUMBERS) - 1) / max(1, len(places) - 1))] for at in range(len(places))]
    named = [
        Shade(color, _range([value for value in some if place[value] == at], language))
        for color, at in zip(ramp, places, strict=True)
    ]

    def of(value: float) -> int:
        return 1 + places.index(place[value]) if value > 0 else 0

    return Shades((Shade(NONE_COLOR, said(ZERO, language)), *named), of)


def _range(members: Sequence[float], language: str) -> str:
    low, high = in_digits(min(members), language), in_digits(max(members), language)
    return low if low == high else said(TO, language, low=low, high=high).replace(" ", NO_BREAK)


def _shares(language: str) -> Shades:
    percent = [in_digits(100 * each, language) for each in FIFTHS]
    names = [
        said(UNDER, language, high=percent[0]),
        *(said(BETWEEN, language, low=low, high=high) for low, high in pairwise(percent)),
        said(FROM, language, low=percent[-1]),
    ]
    shades = tuple(Shade(color, name) for color, name in zip(SHARES, names, strict=True))
    return Shades(shades, lambda value: int(np.searchsorted(FIFTHS, value, side="right")))


def _changes(values: Sequence[float], language: str) -> Shades:
    """Two classes of less, two of more, parted at the middle one of the changes, and one of none."""
    sizes = [abs(each) for each in values if each]
    middle = max(1, round(median(sizes))) if sizes else 1
    big = in_digits(middle + 1, language)
    small = in_digits(1, language) if middle == 1 else said(TO, language, low=in_digits(1, language), high=middle)
    more = said(Text("{n} and more", "{n} et plus"), language, n=big)
    classes = (
        Shade(LESS[0], said(Text("fewer: {n}", "de moins : {n}"), language, n=more)),
        Shade(LESS[1], said(Text("fewer: {n}", "de moins : {n}"), language, n=small)),
        Shade(NONE_COLOR, said(UNCHANGED, language)),
        Shade(MORE[0], said(Text("more: {n}", "de plus : {n}"), language, n=small)),
        Shade(MORE[1], said(Text("more: {n}", "de plus : {n}"), language, n=more)),
    )

    def of(value: float) -> int:
        step = 0 if not value else 1 if abs(value) <= middle else 2
        return 2 + (step if value > 0 else -step)

    return Shades(classes, of)
