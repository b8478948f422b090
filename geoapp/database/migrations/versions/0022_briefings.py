"""Briefings and watches of one's own, the rights of a paper's reader, and tokens for feeds."""

from geoapp.database.migrations.script import run_sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and let a transaction have a reader's rights."""
    run_sql("0022_briefings.sql")
    run_sql("0022_reader.sql")


def downgrade() -> None:
    """Forget them."""
    run_sql("0022_down.sql")
