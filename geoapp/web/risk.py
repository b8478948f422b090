"""The risk questions as JSON; `geoapp.risk.questions` says what each may be asked with."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from geoapp.errors import QuestionError
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask
from geoapp.risk.questions import QUESTIONS
from geoapp.web.database import reading

risk = Blueprint("risk", __name__, url_prefix="/api/v1/risk")

# A line or an area drawn by hand; a shapefile's outline of a country fits in.
MOST_BYTES = 2_000_000
TOO_LARGE = QuestionError(
    "The body is larger than 2 MB: simplify the geometry.",
    "Le corps dépasse 2 Mo : simplifiez la géométrie.",
)
NOT_JSON = QuestionError(
    "The body is not JSON: send a GeoJSON geometry.", "Le corps n'est pas du JSON : envoyez une géométrie GeoJSON."
)


@risk.get("/<name>")
def question(name: str) -> Response:
    """Answer a question that takes no geometry."""
    if name not in QUESTIONS:
        abort(404)
    if QUESTIONS[name].body_only:
        abort(405, valid_methods=["POST"])
    return _answer(name, None)


@risk.post("/<name>")
def question_of_a_geometry(name: str) -> Response:
    """Answer a question about the GeoJSON geometry in the body."""
    if name not in QUESTIONS:
        abort(404)
    if QUESTIONS[name].body is None:
        abort(405, valid_methods=["GET"])
    if (request.content_length or 0) > MOST_BYTES:
        raise TOO_LARGE
    body = request.get_json(force=True, silent=True)
    if body is None:
        raise NOT_JSON
    return _answer(name, body)


def _answer(name: str, body: Any) -> Response:
    given = {each: request.args[each] for each in request.args if each != "lang"}
    with reading() as connection:
        answer = ask(connection, name, given, body)
    response = jsonify(as_json(answer))
    # What is not covered, and where little was reported, must not stay on an office computer.
    response.headers["Cache-Control"] = "no-store"
    return response
