"""The language of a request, and the words of its page."""

from __future__ import annotations

from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, current_app, g, request

from geoapp.catalogue import catalogue
from geoapp.settings import Settings
from layers.text import LANGUAGES, typeset

# Each language's code, the letters that stand for it, and its name in itself.
NAMED = [(code, code.upper(), (Locale(code).language_name or code).capitalize()) for code in LANGUAGES]


def init_app(app: Flask) -> None:
    """Choose each request's language, and give the templates `_`, `lang` and `languages`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: catalogue(g.language).gettext(message),
        lambda one, many, n: catalogue(g.language).ngettext(one, many, n),
        newstyle=True,
    )

    app.jinja_env.filters["number"] = number
    app.jinja_env.filters["share"] = share
    # Templates that papers fill too have these names for them.
    app.jinja_env.filters["said"] = lambda words: typeset(words.in_language(g.language), g.language)
    app.jinja_env.filters["typeset"] = lambda said: typeset(said, g.language)

    @app.before_request
    def choose() -> None:
        g.language = chosen_language()

    @app.context_processor
    def words() -> dict[str, object]:
        return {"lang": g.language, "languages": NAMED}


def chosen_language() -> str:
    """What the address asks for, else what the browser prefers, else what the installation is set to."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return str(asked)
    settings: Settings = current_app.extensions["geoapp.settings"]
    return request.accept_languages.best_match(LANGUAGES) or settings.language


def number(value: float, digits: int | None = None) -> str:
    """A number as readers of the request's language write it, with at most so many decimals."""
    pattern = None if digits is None else "#,##0" + ("." + "#" * digits if digits else "")
    return format_decimal(value, pattern, locale=g.language)


def share(value: float) -> str:
    """A share of 100: whole, but with what tells a little from nothing and nearly all from all."""
    if 0 < value < 1:
        return f"< {number(1)}"
    return f"> {number(99)}" if 99 < value < 100 else number(round(value))


def day_in_words(day: date | None) -> str:
    """A day as readers of the request's language write it; empty where there is none."""
    if day is None:
        return ""
    said = format_date(day, "long", locale=g.language)
    return f"1er{said[1:]}" if g.language == "fr" and day.day == 1 else said


def translate(message: str) -> str:
    """A message of the code in the language of the request."""
    return catalogue(g.language).gettext(message)
