"""The risk questions as JSON; `geoapp.risk.questions` says what each may be asked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from geoapp.errors import QuestionError
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask, record_question
from geoapp.risk.parameters import ON
from geoapp.risk.questions import QUESTIONS, Question
from geoapp.web.database import reading, writing
from geoapp.web.description import FILTERS, LANGUAGE, Description, Parameter, described
from geoapp.web.forms import answers_only
from layers.text import Text

risk = Blueprint("risk", __name__, url_prefix="/api/v1/risk")

RISK = Text("Risk questions", "Questions de risque")
ANSWER = {
    "type": "object",
    "required": ["question", "parameters", "used", "left_out", "excluded", "outside_scope", "sentence"],
    "properties": {
        "question": {"type": "string"},
        "parameters": {"type": "object"},
        "used": {"type": "integer"},
        "left_out": {"type": "object", "additionalProperties": {"type": "integer"}},
        "sentence": {"type": "object", "required": ["fr", "en"]},
    },
}
GEOJSON = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {"type": {"type": "string"}, "coordinates": {"type": "array"}},
}
# A line or an area drawn by hand; a shapefile's outline of a country fits in.
MOST_BYTES = 2_000_000
TOO_LARGE = QuestionError(
    "The body is larger than 2 MB: simplify the geometry.",
    "Le corps dépasse 2 Mo : simplifiez la géométrie.",
)
NOT_JSON = QuestionError(
    "The body is not JSON: send a GeoJSON geometry.", "Le corps n'est pas du JSON : envoyez une géométrie GeoJSON."
)


def add_question(question: Question) -> None:
    """Serve a question: by GET, and by POST about the GeoJSON geometry in the body where it takes one."""
    name = question.name

    def view() -> Response:
        return _answer(name, None)

    def view_of_a_geometry() -> Response:
        return _answer(name, _geometry())

    if not question.body_only or question.drawn:
        risk.add_url_rule(f"/{name}", name, described(_description(question))(view))
    if question.body is not None:
        posted = described(_description(question, GEOJSON))(answers_only(view_of_a_geometry))
        risk.add_url_rule(f"/{name}", f"{name}_of_a_geometry", posted, methods=["POST"])


def _description(question: Question, body: dict[str, Any] | None = None) -> Description:
    return Description(
        question.title, RISK, ANSWER, parameters=_parameters(question, body is not None), body=body, errors=(401, 403)
    )


def _parameters(question: Question, with_geometry: bool) -> Sequence[Parameter]:
    own = [each for each in (*question.parameters, ON) if not (with_geometry and each.name in question.replaced)]
    filters = [each for each in FILTERS if each.name in question.filters]
    return [*(Parameter(each.name, "query", each.says, each.schema, each.required) for each in own), *filters, LANGUAGE]


def _geometry() -> Any:
    if (request.content_length or 0) > MOST_BYTES:
        raise TOO_LARGE
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        body = None
    if body is None:
        raise NOT_JSON
    return body


def _answer(name: str, body: Any) -> Response:
    given = {each: request.args[each] for each in request.args if each != "lang"}
    with reading() as connection:
        answer = ask(connection, name, given, body)
    # Apart, since what a writing transaction reads cannot be kept for the next question.
    with writing() as connection:
        record_question(connection, name)
    response = jsonify(as_json(answer))
    # What is not covered, and where little was reported, must not stay on an office computer.
    response.headers["Cache-Control"] = "no-store"
    return response


for each_question in QUESTIONS.values():
    add_question(each_question)
