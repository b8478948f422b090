"""Actions on incidents: seen with the incident or its release, and no nearer than their province."""

from geoapp.database.migrations.script import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Part what an action tells of its place from what its incident does."""
    run_sql("0007_up.sql")


def downgrade() -> None:
    """Give actions the units of their incidents again."""
    run_sql("0007_down.sql")
