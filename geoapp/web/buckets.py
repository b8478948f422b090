"""Token buckets in memory that all workers of a machine share: how often each client has asked of late."""

from __future__ import annotations

import fcntl
import mmap
import secrets
import struct
import tempfile
import threading
import time
from hashlib import blake2b

SETS, WAYS = 8192, 8
# Of each slot: whose it is, and when its bucket will be full again, in seconds of the monotonic clock.
SET = struct.Struct("=" + "Qd" * WAYS)
SLOT = struct.Struct("=Qd")
WINDOW_SECONDS = 60.0


class Buckets:
    """Buckets of a minute's requests each, that fill again evenly: the generic cell rate algorithm of ITU-T I.371.

    Made before the workers are forked, it is one for all of them. It is of a fixed size (1 MB): where too many clients
    come at once, those that have asked least are forgotten first. Clients are kept as keyed hashes alone, and nothing
    outlives the process.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SETS * SET.size)
        # Locks of a file end with the process that holds them, so that a worker that is killed stops no other.
        self._lock_file = tempfile.TemporaryFile()  # noqa: SIM115
        # Locks of a file hold between processes alone.
        self._threads = threading.Lock()
        self._salt = secrets.token_bytes(16)

    def take(self, kind: str, client: str, a_minute: int, now: float | None = None) -> float:
        """Take one of the `a_minute` requests that `client` has; 0.0, or how many seconds until there is one.

        `now` is in seconds of the monotonic clock, which all processes of a machine share.
        """
        moment = time.monotonic() if now is None else now
        digest = blake2b(f"{kind}\0{client}".encode(errors="replace"), key=self._salt, digest_size=16).digest()
        place, owner = struct.unpack("=QQ", digest)
        offset = (place % SETS) * SET.size
        with self._threads:
            fcntl.lockf(self._lock_file, fcntl.LOCK_EX, 1, offset)
            try:
                return self._take(offset, owner or 1, WINDOW_SECONDS / a_minute, moment)
            finally:
                fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, offset)

    def _take(self, offset: int, owner: int, interval: float, now: float) -> float:
        found = SET.unpack_from(self._memory, offset)
        owners, full_at = found[::2], found[1::2]
        slot = owners.index(owner) if owner in owners else full_at.index(min(full_at))
        held = full_at[slot] if owners[slot] == owner else 0.0
        full = max(held, now) + interval
        wait = full - now - WINDOW_SECONDS
        # A hair's breadth for the sum of many intervals.
        if wait > interval / 1000:
            return wait
        SLOT.pack_into(self._memory, offset + slot * SLOT.size, owner, full)
        return 0.0
