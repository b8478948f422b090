"""The viewer of a transaction: the name that the database's policies ask for, and the rights behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import ProgrammingError

from geoapp.errors import DatabaseError, NotFoundError
from layers.tables import AppUser

# The viewer who is not signed in. A transaction without any viewer sees nothing at all.
PUBLIC = "public"
# The operator where they read as somebody else would; nobody's name begins so.
OPERATOR = "(operator)"
# Roles that see all rows of their units but the sealed ones.
FULL_ROLES = ("coordinator", "analyst", "gis")
NO_WEB_ROLE = (
    "The database's owner may not act as geoapp_web: have an administrator of the server run GRANT geoapp_web TO the"
    " owner, or name somebody by --user."
)
_VIEWER_OF_TOKEN = text(
    "SELECT set_config('geoapp.viewer', user_name, true) FROM find_token(:hash, :on_loopback)"
    " WHERE set_config('geoapp.token', token_id::text, true) <> ''"
)
_VIEWER_OF_FEED = text(
    "SELECT set_config('geoapp.viewer', user_name, true) FROM find_feed(:hash, :on_loopback)"
    " WHERE set_config('geoapp.token', token_id::text, true) <> ''"
)


@dataclass(frozen=True)
class Viewer:
    """Somebody with the units in which they have each role; an administrator's role has none."""

    name: str
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def signed_in(self) -> bool:
        """Whether this is a person, and not the public."""
        return self.name != PUBLIC

    def has(self, *roles: str) -> bool:
        """Whether they have one of the roles in some unit."""
        return any(role in self.rights for role in roles)


def set_viewer(connection: Connection, name: str) -> None:
    """Name the viewer of the current transaction; forgotten at its end."""
    connection.execute(select(func.set_config("geoapp.viewer", name, True)))


def set_viewer_of_session(connection: Connection, token_hash: str | None, *, on_loopback: bool = False) -> str:
    """Name the viewer whose session the token is, the public where there is none; the name.

    Sessions of the demonstration's people are sessions where the request comes from this machine alone.
    """
    name = func.coalesce(func.session_user_name(token_hash, on_loopback), PUBLIC) if token_hash else PUBLIC
    return str(connection.scalar(select(func.set_config("geoapp.viewer", name, True))))


def set_viewer_of_token(connection: Connection, token_hash: str, *, on_loopback: bool = False) -> str | None:
    """Name the viewer whose API token it is, within its limits; the name, None for a token that does not hold."""
    name: str | None = connection.scalar(_VIEWER_OF_TOKEN, {"hash": token_hash, "on_loopback": on_loopback})
    return name


def set_viewer_of_feed(connection: Connection, token_hash: str, *, on_loopback: bool = False) -> str | None:
    """Name the viewer whose feed the token opens; the name, None for a token that does not hold, or is for programs."""
    name: str | None = connection.scalar(_VIEWER_OF_FEED, {"hash": token_hash, "on_loopback": on_loopback})
    return name


def read_viewer(connection: Connection) -> Viewer:
    """The viewer of the current transaction with their rights."""
    name = connection.scalar(select(func.viewer()))
    rows = connection.execute(text("SELECT role, units FROM viewer_rights()")).all()
    return Viewer(name or PUBLIC, {row.role: tuple(row.units) for row in rows})


def acting_viewer(connection: Connection) -> Viewer | None:
    """The viewer whose rights bind the current transaction; None for the operator, whom no policy binds."""
    bound = connection.scalar(text("SELECT row_security_active('incident')"))
    return read_viewer(connection) if bound else None


def require_person(connection: Connection, name: str) -> None:
    """Name a person as the viewer; NotFoundError where there is no such person, or they are disabled."""
    set_viewer(connection, name)
    known = select(AppUser.user_name).where(AppUser.user_name == name, AppUser.disabled_at.is_(None))
    if name != PUBLIC and connection.scalar(known) is None:
        raise NotFoundError(f"There is no user {name}, or they are disabled. See `geoapp user list`.")


@dataclass(frozen=True)
class Reader:
    """For whom a paper is made: the public, or somebody of a role in some units."""

    role: str
    units: tuple[str, ...] = ()


def set_reader(connection: Connection, reader: Reader) -> None:
    """Give the current transaction the rights of a reader, as far as its viewer has as much; they are left but these.

    What is the viewer's own by name, such as a sealed incident that they handle, is not the reader's.
    """
    if reader.role == PUBLIC:
        set_viewer(connection, PUBLIC)
    else:
        words = f"{reader.role}:{','.join(reader.units)}"
        connection.execute(select(func.set_config("geoapp.reader", words, True)))


def set_operators_reader(connection: Connection, reader: Reader) -> None:
    """Give the current transaction, of the operator, the rights of a reader: no more than that reader sees.

    Raises DatabaseError where the operator's role may not take that of the web process.
    """
    try:
        connection.execute(text("SET LOCAL ROLE geoapp_web"))
    except ProgrammingError:
        raise DatabaseError(NO_WEB_ROLE) from None
    set_viewer(connection, OPERATOR)
    set_reader(connection, reader)
