"""What features and exports need: incidents that lie and are indexed by place and days, and sites for the operator."""

from geoapp.database.migrations.script import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Order the incidents, and let the operator read what is public of the sites."""
    run_sql("0015_up.sql")


def downgrade() -> None:
    """Index incidents by place alone, and have the view ask for a viewer again."""
    run_sql("0015_down.sql")
