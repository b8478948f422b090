"""Incidents that somebody told apart, and marks on the rows that were repaired before rows kept that."""

from geoapp.database.migrations.script import run_sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep which incidents are two, and mark older repairs."""
    run_sql("0023_up.sql")


def downgrade() -> None:
    """Forget which incidents were told apart."""
    run_sql("0023_down.sql")
