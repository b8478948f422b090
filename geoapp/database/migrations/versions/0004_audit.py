"""The audit: events that nobody can take back, and the seals over them."""

from geoapp.database.migrations.script import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have the database write down who did what."""
    run_sql("0004_up.sql")


def downgrade() -> None:
    """Stop writing it down; events stay in their table."""
    run_sql("0004_down.sql")
