"""What an import had to put right of a row, kept with the row, so that it can be counted and looked at."""

from geoapp.database.migrations.script import run_sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep repairs with the rows."""
    run_sql("0019_up.sql")


def downgrade() -> None:
    """Forget which rows were repaired."""
    run_sql("0019_down.sql")
