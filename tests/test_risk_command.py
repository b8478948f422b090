"""`geoapp risk` answers as the JSON API does, with the operator's rights or a person's; escorts by its example."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from browser import GEOAPP
from releasing import LAT, LON, ClientOf, report
from sqlalchemy import Engine, text

from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `geoapp risk`."""
    return subprocess.run([GEOAPP, "risk", *arguments], env=environment, capture_output=True, text=True, check=False)


def test_it_prints_what_the_api_answers(
    engine: Engine, environment: dict[str, str], client_of: ClientOf, tmp_path: Path
) -> None:
    report(engine, summary_fr="é")
    report(engine, incident_no="hidden", sealed=True)
    area = {"type": "Polygon", "coordinates": [[[28, -3], [29.5, -3], [29.5, -2], [28, -3]]]}
    file = tmp_path / "area.geojson"
    file.write_text(json.dumps(area))
    for arguments, path, body in (
        (["pressure", "--lon", str(LON), f"--lat={LAT}"], f"pressure?lon={LON}&lat={LAT}", None),
        (["area", str(file), "--since", "2026-01-01"], "area?since=2026-01-01", area),
    ):
        done = run(environment, *arguments, "--json", "--user", "analyst")
        assert done.returncode == 0, done.stderr
        client, address = client_of("analyst"), f"/api/v1/risk/{path}"
        answer = client.get(address) if body is None else client.post(address, json=body)
        assert json.loads(done.stdout) == answer.json
        assert json.loads(done.stdout)["used"] == 1

    done = run(environment, "pressure", "--lon", str(LON), f"--lat={LAT}")
    assert done.returncode == 0
    assert "2 incidents over three years" in done.stdout
    assert "SK-2026-0001-1" in done.stdout
    assert "hidden" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["corridor", "none"], 1, "no route none"),
        (["corridor"], 1, "route: is missing"),
        (["sites", "--user", "nobody"], 1, "no user nobody"),
        (["sites", "--user", "committee-sk"], 1, "coordinators, analysts"),
        (["pressure", "--lat", "1"], 2, "--lon"),
        (["area", "{file}"], 1, "not GeoJSON"),
        (["backtest", "--from", "2024", "--to", "2025-01-01"], 1, "2026-03-31"),
    ],
)
def test_it_is_refused(arguments: list[str], code: int, says: str, environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "area.geojson"
    file.write_text("{")
    done = run(environment, *(each.format(file=file) for each in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


MOVEMENTS = """
    INSERT INTO escort_movement
        (movement_id, route_ref, cargo, dispatched_kg, received_kg, arrived_at, escort_strength, deployment_ref)
    SELECT movement.*, CASE WHEN movement_id = 'deployed' THEN (SELECT id FROM deployment) END
      FROM (SELECT id FROM route) AS route, LATERAL (VALUES
        ('strong', route.id, 'explosives', 1000.0, 990.0, TIMESTAMPTZ '2026-03-01 12:00+00', 4),
        ('deployed', route.id, 'detonators', 50, 49, '2026-03-02 12:00+00', NULL),
        ('alone', route.id, 'explosives', 1000, 989.9, '2026-03-31 21:59+00', 0),
        ('unweighed', route.id, 'explosives', 300, NULL, '2026-03-03 12:00+00', NULL),
        ('minerals', route.id, 'minerals', 300, 0, '2026-03-03 12:00+00', NULL),
        -- In Kigali it is April by then.
        ('after', route.id, 'explosives', 300, 0, '2026-03-31 22:01+00', NULL)
    ) AS movement (movement_id, route_ref, cargo, dispatched_kg, received_kg, arrived_at, escort_strength)"""


@pytest.fixture
def moved(engine: Engine) -> Engine:
    """The database with the movements on a route in South Kivu."""
    with engine.begin() as connection:
        line = "SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52))"
        connection.execute(text("INSERT INTO route (route_id, name, geom) VALUES ('R', 'r', :line)"), {"line": line})
        connection.execute(
            text("INSERT INTO deployment (force, valid_from, route_ref) SELECT 'army', '2020-01-01', id FROM route")
        )
        connection.execute(text(MOVEMENTS))
    return engine


def test_escorts(moved: Engine) -> None:
    asked = {"since": "2026-03-01", "until": "2026-03-31", "on": "2026-06-30"}
    with moved.connect() as connection:
        km = connection.scalar(text("SELECT length_km FROM route"))
        found: dict[str, Any] = as_json(ask(connection, "escort", asked))
        nothing = as_json(ask(connection, "escort", {**asked, "unit": "UG"}))
    assert found["movements"] == found["used"] == 4
    assert found["escorted_share"] == 0.5
    assert found["unescorted_km"] == pytest.approx(2 * km)
    assert found["dispatched_kg"] == pytest.approx(2350)
    assert found["received_kg"] == pytest.approx(990 + 49 + 989.9)
    assert found["left_out"] == {"without_weights": 1}
    # Exactly 1 % is none.
    assert [(each["movement_id"], each["kg"], each["share"]) for each in found["shortfalls"]] == [
        ("deployed", pytest.approx(1), pytest.approx(0.02)),
        ("alone", pytest.approx(10.1), pytest.approx(0.0101)),
    ]
    assert [each["incident_id"] for each in found["shortfalls"]] == [None, None]
    assert (nothing["movements"], nothing["escorted_share"], nothing["shortfalls"]) == (0, None, [])


def test_a_shortfall_becomes_an_incident(moved: Engine, environment: dict[str, str], client_of: ClientOf) -> None:
    first, again = (run(environment, "shortfall", "alone", "--user", "coordinator-sk") for _ in range(2))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    escort = client_of("coordinator-sk").get("/api/v1/risk/escort?since=2026-03-01&until=2026-03-31").json
    assert escort is not None
    made = {each["movement_id"]: each["incident_id"] for each in escort["shortfalls"]}
    assert made["deployed"] is None
    assert made["alone"] in first.stdout
    assert first.stdout.startswith("Recorded as incident")
    assert again.stdout == f"It is incident {made['alone']} already.\n"
    with moved.connect() as connection:
        incidents = connection.execute(text("SELECT * FROM incident")).mappings().all()
    assert len(incidents) == 1
    incident = incidents[0]
    assert (incident["category"], incident["stage"], incident["status"]) == (
        "explosives_loss_or_misuse",
        "transport",
        "reported",
    )
    assert str(incident["occurred_from"]) == "2026-03-31"
    assert "CD-SK" in incident["units"]
    assert incident["explosives_involved"]
    assert "10.1 of 1,000 kg (1%) did not arrive" in incident["summary_en"]
    assert "10,1 kg sur 1\u202f000" in incident["summary_fr"]
    assert client_of("coordinator-sk").get(f"/incidents/{made['alone']}").status_code == 200


@pytest.mark.parametrize(
    ("name", "movement", "says"),
    [
        ("coordinator-sk", "strong", "nothing to report"),
        ("coordinator-sk", "unweighed", "nothing to report"),
        ("coordinator-sk", "minerals", "no movement minerals"),
        ("coordinator-sk", "none", "no movement none"),
        ("analyst", "alone", "coordinators and GIS officers"),
        ("analyst-rw", "alone", "no movement alone"),
        ("committee-sk", "alone", "coordinators, analysts"),
    ],
)
def test_no_incident_is_made(name: str, movement: str, says: str, moved: Engine, environment: dict[str, str]) -> None:
    done = run(environment, "shortfall", movement, "--user", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    with moved.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 0
