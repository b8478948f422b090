"""A database of the first released schema is brought to the present one with what is in it; no other is served."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import GEOAPP
from conftest import environment_for, settings_for
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from geoapp.access.viewer import set_viewer
from geoapp.database import boundaries
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.database.migrate import downgrade, head, migrate
from geoapp.doctor.finding import Finding
from geoapp.doctor.records import check_records
from geoapp.doctor.schema import check_schema
from geoapp.resources import folder
from geoapp.settings import Settings

FIRST = "0001"
BEFORE_LINKS = "0026"
# A row of every table of the first schema that holds what people bring, as it was written then.
ROWS = (
    "INSERT INTO app_user (user_name) VALUES ('amina'), ('eric')",
    "INSERT INTO user_scope (user_name, role, unit_code) VALUES ('amina', 'analyst', 'CD'), ('eric', 'gis', 'RW')",
    "INSERT INTO source (source_id, name) VALUES ('S', 'A survey')",
    "INSERT INTO import_batch (import_batch_id, file_name, sha256, table_name, source_id, rows_in, rows_inserted,"
    " rows_updated, rows_unchanged, rows_rejected) VALUES ('00000000-0000-4000-8000-000000000001', 'a.csv',"
    " repeat('0', 64), 'mine_sites', 'S', 2, 1, 0, 0, 1)",
    "INSERT INTO import_issue (import_batch_id, row, rule, severity)"
    " VALUES ('00000000-0000-4000-8000-000000000001', 2, 'required', 'error')",
    "INSERT INTO mine_site (site_id, name, minerals, workers_est, source_id, import_batch_id, geom)"
    " VALUES ('M', 'Kongo', '{gold}', 40, 'S', '00000000-0000-4000-8000-000000000001', 'SRID=4326;POINT(28.84 -2.5)')",
    "INSERT INTO site_alias (site_id, source, code) VALUES ('M', 'IPIS', 'codmine1')",
    "INSERT INTO site_visit (site_id, visited_on, workers_est) VALUES ('M', '2024-05-01', 30)",
    "INSERT INTO route (id, route_id, name, mode, geom) VALUES ('00000000-0000-4000-8000-000000000002', 'R', 'RN2',"
    " 'truck', 'SRID=4326;MULTILINESTRING((28.80 -2.45, 28.86 -2.52))')",
    "INSERT INTO facility (facility_id, kind, name, geom)"
    " VALUES ('F', 'depot', 'Depot', 'SRID=4326;POINT(28.85 -2.5)')",
    "INSERT INTO checkpoint (checkpoint_id, geom) VALUES ('C', 'SRID=4326;POINT(28.83 -2.48)')",
    "INSERT INTO deployment (deployment_id, force, site_id, strength, valid_from)"
    " VALUES ('D', 'police', 'M', 12, '2024-01-01')",
    "INSERT INTO incident (incident_no, occurred_from, level, category, killed, site_id, summary_en,"
    " geom) VALUES ('I-1', '2024-03-02', 1, 'armed_group_presence', 2, 'M', 'What happened.',"
    " 'SRID=4326;POINT(28.841 -2.501)')",
    "INSERT INTO incident (incident_no, occurred_from, sealed, handlers, geom) VALUES ('I-2', '2024-04-02', true,"
    " '{amina}', 'SRID=4326;POINT(28.842 -2.502)')",
    "INSERT INTO committee (committee_id, kind, name, unit_code) VALUES ('K', 'CPS', 'Committee', 'CD-SK')",
    "INSERT INTO meeting (meeting_id, committee_id, held_on) VALUES ('G', 'K', '2024-06-01')",
)
KEPT = {
    "app_user": "user_name",
    "user_scope": "user_name, role, unit_code",
    "source": "source_id, name",
    "import_batch": "import_batch_id, file_name, sha256, table_name, source_id, rows_in, rows_inserted, rows_rejected",
    "import_issue": 'import_batch_id, "row", rule, severity',
    "mine_site": "site_id, name, minerals, workers_est, source_id, import_batch_id, geom::text,"
    " country, units, created_by",
    "site_alias": "id, site_id, source, code",
    "site_visit": "id, site_id, visited_on, workers_est",
    "route": "id, route_id, name, mode, length_km, geom::text, country, units",
    "facility": "id, facility_id, kind, name, geom::text",
    "checkpoint": "id, checkpoint_id, geom::text",
    "deployment": "id, deployment_id, force, site_id, strength, valid_from, units",
    "incident": "incident_id, incident_no, occurred_from, level, category, killed, site_id, summary_en, sealed,"
    " handlers, geom::text, country, units",
    "committee": "committee_id, kind, name, unit_code",
    "meeting": "meeting_id, committee_id, held_on",
}
SEEN = text("SELECT incident_no FROM incident ORDER BY incident_no")


@pytest.fixture
def old(cluster: Cluster) -> Iterator[Settings]:
    """Settings for a database of the first schema, with rows in it."""
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE old TEMPLATE template0"))
    settings = settings_for(cluster, "old")
    engine = open_engine(settings)
    assert migrate(engine, FIRST) == (None, FIRST)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES (:id, 'b')"), {"id": boundaries.SOURCE})
        for name in boundaries.UNIT_FILES:
            for unit in boundaries._features(folder("data/boundaries"), name):
                boundaries._load_unit(connection, unit)
        for row in ROWS:
            connection.execute(text(row))
    engine.dispose()
    yield settings
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE old WITH (FORCE)"))
    admin.dispose()


def kept(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """What the first schema held of each table."""
    with engine.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT {columns} FROM {table}"))), key=str)
            for table, columns in KEPT.items()
        }


def geoapp(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a database."""
    environment = {**environment_for(settings), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [str(GEOAPP), *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_nothing_of_the_first_schema_is_lost(old: Settings) -> None:
    engine = open_engine(old)
    before = kept(engine)
    assert all(before.values())
    refused = geoapp(old, "run", "--port", "8669")
    assert refused.returncode == 1
    assert "older than this program. Run `geoapp db migrate`" in refused.stderr
    done = geoapp(old, "db", "migrate")
    assert done.returncode == 0, done.stderr
    assert f"Schema {head()} (was {FIRST})." in done.stdout
    assert kept(engine) == before
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        found = [*check_schema(connection), *check_records(connection, old)]
    assert _wrong(found) == {"backups"}
    assert _seen_by(old, "amina") == ["I-1", "I-2"]
    assert _seen_by(old, "eric") == []
    assert geoapp(old, "db", "migrate").stdout.startswith(f"Schema {head()}: up to date.")
    engine.dispose()


def test_linked_incidents_become_rows_and_a_column_again(old: Settings) -> None:
    engine = open_engine(old)
    gone = "00000000-0000-4000-8000-00000000000f"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO risk_item (item, site_id, incidents) SELECT 'violence', 'M',"
                " array_agg(incident_id) || array_agg(incident_id) || CAST(:gone AS uuid) FROM incident"
            ),
            {"gone": gone},
        )
        connection.execute(text("INSERT INTO risk_item (item, site_id) VALUES ('conflict', 'M')"))
    migrate(engine)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT risk, incident_no FROM risk_incident JOIN risk_item ON risk_item.id = risk_id"
                " JOIN incident ON incident.incident_id = risk_incident.incident_id ORDER BY incident_no"
            )
        )
        # What is no incident any more is linked no longer.
        assert list(map(tuple, rows)) == [("violence", "I-1"), ("violence", "I-2")]
    downgrade(engine, BEFORE_LINKS)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT risk, ARRAY(SELECT incident_no FROM incident WHERE incident_id = ANY (incidents) ORDER BY 1)"
                ", cardinality(incidents) FROM risk_item ORDER BY risk"
            )
        )
        assert list(map(tuple, rows)) == [("conflict", [], 0), ("violence", ["I-1", "I-2"], 2)]
    engine.dispose()


def test_a_newer_database_is_not_served(settings: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for words in (("run", "--port", "8669"), ("worker", "--once"), ("db", "migrate")):
        refused = geoapp(replace(settings), *words)
        assert refused.returncode == 1, words
        assert "newer than this program" in refused.stderr
        assert "Upgrade geoapp" in refused.stderr


def _wrong(found: list[Finding]) -> set[str]:
    return {each.check for each in found if each.state != "ok"}


def _seen_by(settings: Settings, name: str) -> list[str]:
    web = open_web_engine(settings)
    with web.connect() as connection:
        seen = _seen(connection, name)
    web.dispose()
    return seen


def _seen(connection: Connection, name: str) -> list[str]:
    set_viewer(connection, name)
    return list(connection.scalars(SEEN))
