"""The details of a row, as the map's popups ask for them."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, abort, g, jsonify, url_for

from geoapp.publish.details import read_detail
from geoapp.web.audit import record_read
from geoapp.web.database import writing
from layers.catalogue import LAYERS

details = Blueprint("details", __name__, url_prefix="/api/v1/layers")

# The layers whose rows have a page of their own.
PAGES = {"incidents": "incidents.page"}
# The layers of which every look at a row is in the audit.
SENSITIVE = ("incidents", "deployments")


@details.get("/<name>/<path:key>")
def detail(name: str, key: str) -> Response:
    """One row of a layer in words, in the language of the request."""
    if name not in LAYERS:
        abort(404)
    with writing() as connection:
        found = read_detail(connection, LAYERS[name], key, g.language)
        if name in SENSITIVE:
            record_read(connection, LAYERS[name].key.table.name, key)
    answer = asdict(found)
    if name in PAGES:
        answer["href"] = url_for(PAGES[name], key=key, lang=g.language)
    response = jsonify(answer)
    # Positions of forces and reports of incidents must not stay on an office computer.
    response.headers["Cache-Control"] = "no-store"
    return response
