"""Comparing names and words as people write them: case, accents and punctuation do not matter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache

# Columns of exports: what the file is about, and whose place a position is.
ABOUT, PLACE_OF = "geoapp_about", "place_of"
# Tables of a GeoPackage beside its layers: the versions of their rows, and the styles for QGIS.
VERSIONS, STYLES = "geoapp_rows", "layer_styles"


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """`text` without accents, in lower case, with single blanks for everything that is no letter or digit."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    bare = bare.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").casefold()
    return " ".join("".join(each if each.isalnum() else " " for each in bare).split())


def fold_all(texts: Sequence[str]) -> list[str]:
    """`fold` of each text, by one pass over all of them."""
    if not texts:
        return []
    joined = unicodedata.normalize("NFKD", "\n".join(text.replace("\n", " ") for text in texts))
    bare = joined.translate({ord(each): None for each in set(joined) if unicodedata.combining(each)})
    bare = bare.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").casefold()
    blank = {ord(each): " " for each in set(bare) if not each.isalnum() and each != "\n"}
    return [" ".join(line.split()) for line in bare.translate(blank).split("\n")]


def squeeze(text: str) -> str:
    """`fold(text)` without blanks, for names of columns."""
    return fold(text).replace(" ", "")


def nearest(word: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """The choices most like `word`, the best first; none where nothing is like it."""
    folded = {fold(choice): choice for choice in choices}
    return [folded[match] for match in get_close_matches(fold(word), folded, n=count, cutoff=0.5)]


def short_name(name: str, most: int = 10) -> str:
    """`name` in at most so many letters, as a shapefile has them: the longest of its words lose their ends first."""
    words = name.split("_")
    while len("_".join(words)) > most:
        longest = max(words, key=len)
        words[words.index(longest)] = longest[:-1]
    return "_".join(words)
