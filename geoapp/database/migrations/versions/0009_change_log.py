"""The change log: what changed since a transaction's snapshot, for all that keeps rows outside the database."""

from geoapp.database.migrations.script import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Log changes from now on."""
    run_sql("0009_up.sql")


def downgrade() -> None:
    """Stop logging, and forget what was logged."""
    run_sql("0009_down.sql")
