"""The description of the API: OpenAPI 3.1 for programs at `/api/v1/openapi.json`, a page for people at `/docs`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, make_response, render_template
from werkzeug.routing import Rule

from geoapp import __version__
from geoapp.web.description import LANGUAGE, PROBLEM, Description, Parameter, described, description_of
from geoapp.web.session import COOKIE
from layers.catalogue import LAYERS
from layers.text import Text

openapi = Blueprint("openapi", __name__)

# What the description is about; pages for people are not.
PREFIXES = ("/api/v1/", "/tiles/")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
EVERYWHERE = (400, 405, 413, 429, 500, 503)
ERRORS = {
    400: Text(
        "A parameter cannot be understood, or the host name is not served.",
        "Un paramètre est incompréhensible, ou le nom d’hôte n’est pas servi.",
    ),
    401: Text("Sign in first.", "Connectez-vous d’abord."),
    403: Text("This is not for your role.", "Ce n’est pas pour votre rôle."),
    404: Text("It does not exist, or is not for you.", "Cela n’existe pas, ou n’est pas pour vous."),
    405: Text(
        "Not with this method; Allow names the right ones.", "Pas avec cette méthode\u00a0; Allow dit lesquelles."
    ),
    413: Text("What was sent is too large.", "Ce qui a été envoyé est trop volumineux."),
    415: Text("What was sent is of another kind.", "Ce qui a été envoyé est d’une autre sorte."),
    422: Text("What was sent makes no sense.", "Ce qui a été envoyé n’a pas de sens."),
    429: Text("Too many requests; wait Retry-After seconds.", "Trop de requêtes\u00a0; attendez Retry-After secondes."),
    500: Text("A fault of the server's own.", "Une faute du serveur lui-même."),
    503: Text("The database does not answer.", "La base de données ne répond pas."),
}
RETRY = Text("Seconds to wait before asking again.", "Secondes à attendre avant de redemander.")
ABOUT = Text(
    "What an answer holds depends on who asks: each person sees the rows of their role and their units. "
    "Errors are problem documents (RFC 9457).",
    "Ce que contient une réponse dépend de qui demande\u00a0: chacun voit les lignes de son rôle et de ses unités. "
    "Les erreurs sont des documents «\u00a0problem\u00a0» (RFC 9457).",
)
SECURITY = {
    "cookie": (
        {"type": "apiKey", "in": "cookie", "name": COOKIE},
        Text("The session of a browser.", "La session d’un navigateur."),
    ),
    "bearer": (
        {"type": "http", "scheme": "bearer"},
        Text("An API token.", "Un jeton d’API."),
    ),
    "basic": (
        {"type": "http", "scheme": "basic"},
        Text(
            "A name with an API token as its password, for programs such as QGIS.",
            "Un nom avec un jeton d’API comme mot de passe, pour des programmes comme QGIS.",
        ),
    ),
}
PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


@openapi.get("/api/v1/openapi.json")
@described(
    Description(
        Text("This description", "Cette description"),
        Text("Description", "Description"),
        {"type": "object", "required": ["openapi", "info", "paths"]},
        parameters=(LANGUAGE,),
    )
)
def description() -> Response:
    """The OpenAPI document in the language of the request."""
    return jsonify(document(g.language))


@openapi.get("/docs")
def page() -> Response:
    """The same for people, with the layers and the properties of their rows."""
    return make_response(
        render_template(
            "docs.html",
            about=document(g.language),
            groups=_groups(g.language),
            errors=[(status, said.in_language(g.language)) for status, said in ERRORS.items()],
            layers=[
                (layer.name, layer.title.in_language(g.language), [each.key for each in layer.properties])
                for layer in LAYERS.values()
            ],
        )
    )


def document(language: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the application's addresses."""
    paths: dict[str, Any] = {}
    for rule, method, described_as in operations():
        paths.setdefault(path_of(rule), {})[method.lower()] = _operation(rule, method, described_as, language)
    return {
        "openapi": "3.1.0",
        "info": {"title": "geoapp", "version": __version__, "description": ABOUT.in_language(language)},
        "servers": [{"url": "/"}],
        # Without any, one asks as the public.
        "security": [{}, *({name: []} for name in SECURITY)],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA},
            "securitySchemes": {
                name: scheme | {"description": said.in_language(language)} for name, (scheme, said) in SECURITY.items()
            },
        },
    }


def operations() -> Iterator[tuple[Rule, str, Description]]:
    """The rules under `PREFIXES` with each method that they take, in the order of their paths."""
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        found = description_of(current_app.view_functions[rule.endpoint])
        if rule.rule.startswith(PREFIXES) and found is not None:
            for method in METHODS:
                if method in (rule.methods or ()):
                    yield rule, method, found


def path_of(rule: Rule) -> str:
    """A rule's path as OpenAPI writes it."""
    return ARGUMENT.sub(r"{\1}", rule.rule)


def _operation(rule: Rule, method: str, told: Description, language: str) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "200": {
            "description": told.summary.in_language(language),
            "content": {told.media: {"schema": told.answer}},
        }
    }
    if told.headers:
        answers["200"]["headers"] = {
            name: {"description": said.in_language(language), "schema": {"type": "string"}}
            for name, said in told.headers.items()
        }
    if told.conditional:
        answers["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for status in sorted({*EVERYWHERE, *told.errors}):
        answers[str(status)] = {
            "description": ERRORS[status].in_language(language),
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status in {429, 503}:
            header = {"description": RETRY.in_language(language), "schema": {"type": "integer"}}
            answers[str(status)]["headers"] = {"Retry-After": header}
    made: dict[str, Any] = {
        "operationId": f"{rule.endpoint}.{method.lower()}",
        "summary": told.summary.in_language(language),
        "tags": [told.group.in_language(language)],
        "parameters": [_parameter(each, language) for each in told.parameters],
        "responses": answers,
    }
    if told.body is not None and method != "GET":
        made["requestBody"] = {"required": True, "content": {told.body_media: {"schema": told.body}}}
    return made


def _parameter(told: Parameter, language: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": told.name,
        "in": told.place,
        "description": told.meaning.in_language(language),
        "required": told.required,
        "schema": told.schema,
    }
    if told.schema.get("type") == "array":
        # Lists are comma separated.
        made |= {"style": "form", "explode": False}
    return made


def _groups(language: str) -> dict[str, list[dict[str, Any]]]:
    """The operations for the page, by their group."""
    made: dict[str, list[dict[str, Any]]] = {}
    for rule, method, told in operations():
        shown = {
            "method": method,
            "path": path_of(rule),
            "told": _operation(rule, method, told, language),
            "media": told.media,
            "errors": [status for status in told.errors if status not in EVERYWHERE],
        }
        made.setdefault(told.group.in_language(language), []).append(shown)
    return made
