"""Outlines of units for maps that are far: neighbours simplified together, so that no gap opens between them."""

from geoapp.database.migrations.script import run_sql

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them; the next load of the base map draws them."""
    run_sql("0014_up.sql")


def downgrade() -> None:
    """Forget them."""
    run_sql("0014_down.sql")
