"""A risk question is answered from what the viewer may see at that moment, and says how much that is not."""

from __future__ import annotations

from typing import Any

import pytest
from releasing import LAT, LON, ClientOf, report
from sqlalchemy import Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.risk.asking import ask
from geoapp.risk.ground import MOST_WORKED_OUT, Ground
from geoapp.settings import Settings

NEAR = f"/api/v1/risk/near?lon={LON}&lat={LAT}&radius_km=40&since=2026-01-01"


def asked(client_of: ClientOf, name: str, path: str = NEAR) -> dict[str, Any]:
    """An answer to one of the cast."""
    answer = client_of(name).get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_each_counts_what_they_may_see(engine: Engine, client_of: ClientOf) -> None:
    report(engine, incident_no="A")
    report(engine, incident_no="B", sealed=True)
    report(engine, incident_no="C", sealed=True, handlers=["analyst"])
    # In Rwanda, across the lake.
    report(engine, incident_no="D", geom="SRID=4326;POINT(29.15 -2.45)")
    found = {name: asked(client_of, name)["used"] for name in ("coordinator-sk", "analyst", "analyst-rw", "gis-cd")}
    assert found == {"coordinator-sk": 1, "analyst": 3, "analyst-rw": 1, "gis-cd": 1}


def test_it_says_how_much_is_not_theirs(client_of: ClientOf) -> None:
    outside = {name: asked(client_of, name)["outside_scope"] for name in ("coordinator-sk", "analyst", "analyst-rw")}
    assert outside["analyst"] == pytest.approx(0, abs=1e-3)
    assert 0 < outside["coordinator-sk"] < 0.5 < outside["analyst-rw"] < 1
    said = asked(client_of, "coordinator-sk")["sentence"]
    assert "outside your units" in said["en"]
    assert "Counted from what you may see (CD-SK)." in said["en"]
    assert "d'après ce que vous pouvez voir (CD-SK)" in said["fr"]
    assert "hors de vos unités" in said["fr"]


def test_a_hidden_route_is_like_one_that_does_not_exist(engine: Engine, client_of: ClientOf) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO route (route_id, name, geom)"
                " VALUES ('R', 'r', 'SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52))')"
            )
        )
    path = "/api/v1/risk/corridor?route={}"
    assert asked(client_of, "coordinator-sk", path.format("R"))["length_km"] > 0
    hidden, unknown = (client_of("analyst-rw").get(path.format(each)) for each in ("R", "Q"))
    assert (hidden.status_code, unknown.status_code) == (400, 400)
    assert hidden.text.replace("R,", "Q,") == unknown.text


def test_a_change_counts_at_once(engine: Engine, client_of: ClientOf) -> None:
    assert asked(client_of, "analyst")["used"] == 0
    incident = report(engine)
    assert asked(client_of, "analyst")["used"] == 1
    for change, used in (
        ("SET sealed = true", 0),
        ("SET sealed = false", 1),
        ("SET status = 'rejected'", 0),
        ("SET status = 'open', stated_unit = 'CD-SK', geom = NULL", 0),
    ):
        with engine.begin() as connection:
            connection.execute(
                text(f"UPDATE incident {change} WHERE incident_id = CAST(:id AS uuid)"), {"id": incident}
            )
        assert asked(client_of, "analyst")["used"] == used, change
    assert asked(client_of, "analyst")["left_out"]["without_point"] == 1
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM incident"))
    assert asked(client_of, "analyst")["left_out"]["without_point"] == 0


def test_a_right_that_is_taken_away_is_gone_at_once(engine: Engine, client_of: ClientOf) -> None:
    report(engine)
    assert asked(client_of, "gis-cd")["used"] == 1
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_scope SET unit_code = 'RW' WHERE user_name = 'gis-cd'"))
    assert asked(client_of, "gis-cd")["used"] == 0


def test_what_is_not_committed_is_nobody_elses(engine: Engine, settings: Settings) -> None:
    given = {"lon": str(LON), "lat": str(LAT), "since": "2026-01-01"}
    web = open_web_engine(settings)
    with engine.connect() as writer, web.connect() as reader:
        set_viewer(reader, "analyst")
        writer.execute(
            text(
                "INSERT INTO incident (occurred_from, geom) VALUES ('2026-03-01', ST_SetSRID(ST_Point(:x, :y), 4326))"
            ),
            {"x": LON, "y": LAT},
        )
        assert ask(writer, "near", given).used == 1
        assert ask(reader, "near", given).used == 0
        writer.rollback()
        assert ask(writer, "near", given).used == 0
    web.dispose()


def test_little_is_kept_of_many_days(engine: Engine) -> None:
    report(engine)
    with engine.connect() as connection:
        for day in range(1, 29):
            ask(connection, "pressure", {"lon": str(LON), "lat": str(LAT), "on": f"2026-03-{day:02}"})
        ground = Ground.of(connection)
        assert len(ground._kept.worked_out) == MOST_WORKED_OUT
        assert ask(connection, "pressure", {"lon": str(LON), "lat": str(LAT), "on": "2026-03-12"}).used == 1
        assert ask(connection, "pressure", {"lon": str(LON), "lat": str(LAT), "on": "2026-03-11"}).used == 0
