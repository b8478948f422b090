"""Views of the map that people keep under a name."""

from geoapp.database.migrations.script import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, each row of which is its owner's alone."""
    run_sql("0017_up.sql")


def downgrade() -> None:
    """Drop it."""
    run_sql("0017_down.sql")
