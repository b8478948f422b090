"""Reads of an incident's or a deployment's detail, and refusals, are in the audit, with their request."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from geoapp.web import audit

ClientOf = Callable[[str], FlaskClient]
AT = "SRID=4326;POINT(28.84 -2.50)"


@pytest.fixture
def rows(engine: Engine) -> dict[str, UUID]:
    """An incident that is released, a sealed one and a deployment, all in South Kivu, by what they are."""
    with engine.begin() as connection:
        add = "INSERT INTO incident (incident_no, occurred_from, geom, sealed) VALUES (:no, '2024-03-01', :at, :sealed)"
        made = {
            name: connection.execute(
                text(f"{add} RETURNING incident_id"), {"no": "N1", "at": AT, "sealed": sealed}
            ).scalar_one()
            for name, sealed in (("incident", False), ("sealed", True))
        }
        made["deployment"] = connection.execute(
            text("INSERT INTO deployment (force, valid_from, geom) VALUES ('army', '2024-01-01', :at) RETURNING id"),
            {"at": AT},
        ).scalar_one()
    return made


@pytest.fixture
def seen(engine: Engine, rows: dict[str, UUID]) -> Callable[[], list[tuple[str, str, str]]]:
    """The events since, as (person, what, object)."""
    with engine.connect() as connection:
        start = connection.scalar(text("SELECT max(audit_event_id) FROM audit_event"))
    asked = text(
        "SELECT user_name, what, object FROM audit_event WHERE audit_event_id > :start ORDER BY audit_event_id"
    )

    def read() -> list[tuple[str, str, str]]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(asked, {"start": start})]

    return read


Seen = Callable[[], list[tuple[str, str, str]]]


@pytest.mark.parametrize(
    ("path", "which"),
    [
        ("/api/v1/layers/incidents/{incident}", "incident"),
        ("/api/v1/layers/deployments/{deployment}", "deployment"),
        ("/incidents/{incident}", "incident"),
        ("/incidents/N1", "incident"),
        ("/incidents/{incident}/release", "incident"),
    ],
)
def test_a_look_at_a_row(client_of: ClientOf, rows: dict[str, UUID], seen: Seen, path: str, which: str) -> None:
    answer = client_of("coordinator-sk").get(path.format(**rows))
    assert answer.status_code == 200
    assert seen() == [("coordinator-sk", "read", f"{which}/{rows[which]}")]


def test_it_bears_the_request(client_of: ClientOf, engine: Engine, rows: dict[str, UUID]) -> None:
    answer = client_of("coordinator-sk").get(f"/incidents/{rows['incident']}")
    with engine.connect() as connection:
        last = text("SELECT request_id FROM audit_event ORDER BY audit_event_id DESC LIMIT 1")
        assert connection.scalar(last) == answer.headers["X-Request-ID"]


def test_no_look_without_its_event(client_of: ClientOf, rows: dict[str, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(audit, "record", broken)
    for path in (f"/api/v1/layers/incidents/{rows['incident']}", f"/incidents/{rows['incident']}"):
        answer = client_of("coordinator-sk").get(path)
        assert answer.status_code == 503
        assert "N1" not in answer.text


def test_other_layers_and_pages_are_no_event(client_of: ClientOf, seen: Seen) -> None:
    for path in ("/", "/api/v1/layers/provinces/CD-SK", "/tiles/incidents/6/37/32.mvt", "/static/none"):
        client_of("coordinator-sk").get(path)
    for path in ("/no-such-page", "/provinces"):
        client_of("public").get(path)
    assert seen() == []


def test_the_figures_of_provinces_are_a_question(client_of: ClientOf, seen: Seen) -> None:
    client_of("coordinator-sk").get("/provinces")
    assert seen() == [("coordinator-sk", "question", "question/provinces")]


@pytest.mark.parametrize(
    "refusal",
    [
        ("coordinator-sk", "/incidents/{sealed}", "incident/{sealed}"),
        ("committee-sk", "/api/v1/layers/incidents/{incident}", "incident/{incident}"),
        ("public", "/api/v1/layers/deployments/{deployment}", "deployment/{deployment}"),
        ("analyst", "/incidents/{incident}/release", "incident/{incident}"),
        ("public", "/incidents/Jean+who+told", "incident"),
        ("analyst", "/admin", "page/admin.page"),
        ("analyst", "/admin/audit", "page/audit.page"),
    ],
)
def test_a_refusal(client_of: ClientOf, rows: dict[str, UUID], seen: Seen, refusal: tuple[str, str, str]) -> None:
    name, path, object = refusal
    assert client_of(name).get(path.format(**rows)).status_code in {403, 404}
    assert seen() == [(name, "refused", object.format(**rows))]


def test_a_row_that_there_is_not_is_refused_alike(client_of: ClientOf, seen: Seen) -> None:
    nothing = uuid4()
    assert client_of("analyst").get(f"/incidents/{nothing}").status_code == 404
    assert seen() == [("analyst", "refused", f"incident/{nothing}")]


def test_a_form_of_another_site_is_a_refusal(client_of: ClientOf, seen: Seen) -> None:
    answer = client_of("admin").post("/admin", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert seen() == [("admin", "refused", "page/admin.change")]


def test_a_refusal_stays_one_without_the_audit(
    client_of: ClientOf, rows: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(audit, "record", broken)
    assert client_of("analyst").get(f"/incidents/{rows['sealed']}").status_code == 404


def test_a_risk_question_that_is_answered_is_in_the_audit(client_of: ClientOf, engine: Engine) -> None:
    assert client_of("analyst").get("/api/v1/risk/sites?on=2025-01-01").status_code == 200
    assert client_of("public").get("/api/v1/risk/sites").status_code == 401
    with engine.connect() as connection:
        asked = "SELECT user_name, object, after ->> 'question' FROM audit_event WHERE what = 'question'"
        found = [tuple(row) for row in connection.execute(text(asked))]
    assert found == [("analyst", "question/sites", "sites")]


def test_features_taken_away_are_in_the_audit_with_their_number(
    client_of: ClientOf, engine: Engine, rows: dict[str, UUID]
) -> None:
    key = client_of("analyst").get("/ogc/collections/incidents/items").get_json()["features"][0]["id"]
    assert key == str(rows["incident"])
    assert client_of("analyst").get(f"/ogc/collections/incidents/items/{key}").status_code == 200
    assert client_of("public").get("/ogc/collections/provinces/items").status_code == 200
    with engine.connect() as connection:
        kept = "SELECT what, object, after ->> 'rows' FROM audit_event WHERE what IN ('export', 'read') ORDER BY 1"
        found = [tuple(row) for row in connection.execute(text(kept))]
    assert found == [("export", "layer/incidents", "1"), ("read", f"incident/{key}", None)]
