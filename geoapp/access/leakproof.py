"""Keeping the spatial index under row-level security: the mark on PostGIS's box operator that dump and restore lose."""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

MARKED = text("SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry, geometry)'::regprocedure")
MARK = text("ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF")

SLOW = (
    "The spatial index cannot be used under row-level security: maps and lists will be slow on large data. Have a"
    " superuser of the server run, in this database:\n"
    "    ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;"
)


def keep_spatial_index(engine: Engine) -> str | None:
    """Mark PostGIS's `&&` as leakproof, so that a policy does not bar the index; what to do where that is refused.

    The operator compares two boxes and says nothing of them but the answer; it raises no error that quotes a value.
    """
    with engine.begin() as connection:
        if connection.scalar(MARKED):
            return None
        try:
            with connection.begin_nested():
                connection.execute(MARK)
        except ProgrammingError:
            return SLOW
    return None
