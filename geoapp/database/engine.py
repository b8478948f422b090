"""Connections: one engine a process, with the session settings that every transaction relies on."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from geoapp.database.audit_key import content_key, padded
from geoapp.database.cluster import WEB_ROLE, Cluster
from geoapp.database.commits import Commits
from geoapp.database.patience import Patience
from geoapp.errors import DatabaseError
from geoapp.settings import Settings
from layers import weights

APPLICATION = "geoapp"
# A plan for any box serves none: kept ones made features in a box three times as slow.
PLANS_FOR_THE_VALUES = "plan_cache_mode=force_custom_plan"
# A request that cannot be answered in this time is told so; what it held is let go, also where its process is gone.
STATEMENT_SECONDS, LOCK_SECONDS, IDLE_SECONDS = 20, 5, 300
# The server gives up first, where it can: it says why, and its connection can be used again.
PATIENCE_SECONDS = STATEMENT_SECONDS + 2
CONNECT_SECONDS = 5
# A line that was cut is noticed within these 20 s, by both ends.
KEEP_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
KEEP_ALIVE_OF_THE_SERVER = "".join(f" -c tcp_{name}={value}" for name, value in KEEP_ALIVE.items())
UNSENT_MS = 20_000


def database_url(settings: Settings) -> str:
    """The address of the database: the one that was set, else that of the embedded cluster."""
    return settings.database_url or Cluster(settings.home).url


def web_database_url(settings: Settings) -> str:
    """The same database, for the role of the web process."""
    return _of_the_web_role(database_url(settings), settings)


def _of_the_web_role(url: str, settings: Settings) -> str:
    changed = make_url(url).set(username=WEB_ROLE, password=web_password(settings))
    return changed.render_as_string(hide_password=False)


def standby_url(url: str, settings: Settings) -> str:
    """The address of a standby for the owner, whose password is the same on all servers."""
    given = make_url(url)
    owners = make_url(database_url(settings))
    changed = given.set(username=given.username or owners.username, password=given.password or owners.password)
    return changed.render_as_string(hide_password=False)


def plain_address(url: str) -> str:
    """An address as people write it, without its password."""
    return make_url(url).set(drivername="postgresql", password=None).render_as_string()


def libpq_address(text: str) -> str:
    """An address as PostgreSQL's own programs take it; DatabaseError where it is none."""
    try:
        given = make_url(text)
        _, found = given.get_dialect()().create_connect_args(given)
    except (ArgumentError, NoSuchModuleError):
        raise DatabaseError(
            "This is not a database address. Write postgresql://user@host:port, as in GEOAPP_DATABASE_URL."
        ) from None
    return make_conninfo(**{name: value for name, value in found.items() if name != "dbname"})


def _any_that_writes(settings: Settings) -> dict[str, Any]:
    """Where to connect so that a standby that was promoted is found: at all servers, of which one takes writes."""
    if not settings.read_urls:
        return {}
    hosts, ports = [], []
    for each in (database_url(settings), *settings.read_urls):
        given = make_url(each)
        _, found = given.get_dialect()().create_connect_args(given)
        hosts.append(str(found.get("host", "")))
        # An address may itself name several servers.
        ports.append(str(found.get("port", ",".join(["5432"] * len(hosts[-1].split(","))))))
    return {"host": ",".join(hosts), "port": ",".join(ports), "target_session_attrs": "read-write"}


def web_password(settings: Settings) -> str | None:
    """The web role's password: the one that was set, else one that follows from the owner's; None over a socket."""
    owners = make_url(database_url(settings)).password
    if settings.web_database_password or not owners:
        return settings.web_database_password
    return hmac.new(owners.encode(), WEB_ROLE.encode(), hashlib.sha256).hexdigest()


def open_engine(settings: Settings) -> Engine:
    """An engine for the operator: the owner of everything, whom no policy binds."""
    return _open(database_url(settings), settings, where=_any_that_writes(settings))


def open_here(settings: Settings) -> Engine:
    """The same on the embedded cluster alone, be it a standby or not."""
    return _open(Cluster(settings.home).url, settings)


def open_standby(url: str, settings: Settings) -> Engine:
    """An engine for the operator on a standby."""
    return _open(standby_url(url, settings), settings)


def open_web_engine(settings: Settings, *, plans_kept: bool = False) -> Engine:
    """An engine for the role that owns nothing; it sees no row before a transaction names its viewer.

    `plans_kept` is for who writes many rows, whose triggers send the same statement for each; else every statement is
    planned for its values.
    """
    options = "" if plans_kept else f" -c {PLANS_FOR_THE_VALUES}"
    return _open(web_database_url(settings), settings, options, _any_that_writes(settings))


def open_request_engine(settings: Settings) -> Engine:
    """The same for requests, which somebody waits for: no statement, lock or silent server holds one up for long."""
    return _open_patient(web_database_url(settings), settings, _any_that_writes(settings))


def open_standby_engines(settings: Settings) -> list[Engine]:
    """Engines of the same kind, one for each standby."""
    return [_open_patient(_of_the_web_role(url, settings), settings, {}) for url in settings.read_urls]


def _open_patient(url: str, settings: Settings, where: dict[str, Any]) -> Engine:
    limits = {
        "statement_timeout": STATEMENT_SECONDS,
        "lock_timeout": LOCK_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    options = "".join(f" -c {name}={seconds}s" for name, seconds in limits.items())
    opened = _open(url, settings, f" -c {PLANS_FOR_THE_VALUES}{options}", where)
    return Patience(PATIENCE_SECONDS).kept_by(opened)


def take_time(connection: Connection, seconds: int) -> None:
    """Let the statements of a transaction take longer: a large export is a single one."""
    names = ("statement_timeout", "idle_in_transaction_session_timeout")
    connection.execute(select(*(func.set_config(name, f"{seconds}s", True) for name in names)))


def _open(url: str, settings: Settings, further: str = "", where: dict[str, Any] | None = None) -> Engine:
    # Sessions are in UTC, and know the zone in which a day begins, the weights of incidents and the key that the audit
    # hashes content with.
    # Temporary tables come last, so that none stands for one of geoapp's.
    options = (
        f"-c timezone=UTC -c geoapp.time_zone={settings.time_zone} -c search_path=public,pg_temp"
        f" -c {weights.SETTING}={','.join(map(str, settings.level_weights))}"
        f" -c geoapp.audit_key={padded(content_key(settings))}{KEEP_ALIVE_OF_THE_SERVER}{further}"
    )
    opened = create_engine(
        url,
        connect_args={
            "options": options,
            "application_name": APPLICATION,
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": UNSENT_MS,
            **KEEP_ALIVE,
            **(where or {}),
        },
        # A value that a statement failed on could be a name, and errors go to the log.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
    )
    return Commits(settings.home).told_by(opened)


def set_web_password(engine: Engine, settings: Settings) -> None:
    """Give the web role the password that it will connect with."""
    password = web_password(settings)
    if password:
        with engine.begin() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(WEB_ROLE), sql.Literal(password)))


def require_database(engine: Engine) -> None:
    """Raise DatabaseError, saying what to do, where the database cannot be reached."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseError(
            f"The database cannot be reached: {reason}\nStart it with `geoapp db up`, or check GEOAPP_DATABASE_URL."
        ) from error
