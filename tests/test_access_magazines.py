"""Committees see no route that would lead them to an explosives magazine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

# One begins 200 m from the magazine, one names it, one passes by it, and one has nothing to do with it.
ROWS = """
    INSERT INTO facility (facility_id, kind, name, geom) VALUES
        ('F-M', 'explosives_magazine', 'Poudrière', 'SRID=4326;POINT(28.84 -2.50)'),
        ('F-D', 'depot', 'Dépôt', 'SRID=4326;POINT(28.70 -2.60)');
    INSERT INTO route (route_id, name, from_ref, to_ref, geom) VALUES
        ('begins', 'r', NULL, NULL, 'SRID=4326;MULTILINESTRING((28.8415 -2.501, 28.90 -2.60))'),
        ('names', 'r', 'F-D', 'F-M', 'SRID=4326;MULTILINESTRING((28.70 -2.60, 28.75 -2.60))'),
        ('passes', 'r', NULL, NULL, 'SRID=4326;MULTILINESTRING((28.80 -2.50, 28.84 -2.50, 28.90 -2.50))'),
        ('other', 'r', 'F-D', NULL, 'SRID=4326;MULTILINESTRING((28.70 -2.60, 28.60 -2.60))');
"""


@pytest.fixture
def web(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """The web role on those rows."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
    made = open_web_engine(settings)
    yield made
    made.dispose()


def seen(web: Engine, name: str) -> set[str]:
    """The routes that somebody sees."""
    with web.connect() as connection:
        set_viewer(connection, name)
        return set(connection.scalars(text("SELECT route_id FROM route")))


def test_a_committee_is_not_led_there(web: Engine) -> None:
    assert seen(web, "committee-sk") == {"passes", "other"}
    assert seen(web, "coordinator-sk") == {"begins", "names", "passes", "other"}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("UPDATE facility SET kind = 'depot' WHERE facility_id = 'F-M'", {"begins", "names", "passes", "other"}),
        ("DELETE FROM facility WHERE facility_id = 'F-M'", {"begins", "names", "passes", "other"}),
        ("UPDATE facility SET geom = 'SRID=4326;POINT(28.60 -2.60)' WHERE facility_id = 'F-M'", {"begins", "passes"}),
        ("UPDATE facility SET kind = 'explosives_magazine' WHERE facility_id = 'F-D'", {"passes"}),
        ("UPDATE route SET from_ref = 'F-M' WHERE route_id = 'other'", {"passes"}),
    ],
)
def test_it_holds_when_either_changes(web: Engine, engine: Engine, change: str, left: set[str]) -> None:
    with engine.begin() as connection:
        connection.execute(text(change))
    assert seen(web, "committee-sk") == left
