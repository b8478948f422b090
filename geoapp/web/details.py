"""The details of a row, as the map's popups ask for them."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, abort, g, jsonify, url_for

from geoapp.publish.details import read_detail
from geoapp.web.database import reading
from geoapp.web.policy import unstored
from layers.catalogue import LAYERS

details = Blueprint("details", __name__, url_prefix="/api/v1/layers")

# The layers whose rows have a page of their own.
PAGES = {"incidents": "incidents.page"}


@details.get("/<name>/<path:key>")
def detail(name: str, key: str) -> Response:
    """One row of a layer in words, in the language of the request."""
    if name not in LAYERS:
        abort(404)
    with reading() as connection:
        found = read_detail(connection, LAYERS[name], key, g.language)
    answer = asdict(found)
    if name in PAGES:
        answer["href"] = url_for(PAGES[name], key=key, lang=g.language)
    return unstored(jsonify(answer))
