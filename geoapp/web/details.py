"""The details of a row, as the map's popups ask for them."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, abort, g, jsonify

from geoapp.publish.details import read_detail
from geoapp.web.audit import record_read
from geoapp.web.database import reading, writing
from geoapp.web.description import LANGUAGE, LAYER, Description, Parameter, described
from geoapp.web.policy import unstored
from geoapp.web.row_pages import page_of
from layers.catalogue import LAYERS
from layers.text import Text

details = Blueprint("details", __name__, url_prefix="/api/v1/layers")

# The layers of which every look at a row is in the audit.
SENSITIVE = ("incidents", "deployments")
KEY = Parameter(
    "key",
    "path",
    Text(
        "The key of the row, as the layer's tiles have it.", "La clé de la ligne, comme les tuiles de la couche l’ont."
    ),
    {"type": "string", "minLength": 1},
    required=True,
)


@details.get("/<name>/<path:key>")
@described(
    Description(
        Text("One row of a layer in words", "Une ligne d’une couche en mots"),
        Text("Rows", "Lignes"),
        {
            "type": "object",
            "required": ["title", "subtitle", "synthetic", "fields"],
            "properties": {
                "title": {"type": "string"},
                "subtitle": {"type": ["string", "null"]},
                "synthetic": {"type": "boolean"},
                "fields": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["label", "value"],
                        "properties": {"label": {"type": "string"}, "value": {"type": "string"}},
                    },
                },
                "href": {"type": "string"},
            },
        },
        parameters=(LAYER, KEY, LANGUAGE),
        errors=(404,),
    )
)
def detail(name: str, key: str) -> Response:
    """One row of a layer in words, in the language of the request."""
    if name not in LAYERS:
        abort(404)
    with writing() if name in SENSITIVE else reading() as connection:
        found = read_detail(connection, LAYERS[name], key, g.language)
        if name in SENSITIVE:
            record_read(connection, LAYERS[name].table, key)
    answer = asdict(found)
    if (href := page_of(name, key)) is not None:
        answer["href"] = href
    return unstored(jsonify(answer))
