"""The words of pages and papers in French: the catalogue that their English is looked up in."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from geoapp.resources import PACKAGE

CATALOGUES = PACKAGE / "web" / "translations"


@cache
def catalogue(language: str) -> NullTranslations:
    """The catalogue of `language`, compiled in memory from its .po file; English needs none."""
    source = CATALOGUES / f"{language}.po"
    if not source.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with source.open("rb") as text:
        write_mo(compiled, read_po(text, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
