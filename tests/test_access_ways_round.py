"""Ways round the policies: what the web role can do with any SQL, short of naming another viewer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.settings import Settings
from layers.tables import Base

# South Kivu with deployments that have not begun or have ended, sealed incidents, and what hangs on them; a committee
# of North Kivu.
ROWS = """
    INSERT INTO mine_site (site_id, name, geom) VALUES ('S-SK', 'Nyabibwe', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO facility (facility_id, kind, name, geom)
    VALUES ('F-SK', 'depot', 'Dépôt', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO route (route_id, name, geom) VALUES
        ('R-SK', 'r', 'SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52))');
    INSERT INTO deployment (deployment_id, force, force_unit, valid_from, site_id)
    VALUES ('D-site', 'army', 'secret battalion', '2999-01-01', 'S-SK');
    INSERT INTO deployment (deployment_id, force, force_unit, valid_from, facility_ref)
    SELECT 'D-depot', 'army', 'secret battalion', '2999-01-01', id FROM facility;
    INSERT INTO deployment (deployment_id, force, force_unit, valid_from, route_ref)
    SELECT 'D-route', 'army', 'secret battalion', '2999-01-01', id FROM route;
    INSERT INTO deployment (deployment_id, force, valid_from, valid_to, geom) VALUES
        ('D-ended', 'army', '2020-01-01', '2021-01-01', 'SRID=4326;POINT(28.84 -2.50)'),
        ('D-now', 'mining_police', '2020-01-01', NULL, 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO deployment (deployment_id, force, valid_from, geom)
    VALUES ('D-patrol', 'police', '2020-01-01', 'SRID=4326;LINESTRING(28.84 -2.50, 29.05 -1.60)');
    INSERT INTO incident (incident_no, occurred_from, sealed, handlers, facility_ref)
    SELECT 'sealed', '2024-01-01', true, '{coordinator-sk}', id FROM facility;
    INSERT INTO incident (incident_no, occurred_from, sealed, handlers, geom)
    VALUES ('others', '2024-01-01', true, '{analyst}', 'SRID=4326;POINT(28.84 -2.50)');
    INSERT INTO risk_item (item, risk, incident_id) SELECT 'violence', 'on ' || incident_no, incident_id FROM incident;
    INSERT INTO risk_item (item, risk, deployment_ref) SELECT 'violence', 'on ' || deployment_id, id FROM deployment;
    INSERT INTO risk_incident (risk_id, incident_id) SELECT id, incident.incident_id FROM risk_item CROSS JOIN incident;
    INSERT INTO action (action, decided_on, incident_id)
    SELECT 'on ' || incident_no, '2024-02-01', incident_id FROM incident;
    INSERT INTO action (action, decided_on, deployment_ref)
    SELECT 'on ' || deployment_id, '2024-02-01', id FROM deployment;
    INSERT INTO committee (committee_id, kind, name, unit_code) VALUES
        ('CPS-SK', 'CPS', 'CPS', 'CD-SK'), ('CPS-NK', 'CPS', 'CPS', 'CD-NK');
    INSERT INTO meeting (meeting_id, committee_id, held_on) VALUES ('CPS-NK-2025-06-06', 'CPS-NK', '2025-06-06');
"""


@pytest.fixture
def web(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """The web role on those rows."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
    made = open_web_engine(settings)
    yield made
    made.dispose()


def refusal(connection: Connection, statement: str, **values: str) -> str:
    """What the database says of a statement that it refuses; the transaction goes on."""
    with pytest.raises(DBAPIError) as error, connection.begin_nested():
        connection.execute(text(statement), values)
    return str(error.value.orig)


@pytest.mark.parametrize("name", ["coordinator-sk", "gis-cd"])
@pytest.mark.parametrize("table", sorted({mapper.local_table.name for mapper in Base.registry.mappers}))
def test_a_blind_write_reaches_no_more_than_can_be_seen(web: Engine, name: str, table: str) -> None:
    with web.connect() as connection:
        set_viewer(connection, name)
        try:
            seen = connection.scalar(text(f'SELECT count(*) FROM "{table}"'))
            connection.begin_nested()
            reached = connection.execute(text(f'DELETE FROM "{table}"')).rowcount
        except ProgrammingError as refused:
            assert "permission denied" in str(refused)
            return
        assert reached <= seen


@pytest.mark.parametrize("statement", ["DELETE FROM mine_site", "DELETE FROM facility", "DELETE FROM route"])
def test_a_place_goes_without_a_word_of_what_is_hidden_there(web: Engine, engine: Engine, statement: str) -> None:
    with web.begin() as connection:
        set_viewer(connection, "gis-cd")
        assert connection.execute(text(statement)).rowcount == 1
    with engine.connect() as connection:
        hidden = connection.execute(
            text(
                "SELECT geom IS NOT NULL OR site_id IS NOT NULL OR facility_ref IS NOT NULL"
                " OR route_ref IS NOT NULL FROM deployment"
            )
        ).scalars()
        assert all(hidden)
    # Who handles the incident that hung on it still does.
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        assert connection.scalar(text("SELECT units[2] FROM incident WHERE incident_no = 'sealed'")) == "CD-SK"


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("INSERT INTO action (action, decided_on, site_id, meeting_id) VALUES ('a', '2025-07-01', 'S-SK', :key)",
         "CPS-NK-2025-06-06"),
        ("INSERT INTO action (action, decided_on, site_id, committee_id) VALUES ('a', '2025-07-01', 'S-SK', :key)",
         "CPS-NK"),
        ("INSERT INTO training (topic, held_on, unit_code, committee_id) VALUES ('other', '2025-07-01', 'CD-SK', :key)",
         "CPS-NK"),
        ("INSERT INTO meeting (committee_id, held_on) VALUES (:key, '2025-07-01')", "CPS-NK"),
        ("INSERT INTO committee_seat (committee_id, \"group\", organisation) VALUES (:key, 'g', 'o')", "CPS-NK"),
        ("INSERT INTO committee (committee_id, kind, name, unit_code) VALUES (:key, 'CPS', 'n', 'CD-SK')", "CPS-NK"),
    ],
)  # fmt: skip
def test_a_guessed_key_is_refused_as_an_unknown_one_is(web: Engine, statement: str, key: str) -> None:
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        assert refusal(connection, statement, key=key) == refusal(connection, statement, key="CPS-XX")


LINKS = (
    "SELECT risk || ': ' || incident_no FROM risk_incident JOIN risk_item ON risk_item.id = risk_id"
    " JOIN incident ON incident.incident_id = risk_incident.incident_id ORDER BY 1"
)


def test_a_link_is_for_who_sees_both_of_its_ends(web: Engine, engine: Engine) -> None:
    count = text("SELECT count(*) FROM risk_incident")
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        seen = ["on D-ended: sealed", "on D-now: sealed", "on D-patrol: sealed", "on sealed: sealed"]
        assert (connection.scalars(text(LINKS)).all(), connection.scalar(count)) == (seen, 4)
        set_viewer(connection, "analyst")
        seen = ["on D-ended: others", "on D-now: others", "on D-patrol: others", "on others: others"]
        assert (connection.scalars(text(LINKS)).all(), connection.scalar(count)) == (seen, 4)
        assert connection.execute(text("DELETE FROM risk_incident")).rowcount == 0
    with engine.connect() as connection:
        before = connection.scalar(count)
    with web.begin() as connection:
        set_viewer(connection, "coordinator-sk")
        assert connection.execute(text("DELETE FROM risk_incident")).rowcount == 4
    with engine.connect() as connection:
        assert connection.scalar(count) == before - 4


@pytest.mark.parametrize("linked", [True, False])
def test_nobody_links_what_they_do_not_see(web: Engine, engine: Engine, linked: bool) -> None:
    """A hidden incident, linked already or not, is refused as one that there is not."""
    with engine.begin() as connection:
        if not linked:
            connection.execute(text("DELETE FROM risk_incident"))
        ids = {
            row.no: row.id
            for row in connection.execute(text("SELECT incident_no AS no, incident_id::text AS id FROM incident"))
        }
        risks = {row.risk: row.id for row in connection.execute(text("SELECT risk, id::text AS id FROM risk_item"))}
    link = "INSERT INTO risk_incident (risk_id, incident_id) VALUES (:risk, :incident)"
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        unknown = refusal(connection, link, risk=risks["on D-now"], incident=risks["on D-now"])
        assert refusal(connection, link, risk=risks["on D-now"], incident=ids["others"]) == unknown
        # Nor to a risk that is hidden.
        assert refusal(connection, link, risk=risks["on D-site"], incident=ids["sealed"]) == unknown
        assert "permission denied" in refusal(connection, "UPDATE risk_incident SET risk_id = risk_id")
        connection.execute(text("DELETE FROM risk_incident"))
        connection.execute(text(link), {"risk": risks["on D-now"], "incident": ids["sealed"]})
        assert connection.scalars(text(LINKS)).all() == ["on D-now: sealed"]
        set_viewer(connection, "analyst")
        assert refusal(connection, link, risk=risks["on D-now"], incident=ids["others"]) == unknown


def test_a_coordinator_still_decides_for_their_own_committee(web: Engine) -> None:
    with web.connect() as connection:
        set_viewer(connection, "coordinator-sk")
        connection.execute(
            text(
                "INSERT INTO action (action, decided_on, site_id, committee_id)"
                " VALUES ('a', '2025-07-01', 'S-SK', 'CPS-SK');"
                "INSERT INTO meeting (committee_id, held_on) VALUES ('CPS-SK', '2025-07-01')"
            )
        )
        assert connection.scalar(text("SELECT count(*) FROM meeting")) == 1


@pytest.mark.parametrize("name", ["public", "committee-sk"])
def test_no_condition_is_tried_on_a_deployment_that_is_not_counted(web: Engine, name: str) -> None:
    told = "SELECT * FROM deployment_count WHERE 1 / (CASE WHEN force = 'army' THEN 0 ELSE 1 END) = 1"
    with web.connect() as connection:
        set_viewer(connection, name)
        forces = {row.force for row in connection.execute(text(told))}
        assert forces == (set() if name == "public" else {"mining_police", "police"})


def test_a_patrol_is_counted_in_the_readers_own_units(web: Engine) -> None:
    with web.connect() as connection:
        set_viewer(connection, "committee-sk")
        counted = set(connection.scalars(text("SELECT unit_code FROM deployment_count WHERE force = 'police'")))
    assert counted == {"CD-SK"}


@pytest.mark.parametrize("zone", ["XXX-167:59", "XXX+167:59", "Etc/GMT-14"])
def test_no_time_zone_is_so_far_off_that_the_future_shows(web: Engine, zone: str) -> None:
    with web.connect() as connection:
        connection.execute(text("SELECT set_config('geoapp.time_zone', :zone, true)"), {"zone": zone})
        ahead = (
            "SELECT today() BETWEEN (now() AT TIME ZONE 'Etc/GMT+12')::date AND (now() AT TIME ZONE 'Etc/GMT-14')::date"
        )
        assert connection.scalar(text(ahead))


def test_no_trigger_function_can_be_hung_on_a_table_of_ones_own(web: Engine) -> None:
    callable_ = (
        "SELECT oid::regprocedure::text FROM pg_proc AS made WHERE pronamespace = 'public'::regnamespace"
        " AND prorettype = 'trigger'::regtype AND has_function_privilege(oid, 'EXECUTE')"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = made.oid AND deptype = 'e')"
    )
    with web.connect() as connection:
        assert list(connection.scalars(text(callable_))) == []
        connection.execute(text("CREATE TEMP TABLE own (incident_id uuid, units text[], country text)"))
        hang = "CREATE TRIGGER t BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION incident_child_units()"
        assert "permission denied" in refusal(connection, hang)


def test_a_temporary_table_stands_for_none_of_geoapps(web: Engine) -> None:
    with web.connect() as connection:
        set_viewer(connection, "gis-rw")
        connection.execute(
            text(
                "CREATE TEMP TABLE admin_unit_part AS SELECT 'RW' AS unit_code, DATE '1900-01-01' AS valid_from,"
                " NULL::date AS valid_to, 0::smallint AS level, 'RW' AS country,"
                " ST_MakeEnvelope(-180, -90, 180, 90, 4326) AS geom;"
                "CREATE TEMP TABLE incident AS SELECT 'planted' AS incident_no"
            )
        )
        assert connection.scalar(text("SELECT count(*) FROM incident WHERE incident_no = 'planted'")) == 0
        write = "INSERT INTO mine_site (name, geom) VALUES ('n', 'SRID=4326;POINT(28.84 -2.50)')"
        assert "row-level security" in refusal(connection, write)


def test_every_function_with_the_owners_eyes_says_where_it_looks(connection: Connection) -> None:
    loose = (
        "SELECT oid::regprocedure::text FROM pg_proc AS made WHERE pronamespace = 'public'::regnamespace"
        " AND prosqlbody IS NULL AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = made.oid AND deptype = 'e')"
        " AND coalesce(proconfig::text, '') NOT LIKE '%search_path=pg_catalog, public, pg_temp%'"
        " AND (prosecdef OR prorettype <> 'trigger'::regtype)"
    )
    assert list(connection.scalars(text(loose))) == []


def test_two_administrators_do_not_leave_at_once(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO app_user (user_name) VALUES ('admin-2');"
                "INSERT INTO user_scope (user_name, role) VALUES ('admin-2', 'admin')"
            )
        )
    leave = text("UPDATE app_user SET disabled_at = now() WHERE user_name = :name")
    other = open_engine(settings).execution_options(isolation_level="REPEATABLE READ")
    with other.connect() as second:
        second.execute(text("SELECT count(*) FROM app_user"))
        with engine.begin() as first:
            first.execute(leave, {"name": "admin"})
        with pytest.raises(DBAPIError):
            second.execute(leave, {"name": "admin-2"})
    other.dispose()
