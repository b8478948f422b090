"""`/risk`: the risk questions as pages; the map shows the same answers in its panel, each by the same address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from geoapp.errors import NotFoundError, QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.asking import ground_for_questions, read_question, record_question
from geoapp.risk.drawing import Feature, draw_answer
from geoapp.risk.questions import QUESTIONS
from geoapp.web.answered import Answered, in_words
from geoapp.web.asking_form import DRAWS, ON_MAP, TITLES, fields_of, title_of
from geoapp.web.database import reading, writing
from geoapp.web.policy import unstored
from layers.text import Text, typeset

questions = Blueprint("questions", __name__, url_prefix="/risk")

NO_SUCH_QUESTION = "There is no such risk question. Go to the page of the questions."
# What stands in the address beside the question itself: how many points a drawn line had before it was simplified, and
# how far, in metres, what is left lies from them.
BESIDE = ("lang", "part", "of_points", "off_m")
PANEL, ANSWER, MAP = "panel", "answer", "map"
# As many rows of a table as are read on a page; the file has all.
MOST_ROWS = 50
# Decimals of a degree: of a file, and on the map, where a pixel is never less than a metre.
EXACT, DRAWN = 9, 6
GEOJSON = "application/geo+json"
SIMPLIFIED = Text(
    "The line or area had {points} points. {kept} were kept; none of the others lies farther than {metres} m from"
    " them.",
    "La ligne ou la zone avait {points} points. {kept} ont été gardés ; aucun des autres ne s'en écarte de plus de"
    " {metres} m.",
)


@questions.get("")
def page() -> Response:
    """Every question with its form; as a part, what the map's panel offers."""
    with reading() as connection:
        ground = ground_for_questions(connection)
        if request.args.get("part") == PANEL:
            forms = {name: fields_of(connection, ground, name, {}) for name in ON_MAP}
            shown = render_template("_questions.html", forms=forms, titles=TITLES, draws=DRAWS)
        else:
            says = {name: QUESTIONS[name].title.in_language(g.language) for name in TITLES}
            shown = render_template("questions.html", titles=TITLES, says=says)
    return unstored(make_response(shown))


@questions.get("/<name>")
def question(name: str) -> Response:
    """A question with its form and, once it is asked, its answer."""
    given = _given(name)
    wrong, answer = None, None
    with reading() as connection:
        ground = ground_for_questions(connection)
        fields = fields_of(connection, ground, name, given)
        if _asks(name, given):
            try:
                _, asked = read_question(connection, name, given)
                answer = QUESTIONS[name].answer(connection, ground, asked)
            except QuestionError as error:
                wrong = error.said.in_language(g.language)
    told = _told(name, answer) if answer is not None else None
    part = request.args.get("part")
    shown = render_template(
        "_answer.html" if part == ANSWER else "question.html",
        name=name,
        title=title_of(name),
        says=QUESTIONS[name].title.in_language(g.language),
        fields=fields,
        wrong=wrong,
        told=told,
        answer=answer,
        asked=ask_of(name, given),
        most_rows=MOST_ROWS,
        simplified=_simplified(given, fields),
        links=_links(name, given),
        synthetic=bool(answer and answer.synthetic),
        open_in_panel=part == ANSWER,
    )
    return unstored(make_response(shown, 400 if wrong else 200))


@questions.get("/<name>.<suffix>")
def file(name: str, suffix: str) -> Response:
    """The answer as a file: csv (one table of it) or geojson, which is also what the map draws."""
    given = _given(name)
    if suffix == "csv":
        answer = _answer(name, given)[0]
        return _file(_csv(answer), "text/csv; charset=utf-8", f"{name}.csv")
    if suffix != "geojson":
        raise NotFoundError(NO_SUCH_QUESTION)
    drawn = request.args.get("part") == MAP
    outlined = given | ({"geometry": "1"} if name == "hotspots" else {})
    answer, features = _answer(name, outlined, DRAWN if drawn else EXACT)
    if drawn:
        # A map that shows thousands of cells which are not hot tells less.
        features = [each for each in features if each["properties"].get("hot", True)]
    content = json.dumps(
        {
            "type": "FeatureCollection",
            "sentence": {"fr": answer.sentence.fr, "en": answer.sentence.en},
            "address": ask_of(name, given),
            "features": features,
        },
        ensure_ascii=False,
    )
    return _file(content, GEOJSON, None if drawn else f"{name}.geojson")


def ask_of(name: str, given: Mapping[str, str]) -> str:
    """A question with its parameters as an address below `/risk/` has them, the language left out."""
    beside = {each: request.args[each] for each in ("of_points", "off_m") if request.args.get(each)}
    known = [each.name for each in QUESTIONS[name].parameters] + [*QUESTIONS[name].filters, "on"]
    ordered = {each: given[each] for each in known if given.get(each)}
    query = urlencode({**ordered, **beside}, safe=",;:/")
    return f"{name}?{query}" if query else name


def _given(name: str) -> dict[str, str]:
    """The parameters of the address; boxes of a form that bear one name are read as one list."""
    if name not in TITLES:
        raise NotFoundError(NO_SUCH_QUESTION)
    given = {each: ",".join(filter(None, values)) for each, values in request.args.lists() if each not in BESIDE}
    for each in ("line", "polygon"):
        if each in given:
            given[each] = _points(given[each])
    return {each: text for each, text in given.items() if text}


def _points(text: str) -> str:
    """Points as people write them, one a line and with blanks, as the address has them."""
    lines = [re.sub(r"\s*[,\s]\s*", ",", each.strip()) for each in re.split(r"[;\r\n]+", text)]
    return ";".join(each for each in lines if each)


def _asks(name: str, given: Mapping[str, str]) -> bool:
    """Whether the form was sent; what needs nothing is answered at once."""
    needs = any(each.required for each in QUESTIONS[name].parameters) or QUESTIONS[name].body_only
    return bool(given) or not needs


def _answer(name: str, given: Mapping[str, str], decimals: int = EXACT) -> tuple[Answer, list[Feature]]:
    with reading() as connection:
        ground, asked = read_question(connection, name, given)
        answer = QUESTIONS[name].answer(connection, ground, asked)
        features = draw_answer(connection, ground, asked, answer, decimals)
    with writing() as connection:
        record_question(connection, name)
    return answer, features


def _told(name: str, answer: Answer) -> Answered:
    # Apart, since what a writing transaction reads cannot be kept for the next question.
    with writing() as connection:
        record_question(connection, name)
    return in_words(answer)


def _simplified(given: Mapping[str, str], fields: Any) -> str:
    number, off = request.args.get("of_points", ""), request.args.get("off_m", "")
    shape = given.get("line") or given.get("polygon")
    if not (shape and re.fullmatch(r"\d{1,7}", number, re.ASCII) and re.fullmatch(r"\d{1,6}", off, re.ASCII)):
        return ""
    said = typeset(SIMPLIFIED.in_language(g.language), g.language)
    return said.format(points=number, kept=shape.count(";") + 1, metres=off)


def _links(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Where the answer can be had otherwise."""
    query = ask_of(name, given).partition("?")[2]
    tail = f"?{query}&lang={g.language}" if query else f"?lang={g.language}"
    return {
        "page": f"{url_for('questions.question', name=name)}{tail}",
        "csv": f"{url_for('questions.file', name=name, suffix='csv')}{tail}",
        "geojson": f"{url_for('questions.file', name=name, suffix='geojson')}{tail}",
        "json": f"/api/v1/risk/{name}?{urlencode(given, safe=',;:/')}",
        "map": f"/?{urlencode({'ask': ask_of(name, given), 'lang': g.language})}" if name in ON_MAP else "",
    }


def _csv(answer: Answer) -> str:
    tables = in_words(answer).tables
    wanted = request.args.get("table")
    found = next((each for each in tables if each.name == wanted), tables[0] if tables else None)
    # Excel reads UTF-8 by the mark at its beginning.
    return "\ufeff" + (found.as_csv() if found else "")


def _file(content: str, mimetype: str, name: str | None) -> Response:
    response = Response(content, mimetype=mimetype.partition(";")[0], content_type=mimetype)
    if name:
        response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return unstored(response)
