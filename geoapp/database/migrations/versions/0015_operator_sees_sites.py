"""The operator, whom no policy binds, reads what is public of the mine sites as everybody does."""

from geoapp.database.migrations.script import run_sql

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the operator in."""
    run_sql("0015_up.sql")


def downgrade() -> None:
    """Have the view ask for a viewer again."""
    run_sql("0015_down.sql")
