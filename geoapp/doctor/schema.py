"""The schema: its migrations, its indexes, row security on every table, and what the web role may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from geoapp.database.cluster import WEB_ROLE
from geoapp.database.migrate import current_revision, head, require_known
from geoapp.doctor.finding import Finding, fault, ok, warning
from geoapp.errors import DatabaseError
from layers.tables import Base

# Of PostGIS and of Alembic; they hold no row of anybody's.
OF_OTHERS = ["spatial_ref_sys", "alembic_version"]
LISTED = 5

OPEN = text("""
    SELECT relname FROM pg_class
     WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> ALL (:others)
       AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname""")
BROKEN = text("""
    SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE relnamespace = 'public'::regnamespace AND NOT (indisvalid AND indisready) ORDER BY 1""")
UNCHECKED = text("""
    SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND NOT convalidated ORDER BY 1""")
INDEXES = text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
POWERS = text("""
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
           ARRAY(SELECT granted.rolname::text FROM pg_auth_members JOIN pg_roles AS granted ON granted.oid = roleid
                  WHERE member = pg_roles.oid) AS member_of
      FROM pg_roles WHERE rolname = :role""")
OWNED = text("""
    SELECT objid::text FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
     WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' AND rolname = :role
       AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))""")
UNKNOWN_TO_THE_PLANNER = text("""
    SELECT relname FROM pg_stat_user_tables
     WHERE n_live_tup > 10000 AND last_analyze IS NULL AND last_autoanalyze IS NULL ORDER BY relname""")


def check_schema(connection: Connection) -> Iterator[Finding]:
    """All of it; where the schema is another program's, nothing further is asked."""
    migrations = _migrations(connection)
    yield migrations
    if migrations.state == "fault":
        return
    yield _row_security(connection)
    yield from _web_role(connection)
    yield from _indexes(connection)
    unchecked = connection.scalars(UNCHECKED).all()
    if unchecked:
        yield fault(
            "constraints",
            f"Constraints that were never checked: {_listed(unchecked)}.",
            "Run, for each: ALTER TABLE ... VALIDATE CONSTRAINT ...",
        )
    unknown = connection.scalars(UNKNOWN_TO_THE_PLANNER).all()
    if unknown:
        yield warning(
            "statistics", f"The planner knows nothing of {_listed(unknown)}.", "Run ANALYZE in this database."
        )


def _migrations(connection: Connection) -> Finding:
    found = current_revision(connection)
    try:
        require_known(found)
    except DatabaseError as error:
        return fault("migrations", str(error), "Upgrade geoapp.")
    if found != head():
        return fault(
            "migrations",
            f"The schema is {found or 'not there'}, this program's is {head()}.",
            "Make a backup with `geoapp db backup`, then run `geoapp db migrate`.",
        )
    return ok("migrations", f"The schema is this program's, {found}.")


def _row_security(connection: Connection) -> Finding:
    found = connection.scalars(OPEN, {"others": OF_OTHERS}).all()
    if found:
        return fault(
            "row security",
            f"Not enabled, or not forced, on {_listed(found)}: rows may be seen by whom they are not for.",
            "Stop geoapp, and put it back: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY. Then"
            " ask who switched it off.",
        )
    return ok("row security", "It is enabled and forced on every table.")


def _web_role(connection: Connection) -> Iterator[Finding]:
    powers = connection.execute(POWERS, {"role": WEB_ROLE}).mappings().one_or_none()
    if powers is None:
        yield fault("web role", f"There is no role {WEB_ROLE}.", "Run `geoapp db migrate`.")
        return
    words = {
        "rolsuper": "SUPERUSER",
        "rolbypassrls": "BYPASSRLS",
        "rolcreaterole": "CREATEROLE",
        "rolcreatedb": "CREATEDB",
        "rolreplication": "REPLICATION",
    }
    too_much = [said for name, said in words.items() if powers[name]]
    if too_much:
        undo = " ".join(f"NO{word}" for word in too_much)
        yield fault("web role", f"{WEB_ROLE} is {', '.join(too_much)}.", f"Run: ALTER ROLE {WEB_ROLE} {undo};")
    if powers["member_of"]:
        yield fault(
            "web role: member",
            f"{WEB_ROLE} can become {_listed(powers['member_of'])}.",
            f"Run, for each: REVOKE ... FROM {WEB_ROLE};",
        )
    owned = connection.scalars(OWNED, {"role": WEB_ROLE}).all()
    if owned:
        yield fault(
            "web role: owner",
            f"{WEB_ROLE} owns {len(owned)} things, which it could change.",
            f"Run, in this database: REASSIGN OWNED BY {WEB_ROLE} TO CURRENT_USER;",
        )
    if not (too_much or powers["member_of"] or owned):
        yield ok("web role", f"{WEB_ROLE} owns nothing, and cannot bypass row security.")


def _indexes(connection: Connection) -> Iterator[Finding]:
    broken = connection.scalars(BROKEN).all()
    if broken:
        yield fault(
            "indexes: valid",
            f"Not valid: {_listed(broken)}.",
            "Run, for each: REINDEX INDEX CONCURRENTLY ...",
        )
    wanted = {str(index.name) for table in Base.metadata.sorted_tables for index in table.indexes}
    missing = sorted(wanted - set(connection.scalars(INDEXES)))
    if missing:
        yield fault(
            "indexes: there",
            f"Missing: {_listed(missing)}.",
            "Put them back from a backup's schema, or restore with `geoapp db restore`.",
        )
    if not (broken or missing):
        yield ok("indexes", f"All {len(wanted)} are there and valid.")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
