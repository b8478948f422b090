"""An import finds the units of all its points at once, where the triggers did it row by row."""

from geoapp.database.migrations.script import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the operator's import at its word."""
    run_sql("0012_up.sql")


def downgrade() -> None:
    """Have the triggers find the units of every row again."""
    run_sql("0012_down.sql")
