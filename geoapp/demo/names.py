"""Invented names of mine sites and localities, built from syllables of the region."""

from __future__ import annotations

import numpy as np

from geoapp.demo.draw import Objects, objects

FIRST = ("Ka", "Lu", "Mu", "Nya", "Bi", "Ru", "Ki", "Bu", "Ma", "Ga", "Ci", "Na", "Mi", "Kasha", "Lwi", "Shi", "Mpa")
MIDDLE = ("ku", "ba", "ru", "ki", "mbi", "zi", "nga", "shu", "la", "te", "so", "hi", "ndo", "ge", "ra", "mu", "bo")
LAST = ("ra", "zi", "le", "mba", "ga", "ro", "nyi", "la", "ndwe", "ho", "ko", "ma", "re", "bwe", "ti", "lo", "sha")
ACCENTS = str.maketrans({"e": "é"})
# In DR Congo and Burundi, where French is written, some names bear what kind of place it is.
KINDS = ("", "", "", "", "", "", "Colline ", "Carrière ", "Chantier ", "Puits ", "Rivière ")
ACCENTED_SHARE = 0.35


def invent(rng: np.random.Generator, number: int, french: bool) -> Objects:
    """`number` names, which may repeat; in `french` some are accented."""
    syllables = (1, 1, 1, 2) if french else (0, 1, 1, 1)
    made = []
    for _ in range(number):
        middle = "".join(rng.choice(MIDDLE, rng.choice(syllables)))
        name = f"{rng.choice(FIRST)}{middle}{rng.choice(LAST)}"
        if french and rng.random() < ACCENTED_SHARE:
            name = name.translate(ACCENTS)
        made.append(name)
    return objects(made)


def name_sites(rng: np.random.Generator, number: int, french: bool) -> Objects:
    """`number` different names of mine sites."""
    named: dict[str, None] = {}
    while len(named) < number:
        for name in invent(rng, number - len(named), french):
            kind = rng.choice(KINDS) if french else ""
            serial = f" {rng.integers(1, 5)}" if rng.random() < 0.2 else ""
            named[f"{kind}{name}{serial}"] = None
    return objects(list(named))
