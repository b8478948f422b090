"""What a database holds, in a form that two databases can be compared by: rows and a checksum of each table."""

from __future__ import annotations

from psycopg import Connection, sql

# Tables of extensions, such as spatial_ref_sys, come with the extension.
TABLES = """
SELECT relname FROM pg_class AS made
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = made.oid AND deptype = 'e')
 ORDER BY relname
"""
# The order of the rows does not count: a restored table has another.
CHECKSUM = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(each::text, 0)::numeric), 0)::text FROM {} AS each")

# Of each table: how many rows, and the sum of their hashes.
Checksums = dict[str, tuple[int, str]]


def checksums(connection: Connection) -> Checksums:
    """The checksums of all tables of geoapp, as the connection's transaction sees them."""
    # Dates and places read the same in both.
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL datestyle = 'ISO, YMD'")
    connection.execute("SET LOCAL row_security = off")
    names = [name for (name,) in connection.execute(TABLES)]
    found: Checksums = {}
    for name in names:
        row = connection.execute(CHECKSUM.format(sql.Identifier(name))).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has one row.
        found[name] = (row[0], row[1])
    return found


def differences(one: Checksums, other: Checksums) -> list[str]:
    """The tables in which the two differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
