"""Refused requests in the audit: enough of them to see who tries, and never as many as a flood would bring."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, current_app, request
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from geoapp.access.audit import record, set_request
from geoapp.access.viewer import PUBLIC, set_viewer
from geoapp.errors import GeoappError
from geoapp.web.audit import object_named
from geoapp.web.buckets import Buckets
from geoapp.web.database import engine, writing
from geoapp.web.limits import KEY
from geoapp.web.proxies import client_network
from geoapp.web.request_id import request_id
from layers.catalogue import LAYERS

# Of these every one; a missing page is a refusal where it stands for a row that may be another's.
ALWAYS = {401, 403, 429}
# Addresses that hold no row of anybody's: a missing file or tile is no refusal.
UNWATCHED = ("static", "tiles.")
# Events a minute; whoever is refused more often is in the audit already.
OF_A_NETWORK, OF_ALL = 10, 60

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Record refusals."""
    app.after_request(_record)


def _record(response: Response) -> Response:
    status, endpoint = response.status_code, request.endpoint
    missing = status == 404 and endpoint is not None and not endpoint.startswith(UNWATCHED)
    if not (status in ALWAYS or missing):
        return response
    buckets: Buckets = current_app.extensions[KEY]
    if buckets.take("refusal", client_network(), OF_A_NETWORK) or buckets.take("refusals", "", OF_ALL):
        return response
    try:
        # With a token that does not hold nobody is known to ask.
        with _as_nobody() if status == 401 else writing() as connection:
            record(connection, "refused", _object(), after={"status": status})
    except (GeoappError, SQLAlchemyError) as error:
        # The answer is a refusal anyway.
        log.warning("a refusal is not in the audit: %s", type(error).__name__)
    return response


@contextmanager
def _as_nobody() -> Iterator[Connection]:
    with engine().begin() as connection:
        set_request(connection, request_id())
        set_viewer(connection, PUBLIC)
        yield connection


def _object() -> str:
    """What was asked for: a row whether it exists or not, so that the audit tells nobody which; else the page."""
    asked = request.view_args or {}
    if request.endpoint in {"details.detail", "ogc.item"} and asked.get("name") in LAYERS:
        return object_named(LAYERS[asked["name"]].table, asked["key"])
    if request.blueprint in {"incidents", "releases"}:
        return object_named("incident", str(asked.get("key") or asked.get("incident_id")))
    return f"page/{request.endpoint}" if request.endpoint else "page"
