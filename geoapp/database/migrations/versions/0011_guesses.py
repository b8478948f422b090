"""Every guess of a password in the audit: the totals of those that were turned away."""

from geoapp.database.migrations.script import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count what the audit has been told of."""
    run_sql("0011_up.sql")


def downgrade() -> None:
    """Forget it."""
    run_sql("0011_down.sql")
