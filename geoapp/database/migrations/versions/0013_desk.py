"""The GIS officer's desk: history of rows, kept uploads, and the queue of work on them."""

from geoapp.database.migrations.script import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    for part in ("history", "desk"):
        run_sql(f"0013_{part}.sql")


def downgrade() -> None:
    """Remove them."""
    run_sql("0013_down.sql")
