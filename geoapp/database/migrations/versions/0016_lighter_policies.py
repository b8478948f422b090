"""Policies that cost a statement less: what they ask of the viewer keeps its plan, whatever the session does."""

from geoapp.database.migrations.script import run_sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the functions' plans, and ask who views a sealed incident only for sealed ones."""
    run_sql("0016_up.sql")


def downgrade() -> None:
    """Plan the functions as the session says, and ask once a statement."""
    run_sql("0016_down.sql")
