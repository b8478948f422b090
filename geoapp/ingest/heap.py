"""Memory that is no longer used, given back to the system: the C library would keep it for what may come."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Give back what can be; nothing where the C library knows no way."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
