"""Whether the process lives, and whether it can answer from the database."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from geoapp.database.migrate import require_current
from geoapp.errors import GeoappError
from geoapp.web.database import reading

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """The process answers; asks nothing of the database."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers and has this program's schema; 503 with the reason where not."""
    try:
        with reading() as connection:
            require_current(connection)
    except GeoappError as error:
        return jsonify(status="not ready", reason=str(error)), 503
    except SQLAlchemyError:
        return jsonify(status="not ready", reason="The database does not answer."), 503
    return jsonify(status="ready"), 200
