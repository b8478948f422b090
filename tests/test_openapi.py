"""The API's description is valid, complete, and true: what it promises is asked for, as several people."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from browser import Visit
from cast import cookie
from conftest import a_database
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as within
from openapi_spec_validator import OpenAPIV31SpecValidator
from planting import plant_everything
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from geoapp.web.openapi import METHODS, PREFIXES, operations, path_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
]
# Of each operation as each person; together well under a minute.
EXAMPLES = 8
PEOPLE = ("public", "committee-sk", "coordinator-sk", "analyst")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_is_valid(visitor: FlaskClient, language: str) -> None:
    document = visitor.get(f"/api/v1/openapi.json?lang={language}").get_json()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_every_address_is_described(visitor: FlaskClient) -> None:
    app = visitor.application
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIXES)]
    taken = {(path_of(rule), method) for rule in rules for method in METHODS if method in (rule.methods or ())}
    with app.test_request_context():
        described = {(path_of(rule), method) for rule, method, _ in operations()}
    assert described == taken
    paths = visitor.get("/api/v1/openapi.json").get_json()["paths"]
    assert {(path, method.upper()) for path, told in paths.items() for method in told} == taken


def test_the_parameters_of_a_path_are_described(visitor: FlaskClient) -> None:
    for path, told in visitor.get("/api/v1/openapi.json").get_json()["paths"].items():
        for operation in told.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == {part.partition("}")[0] for part in path.split("{")[1:]}


def test_the_words_are_in_the_language_asked_for(visitor: FlaskClient) -> None:
    english, french = (visitor.get(f"/api/v1/openapi.json?lang={each}").get_json() for each in ("en", "fr"))
    for path, told in english["paths"].items():
        for method, operation in told.items():
            assert operation["summary"] != french["paths"][path][method]["summary"]


# === Schemathesis =====================================================================================================


@pytest.fixture(scope="module")
def planted_app(cluster: Cluster, template: str) -> Iterator[Flask]:
    """The application on a database with rows of every table."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            planting = plant_everything(connection)
        engine.dispose()
        app = create_app(made)
        app.extensions["planted"] = [row.key for row in planting.of("incident", "released") if row.unit == "CD-SK"]
        yield app
        app.extensions[ENGINE].dispose()


def _every_operation(app: Flask) -> list[Any]:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    # Nobody guesses the key of a row.
    for parameter in document["paths"]["/api/v1/layers/{name}/{key}"]["get"]["parameters"]:
        if parameter["name"] == "key":
            parameter["schema"] = {"enum": app.extensions["planted"]}
        if parameter["name"] == "name":
            parameter["schema"] = {"enum": ["incidents"]}
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("name", PEOPLE)
def test_every_answer_is_as_described(name: str, planted_app: Flask) -> None:
    seen: set[tuple[str, int]] = set()
    for operation in _every_operation(planted_app):

        @given(case=operation.as_strategy() | operation.as_strategy(schemathesis.GenerationMode.NEGATIVE))
        @within(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # The application is called in this process, where nothing decompresses.
                plain = {"Accept-Encoding": "identity"}
                answer = case.call_and_validate(checks=CHECKS, cookies=dict([cookie(name)]), headers=plain)
            seen.add((case.operation.label, answer.status_code))

        ask()
    labels = {label for label, _ in seen}
    assert len(labels) == len(_every_operation(planted_app))
    assert {status for _, status in seen} >= {200, 404}
    detail = {status for label, status in seen if label == "GET /api/v1/layers/{name}/{key}"}
    assert (200 in detail) is (name != "public")


# === The page =========================================================================================================


def test_the_page_shows_every_address(visitor: FlaskClient) -> None:
    page = visitor.get("/docs?lang=fr").text.replace("\u200b", "")
    for path in visitor.get("/api/v1/openapi.json").get_json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert "Une ligne d’une couche en mots" in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_looks_well(visit: Visit, language: str) -> None:
    for width in (1366, 360):
        visit.page.set_viewport_size({"width": width, "height": 900})
        page = visit.open(f"/docs?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=f".screenshots/docs-{language}-{width}.png", full_page=True)
    assert visit.complaints == []
