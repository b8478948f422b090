"""What the words of a release might give away: sentences of the original report, and names of places and sources."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

# As many words in a row as nobody writes twice by chance.
RUN = 12
# An original that is shorter than a run is repeated when all of it is; a few words are no phrase of anybody's.
SHORTEST = 5


def repeats(summary: str, original: str | None) -> bool:
    """Whether `summary` holds a run of the original's words."""
    said, first = _words(summary), _words(original or "")
    length = min(RUN, len(first))
    if length < SHORTEST:
        return False
    return not _runs(said, length).isdisjoint(_runs(first, length))


def mentions(summary: str, names: Iterable[str | None]) -> list[str]:
    """Those of `names` that `summary` holds, whatever their accents, capitals and plurals."""
    said = _words(summary)
    return [name for name in names if name and _holds(said, _words(name))]


def _holds(said: Sequence[str], name: Sequence[str]) -> bool:
    return bool(name) and tuple(name) in _runs(said, len(name))


def _runs(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[place : place + length]) for place in range(len(words) - length + 1)}


def _words(text: str) -> list[str]:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return [word.rstrip("s") or word for word in re.findall(r"\w+", bare)]
