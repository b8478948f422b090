"""Accounts: passwords, sessions that end, one-time links, tokens, and what slows guessing."""

from geoapp.database.migrations.script import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let people sign in."""
    run_sql("0003_up.sql")


def downgrade() -> None:
    """Take accounts away again; passwords, links and tokens are lost."""
    run_sql("0003_down.sql")
