"""Heads of the chain of seals kept outside the database, so that a tail that was cut off is missed there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from geoapp.access.seals import Head
from geoapp.errors import AuditError
from geoapp.settings import Settings

FILE = "audit.heads"


def head_files(settings: Settings) -> list[Path]:
    """The files that heads are appended to: that of `GEOAPP_HOME`, and the one that was set."""
    return [settings.home / FILE, *([settings.audit_heads] if settings.audit_heads else [])]


def head_line(head: Head) -> str:
    """A head as a line of its own: number, hash, time and database."""
    return f"{head.seal_no} {head.hash} {head.sealed_at:%Y-%m-%dT%H:%M:%SZ} {head.place}"


def append_head(path: Path, head: Head) -> None:
    """Append a head to a file, unless it is its last one; OSError where the file cannot be written."""
    line = head_line(head)
    if path.exists() and _last_line(path) == line:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def kept_heads(path: Path, place: str) -> Iterator[tuple[int, str]]:
    """Number and hash of every head in a file that is of the database `place`, as `read_place` calls it.

    Raises AuditError where the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"The heads in {path} cannot be read: {error}") from error
    for line in lines:
        words = line.split()
        if len(words) == 4 and words[0].isdecimal() and words[3] == place:
            yield int(words[0]), words[1]


def _last_line(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 400))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return lines[-1] if lines else ""
