"""What a reader gets when something is wrong: a problem document for programs, a page for people."""

from __future__ import annotations

import logging
import traceback

from flask import Flask, Response, g, jsonify, make_response, render_template, request, url_for
from psycopg import OperationalError as DriverError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from werkzeug.exceptions import HTTPException

from geoapp.errors import (
    AssetsMissingError,
    BadRequestError,
    ConflictError,
    DatabaseError,
    ForbiddenError,
    GeoappError,
    NotFoundError,
    QuestionError,
    TooManyRequestsError,
    UnauthorizedError,
    is_full,
    is_passing,
)
from geoapp.publish.exports.writing import ExportError
from geoapp.web.credentials import CHALLENGE, by_token
from geoapp.web.database import stands_by
from geoapp.web.language import translate
from geoapp.web.people import viewer_if_known
from geoapp.web.uploads import most_in_words
from layers.filter import FilterError

STATUS: dict[type[Exception], int] = {
    NotFoundError: 404,
    BadRequestError: 400,
    UnauthorizedError: 401,
    ForbiddenError: 403,
    ConflictError: 409,
    TooManyRequestsError: 429,
    FilterError: 400,
    # What no column can hold, such as a NUL in a text.
    DataError: 400,
    ExportError: 404,
    DatabaseError: 503,
    OperationalError: 503,
    # What is read without SQLAlchemy between, and where all connections of the process are taken.
    DriverError: 503,
    NoConnectionError: 503,
    AssetsMissingError: 500,
    GeoappError: 500,
}
# Nothing of an error's own text is shown for these: it could quote a row.
UNAVAILABLE = "The database does not answer at the moment. Try again in a minute."
# Where standbys answer what is only read.
TO_BE_WRITTEN = (
    "The main database does not answer at the moment, and this has to be written down. The map, the lists and the tiles"
    " can be read meanwhile. Try again in a minute."
)
UNEXPECTED = "Something went wrong on the server. Try again; if it stays, tell the administrator the time."
# What geoapp's own errors do not say better; the words of the framework are in English alone.
SAID = {
    400: "The request is not complete or not well formed. Go back, and send it again.",
    401: "Sign in first.",
    403: "This is not possible from here, or not with your rights.",
    404: "There is nothing at this address. Go back to the map.",
    405: "This address cannot be asked in this way. Go back to the map.",
    413: "What was sent is larger than %(most)s. Send less at once; the command `geoapp import` takes larger files.",
    415: "What was sent is of a kind that this address does not take.",
}
OTHER = "The request cannot be answered as it is. Go back to the map."
FOR_PROGRAMS = ("/api/", "/tiles/", "/ogc/", "/healthz", "/readyz", "/metrics")

FULL = "The server's disk is full or cannot be written, so nothing of this was kept. Tell the operator, and try later."

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the answers."""
    for kind, status in STATUS.items():
        app.register_error_handler(kind, lambda error, status=status: _known(error, status))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def unavailable(said: str) -> Response:
    """The page that says what could not be done because the database does not answer."""
    return _answer(503, said)


def _known(error: Exception, status: int) -> Response:
    if isinstance(error, SQLAlchemyError | DriverError | DatabaseError):
        log.error("database: %s", type(error).__name__)
        return _answer(status, _unavailable() if status == 503 else translate(SAID[status]))
    if isinstance(error, FilterError | QuestionError | ConflictError):
        return _answer(status, error.said.in_language(g.language))
    answer = _answer(status, translate(str(error)))
    if isinstance(error, TooManyRequestsError):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    answer = _answer(status, translate(SAID.get(status, OTHER)) % {"most": most_in_words()})
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _unexpected(error: Exception) -> Response:
    if is_full(error):
        log.error("the disk is full: %s", type(error).__name__)
        return _answer(507, translate(FULL))
    if is_passing(error):
        log.error("database: %s", type(error).__name__)
        return _answer(503, _unavailable())
    # Where it happened, and not what it says: that could quote a row.
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__qualname__, where)
    return _answer(500, translate(UNEXPECTED))


def _unavailable() -> str:
    return translate(TO_BE_WRITTEN if stands_by() else UNAVAILABLE)


def _answer(status: int, said: str) -> Response:
    if by_token() or request.path.startswith(FOR_PROGRAMS) or _is_file():
        answer = jsonify(type="about:blank", title=_title(status), status=status, detail=said)
        answer.mimetype = "application/problem+json"
    else:
        asks = status < 500
        answer = make_response(
            render_template(
                "error.html",
                title=translate(_title(status)),
                message=said,
                asks=asks,
                who=viewer_if_known() if asks else None,
                sign_in=_sign_in() if status == 401 else None,
            )
        )
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if status == 401:
        answer.headers["WWW-Authenticate"] = CHALLENGE
    if status in {503, 507}:
        answer.headers["Retry-After"] = "10"
    return answer


def _sign_in() -> str:
    """The page to sign in on, which leads back to what was asked for."""
    asked = request.full_path.rstrip("?") if request.method == "GET" else None
    return url_for("sign_in.page", lang=g.language, next=asked)


def _is_file() -> bool:
    """Whether a file was asked for by a program; people who follow a link get a page."""
    wanted = request.accept_mimetypes.best_match(["application/problem+json", "text/html"])
    return request.endpoint in {"exporting.download", "exporting.pack"} and wanted != "text/html"


def _title(status: int) -> str:
    return {
        400: "This cannot be understood",
        401: "Not signed in",
        403: "Not yours to do",
        404: "Not found",
        405: "This is not possible here",
        413: "Too large",
        429: "Too many requests",
        503: "Not available at the moment",
        507: "Not available at the moment",
    }.get(status, "An error occurred")
