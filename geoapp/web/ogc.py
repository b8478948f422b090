"""OGC API - Features: the layers as collections for QGIS, GDAL and other programs, with plain pages for people."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request, url_for
from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import ARRAY as PG_ARRAY

from geoapp.access.audit import record
from geoapp.errors import NotFoundError
from geoapp.publish.box import CRS84, SYSTEMS
from geoapp.publish.cql import GEOMETRY
from geoapp.publish.features import Page, queryables, read_feature, read_page
from geoapp.web.audit import record_read
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.details import SENSITIVE
from geoapp.web.ogc_description import api_description
from geoapp.web.ogc_parameters import OF_AN_ITEM, read_crs, read_question, require_known, wanted_format
from layers.catalogue import LAYERS
from layers.layer import MapLayer
from layers.text import Text

ogc = Blueprint("ogc", __name__, url_prefix="/ogc")

# A collection that there is not, and one that is not for this viewer, are told of in the same words.
NO_SUCH_COLLECTION = "There is no such collection, or it is not for you."
GEOJSON, HTML, SCHEMA = "application/geo+json", "text/html", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
TITLE = Text("geoapp: layers", "geoapp\u00a0: couches")
SPEC = "http://www.opengis.net/spec"
CONFORMANCE = [
    *(f"{SPEC}/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "oas30", "html")),
    f"{SPEC}/ogcapi-features-2/1.0/conf/crs",
    *(f"{SPEC}/ogcapi-features-3/1.0/conf/{name}" for name in ("queryables", "filter", "features-filter")),
    *(
        f"{SPEC}/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-operators",
        )
    ),
]  # fmt: skip
BOUNDS = [12.0, -13.6, 35.1, 5.5]
SYNTHETIC = "geoapp-synthetic"


@ogc.get("/")
def landing() -> Response:
    """The way in: links to the description, the conformance and the collections."""
    require_known(set())
    links = [
        *_self("ogc.landing"),
        _link("service-desc", OPENAPI, "ogc.api", "The description of this API"),
        _link("conformance", "application/json", "ogc.conformance", "What of the standards is kept"),
        _link("data", "application/json", "ogc.collections", "The collections"),
    ]
    document = {
        "title": TITLE.in_language(g.language),
        "description": "Layers of the map as features, each as far as it is for whoever asks.",
        "links": links,
    }
    return _answer(document, "ogc/landing.html", shown=_visible())


@ogc.get("/conformance")
def conformance() -> Response:
    """The conformance classes that are kept."""
    require_known(set())
    return _answer({"conformsTo": CONFORMANCE}, "ogc/conformance.html")


@ogc.get("/api")
def api() -> Response:
    """The OpenAPI 3.0 description of what stands under /ogc."""
    require_known(set())
    described = jsonify(api_description(_visible(), url_for("ogc.landing", _external=True)))
    described.mimetype = OPENAPI.partition(";")[0]
    described.headers["Content-Type"] = OPENAPI
    return described


@ogc.get("/collections")
def collections() -> Response:
    """The collections that are for this viewer."""
    require_known(set())
    document = {"links": _self("ogc.collections"), "collections": [_described(each) for each in _visible()]}
    return _answer(document, "ogc/collections.html", shown=_visible())


@ogc.get("/collections/<name>")
def collection(name: str) -> Response:
    """One collection."""
    require_known(set())
    layer = _layer(name)
    return _answer(_described(layer), "ogc/collection.html", layer=layer)


@ogc.get("/collections/<name>/queryables")
def queryable(name: str) -> Response:
    """What a filter may name, as a JSON Schema."""
    require_known(set())
    layer = _layer(name)
    properties: dict[str, Any] = {
        each: {"title": each, **_schema(column.type)} for each, column in queryables(layer).items()
    }
    properties[GEOMETRY] = {"title": GEOMETRY, "format": "geometry-any", "x-ogc-role": "primary-geometry"}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url_for("ogc.queryable", name=name, _external=True),
        "type": "object",
        "title": layer.title.in_language(g.language),
        "properties": properties,
        "additionalProperties": False,
    }
    response = _answer(document, "ogc/queryables.html", layer=layer)
    if response.mimetype != HTML:
        response.mimetype = SCHEMA
    return response


@ogc.get("/collections/<name>/items")
def items(name: str) -> Response:
    """A page of the features of a collection."""
    layer, question = _layer(name), read_question()
    with writing() if name in SENSITIVE else reading() as connection:
        page = read_page(connection, layer, question)
        if name in SENSITIVE:
            record(connection, "export", f"layer/{name}", after={"rows": len(page.features)})
    # The connection is free again before the first byte is sent: who reads slowly keeps nobody waiting.
    links = [
        *_self("ogc.items", GEOJSON, name=name),
        _link("collection", "application/json", "ogc.collection", name=name),
    ]
    if page.next:
        following = {**request.args.to_dict(), "after": page.next}
        href = url_for("ogc.items", name=name, _external=True, **following)
        links.append({"rel": "next", "type": GEOJSON, "href": href, "title": "The next page"})
    if wanted_format() == "html":
        return _page_for_people(layer, page, links)
    response = Response(_feature_collection(page, links), mimetype=GEOJSON)
    response.headers["Content-Crs"] = f"<{question.crs.uri}>"
    return _unstored(response)


@ogc.get("/collections/<name>/items/<key>")
def item(name: str, key: str) -> Response:
    """One feature."""
    require_known(OF_AN_ITEM)
    layer, crs = _layer(name), read_crs(request.args.get("crs"), "crs")
    with writing() if name in SENSITIVE else reading() as connection:
        feature = read_feature(connection, layer, key, crs)
        if name in SENSITIVE:
            record_read(connection, layer.table, key)
    links = [
        *_self("ogc.item", GEOJSON, name=name, key=key),
        _link("collection", "application/json", "ogc.collection", name=name),
    ]
    if wanted_format() == "html":
        shown = json.loads(feature)
        body = render_template(
            "ogc/item.html",
            layer=layer,
            feature=shown,
            links=links,
            synthetic=bool(shown["properties"].get("synthetic")),
        )
        return _unstored(make_response(body))
    response = Response(f'{feature[:-1]},"links":{json.dumps(links)}}}', mimetype=GEOJSON)
    response.headers["Content-Crs"] = f"<{crs.uri}>"
    return _unstored(response)


def _visible() -> list[MapLayer]:
    viewer = current_viewer()
    return [layer for layer in LAYERS.values() if not layer.roles or viewer.has(*layer.roles)]


def _layer(name: str) -> MapLayer:
    for layer in _visible():
        if layer.name == name:
            return layer
    raise NotFoundError(NO_SUCH_COLLECTION)


def _described(layer: MapLayer) -> dict[str, Any]:
    name = layer.name
    tiles = url_for("tiles.tilejson", name=name, _external=True)
    return {
        "id": name,
        "title": layer.title.in_language(g.language),
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [BOUNDS], "crs": CRS84.uri}},
        "crs": list(SYSTEMS),
        "storageCrs": CRS84.uri,
        "links": [
            *_self("ogc.collection", name=name),
            _link("items", GEOJSON, "ogc.items", "The features", name=name),
            _link(
                "http://www.opengis.net/def/rel/ogc/1.0/queryables",
                SCHEMA,
                "ogc.queryable",
                "What a filter may name",
                name=name,
            ),
            {"rel": "describedby", "type": "application/json", "href": tiles, "title": "TileJSON of its vector tiles"},
        ],
    }


def _link(rel: str, kind: str, endpoint: str, title: str = "", **values: str) -> dict[str, str]:
    link = {"rel": rel, "type": kind, "href": url_for(endpoint, _external=True, **values)}
    return {**link, "title": title} if title else link


def _self(endpoint: str, kind: str = "application/json", **values: str) -> list[dict[str, str]]:
    """The links to this answer and to the other form of it."""
    asked = {name: value for name, value in request.args.items() if name != "f"}
    html = wanted_format() == "html"

    def form(rel: str, as_html: bool) -> dict[str, str]:
        href = url_for(endpoint, _external=True, **values, **asked, f="html" if as_html else "json")
        return {"rel": rel, "type": HTML if as_html else kind, "href": href}

    return [form("self", html), form("alternate", not html)]


def _schema(kind: Any) -> dict[str, Any]:
    if isinstance(kind, ARRAY | PG_ARRAY):
        return {"type": "array", "items": {"type": "string"}}
    named: dict[str, dict[str, Any]] = {
        "int": {"type": "integer"},
        "float": {"type": "number"},
        "bool": {"type": "boolean"},
        "date": {"type": "string", "format": "date"},
        "datetime": {"type": "string", "format": "date-time"},
        "UUID": {"type": "string", "format": "uuid"},
    }
    python = kind.python_type
    return named["UUID"] if python is UUID else named.get(python.__name__, {"type": "string"})


def _feature_collection(page: Page, links: list[dict[str, str]]) -> str:
    counted = f'"numberMatched":{page.matched},' if page.matched is not None else ""
    marked = f'"{SYNTHETIC}":true,' if page.synthetic else ""
    return (
        f'{{"type":"FeatureCollection",{counted}"numberReturned":{len(page.features)},{marked}'
        f'"links":{json.dumps(links)},"features":[{",".join(page.features)}]}}'
    )


def _page_for_people(layer: MapLayer, page: Page, links: list[dict[str, str]]) -> Response:
    features = [json.loads(each) for each in page.features]
    names = [name for name in queryables(layer) if any(each["properties"][name] is not None for each in features)]
    body = render_template(
        "ogc/items.html",
        layer=layer,
        features=features,
        names=names,
        matched=page.matched,
        links={each["rel"]: each["href"] for each in links},
        synthetic=page.synthetic,
    )
    return _unstored(make_response(body))


def _answer(document: dict[str, Any], template: str, **shown: Any) -> Response:
    if wanted_format() == "html":
        return make_response(render_template(template, document=document, **shown))
    return jsonify(document)


def _unstored(response: Response) -> Response:
    """Features hold positions of forces and reports of incidents, which must not stay on an office computer."""
    response.headers["Cache-Control"] = "no-store"
    return response
