"""Vector tiles over HTTP, and the TileJSON that describes them."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from flask import Blueprint, Response, abort, current_app, g, jsonify, request, url_for
from sqlalchemy import Connection

from geoapp.publish.tiles import MAX_ZOOM, Tile, base_tile, layer_tile
from geoapp.settings import Settings
from geoapp.snapshot.changes import Reading, named
from geoapp.web.caching import mark_everybodys
from geoapp.web.database import look, read_snapshot, reading_one_version, restart
from geoapp.web.description import FILTERS, LANGUAGE, LAYER, Description, Parameter, described
from geoapp.web.filtering import asked_filter
from geoapp.web.kept import Keeper, Kept
from geoapp.web.policy import MVT, unstored
from layers import base_map
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.text import Text

tiles = Blueprint("tiles", __name__, url_prefix="/tiles")

KEEPER = "geoapp.tiles"
# Another representation of the same has a tag of its own.
COMPRESSED = "-gzip"
# What views are made from, and what the base map is.
VIEWS = {"public_mine_site": "mine_site"}
OUTLINED = "admin_unit"
BASE_TABLES = {"base_feature", OUTLINED, "admin_unit_outline"}
BASE = "base"
# What everybody sees whole, whoever they are. With the version in the address, browsers and proxies may keep it.
SHARED = {BASE, *(name for name, layer in LAYERS.items() if layer.tables <= BASE_TABLES)}
VERSION = "v"
# From where on their tiles hold single rows, these must not stay on an office computer that is taken: no copy is kept,
# though a tile that comes into view again is sent again.
UNSTORED = {name for name, layer in LAYERS.items() if layer.tables & {"incident", "deployment", "checkpoint"}}
# How often a tile is begun anew that other requests were ahead of.
TRIES = 20
# What a tile's counts bear beside the level and category of their rows.
CELL_FIELDS = {
    "cell": "true for the incidents of a cell of a grid, counted",
    "count": "incidents in the cell",
    "weighted": "the sum of their house weights",
    "synthetic": "true where any of them is",
    "thinned": "true where the incidents themselves would be too many for a tile of this zoom",
}
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
    """One tile of a layer under the filter of the query.

    Its tag is made of what it depends on: the versions of the tables, the viewer's rights, and the day. So one question
    tells whether a tile that was sent, or that is kept here, still holds.
    """
    if name != BASE and name not in LAYERS:
        abort(404)
    place = Tile(z, x, y)
    version = request.args.get(VERSION) if name in SHARED else None
    chosen = asked_filter(*([VERSION] if name in SHARED else []))
    if name != BASE:
        # A part that the layer does not go by changes nothing of its tiles, so that they stay kept.
        chosen = chosen.applying(LAYERS[name].filters)
    keeper = _keeper()
    seen = look()
    if version is not None and version == shared_version(seen, name):
        mark_everybodys()
    tag = _tag(seen, name, place, chosen)
    if any(request.if_none_match.contains(each) for each in (tag, tag + COMPRESSED)):
        return _marked(_answer(tag, None), name, z)
    kept = keeper.get(tag)
    if kept is None:
        with reading_one_version() as (connection, started):
            content, tag = _cut(connection, started, name, place, chosen)
        kept = Kept.of(content)
        keeper.put(tag, kept)
    return _marked(_answer(tag, kept), name, z)


def _marked(response: Response, name: str, z: int) -> Response:
    """The answer, kept by nobody where it holds single rows that are not for everybody."""
    if name in UNSTORED and z >= LAYERS[name].rows_from_zoom:
        unstored(response)
    return response


def _cut(
    connection: Connection, started: Reading, name: str, place: Tile, chosen: Filter, *, tries: int = TRIES
) -> tuple[bytes, str]:
    """A tile's content, and the tag of exactly what it was made from."""
    if name == BASE:
        return base_tile(connection, place), _tag(started, name, place, chosen)
    layer = LAYERS[name]
    if not layer.weighted:
        return layer_tile(connection, layer, place, chosen), _tag(started, name, place, chosen)
    snapshot = read_snapshot(connection, started)
    # A standby that is behind may not come to see it: then the tile is newer than its tag says, which never goes back.
    if tries == 0 or snapshot.versions == {each: started.versions.get(each) for each in snapshot.versions}:
        return layer_tile(connection, layer, place, chosen, snapshot), _tag(started, name, place, chosen)
    # Another request has brought the snapshot to a later version than this transaction sees: see it too.
    connection.rollback()
    return _cut(connection, restart(connection), name, place, chosen, tries=tries - 1)


def shared_version(seen: Reading, name: str) -> str:
    """The version of what the tiles of a layer that is in SHARED are made from, for their address."""
    return seen.shared_version_of(sorted(_tables(name)))


def _tables(name: str) -> set[str]:
    if name == BASE:
        return BASE_TABLES
    tables = {VIEWS.get(table, table) for table in LAYERS[name].tables}
    return tables | {"admin_unit_outline"} if OUTLINED in tables else tables


def _tag(started: Reading, name: str, place: Tile, chosen: Filter) -> str:
    tables = sorted(_tables(name) | ({"route"} if chosen.route else set()))
    version = started.shared_version_of(tables) if name in SHARED else started.version_of(tables)
    return named(f"{version} {name} {place} {chosen}")


def _answer(tag: str, kept: Kept | None) -> Response:
    response = Response(mimetype=MVT)
    response.vary.add("Accept-Encoding")
    compressed = request.accept_encodings["gzip"] > 0
    if kept is None:
        response.status_code = 304
        compressed = request.if_none_match.contains(tag + COMPRESSED)
    elif kept.compressed and compressed:
        response.set_data(kept.content)
        response.content_encoding = "gzip"
    else:
        response.set_data(kept.plain())
        compressed = False
    response.set_etag(tag + COMPRESSED if compressed else tag)
    return response


def _keeper() -> Keeper:
    settings: Settings = current_app.extensions["geoapp.settings"]
    made = Keeper(settings.tile_cache_mb * 2**20)
    return cast(Keeper, current_app.extensions.setdefault(KEEPER, made))


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
        fields = {each.key: str(each.type) for each in layer.properties if each.key}
        if layer.weighted:
            fields |= CELL_FIELDS
        described = [{"id": name, "fields": fields}]
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
