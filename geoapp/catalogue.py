"""The words of pages and papers by their English: a catalogue for each language, here of French.

French phrases of the code stand beside the English ones. For any other language the catalogue has those as well.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from geoapp.resources import PACKAGE
from layers.text import LANGUAGES, say_by_catalogue

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


for _other in LANGUAGES:
    if _other not in ("en", "fr"):
        say_by_catalogue(_other, catalogue(_other).gettext)
