"""Folders for the time of a piece of work, which are gone afterwards, also where its process was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "geoapp-"
PURPOSES = ("import", "upload", "export", "rejected", "coming")
# A folder that has just been made may not be held yet.
YOUNG_SECONDS = 5.0


@contextmanager
def scratch(purpose: str, place: Path | None = None) -> Iterator[Path]:
    """A folder in `place`, or among the temporary files; `purpose` is one of PURPOSES.

    It is locked for as long as its process lives, so that what a killed one left is told from what is in use.
    """
    where = place or Path(tempfile.gettempdir())
    clear(where)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-", dir=where))
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def clear(where: Path, young: float = YOUNG_SECONDS) -> int:
    """Remove the folders that belong to no living process; how many. Those of other accounts are left to them."""
    removed = 0
    for purpose in PURPOSES:
        for folder in where.glob(f"{PREFIX}{purpose}-*"):
            with suppress(OSError):
                removed += _clear(folder, young)
    return removed


def _clear(folder: Path, young: float) -> bool:
    # Followed nowhere: in a place that everybody may write to, a link could lead to anything.
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        about = os.fstat(held)
        own = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
        if not own or time.time() - about.st_mtime < young:
            return False
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
        return True
    finally:
        os.close(held)
