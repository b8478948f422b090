"""Words in every language of the product, kept together so that none can be forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# French has a blank that does not break before these signs and inside its quotation marks.
BEFORE = re.compile(r" (?=[:;?!»%])")

# The first two stand beside each other in the code. Another is its code here, and a catalogue of words by the English.
LANGUAGES = ("en", "fr")
_words: dict[str, Callable[[str], str]] = {}


def say_by_catalogue(language: str, look_up: Callable[[str], str]) -> None:
    """Let every phrase be said in another language: `look_up` answers to the English one, which it may give back."""
    _words[language] = look_up


@dataclass(frozen=True)
class Text:
    """One phrase in English and French, and by a catalogue in other languages."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        """The phrase in `language`; English where that has no words for it."""
        if language == "fr":
            return self.fr
        return _words[language](self.en) if language in _words else self.en


def typeset(text: str, language: str) -> str:
    """`text` with the blanks that its language's typography asks for."""
    return BEFORE.sub("\u00a0", text).replace("« ", "«\u00a0") if language == "fr" else text
