"""The incidents of a risk, as rows that the policies of both decide over."""

from geoapp.database.migrations.script import run_sql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make a row of each incident that a risk is linked to."""
    run_sql("0027_up.sql")


def downgrade() -> None:
    """Put the links back into a column of ids."""
    run_sql("0027_down.sql")
