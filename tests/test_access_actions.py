"""What a committee learns of an incident from the actions on it: no more than from its release."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

# An incident in a territory of South Kivu, released as somewhere in the province, and one that is sealed.
ROWS = """
    INSERT INTO admin_unit (unit_code, valid_from, level, parent_code, country, name_en, name_fr, admin_type, geom)
    SELECT 'CD-SK-KAL', '2015-01-01', 2, 'CD-SK', 'CD', 'Kalehe', 'Kalehe', 'territoire',
           ST_Multi(ST_Buffer('SRID=4326;POINT(28.84 -2.50)'::geometry, 0.1));
    INSERT INTO app_user (user_name) VALUES ('coordinator-kalehe');
    INSERT INTO user_scope (user_name, role, unit_code) VALUES ('coordinator-kalehe', 'coordinator', 'CD-SK-KAL');
    INSERT INTO incident (incident_no, occurred_from, sealed, geom) VALUES
        ('released', '2024-01-01', false, 'SRID=4326;POINT(28.84 -2.50)'),
        ('kept', '2024-01-01', false, 'SRID=4326;POINT(28.84 -2.50)'),
        ('sealed', '2024-01-01', true, 'SRID=4326;POINT(28.84 -2.50)'),
        ('elsewhere', '2024-01-01', false, 'SRID=4326;POINT(29.00 -1.55)');
    INSERT INTO incident_release (incident_id, released_on, released_by, status, level, shown_date,
                                  shown_date_precision, location_precision, summary_fr, summary_en)
    SELECT incident_id, '2024-02-01', 'coordinator-sk', 'open', 1, '2024-01-01', 3, 5, 'fr', 'en'
      FROM incident WHERE incident_no = 'released';
    INSERT INTO action (incident_id, decided_on, action)
    SELECT incident_id, '2024-02-01', 'about ' || incident_no FROM incident;
"""
DECIDE = text(
    "INSERT INTO action (incident_id, decided_on, action) VALUES (CAST(:incident AS uuid), '2024-03-01', 'further')"
)


@pytest.fixture
def incidents(engine: Engine) -> dict[str, str]:
    """The ids of the incidents by their numbers."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
        return dict(connection.execute(text("SELECT incident_no, incident_id::text FROM incident")).all())


@pytest.fixture
def web(settings: Settings, incidents: dict[str, str]) -> Iterator[Engine]:
    """An engine of the web role on those rows."""
    made = open_web_engine(settings)
    yield made
    made.dispose()


def test_the_territory_of_a_release_for_the_province_stays_with_the_incident(web: Engine) -> None:
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        units = text("SELECT units FROM incident WHERE incident_no = 'released'")
        assert connection.scalar(units) == ["CD", "CD-SK", "CD-SK-KAL"]
    with web.connect() as connection:
        set_viewer(connection, "committee-sk")
        seen = connection.execute(text("SELECT action, units FROM action")).all()
        assert seen == [("about released", ["CD", "CD-SK"])]


def test_who_handles_a_territory_follows_up_its_incidents(web: Engine, incidents: dict[str, str]) -> None:
    with web.begin() as connection:
        set_viewer(connection, "coordinator-kalehe")
        seen = connection.scalars(text("SELECT action FROM action ORDER BY action")).all()
        assert seen == ["about kept", "about released"]
        connection.execute(DECIDE, {"incident": incidents["kept"]})
        assert connection.execute(text("UPDATE action SET done_on = '2024-04-01'")).rowcount == 3


@pytest.mark.parametrize("number", ["sealed", "elsewhere"])
def test_nobody_decides_on_an_incident_that_is_not_theirs(web: Engine, incidents: dict[str, str], number: str) -> None:
    with web.begin() as connection, pytest.raises(ProgrammingError, match="row-level security"):
        set_viewer(connection, "coordinator-kalehe")
        connection.execute(DECIDE, {"incident": incidents[number]})
