"""Row-level security: who may see and write which row."""

from geoapp.database.migrations.script import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the policies, and what they ask, on every table."""
    for part in ("viewer", "people_and_units", "views", "publication", "keys", "policies"):
        run_sql(f"0002_{part}.sql")


def downgrade() -> None:
    """Take them off again."""
    run_sql("0002_down.sql")
