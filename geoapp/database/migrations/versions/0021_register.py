"""The risk register by the items of the Voluntary Principles; trainings and movements that coordinators enter."""

from geoapp.database.migrations.script import run_sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Name the risk beside its item, check participants and weights, let coordinators write."""
    run_sql("0021_up.sql")


def downgrade() -> None:
    """Put the risk back into the item, and take the checks and the rights away."""
    run_sql("0021_down.sql")
