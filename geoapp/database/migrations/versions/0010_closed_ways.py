"""Ways round the policies that an attacker found, each closed where it was open."""

from geoapp.database.migrations.script import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Close them."""
    for part in ("demonstration", "references", "sealing", "routes", "functions"):
        run_sql(f"0010_{part}.sql")


def downgrade() -> None:
    """Open them again."""
    run_sql("0010_down.sql")
