"""A policy on incidents that asks an analyst of every country once a statement instead of once a row."""

from geoapp.database.migrations.script import run_sql

revision = "0026"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let who sees every country see each row that has one."""
    run_sql("0026_up.sql")


def downgrade() -> None:
    """Compare each row's country with those of the viewer."""
    run_sql("0026_down.sql")
