"""The steps of an incident, reports by number, agendas, attendance and minutes of committees."""

from geoapp.database.migrations.script import run_sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the steps, the reports and the minutes, and hold them in the database."""
    for part in ("tables", "steps", "reports", "meetings"):
        run_sql(f"0020_{part}.sql")


def downgrade() -> None:
    """Leave incidents and meetings as they are, without how they came there."""
    run_sql("0020_down.sql")
