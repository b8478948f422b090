"""Words in every language of the product, kept together so that none can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "fr")


@dataclass(frozen=True)
class Text:
    """One phrase in English and French."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        """The phrase in `language`; English where the language is not one of `LANGUAGES`."""
        return self.fr if language == "fr" else self.en


def french(words: str) -> str:
    """French words with spaces that do not break before signs of two parts."""
    for sign in ":;?!%»":
        words = words.replace(f" {sign}", f"\u00a0{sign}")
    return words
