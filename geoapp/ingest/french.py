"""Which code page makes French of bytes, and French that was once read in the wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable

import ftfy

# The first of those that do equally well is taken.
PAGES = ("cp1252", "cp850", "mac-roman", "latin1")
# How often accented letters stand in French names and words, roughly and in relation to each other.
LETTERS = dict(zip("éèêëàâçîïôûùüœæÿ", (10, 5, 4, 2, 4, 3, 4, 3, 3, 3, 2, 2, 1, 2, 0, 0), strict=True))
CAPITALS = dict(zip("ÉÈÊËÀÂÇÎÏÔÛÙÜŒ", (6, 3, 2, 1, 3, 2, 3, 2, 1, 2, 1, 1, 1, 1), strict=True))
SIGNS = dict.fromkeys("’‘“”–—«»°º…€·²\u00a0", 1)
# Places, minerals and words of sites with their accents; a word that comes out like one settles most.
WORDS = {
    "bisié", "cassitérite", "béryl", "à", "où", "été", "carrière", "rivière", "forêt", "dépôt", "entrepôt",
    "société", "coopérative", "minière", "minières", "équateur", "kasaï", "maï", "réserve",
    "qualifié", "validé", "activité", "abandonné", "fermé", "sécurité", "armée", "armé", "éléments", "barrière",
    "marché", "école", "église", "hôpital", "santé", "décès", "tué", "blessé", "enlèvement", "pillé", "détention",
    "arrêté", "problème", "présence", "côté", "près", "après", "très", "déjà", "négociant", "numéro", "année",
    "février", "décembre", "péage", "août", "manganèse", "diamètre", "général", "étain", "tungstène",
    "république", "démocratique", "évalué", "approuvé", "vérifié", "indéterminé", "étranger", "rébellion", "français",
}  # fmt: skip
SAMPLE = 5_000
# Letters that the bytes of UTF-8 make when they are read as a code page of one byte a letter.
SUSPECT = re.compile("[ÃÂâÅ├┬�√‚Ä]")


def likeliest_page(words: Iterable[bytes]) -> str | None:
    """The code page in which `words`, none of them ASCII, make most French; None where no page has all their bytes."""
    sample = sorted(set(words))[:SAMPLE]
    scores = {}
    for page in PAGES:
        try:
            scores[page] = sum(_score(word.decode(page)) for word in sample)
        except UnicodeError:
            continue
    return max(scores, key=lambda page: scores[page]) if scores else None


def mended(text: str) -> str | None:
    """`text` as it was before its UTF-8 was read in a code page, once or several times; None where it was not."""
    if not SUSPECT.search(text):
        return None
    fixed = ftfy.fix_encoding(text)
    if fixed == text and re.search("[├┬]", text):
        try:
            fixed = text.encode("cp850").decode("utf-8")
        except UnicodeError:
            return None
    return fixed if fixed != text else None


def _score(text: str) -> float:
    score = 0.0
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        before = text[place - 1] if place else ""
        after = text[place + 1] if place + 1 < len(text) else ""
        if letter in LETTERS:
            score += LETTERS[letter]
            # A small letter amid capitals was a capital in another page.
            score -= 8 if before.isupper() and after.isupper() else 0
        elif letter in CAPITALS:
            score += CAPITALS[letter] if not before.islower() else -8
        elif letter in SIGNS:
            # Signs stand between words, not in them.
            score += SIGNS[letter] if letter in "’‘°º" or not (before.isalpha() and after.isalpha()) else -4
        else:
            score -= 6 if letter.isprintable() else 12
    if any(word.lower() in WORDS for word in re.findall(r"\w+", text)):
        score += 15
    return score
