"""Running the SQL files that migrations are written in."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql(name: str) -> None:
    """Execute one file of the folder `sql` as it stands."""
    statements = (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")
    # Without this the driver would take a percent sign for a parameter.
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)
