"""The network of the routes, along which paths are found."""

from geoapp.database.migrations.script import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, empty: `geoapp network build` fills it."""
    run_sql("0008_up.sql")


def downgrade() -> None:
    """Drop it."""
    run_sql("0008_down.sql")
