"""What goes wrong is said to a reader in a sentence, and never as a traceback."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from geoapp.settings import Settings
from geoapp.web.app import create_app


@pytest.fixture
def without_database(settings: Settings) -> FlaskClient:
    """A client of an application whose database is away."""
    away = Settings.from_environment(
        {"GEOAPP_HOME": str(settings.home), "GEOAPP_DATABASE_URL": "postgresql://geoapp@127.0.0.1:1/none"}
    )
    return create_app(away).test_client()


def test_a_missing_page_leads_to_the_map(visitor: FlaskClient) -> None:
    answer = visitor.get("/nowhere", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert 'lang="fr"' in answer.text
    assert 'href="/?lang=fr"' in answer.text


def test_programs_get_a_problem_document(visitor: FlaskClient) -> None:
    answer = visitor.get("/api/v1/layers/gold/1")
    assert answer.mimetype == "application/problem+json"
    document = answer.get_json()
    assert (document["status"], document["type"]) == (404, "about:blank")
    assert document["title"]
    assert document["detail"]


def test_a_wrong_method_names_the_right_ones(visitor: FlaskClient) -> None:
    answer = visitor.post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("address", ["/", "/tiles/incidents/5/18/16.mvt", "/api/v1/layers/incidents/1"])
def test_a_database_that_is_away_is_said_plainly(without_database: FlaskClient, address: str) -> None:
    answer = without_database.get(address)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "127.0.0.1:1" not in answer.text
    assert "Traceback" not in answer.text


def test_health_tells_the_process_from_the_database(visitor: FlaskClient, without_database: FlaskClient) -> None:
    assert visitor.get("/healthz").status_code == 200
    assert visitor.get("/readyz").get_json() == {"status": "ready"}
    assert without_database.get("/healthz").status_code == 200
    assert without_database.get("/readyz").status_code == 503


def test_a_fault_of_ours_is_not_shown(app: Flask) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the name of a witness")

    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "witness" not in answer.text


def test_a_foreign_name_for_this_address_is_refused(visitor: FlaskClient) -> None:
    assert visitor.get("/healthz", headers={"Host": "127.0.0.1:8000"}).status_code == 200
    assert visitor.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
