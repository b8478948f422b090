"""Sessions: browsers that somebody is signed in with, each until it has rested or lasted too long, or is ended."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from geoapp.access.audit import record
from geoapp.access.secret import hash_of, new_secret
from layers.tables import WebSession

# A working day, after which a computer that others use too is not left signed in, however busy it is.
SHARED_HOURS = 12


@dataclass(frozen=True)
class Terms:
    """How long a session lasts: `hours` at most, and `idle_minutes` at rest where that is limited."""

    hours: int
    idle_minutes: int | None
    shared_computer: bool


@dataclass(frozen=True)
class Session:
    """A session as its owner sees it; times are UTC."""

    session_id: uuid.UUID
    browser: str | None
    shared_computer: bool
    created_at: dt.datetime
    last_seen_at: dt.datetime
    current: bool


def open_session(
    connection: Connection, name: str, terms: Terms, browser: str | None, *, on_loopback: bool
) -> str | None:
    """Start a session of somebody; its secret, which is told nowhere else.

    None where there is no such person, they are disabled, or of the demonstration and not on loopback.
    """
    secret = new_secret()
    opened = func.open_session(
        name, hash_of(secret), terms.hours, terms.idle_minutes, terms.shared_computer, browser, on_loopback
    )
    return secret if connection.scalar(select(opened)) else None


def list_sessions(connection: Connection, name: str, current_hash: str | None = None) -> list[Session]:
    """The sessions of somebody that have not ended, the one seen last first."""
    current = connection.scalar(select(func.session_id_of(current_hash))) if current_hash else None
    awake = WebSession.idle_minutes.is_(None) | (
        WebSession.last_seen_at > func.now() - func.make_interval(0, 0, 0, 0, 0, WebSession.idle_minutes)
    )
    found = select(
        WebSession.session_id,
        WebSession.browser,
        WebSession.shared_computer,
        WebSession.created_at,
        WebSession.last_seen_at,
    ).where(WebSession.user_name == name, WebSession.expires_at > func.now(), awake)
    return [
        Session(*row, current=row.session_id == current)
        for row in connection.execute(found.order_by(WebSession.last_seen_at.desc(), WebSession.session_id))
    ]


def end_session(connection: Connection, session_id: uuid.UUID) -> bool:
    """End one session that the viewer may end; whether there was one."""
    ended = connection.scalar(
        delete(WebSession).where(WebSession.session_id == session_id).returning(WebSession.user_name)
    )
    if ended:
        record(connection, "session_ended", f"app_user/{ended}", before={"sessions": 1})
    return ended is not None


def end_sessions(connection: Connection, name: str, kept_hash: str | None = None) -> int:
    """End all sessions of somebody but the one kept; how many."""
    kept = connection.scalar(select(func.session_id_of(kept_hash))) if kept_hash else None
    theirs = delete(WebSession).where(WebSession.user_name == name)
    if kept:
        theirs = theirs.where(WebSession.session_id != kept)
    ended = connection.execute(theirs).rowcount
    if ended:
        record(connection, "session_ended", f"app_user/{name}", before={"sessions": ended})
    return ended
