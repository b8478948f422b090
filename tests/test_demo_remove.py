"""Removing the demonstration data takes out exactly it, whatever hangs on it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from demo_rows import SMALL, all_rows
from importing import ask
from sqlalchemy import Engine, text

from geoapp.demo.load import load_demo, remove_demo, was_loaded
from geoapp.errors import DemoError

POINT = "'SRID=4326;POINT(28.5 -2.6)'"


@pytest.fixture
def loaded(engine: Engine) -> Engine:
    """A database with a real incident and a real site, and demonstration data."""
    write(engine, f"INSERT INTO mine_site (site_id, name, geom) VALUES ('REAL-1', 'Bisié', {POINT})")
    write(engine, f"INSERT INTO incident (incident_no, occurred_from, geom) VALUES ('R-1', '2024-01-05', {POINT})")
    load_demo(engine, replace(SMALL, incidents=20))
    return engine


def write(engine: Engine, statement: str) -> None:
    """Carry out one statement."""
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_it_leaves_everything_else(engine: Engine) -> None:
    write(engine, f"INSERT INTO mine_site (site_id, name, geom) VALUES ('REAL-1', 'Bisié', {POINT})")
    before = all_rows(engine)
    written = load_demo(engine, SMALL).written
    assert remove_demo(engine) == written
    assert all_rows(engine) == before
    assert remove_demo(engine) == {}
    assert was_loaded(engine)


def test_real_rows_lose_their_reference_and_stay(loaded: Engine) -> None:
    write(loaded, "UPDATE incident SET site_id = 'COD-SK-00001' WHERE incident_no = 'R-1'")
    remove_demo(loaded)
    assert ask(loaded, "SELECT incident_no, site_id, country FROM incident") == [("R-1", None, "CD")]
    assert ask(loaded, "SELECT site_id FROM mine_site") == [("REAL-1",)]


@pytest.mark.parametrize(
    ("dependent", "said"),
    [
        ("INSERT INTO site_visit (site_id, visited_on) VALUES ('COD-SK-00001', '2024-01-05')", "1 in site_visit"),
        (
            "INSERT INTO deployment (force, valid_from, site_id) VALUES ('police', '2024-01-05', 'COD-SK-00001')",
            "1 in deployment",
        ),
        (
            "INSERT INTO escort_movement (route_ref, cargo, arrived_at)"
            " SELECT id, 'minerals', '2024-01-05T10:00Z' FROM route WHERE route_id = 'RT-001'",
            "1 in escort_movement",
        ),
        (
            "INSERT INTO action (decided_on, action, facility_ref)"
            " SELECT '2024-01-05', 'visit', id FROM facility WHERE facility_id = 'FAC-001'",
            "1 in action",
        ),
    ],
)
def test_real_rows_that_would_be_lost_are_a_reason_to_refuse(loaded: Engine, dependent: str, said: str) -> None:
    write(loaded, dependent)
    before = all_rows(loaded)
    with pytest.raises(DemoError, match=said):
        remove_demo(loaded)
    with pytest.raises(DemoError, match=said):
        load_demo(loaded, SMALL)
    assert all_rows(loaded) == before


def test_rows_of_somebody_elses_source_of_that_name_stay(loaded: Engine) -> None:
    write(loaded, "UPDATE mine_site SET source_id = 'demo' WHERE site_id = 'REAL-1'")
    remove_demo(loaded)
    assert ask(loaded, "SELECT site_id, source_id FROM mine_site") == [("REAL-1", "demo")]
