"""What an import remembers: confirmed mappings, what each source calls and says of a site, and refused likenesses."""

from geoapp.database.migrations.script import run_sql

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and columns, and the function that makes two sites one."""
    run_sql("0006_up.sql")


def downgrade() -> None:
    """Take them away again."""
    run_sql("0006_down.sql")
