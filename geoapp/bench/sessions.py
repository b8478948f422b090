"""Sessions of people for benchmarks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Engine, text

COOKIE = "geoapp_session"
SESSION = text(
    "INSERT INTO web_session (token_hash, user_name, expires_at) VALUES (:hash, :name, now() + interval '1 hour')"
)
END_SESSION = text("DELETE FROM web_session WHERE token_hash = :hash")


@contextmanager
def session(owner: Engine, viewer: str) -> Iterator[str]:
    """The cookie of a session of somebody, which ends with the benchmark."""
    token = secrets.token_urlsafe(32)
    hashed = sha256(token.encode()).hexdigest()
    with owner.begin() as connection:
        connection.execute(SESSION, {"hash": hashed, "name": viewer})
    try:
        yield f"{COOKIE}={token}"
    finally:
        with owner.begin() as connection:
            connection.execute(END_SESSION, {"hash": hashed})
