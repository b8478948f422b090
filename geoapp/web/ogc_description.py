"""The OpenAPI 3.0 description of OGC API - Features, as the standard wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geoapp import __version__
from geoapp.publish.box import SYSTEMS
from geoapp.publish.features import MOST
from geoapp.web.ogc_parameters import DEFAULT_LIMIT, FORMATS
from layers.layer import MapLayer
from layers.text import LANGUAGES

JSON = "application/json"


def api_description(layers: Sequence[MapLayer], address: str) -> dict[str, Any]:
    """The description of the collections `layers` at `address`, the absolute address of the landing page."""
    names = [layer.name for layer in layers]
    paths: dict[str, Any] = {
        "/": _path("landing", "The landing page", JSON),
        "/conformance": _path("conformance", "The conformance classes", JSON),
        "/api": _path("api", "This description", "application/vnd.oai.openapi+json;version=3.0"),
        "/collections": _path("collections", "The collections", JSON),
    }
    chosen = {"name": "collection", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    one = "/collections/{collection}"
    paths[one] = _path("collection", "One collection", JSON, chosen)
    paths[f"{one}/queryables"] = _path("queryables", "What a filter may name", "application/schema+json", chosen)
    paths[f"{one}/items"] = _path("items", "Features, a page at a time", "application/geo+json", chosen, *_of_items())
    paths[f"{one}/items/{{key}}"] = _path("item", "One feature", "application/geo+json", chosen, key, _crs("crs"))
    return {
        "openapi": "3.0.3",
        "info": {"title": "geoapp: OGC API - Features", "version": __version__},
        "servers": [{"url": address.rstrip("/")}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The token as password."},
            },
            "schemas": {
                "problem": {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                    },
                }
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}],
    }


def _path(name: str, summary: str, kind: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    common = [
        _query("f", "The form of the answer", {"type": "string", "enum": list(FORMATS)}),
        _query("lang", "The language of titles", {"type": "string", "enum": [*LANGUAGES]}),
    ]
    schema = {"type": "object"}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": [*parameters, *common],
            "responses": {
                "200": {
                    "description": summary,
                    "content": {kind: {"schema": schema}, "text/html": {"schema": {"type": "string"}}},
                },
                "400": {"description": "A parameter cannot be understood", "content": problem},
                "401": {"description": "The token is wrong or has expired", "content": problem},
                "404": {"description": "There is no such thing, or it is not for you", "content": problem},
            },
        }
    }


def _query(name: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


def _crs(name: str) -> dict[str, Any]:
    return _query(name, "A coordinate reference system", {"type": "string", "format": "uri", "enum": list(SYSTEMS)})


def _of_items() -> list[dict[str, Any]]:
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    whole = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    listed = {"style": "form", "explode": False}
    return [
        _query("limit", "How many features at most", whole, **listed),
        _query("bbox", "West, south, east, north", numbers, **listed),
        _crs("bbox-crs"),
        _query("datetime", "A day, or an interval such as 2026-01-01/..", {"type": "string"}, **listed),
        _crs("crs"),
        _query("filter", "A condition in CQL2 text", {"type": "string"}),
        _query("filter-lang", "The language of the filter", {"type": "string", "enum": ["cql2-text"]}),
        _crs("filter-crs"),
        _query("sortby", "Properties, with - for descending", {"type": "array", "items": {"type": "string"}}, **listed),
        _query("after", "Where the page before ended", {"type": "string"}),
    ]
