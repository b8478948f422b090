"""${message}."""

from geoapp.database.migrations.script import run_sql

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    run_sql("${up_revision}_up.sql")


def downgrade() -> None:
    """Take back."""
    run_sql("${up_revision}_down.sql")
