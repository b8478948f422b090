"""The migrations make exactly the schema that the models describe, and can take it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from conftest import settings_for
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import current_revision, downgrade, head, migrate, require_current
from geoapp.errors import DatabaseError
from layers.tables import Base
from layers.vocabulary import REGISTRY

COLUMNS = """
    SELECT class.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod),
           attribute.attnotnull, attribute.attgenerated, attribute.attidentity,
           pg_get_expr(standard.adbin, standard.adrelid)
      FROM pg_attribute AS attribute
      JOIN pg_class AS class ON class.oid = attribute.attrelid AND class.relkind = 'r'
      LEFT JOIN pg_attrdef AS standard ON standard.adrelid = class.oid AND standard.adnum = attribute.attnum
     WHERE class.relnamespace = 'public'::regnamespace AND attribute.attnum > 0 AND NOT attribute.attisdropped
       AND class.relname NOT IN ('spatial_ref_sys', 'alembic_version')"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype <> 't'
       AND conrelid::regclass::text NOT IN ('spatial_ref_sys', 'alembic_version', '-')"""
INDEXES = """
    SELECT tablename, indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename NOT IN ('spatial_ref_sys', 'alembic_version')"""


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Engine]:
    """An engine for a database that holds nothing yet."""
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE empty TEMPLATE template0"))
    engine = open_engine(settings_for(cluster, "empty"))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE empty WITH (FORCE)"))
    admin.dispose()


def described(connection: Connection) -> list[set[tuple[object, ...]]]:
    """All columns, constraints and indexes of the schema."""
    return [{tuple(row) for row in connection.execute(text(each))} for each in (COLUMNS, CONSTRAINTS, INDEXES)]


def test_migrations_and_models_agree(connection: Connection, empty: Engine) -> None:
    migrated = described(connection)
    with empty.begin() as other:
        for extension in ("postgis", "btree_gist"):
            other.execute(text(f"CREATE EXTENSION {extension}"))
        for function in ("counts_people(jsonb)", "people_in(jsonb, text)"):
            made = connection.execute(text("SELECT pg_get_functiondef(to_regprocedure(:name))"), {"name": function})
            other.exec_driver_sql(made.scalar_one())
        Base.metadata.create_all(other)
        modelled = described(other)
    for found, wanted in zip(migrated, modelled, strict=True):
        assert found == wanted


def test_alembic_finds_nothing_to_do(connection: Connection) -> None:
    options = {"include_object": alembic_helpers.include_object, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    assert compare_metadata(context, Base.metadata) == []


def test_every_migration_can_be_taken_back(empty: Engine) -> None:
    assert migrate(empty) == (None, head())
    downgrade(empty, "base")
    with empty.connect() as connection:
        left = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
                " AND relname NOT IN ('spatial_ref_sys', 'alembic_version')"
                " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
                " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
            )
        ).all()
        assert left == []
        assert current_revision(connection) is None
    assert migrate(empty) == (None, head())
    assert migrate(empty) == (head(), head())


def test_the_vocabularies_are_in_the_database(connection: Connection) -> None:
    rows = connection.execute(text("SELECT vocabulary, code, label_en, label_fr FROM vocab")).all()
    assert {(row.vocabulary, row.code) for row in rows} == {
        (vocabulary.name, code) for vocabulary in REGISTRY.values() for code in vocabulary
    }
    assert all(row.label_en and row.label_fr for row in rows)


def test_a_newer_database_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with engine.connect() as connection, pytest.raises(DatabaseError, match="newer than this program"):
        require_current(connection)
    with pytest.raises(DatabaseError, match="Upgrade geoapp"):
        migrate(engine)


def test_a_database_without_a_schema_is_refused(empty: Engine) -> None:
    with empty.connect() as connection, pytest.raises(DatabaseError, match="geoapp db migrate"):
        require_current(connection)
