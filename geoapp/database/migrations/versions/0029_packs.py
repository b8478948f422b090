"""Meeting packs: the operator makes papers for a reader, and restricted copies are numbered."""

from geoapp.database.migrations.script import run_sql

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the operator be somebody's reader, and give each restricted copy its number."""
    run_sql("0029_up.sql")


def downgrade() -> None:
    """Take both back."""
    run_sql("0029_down.sql")
