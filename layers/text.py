"""Words in every language of the product, kept together so that none can be forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass

# French has a blank that does not break before these signs and inside its quotation marks.
BEFORE = re.compile(r" (?=[:;?!»%])")

LANGUAGES = ("en", "fr")


@dataclass(frozen=True)
class Text:
    """One phrase in English and French."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        """The phrase in `language`; English where the language is not one of `LANGUAGES`."""
        return self.fr if language == "fr" else self.en


def typeset(text: str, language: str) -> str:
    """`text` with the blanks that its language's typography asks for."""
    return BEFORE.sub("\u00a0", text).replace("« ", "«\u00a0") if language == "fr" else text
