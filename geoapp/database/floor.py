"""The place in PostgreSQL's log that readers of this machine have seen: no standby behind it is read any more."""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

FILE = "read.floor"
# The place, and before it what it is a place in.
BYTES, MARK = 8, 8


class Floor:
    """The place, in bytes of the log: of all processes of `home`, or of this one alone where it may not write there.

    It is of one history of one cluster: another one's log has places of its own, and begins from 0.
    """

    def __init__(self, home: Path):
        self._memory: mmap.mmap | bytearray = bytearray(MARK + BYTES)
        self._handle: int | None = None
        with suppress(OSError):
            handle = os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(handle).st_size < MARK + BYTES:
                os.ftruncate(handle, MARK + BYTES)
            self._memory, self._handle = mmap.mmap(handle, MARK + BYTES), handle

    def place_in(self, history: str) -> int:
        """The highest place that was seen of a history."""
        held = bytes(self._memory[:])
        return int.from_bytes(held[MARK:], "little") if held[:MARK] == _mark(history) else 0

    def raise_to(self, place: int, history: str) -> None:
        """Note that somebody has seen what was written up to a place."""
        if place <= self.place_in(history):
            return
        # Of two who raise it at once the higher one has to stay.
        if self._handle is not None:
            fcntl.lockf(self._handle, fcntl.LOCK_EX)
        try:
            if place > self.place_in(history):
                self._memory[:] = _mark(history) + place.to_bytes(BYTES, "little")
        finally:
            if self._handle is not None:
                fcntl.lockf(self._handle, fcntl.LOCK_UN)


def _mark(history: str) -> bytes:
    return sha256(history.encode()).digest()[:MARK]
