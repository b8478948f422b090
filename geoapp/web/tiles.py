"""Vector tiles over HTTP, and the TileJSON that describes them."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, abort, g, jsonify, request, url_for

from geoapp.publish.tiles import MAX_ZOOM, Tile, base_tile, layer_tile
from geoapp.web.database import reading
from geoapp.web.description import FILTERS, LANGUAGE, LAYER, Description, Parameter, described
from geoapp.web.policy import unstored
from layers import base_map
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.text import Text

tiles = Blueprint("tiles", __name__, url_prefix="/tiles")

MVT = "application/vnd.mapbox-vector-tile"
BASE = "base"
# From where on their tiles hold single rows, these must not stay on an office computer that is taken: no copy is kept,
# though a tile that comes into view again is sent again.
UNSTORED = ("incidents", "deployments", "checkpoints")
# What the four countries fit in: west, south, east, north.
BOUNDS = [12.0, -13.6, 35.1, 5.5]

TILES = Text("Tiles", "Tuiles")
LAYER_OR_BASE = replace(LAYER, schema={"type": "string", "enum": [BASE, *LAYERS]})


def _place(name: str) -> Parameter:
    return Parameter(
        name,
        "path",
        Text("The place of the tile in the Web Mercator scheme.", "La place de la tuile dans le schéma Web Mercator."),
        {"type": "integer", "minimum": 0, "maximum": MAX_ZOOM if name == "z" else 2**MAX_ZOOM - 1},
        required=True,
    )


@tiles.get("/<name>/<int:z>/<int:x>/<int:y>.mvt")
@described(
    Description(
        Text(
            "A vector tile of a layer under a filter; below the zoom of its rows, counts by cell",
            "Une tuile vectorielle d’une couche sous un filtre\u00a0; des comptes avant le zoom des lignes",
        ),
        TILES,
        {"type": "string", "contentMediaType": MVT},
        MVT,
        (LAYER_OR_BASE, *(_place(name) for name in "zxy"), *FILTERS),
        errors=(404,),
        headers={"ETag": Text("Changes with the content.", "Change avec le contenu.")},
        conditional=True,
    )
)
def tile(name: str, z: int, x: int, y: int) -> Response:
    """One tile of a layer under the filter of the query."""
    place = Tile(z, x, y)
    chosen = Filter.parse(request.args)
    with reading() as connection:
        if name == BASE:
            content = base_tile(connection, place)
        elif name in LAYERS:
            content = layer_tile(connection, LAYERS[name], place, chosen)
        else:
            abort(404)
    response = Response(content, mimetype=MVT)
    response.add_etag()
    response.make_conditional(request)
    if name in UNSTORED and z >= LAYERS[name].rows_from_zoom:
        unstored(response)
    return response


@tiles.get("/<name>.json")
@described(
    Description(
        Text("The TileJSON 3.0 of a layer", "Le TileJSON 3.0 d’une couche"),
        TILES,
        {
            "type": "object",
            "required": ["tilejson", "tiles", "vector_layers"],
            "properties": {
                "tilejson": {"const": "3.0.0"},
                "name": {"type": "string"},
                "tiles": {"type": "array", "items": {"type": "string"}, "minItems": 1},
                "vector_layers": {"type": "array", "items": {"type": "object", "required": ["id", "fields"]}},
                "attribution": {"type": "string"},
                "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
                "minzoom": {"type": "integer"},
                "maxzoom": {"type": "integer"},
            },
        },
        parameters=(LAYER_OR_BASE, LANGUAGE),
        errors=(404,),
    )
)
def tilejson(name: str) -> Response:
    """The TileJSON 3.0 document of a layer."""
    if name != BASE and name not in LAYERS:
        abort(404)
    language = g.language
    if name == BASE:
        described = [{"id": each, "fields": {}} for each in sorted({rule.sublayer or "" for rule in base_map.RULES})]
        title = "base map"
    else:
        layer = LAYERS[name]
        described = [{"id": name, "fields": {each.key: str(each.type) for each in layer.properties if each.key}}]
        title = layer.title.in_language(language)
    pattern = url_for("tiles.tile", name=name, z=0, x=0, y=0, _external=True)
    return jsonify(
        tilejson="3.0.0",
        name=title,
        tiles=[pattern.replace("/0/0/0.mvt", "/{z}/{x}/{y}.mvt")],
        vector_layers=described,
        attribution=base_map.ATTRIBUTION.in_language(language),
        bounds=BOUNDS,
        minzoom=0,
        maxzoom=MAX_ZOOM,
    )
