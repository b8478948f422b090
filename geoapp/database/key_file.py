"""A secret in a file of its own under `GEOAPP_HOME`, made when it is first asked for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """What the file says, without the space around it; where there is none, what `make` makes is kept in it first.

    Raises OSError where it can be neither read nor made.
    """
    if not path.exists():
        _keep(path, make())
    return path.read_text().strip()


def _keep(path: Path, secret: str) -> None:
    """Keep a secret unless another process just did; a whole one appears, or none."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.touch(mode=0o600, exist_ok=False)
        with fresh.open("w") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(fresh)
    except FileExistsError:
        return
    finally:
        fresh.unlink(missing_ok=True)
