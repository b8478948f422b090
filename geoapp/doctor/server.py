"""The database server: its versions, how it is set, its clock, and what runs on it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import Connection, text

from geoapp.access.leakproof import MARKED
from geoapp.doctor.finding import Finding, fault, ok, warning

OLDEST_POSTGRESQL, OLDEST_POSTGIS = 150_000, (3, 3)
EXTENSIONS = ("postgis", "btree_gist")
# How far the clocks of the two may be apart, in seconds.
APART, FAR_APART = 2.0, 60.0
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
LONG_TRANSACTION_MINUTES = 60
# A third of the numbers that PostgreSQL has for transactions; it stops itself at two thirds.
OLD_TRANSACTIONS = 700_000_000

INSTALLED = text("""
    SELECT wanted.name, pg_extension.extversion, pg_available_extensions.default_version
      FROM unnest(CAST(:names AS text[])) AS wanted (name)
      LEFT JOIN pg_extension ON extname = wanted.name
      LEFT JOIN pg_available_extensions USING (name)""")
LONGEST = text("""
    SELECT coalesce(max(extract(epoch FROM now() - xact_start)) / 60, 0)
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()""")
USED = text("SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity WHERE datname IS NOT NULL")
AGE = text("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")


def check_server(connection: Connection) -> Iterator[Finding]:
    """All of it."""
    yield _version(connection)
    yield from _extensions(connection)
    yield from _settings(connection)
    yield _clock(connection)
    yield _index_mark(connection)
    yield from _load(connection)


def _version(connection: Connection) -> Finding:
    number, name = connection.execute(
        text("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
    ).one()
    if number < OLDEST_POSTGRESQL:
        return fault("postgresql", f"PostgreSQL {name} is older than 15.", "Upgrade the server.")
    return ok("postgresql", f"PostgreSQL {name}.")


def _extensions(connection: Connection) -> Iterator[Finding]:
    for name, there, offered in connection.execute(INSTALLED, {"names": list(EXTENSIONS)}):
        check = f"extension: {name}"
        if there is None:
            yield fault(check, f"{name} is not in this database.", "Run `geoapp db migrate`.")
        elif name == "postgis" and tuple(int(part) for part in there.split(".")[:2]) < OLDEST_POSTGIS:
            yield fault(check, f"PostGIS {there} is older than 3.3.", "Upgrade PostGIS on the server.")
        elif offered is not None and there != offered:
            yield warning(
                check,
                f"{name} is at {there}, and the server has {offered}.",
                f"Have a superuser run, in this database: ALTER EXTENSION {name} UPDATE;",
            )
        else:
            yield ok(check, f"{name} {there}.")


def _settings(connection: Connection) -> Iterator[Finding]:
    asked = "SELECT name, setting FROM pg_settings WHERE name = ANY (:names)"
    names = [*SAFE, "data_checksums", "log_error_verbosity", "server_encoding"]
    found = {row.name: row.setting for row in connection.execute(text(asked), {"names": names})}
    unsafe = [name for name, wanted in SAFE.items() if found.get(name) != wanted]
    if unsafe:
        yield fault(
            "durability",
            f"{', '.join(unsafe)}: switched off, so a power cut can lose or break what was written.",
            "Switch it on in the server's configuration, and restart it.",
        )
    else:
        yield ok("durability", "What is committed is on the disk.")
    if found.get("data_checksums") != "on":
        yield warning(
            "checksums",
            "Pages of the database have no checksums: a disk that changes bits goes unnoticed.",
            "Stop the server and run pg_checksums --enable.",
        )
    if found.get("log_error_verbosity") != "terse":
        yield warning(
            "server log",
            "The server's log may quote rows: the details of an error do.",
            "Set log_error_verbosity = terse on the server.",
        )
    if found.get("server_encoding") != "UTF8":
        yield fault("encoding", f"The database is in {found.get('server_encoding')}.", "Make it anew with UTF8.")


def _clock(connection: Connection) -> Finding:
    before = time.time()
    told = float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
    apart = max(0.0, before - told, told - time.time())
    if apart > FAR_APART:
        return fault(
            "clock: server",
            f"The server's clock is {apart:.0f} s from this one.",
            "Set both right by NTP, then restart.",
        )
    if apart > APART:
        return warning("clock: server", f"The server's clock is {apart:.1f} s from this one.", "Set both right by NTP.")
    return ok("clock: server", "The server's clock agrees with this one.")


def _index_mark(connection: Connection) -> Finding:
    if connection.scalar(MARKED):
        return ok("spatial index", "Row security does not bar the spatial index.")
    return warning(
        "spatial index",
        "Row security bars the spatial index: maps are slow on large data.",
        "Run `geoapp db migrate`; it says what to ask for where it may not do so itself.",
    )


def _load(connection: Connection) -> Iterator[Finding]:
    used, most = connection.execute(USED).one()
    said = f"{used} of {most} connections are used."
    if used > 0.8 * most:
        yield warning("connections", said, "Lower GEOAPP_WORKERS, or raise max_connections on the server.")
    else:
        yield ok("connections", said)
    minutes = float(connection.scalar(LONGEST) or 0)
    if minutes > LONG_TRANSACTION_MINUTES:
        yield warning(
            "transactions",
            f"A transaction has been open for {minutes:.0f} minutes: nothing that was deleted since can be cleared.",
            "Find it in pg_stat_activity, and end it.",
        )
    if (connection.scalar(AGE) or 0) > OLD_TRANSACTIONS:
        yield fault("vacuum", "Old transactions were not cleared for long.", "Run VACUUM in this database.")
