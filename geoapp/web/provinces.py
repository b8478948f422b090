"""The page of the provinces: a figure of each as a map and a table; for everybody, what is published of incidents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from sqlalchemy import Connection

from geoapp.errors import BadRequestError, QuestionError
from geoapp.followup.periods import Period, read_period
from geoapp.naming import fold
from geoapp.province.figures import FIGURES, Column, Figure, Row, figures_open, read_table
from geoapp.province.section import NO_BREAK, said
from geoapp.province.shades import shades_of
from geoapp.publish.edition import parse_quarter, quarter_name
from geoapp.publish.provinces import Edition, published_quarters, read_edition
from geoapp.risk.asking import record_question
from geoapp.settings import Settings
from geoapp.web.choropleth import Choropleth, Shaded, draw_choropleth
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.folium_page import map_parts
from geoapp.web.language import day_in_words, share
from geoapp.web.policy import nonce, unstored
from layers.text import Text
from layers.vocabulary import COUNTRY

provinces = Blueprint("provinces", __name__)

PUBLISHED = "published"
NO_QUARTER = "The address names no quarter such as 2025-Q4. Choose one on the page Provinces."
NO_FIGURE = Text(
    "figure: there is no figure “{name}”. Choose one of the list.",
    "figure : il n'y a pas de chiffre « {name} ». Choisissez-en un dans la liste.",
)
NOT_YOURS = Text(
    "{figure}: this figure is not open to you. Coordinators, analysts and GIS officers see it in their units. Here is"
    " one that is.",
    "{figure} : ce chiffre ne vous est pas ouvert. Les coordinateurs, analystes et responsables SIG le voient dans"
    " leurs unités. En voici un qui l'est.",
)
PUBLISHED_TITLE = Text("Published incidents", "Incidents publiés")
NONE_OF_IT = Text("no figure: nothing to count it of", "pas de chiffre : rien à quoi le rapporter")
UNVISITED = Text(
    "no mine site visited in the 183 days before: nothing is known, which is not calm",
    "aucun site visité dans les 183 jours précédents : on ne sait rien, ce qui n'est pas le calme",
)
NOT_VISIBLE = Text("not visible to you", "non visible pour vous")
WITHHELD = Text("withheld", "non communiqué")
AT_LEAST = Text("at least {n}, the rest is withheld", "au moins {n}, le reste n'est pas communiqué")
HATCHED_TIP = Text("{value}; no site visited for 183 days", "{value} ; aucun site visité depuis 183 jours")
NO_VALUE = Text("no figure", "pas de chiffre")


@provinces.get("/provinces")
def page() -> Response:
    """The figure that the address names, in its period; without one, the first that is open to the viewer."""
    faults, name = [], request.args.get("figure", "")
    with reading() as connection:
        opened = figures_open(connection)
        figure = next(iter(opened), None)
        if request.args.get("quarter"):
            figure = None
        if name == PUBLISHED:
            figure = None
        elif name in FIGURES:
            if FIGURES[name] in opened:
                figure = FIGURES[name]
            else:
                faults.append(said(NOT_YOURS, g.language, figure=FIGURES[name].title.in_language(g.language)))
        elif name:
            faults.append(said(NO_FIGURE, g.language, name=name[:40]))
        wrong = bool(name) and name not in FIGURES and name != PUBLISHED
        if figure is None:
            shown = _published(connection)
        else:
            try:
                period = read_period(connection, request.args.get("since"), request.args.get("until"), None)
            except QuestionError as refused:
                faults.append(refused.said.in_language(g.language))
                wrong, period = True, read_period(connection, None, None, None)
            shown = _figure(connection, figure, period)
    if figure is not None and any(not row["released"] for _, rows in shown["countries"] for row in rows):
        # Apart, since what a writing transaction reads cannot be kept for the next question.
        with writing() as connection:
            record_question(connection, figure.question)
    choices = [(each.name, each.title.in_language(g.language)) for each in opened]
    body = render_template(
        "provinces.html",
        figures=[*choices, (PUBLISHED, PUBLISHED_TITLE.in_language(g.language))] if opened else [],
        asked=figure.name if figure else PUBLISHED,
        faults=faults,
        **shown,
    )
    return unstored(make_response(body, 400 if wrong else 200))


def _figure(connection: Connection, figure: Figure, period: Period) -> dict[str, Any]:
    """What the template shows of a figure."""
    table = read_table(connection, figure, period)
    values = [value for each in table.rows if (value := each.value(figure)) is not None]
    units = [
        Shaded(each.unit_code, each.value(figure), _tip(each, figure), bool(each.unvisited)) for each in table.rows
    ]
    everywhere = {code for codes in current_viewer().rights.values() for code in codes} >= set(COUNTRY)
    shown = Choropleth(
        shades_of(values, figure.scale, g.language),
        units,
        said(NONE_OF_IT, g.language),
        said(UNVISITED, g.language),
        None if everywhere else said(NOT_VISIBLE, g.language),
    )
    title = figure.title.in_language(g.language)
    return {
        "figure": figure,
        "title": title,
        "says": said(figure.says, g.language),
        "period": period,
        "days": (day_in_words(period.since), day_in_words(period.until)),
        "sentence": table.sentence.in_language(g.language) if table.sentence else "",
        "younger": table.younger,
        "nothing": not any(values),
        "columns": [(each.heading.in_language(g.language), each.key) for each in figure.columns],
        "countries": _by_country(table.rows, figure),
        "released": any(each.released for each in table.rows),
        "visits": any(each.unvisited is not None for each in table.rows),
        "marks": shown.marks(),
        "keys": shown.keys,
        "parts": map_parts(draw_choropleth(connection, shown, title, g.language), nonce()) if units else None,
        "synthetic": table.synthetic,
    }


def _by_country(rows: Sequence[Row], figure: Figure) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows by country, in the order of the alphabet, their values in words."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(rows, key=lambda row: fold(row.name.in_language(g.language))):
        found.setdefault(COUNTRY.label(each.country, g.language), []).append(
            {
                "unit_code": each.unit_code,
                "name": each.name.in_language(g.language),
                "cells": [written(each.values.get(column.key), column) for column in figure.columns],
                "unvisited": each.unvisited,
                "released": each.released,
            }
        )
    return sorted(found.items(), key=lambda each: fold(each[0]))


def written(value: float | None, column: Column) -> str:
    """A value as readers of the request's language write it; a dash for none."""
    if value is None:
        return "–"
    match column.kind:
        case "percent":
            return f"{share(100 * value)}{NO_BREAK}%"
        case "signed":
            return str(format_decimal(value, "+#,##0;−#,##0", locale=g.language)) if value else "0"
        case "decimal":
            return str(format_decimal(value, "#,##0.0", locale=g.language))
    return str(format_decimal(value, "#,##0", locale=g.language))


def _tip(row: Row, figure: Figure) -> str:
    value = row.value(figure)
    words = said(NO_VALUE, g.language) if value is None else written(value, figure.columns[0])
    return said(HATCHED_TIP, g.language, value=words) if row.unvisited else words


def _published(connection: Connection) -> dict[str, Any]:
    """The latest edition of the quarter that `quarter` names, else of the last one that is published."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    asked = _asked()
    quarters = published_quarters(connection)
    chosen = asked or (quarters[0] if quarters else None)
    edition = read_edition(connection, chosen, g.language, settings.time_zone) if chosen else None
    return {
        "edition": edition,
        "quarters": [(quarter_name(each), in_words(each)) for each in quarters],
        "chosen": quarter_name(chosen) if chosen else None,
        "quarter": in_words(chosen) if chosen else None,
        "made_on": format_date(edition.made_on, "long", locale=g.language) if edition else None,
        "synthetic": edition is not None and edition.synthetic,
        **(_edition_map(connection, edition) if edition else {}),
    }


def _edition_map(connection: Connection, edition: Edition) -> Mapping[str, Any]:
    """The published figures of all levels together: no more than they give, so with what is withheld left out."""
    units = []
    for country in edition.countries:
        for each in country.provinces:
            told = [number for number in each.figures if number is not None]
            total = sum(told) if told else None
            number = str(format_decimal(total, "#,##0", locale=g.language)) if total is not None else ""
            words = said(AT_LEAST, g.language, n=number) if number else said(WITHHELD, g.language)
            units.append(Shaded(each.unit_code, total, number if len(told) == len(each.figures) else words))
    values = [each.value for each in units if each.value is not None]
    shades = shades_of(values, "number", g.language)
    shown = Choropleth(shades, units, said(WITHHELD, g.language), None, None)
    title = said(PUBLISHED_TITLE, g.language)
    return {
        "marks": shown.marks(),
        "keys": shown.keys,
        "parts": map_parts(draw_choropleth(connection, shown, title, g.language), nonce()),
    }


def in_words(quarter: dt.date) -> str:
    """A quarter, given by its first day, in the language of the request."""
    return format_date(quarter, "QQQQ yyyy", locale=g.language)


def _asked() -> dt.date | None:
    name = request.args.get("quarter")
    if not name:
        return None
    quarter = parse_quarter(name)
    if quarter is None:
        raise BadRequestError(NO_QUARTER)
    return quarter
