"""Mending by hand: edits and merges are batches of a kind of their own, and can be taken back whole."""

from geoapp.database.migrations.script import run_sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tell the kinds of batches apart, and keep what merging changes."""
    run_sql("0018_up.sql")


def downgrade() -> None:
    """Forget the kinds."""
    run_sql("0018_down.sql")
