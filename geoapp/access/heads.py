"""Heads of the chain of seals kept outside the database, so that a tail that was cut off is missed there."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import make_url

from geoapp.access.seals import Head
from geoapp.errors import AuditError
from geoapp.settings import Settings

FILE = "audit.heads"


def head_files(settings: Settings) -> list[Path]:
    """The files that heads are appended to: that of `GEOAPP_HOME`, and the one that was set."""
    return [settings.home / FILE, *([settings.audit_heads] if settings.audit_heads else [])]


def database_name(settings: Settings) -> str:
    """What the database is called in those files: by its address, so that one that was made anew there is the same."""
    if settings.database_url is None:
        return "embedded"
    url = make_url(settings.database_url)
    host = url.host or str(url.query.get("host", "local"))
    return "_".join(f"{host}:{url.port or 5432}/{url.database}".split())


def head_line(head: Head, database: str) -> str:
    """A head as a line of its own: number, hash, time and database."""
    return f"{head.seal_no} {head.hash} {head.sealed_at:%Y-%m-%dT%H:%M:%SZ} {database}"


def append_head(path: Path, head: Head, database: str) -> None:
    """Append a head to a file, unless it is its last one; OSError where the file cannot be written."""
    line = head_line(head, database)
    if path.exists() and _last_line(path) == line:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def kept_heads(path: Path, database: str) -> tuple[list[tuple[int, str]], int]:
    """Number and hash of every head of `database` in a file, and how many others there are.

    Raises AuditError where the file cannot be read, or a line of it is none that was written here.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"The heads in {path} cannot be read: {error}") from error
    heads, others = [], 0
    for number, line in enumerate(lines, 1):
        words = line.split()
        if len(words) != 4 or not words[0].isdecimal():
            raise AuditError(f"Line {number} of {path} is no head. Put the file back from its copy.")
        if words[3] == database:
            heads.append((int(words[0]), words[1]))
        else:
            others += 1
    return heads, others


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 400))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return lines[-1] if lines else ""
