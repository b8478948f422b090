"""Papers: the templates of what is printed, filled without a request, so that commands make them, too."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoapp.catalogue import catalogue
from geoapp.publish.pdf import make_pdf
from geoapp.resources import folder
from layers.text import Text, typeset


def print_paper(template: str, language: str, **values: Any) -> bytes:
    """The PDF of a template of `templates/paper/`, which extends `paper/base.html`, in one language.

    Templates have `_` and `ngettext`, `lang`, and the filters `number`, `day`, `moment` and `said` (of a Text).
    """
    return make_pdf(fill(template, language, **values))


def fill(template: str, language: str, **values: Any) -> str:
    """The HTML of a paper."""
    return _environment(language).get_template(f"paper/{template}").render(lang=language, **values)


@cache
def _environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = catalogue(language)
    made.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]

    def number(value: float, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return str(format_decimal(value, pattern, locale=language))

    def day(value: dt.date) -> str:
        shown = str(format_date(value, "long", locale=language))
        return f"1er{shown[1:]}" if language == "fr" and value.day == 1 else shown

    def moment(value: dt.datetime) -> str:
        return str(format_datetime(value, "d MMMM y, HH:mm", locale=language))

    def said(value: Text) -> str:
        return typeset(value.in_language(language), language)

    made.filters.update(number=number, day=day, moment=moment, said=said)
    return made
