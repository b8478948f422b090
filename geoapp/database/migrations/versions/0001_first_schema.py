"""The first schema."""

from geoapp.database.migrations.script import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the functions that keep each row's units."""
    run_sql("0001_tables.sql")
    run_sql("0001_units.sql")


def downgrade() -> None:
    """Drop them, with all their data."""
    run_sql("0001_down.sql")
