"""`/risk/sites` and `/risk/provinces`: the rankings by pressure as pages and files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from geoapp.errors import QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.asking import ground_for_questions, record_question
from geoapp.risk.ranking import Standing, rank_provinces, rank_sites
from geoapp.web.answered import (
    INCIDENTS,
    PRESSURE,
    RANK,
    WEIGHT,
    Column,
    Table,
    day,
    decimals,
    km,
    left_out,
    signed,
    two,
    whole,
)
from geoapp.web.asking_form import fields_of
from geoapp.web.database import reading, writing
from geoapp.web.policy import unstored
from layers.text import Text

rankings = Blueprint("rankings", __name__, url_prefix="/risk")

PAGE = 50
BESIDE = ("lang", "sort", "page")
TITLES = {
    "sites": Text("Sites ranked by pressure", "Sites classés par pression"),
    "provinces": Text("Provinces ranked by pressure", "Provinces classées par pression"),
}
NAME, UNIT = Text("Name", "Nom"), Text("Province", "Province")
FIRM = Text("Rank may be", "Le rang peut être")
SINCE_MONTH, SINCE_YEAR = Text("In a month", "En un mois"), Text("In a year", "En un an")
VISITED = Text("Last visit", "Dernière visite")
moved = signed(0)

SITE_COLUMNS = (
    Column("rank", RANK, whole),
    Column("name", NAME, href=lambda row: f"/sites/{row['site_id']}"),
    Column("site_id", Text("Code", "Code")),
    Column("unit", UNIT),
    Column("pressure", PRESSURE, two),
    Column("incidents", Text("Incidents that press", "Incidents qui pèsent"), whole),
    Column("rank_low", FIRM, whole),
    Column("since_month", SINCE_MONTH, moved),
    Column("since_year", SINCE_YEAR, moved),
    Column("deployment_km", Text("Nearest deployment", "Déploiement le plus proche"), km),
    Column("visited_on", VISITED, day),
)
UNIT_COLUMNS = (
    Column("rank", RANK, whole),
    Column("name", NAME, href=lambda row: f"/risk/sites?unit={row['unit_code']}"),
    Column("pressure", Text("Mean pressure on its sites", "Pression moyenne sur ses sites"), two),
    Column("rank_low", FIRM, whole),
    Column("since_month", SINCE_MONTH, moved),
    Column("since_year", SINCE_YEAR, moved),
    Column("incidents", INCIDENTS, whole),
    Column("level_1", Text("Level 1", "Niveau 1"), whole),
    Column("weighted", WEIGHT, whole),
    Column("change", Text("Against the year before", "Par rapport à l'année précédente"), moved),
    Column("per_100_sites", Text("Per 100 sites", "Pour 100 sites"), decimals(1)),
    Column("per_100_sites_smoothed", Text("the same, smoothed", "le même, lissé"), decimals(1)),
    Column("open", Text("Open", "Ouverts"), whole),
    Column("overdue", Text("Overdue", "En retard"), whole),
    Column("sites", Text("Sites", "Sites"), whole),
    Column(
        "far_sites", Text("of these more than 5 km from a deployment", "dont à plus de 5 km d'un déploiement"), whole
    ),
    Column("unvisited_sites", Text("without a visit in 183 days", "sans visite depuis 183 jours"), whole),
    Column("visited_on", VISITED, day),
)
COLUMNS = {"sites": SITE_COLUMNS, "provinces": UNIT_COLUMNS}
# Files hold what a page shows in one cell as columns of their own.
MORE = {
    "sites": ("rank_high", "rank_a_month_ago", "rank_a_year_ago", "long_unvisited", "outside_scope", "lon", "lat"),
    "provinces": ("rank_high", "rank_a_month_ago", "rank_a_year_ago", "unit_code"),
}


@dataclass(frozen=True)
class Ranked:
    """A ranking: its rows with the names of the API, and what they are made from."""

    rows: list[dict[str, Any]]
    answers: Sequence[Answer]


@rankings.get("/sites")
def sites() -> Response:
    """The sites of the viewer, the highest pressure first."""
    return _page("sites")


@rankings.get("/provinces")
def provinces() -> Response:
    """The provinces of the viewer, the highest mean pressure on their sites first."""
    return _page("provinces")


@rankings.get("/sites.csv")
def sites_file() -> Response:
    """The same of all sites as a file."""
    return _csv("sites")


@rankings.get("/provinces.csv")
def provinces_file() -> Response:
    """The same of all provinces as a file."""
    return _csv("provinces")


def _page(name: str) -> Response:
    given, wrong, ranked = _given(), None, None
    with reading() as connection:
        fields = fields_of(connection, ground_for_questions(connection), name, given)
    try:
        ranked = _ranked(name, given)
    except QuestionError as error:
        wrong = error.said.in_language(g.language)
    sort = _sort(name)
    rows = _sorted(ranked.rows, sort) if ranked else []
    pages = max(1, math.ceil(len(rows) / PAGE))
    page = min(_number(), pages)
    shown = render_template(
        "ranking.html",
        name=name,
        title=TITLES[name].in_language(g.language),
        fields=fields,
        wrong=wrong,
        told=[(each.sentence.in_language(g.language), left_out(each)) for each in ranked.answers] if ranked else [],
        columns=COLUMNS[name],
        rows=rows[(page - 1) * PAGE : page * PAGE],
        total=len(rows),
        sort=sort,
        page=page,
        pages=pages,
        query=lambda **other: _query(given, **{"sort": sort, **other}),
        file=f"{url_for(f'rankings.{name}_file')}?{_query(given, sort=sort)}",
        synthetic=bool(ranked and any(each.synthetic for each in ranked.answers)),
    )
    return unstored(make_response(shown, 400 if wrong else 200))


def _csv(name: str) -> Response:
    ranked = _ranked(name, _given())
    columns = [*COLUMNS[name], *(Column(each, RANK) for each in MORE[name])]
    table = Table(name, TITLES[name], columns, _sorted(ranked.rows, _sort(name)))
    # Excel reads UTF-8 by the mark at its beginning.
    response = Response("\ufeff" + table.as_csv(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return unstored(response)


def _given() -> dict[str, str]:
    given = {name: ",".join(filter(None, values)) for name, values in request.args.lists() if name not in BESIDE}
    return {name: text for name, text in given.items() if text}


def _ranked(name: str, given: Mapping[str, str]) -> Ranked:
    with reading() as connection:
        made = (
            _of_sites(rank_sites(connection, given))
            if name == "sites"
            else _of_units(rank_provinces(connection, given))
        )
    # Apart, since what a writing transaction reads cannot be kept for the next question.
    with writing() as connection:
        record_question(connection, name)
    return made


def _of_sites(ranking: Any) -> Ranked:
    rows = [
        {
            **_standing(site.standing),
            "name": site.name,
            "site_id": site.site_id,
            "unit": ", ".join(ranking.names[code].in_language(g.language) for code in site.units),
            "incidents": site.incidents,
            "deployment_km": None if site.deployment_m is None else site.deployment_m / 1000,
            "visited_on": site.visited_on,
            "long_unvisited": site.long_unvisited,
            "outside_scope": site.outside_scope,
            "lon": site.lon,
            "lat": site.lat,
        }
        for site in ranking.sites
    ]
    return Ranked(rows, [ranking.answer])


def _of_units(ranking: Any) -> Ranked:
    rows = [
        {
            **_standing(unit.standing),
            "name": unit.name.in_language(g.language),
            "unit_code": unit.unit_code,
            "incidents": unit.counts.incidents,
            "level_1": unit.counts.by_level["1"],
            "weighted": unit.counts.weighted,
            "change": unit.counts.change,
            "per_100_sites": unit.counts.per_100_sites,
            "per_100_sites_smoothed": unit.counts.per_100_sites_smoothed,
            "open": unit.counts.open,
            "overdue": unit.counts.overdue,
            "sites": unit.sites,
            "far_sites": unit.far_sites,
            "unvisited_sites": unit.unvisited_sites,
            "visited_on": unit.visited_on,
        }
        for unit in ranking.units
    ]
    return Ranked(rows, [ranking.by_sites, ranking.answer])


def _standing(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        names = ("pressure", "rank", "rank_low", "rank_high", "rank_a_month_ago", "rank_a_year_ago")
        return dict.fromkeys((*names, "since_month", "since_year"))
    return {
        "rank": standing.rank,
        "pressure": standing.pressure,
        "rank_low": standing.low,
        "rank_high": standing.high,
        "rank_a_month_ago": standing.month,
        "rank_a_year_ago": standing.year,
        "since_month": standing.since_month,
        "since_year": standing.since_year,
    }


def _sort(name: str) -> str:
    asked = request.args.get("sort", "")
    return asked if asked.lstrip("-") in {column.key for column in COLUMNS[name]} else "rank"


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """In the order of a column, the rows in which it is empty coming last either way."""
    key = sort.lstrip("-")
    held = [row for row in rows if row[key] is not None and row[key] != ""]
    empty = [row for row in rows if row[key] is None or row[key] == ""]

    def order(row: Mapping[str, Any]) -> Any:
        return row[key].casefold() if isinstance(row[key], str) else row[key]

    return sorted(held, key=order, reverse=sort.startswith("-")) + empty


def _number() -> int:
    given = request.args.get("page", "1")
    return int(given) if re.fullmatch(r"[1-9]\d{0,5}", given, re.ASCII) else 1


def _query(given: Mapping[str, str], **other: str) -> str:
    made = {**given, **other, "lang": g.language}
    if made.get("sort") == "rank":
        del made["sort"]
    return urlencode({name: value for name, value in made.items() if value}, safe=",")
