"""A mark that every commit of a geoapp process on this machine leaves, so that another sees that there was one."""

from __future__ import annotations

import mmap
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

FILE = "commits"
# One store of a word, which no reader sees half of.
SIZE = 8


class Commits:
    """The mark in a file under `home`; without one, where this process may not write there, nothing is known."""

    def __init__(self, home: Path):
        self._memory: mmap.mmap | None = None
        with suppress(OSError):
            handle = os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(handle).st_size < SIZE:
                    os.ftruncate(handle, SIZE)
                self._memory = mmap.mmap(handle, SIZE)
            finally:
                os.close(handle)

    @property
    def mark(self) -> bytes | None:
        """A word that is another after every commit; None where it is not known."""
        return None if self._memory is None else self._memory[:]

    def tell(self) -> None:
        """Say that there was a commit."""
        if self._memory is not None:
            self._memory[:] = secrets.token_bytes(SIZE)

    def told_by(self, engine: Engine) -> Engine:
        """The engine, each of whose commits is told once the database has it."""
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            commit(connection)
            self.tell()

        engine.dialect.do_commit = do_commit  # type: ignore[method-assign,assignment]
        return engine
