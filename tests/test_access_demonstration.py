"""The demonstration's people, whom anybody at the machine may look as, see and write synthetic rows alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.demo.people import PEOPLE, write_people
from geoapp.settings import Settings

TABLES = ("incident", "deployment", "incident_release", "mine_site", "facility", "route", "committee", "source")
ROWS = """
    CREATE TEMP VIEW each_kind AS SELECT made FROM unnest('{t,f}'::bool[]) AS made;
    INSERT INTO source (source_id, name) VALUES ('demo', 'demonstration'), ('real', 'whistleblower line');
    INSERT INTO mine_site (site_id, name, synthetic, geom)
    SELECT 'S-' || made, 'n', made, 'SRID=4326;POINT(28.84 -2.50)' FROM each_kind;
    INSERT INTO incident (incident_no, occurred_from, synthetic, summary_en, geom)
    SELECT 'N-' || made, '2024-01-01', made, 'words', 'SRID=4326;POINT(28.84 -2.50)' FROM each_kind;
    INSERT INTO incident_release (incident_id, released_on, released_by, status, level, shown_date,
                                  shown_date_precision, location_precision, summary_fr, summary_en, synthetic)
    SELECT incident_id, '2024-02-01', 'c', 'open', 1, '2024-01-01', 3, 5, 'fr', 'en', synthetic FROM incident;
    INSERT INTO facility (facility_id, kind, name, synthetic, geom)
    SELECT 'F-' || made, 'depot', 'n', made, 'SRID=4326;POINT(28.84 -2.50)' FROM each_kind;
    INSERT INTO route (route_id, name, synthetic, geom)
    SELECT 'R-' || made, 'n', made, 'SRID=4326;MULTILINESTRING((28.84 -2.50, 28.86 -2.52))' FROM each_kind;
    INSERT INTO deployment (deployment_id, force, valid_from, synthetic, geom)
    SELECT 'D-' || made, 'army', '2020-01-01', made, 'SRID=4326;POINT(28.84 -2.50)' FROM each_kind;
    INSERT INTO committee (committee_id, kind, name, unit_code, synthetic)
    SELECT 'K-' || made, 'CPS', 'n', 'CD-SK', made FROM each_kind;
"""


@pytest.fixture
def web(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """The web role on a real and a synthetic row of each kind."""
    with engine.begin() as connection:
        write_people(connection)
        connection.execute(text(ROWS))
    made = open_web_engine(settings)
    yield made
    made.dispose()


@pytest.mark.parametrize("name", [name for name, _, _ in PEOPLE])
def test_they_see_no_real_row(web: Engine, name: str) -> None:
    with web.connect() as connection:
        set_viewer(connection, name)
        for table in TABLES:
            real = "source_id = 'real'" if table == "source" else "NOT synthetic"
            assert connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {real}")) == 0, table
        people = connection.scalars(text("SELECT user_name FROM app_user")).all()
        assert people == [name]
        counted = "SELECT coalesce(sum(deployments), 0) FROM deployment_count WHERE unit_code = 'CD-SK'"
        assert connection.scalar(text(counted)) == 1


@pytest.mark.parametrize("name", ["analyst", "coordinator-sk", "gis-cd"])
def test_real_people_see_both(web: Engine, name: str) -> None:
    with web.connect() as connection:
        set_viewer(connection, name)
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 2
        assert connection.scalar(text("SELECT count(*) FROM deployment")) == 2


def test_what_they_write_is_synthetic(web: Engine) -> None:
    with web.begin() as connection:
        set_viewer(connection, "demo-gis")
        made = "INSERT INTO mine_site (site_id, name, geom) VALUES ('tried', 'n', 'SRID=4326;POINT(28.84 -2.50)')"
        connection.execute(text(made))
        assert connection.execute(text("UPDATE mine_site SET name = 'changed'")).rowcount == 2
    with web.connect() as connection:
        set_viewer(connection, "gis-cd")
        changed = "SELECT site_id, synthetic FROM mine_site WHERE name = 'changed' ORDER BY site_id"
        assert [tuple(row) for row in connection.execute(text(changed))] == [("S-true", True), ("tried", True)]


def test_none_of_them_administers(web: Engine) -> None:
    assert {role for _, role, _ in PEOPLE} == {"committee", "coordinator", "analyst", "gis"}
