"""Who sees which row is decided by the database, for any query that the web role can think of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cast import CAST
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings
from layers.tables import Base

Ask = Callable[[str, str], set[object]]

ROWS = """
    INSERT INTO mine_site (site_id, name, operator_name, geom) VALUES
        ('S-SK', 'Nyabibwe', 'secret operator', 'SRID=4326;POINT(28.84 -2.50)'),
        ('S-NK', 'Rubaya', NULL, 'SRID=4326;POINT(29.00 -1.55)'),
        ('S-RW', 'Rutongo', NULL, 'SRID=4326;POINT(30.06 -1.94)');
    INSERT INTO incident (incident_no, occurred_from, level, sealed, handlers, geom) VALUES
        ('SK-open', '2024-01-01', 1, false, '{}', 'SRID=4326;POINT(28.84 -2.50)'),
        ('SK-sealed', '2024-01-01', 1, true, '{}', 'SRID=4326;POINT(28.84 -2.50)'),
        ('SK-mine', '2024-01-01', 1, true, '{coordinator-sk}', 'SRID=4326;POINT(28.84 -2.50)'),
        ('NK-open', '2024-01-01', 2, false, '{}', 'SRID=4326;POINT(29.00 -1.55)'),
        ('RW-open', '2024-01-01', 3, false, '{}', 'SRID=4326;POINT(30.06 -1.94)');
    INSERT INTO incident_release (incident_id, released_on, released_by, status, level, shown_date,
                                  shown_date_precision, location_precision, summary_fr, summary_en, geom)
    SELECT incident_id, '2024-02-01', 'coordinator-sk', 'open', 1, '2024-01-01', 3, 4, 'fr', 'en',
           'SRID=4326;POINT(28.8 -2.5)' FROM incident WHERE incident_no IN ('SK-open', 'NK-open');
    INSERT INTO facility (facility_id, kind, name, geom) VALUES
        ('F-depot', 'depot', 'Dépôt', 'SRID=4326;POINT(28.84 -2.50)'),
        ('F-magazine', 'explosives_magazine', 'Poudrière', 'SRID=4326;POINT(28.70 -2.60)');
    INSERT INTO route (route_id, name, geom) VALUES
        ('R-SK', 'a', 'SRID=4326;MULTILINESTRING((28.84 -2.50, 28.86 -2.52))'),
        ('R-RW', 'b', 'SRID=4326;MULTILINESTRING((30.06 -1.94, 30.10 -1.95))');
    INSERT INTO deployment (deployment_id, force, function, valid_from, valid_to, geom) VALUES
        ('D-SK', 'mining_police', 'site_guard', '2020-01-01', NULL, 'SRID=4326;POINT(28.84 -2.50)'),
        ('D-RW', 'police', 'patrol', '2020-01-01', NULL, 'SRID=4326;POINT(30.06 -1.94)'),
        ('D-future', 'army', 'patrol', '2999-01-01', NULL, 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO site_visit (visit_id, site_id, visited_on) VALUES ('V-SK', 'S-SK', '2024-01-01');
    INSERT INTO checkpoint (checkpoint_id, geom) VALUES ('C-SK', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO action (incident_id, decided_on, action)
    SELECT incident_id, '2024-02-01', 'about ' || incident_no FROM incident WHERE incident_no LIKE 'SK-%';
    INSERT INTO committee (committee_id, kind, name, unit_code) VALUES ('K-SK', 'CPS', 'CPS', 'CD-SK');
"""


@pytest.fixture
def web(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """An engine of the web role on a database with rows in three provinces."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
    made = open_web_engine(settings)
    yield made
    made.dispose()


@pytest.fixture
def ask(web: Engine) -> Ask:
    """Ask for one column as somebody; the set of its values."""

    def answer(name: str, question: str) -> set[object]:
        with web.connect() as connection:
            if name:
                set_viewer(connection, name)
            return set(connection.scalars(text(question)))

    return answer


INCIDENTS = "SELECT incident_no FROM incident"
RELEASES = "SELECT summary_en FROM incident_release"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("public", set()),
        ("committee-sk", set()),
        ("coordinator-sk", {"SK-open", "SK-mine"}),
        ("analyst", {"SK-open", "NK-open", "RW-open"}),
        ("analyst-rw", {"RW-open"}),
        ("gis-cd", {"SK-open", "NK-open"}),
        ("admin", set()),
        ("nobody-of-that-name", set()),
    ],
)
def test_incidents_are_for_those_who_handle_them(ask: Ask, name: str, seen: set[object]) -> None:
    assert ask(name, INCIDENTS) == seen


def test_who_saw_every_country_does_not_see_one_that_comes_later(ask: Ask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO app_user (user_name) VALUES ('analyst-two');"
                "INSERT INTO user_scope (user_name, role, unit_code) VALUES"
                " ('analyst-two', 'analyst', 'CD'), ('analyst-two', 'analyst', 'RW')"
            )
        )
    everywhere = "SELECT viewer_sees_everywhere('analyst')"
    assert ask("analyst-two", everywhere) == {True}
    assert ask("analyst-two", INCIDENTS) == ask("analyst", INCIDENTS)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, geom)"
                " VALUES ('UG-open', '2024-01-01', 'SRID=4326;POINT(30.66 -0.61)')"
            )
        )
    assert ask("analyst-two", everywhere) == {False}
    assert ask("analyst-two", INCIDENTS) == ask("analyst", INCIDENTS) - {"UG-open"}


def test_without_boundaries_an_analyst_sees_their_own_countries_alone(ask: Ask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica; DELETE FROM admin_unit"))
    assert ask("public", INCIDENTS) == set()
    assert ask("committee-sk", INCIDENTS) == set()
    assert ask("analyst-rw", INCIDENTS) == {"RW-open"}


def test_a_committee_sees_what_was_released_in_its_units(ask: Ask) -> None:
    assert ask("committee-sk", "SELECT units[2] FROM incident_release") == {"CD-SK"}
    assert ask("committee-sk", "SELECT action FROM action") == {"about SK-open"}
    assert ask("committee-sk", "SELECT committee_id FROM committee") == {"K-SK"}
    assert ask("committee-sk", "SELECT facility_id FROM facility") == {"F-depot"}
    assert ask("committee-sk", "SELECT route_id FROM route") == {"R-SK"}


@pytest.mark.parametrize(
    "table", ["deployment", "checkpoint", "site_visit", "escort_movement", "mine_site", "risk_item"]
)
def test_a_committee_gets_no_row_of_what_is_not_for_it(ask: Ask, table: str) -> None:
    assert ask("committee-sk", f"SELECT count(*) FROM {table}") == {0}


def test_a_committee_gets_deployments_as_numbers(ask: Ask) -> None:
    counted = "SELECT unit_code || ' ' || force || ' ' || function || ' ' || deployments FROM deployment_count"
    assert ask("committee-sk", counted) == {"CD-SK mining_police site_guard 1"}
    assert ask("public", counted) == set()


def test_the_public_sees_sites_by_place_name_minerals_and_status_alone(ask: Ask) -> None:
    assert ask("public", "SELECT site_id FROM public_mine_site") == {"S-SK", "S-NK", "S-RW"}
    assert ask("public", "SELECT site_id FROM mine_site") == set()
    assert ask("analyst-rw", "SELECT site_id FROM mine_site") == {"S-RW"}
    assert ask("public", "SELECT count(*) FROM admin_unit") != {0}


def test_nothing_future_is_shown(ask: Ask) -> None:
    assert ask("analyst", "SELECT deployment_id FROM deployment") == {"D-SK", "D-RW"}


def test_an_administrator_sees_people_and_no_content(ask: Ask) -> None:
    assert ask("admin", "SELECT user_name FROM app_user") == set(CAST)
    assert ask("analyst", "SELECT user_name FROM app_user") == {"analyst"}
    assert ask("public", "SELECT user_name FROM app_user") == set()


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_without_a_viewer_nothing_is_seen(web: Engine, table: str) -> None:
    with web.connect() as connection:
        try:
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        except ProgrammingError as refused:
            assert "permission denied" in str(refused)


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_table_is_under_a_policy_that_binds_its_owner_too(connection: Connection, table: str) -> None:
    bound = connection.execute(
        text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = CAST(:name AS regclass)"),
        {"name": f'public."{table}"'},
    ).one()
    assert tuple(bound) == (True, True)


def test_the_viewer_is_forgotten_at_the_end_of_a_transaction(web: Engine) -> None:
    with web.connect() as connection:
        set_viewer(connection, "analyst")
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 3
        connection.rollback()
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 0


def test_a_disabled_person_sees_nothing_at_once(ask: Ask, engine: Engine) -> None:
    assert ask("analyst-rw", INCIDENTS) == {"RW-open"}
    with engine.begin() as connection:
        connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'analyst-rw'"))
    assert ask("analyst-rw", INCIDENTS) == set()


def test_a_scope_on_a_new_unit_covers_what_it_was_made_from(ask: Ask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE admin_unit SET valid_to = '2025-01-01' WHERE unit_code = 'CD-SK';"
                "INSERT INTO admin_unit (unit_code, valid_from, level, parent_code, country, name_en, name_fr,"
                " admin_type, geom) SELECT 'CD-X1', '2025-01-01', 1, 'CD', 'CD', 'New', 'Nouvelle', 'province', geom"
                " FROM admin_unit WHERE unit_code = 'CD-SK';"
                "SELECT find_unit_origins();"
                "INSERT INTO app_user (user_name) VALUES ('analyst-x1');"
                "INSERT INTO user_scope (user_name, role, unit_code) VALUES ('analyst-x1', 'analyst', 'CD-X1');"
            )
        )
    assert ask("analyst-x1", INCIDENTS) == {"SK-open"}


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE geoapp",
        "ALTER TABLE incident DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE incident NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY read ON incident",
        "CREATE TABLE copy AS SELECT 1",
        "SELECT find_unit_origins()",
        "SELECT * FROM web_session",
        "DELETE FROM audit_event",
        "INSERT INTO admin_unit_origin VALUES ('CD-SK', 'CD-NK')",
        "UPDATE alembic_version SET version_num = '0'",
        "COPY incident TO '/tmp/out'",
    ],
)
def test_what_only_the_owner_may_do_is_refused(web: Engine, statement: str) -> None:
    with web.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be|denied to set"):
        set_viewer(connection, "analyst")
        connection.execute(text(statement))


def test_a_gis_officer_writes_in_their_units_alone(web: Engine) -> None:
    write = (
        "INSERT INTO mine_site (site_id, name, created_by, geom)"
        " VALUES (:id, 'n', 'somebody else', CAST(:at AS geometry))"
    )
    with web.begin() as connection:
        set_viewer(connection, "gis-rw")
        connection.execute(text(write), {"id": "mine", "at": "SRID=4326;POINT(30.06 -1.94)"})
        assert connection.scalar(text("SELECT created_by FROM mine_site WHERE site_id = 'mine'")) == "gis-rw"
        changed = connection.execute(text("UPDATE mine_site SET name = 'changed'")).rowcount
        assert changed == 2
    with web.begin() as connection, pytest.raises(ProgrammingError, match="row-level security"):
        set_viewer(connection, "gis-rw")
        connection.execute(text(write), {"id": "theirs", "at": "SRID=4326;POINT(28.84 -2.50)"})
    with web.begin() as connection, pytest.raises(ProgrammingError, match="row-level security"):
        set_viewer(connection, "gis-rw")
        connection.execute(text("UPDATE mine_site SET geom = 'SRID=4326;POINT(28.84 -2.50)' WHERE site_id = 'S-RW'"))


@pytest.mark.parametrize("name", ["public", "committee-sk", "analyst", "admin"])
def test_the_others_write_no_site(web: Engine, name: str) -> None:
    with web.begin() as connection, pytest.raises(ProgrammingError, match="row-level security"):
        set_viewer(connection, name)
        connection.execute(text("INSERT INTO mine_site (name, geom) VALUES ('n', 'SRID=4326;POINT(28.84 -2.50)')"))


def test_a_key_does_not_tell_of_a_hidden_row(web: Engine) -> None:
    """D-SK is another country's: the same key can be given to a row of one's own."""
    with web.begin() as connection:
        set_viewer(connection, "gis-rw")
        connection.execute(
            text(
                "INSERT INTO deployment (deployment_id, force, valid_from, geom)"
                " VALUES ('D-SK', 'police', '2024-01-01', 'SRID=4326;POINT(30.06 -1.94)')"
            )
        )
        assert connection.scalar(text("SELECT count(*) FROM deployment WHERE deployment_id = 'D-SK'")) == 1


def test_the_last_administrator_stays(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="last administrator"), engine.begin() as connection:
        connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'admin'"))
    with pytest.raises(DBAPIError, match="last administrator"), engine.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'admin'"))


def test_a_scope_needs_a_unit_that_exists(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="there is no unit CD-ZZ"), engine.begin() as connection:
        connection.execute(
            text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('analyst', 'analyst', 'CD-ZZ')")
        )
