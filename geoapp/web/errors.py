"""What a reader gets when something is wrong: a problem document for programs, a page for people."""

from __future__ import annotations

import logging
import traceback

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from geoapp.errors import (
    AssetsMissingError,
    BadRequestError,
    DatabaseError,
    ForbiddenError,
    GeoappError,
    NotFoundError,
    QuestionError,
    SignInNeededError,
)
from geoapp.web.language import translate
from layers.filter import FilterError

STATUS: dict[type[Exception], int] = {
    NotFoundError: 404,
    BadRequestError: 400,
    ForbiddenError: 403,
    FilterError: 400,
    SignInNeededError: 401,
    DatabaseError: 503,
    OperationalError: 503,
    AssetsMissingError: 500,
    GeoappError: 500,
}
# Nothing of an error's own text is shown for these: it could quote a row.
UNAVAILABLE = "The database does not answer at the moment. Try again in a minute."
UNEXPECTED = "Something went wrong on the server. Try again; if it stays, tell the administrator the time."
MISSING = "There is nothing at this address. Go back to the map."
FOR_PROGRAMS = ("/api/", "/tiles/", "/ogc/", "/healthz", "/readyz")

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the answers."""
    for kind, status in STATUS.items():
        app.register_error_handler(kind, lambda error, status=status: _known(error, status))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _known(error: Exception, status: int) -> Response:
    if isinstance(error, SQLAlchemyError | DatabaseError):
        log.error("database: %s", type(error).__name__)
        return _answer(status, translate(UNAVAILABLE))
    if isinstance(error, FilterError | QuestionError):
        return _answer(status, error.said.in_language(g.language))
    return _answer(status, translate(str(error)))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    said = translate(MISSING) if status == 404 else (error.description or error.name)
    answer = _answer(status, said)
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _unexpected(error: Exception) -> Response:
    # Where it happened, and not what it says: that could quote a row.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__qualname__, where)
    return _answer(500, translate(UNEXPECTED))


def _answer(status: int, said: str) -> Response:
    if request.path.startswith(FOR_PROGRAMS):
        answer = jsonify(type="about:blank", title=_title(status), status=status, detail=said)
        answer.mimetype = "application/problem+json"
    else:
        answer = make_response(render_template("error.html", title=translate(_title(status)), message=said))
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if status == 503:
        answer.headers["Retry-After"] = "10"
    return answer


def _title(status: int) -> str:
    return {
        400: "This cannot be understood",
        401: "Sign in first",
        403: "Not yours to do",
        404: "Not found",
        405: "This is not possible here",
        503: "Not available at the moment",
    }.get(status, "An error occurred")
