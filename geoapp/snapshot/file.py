"""Snapshots in files that all workers of a machine map: written whole or not at all, and nobody else's to read."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from geoapp.snapshot.columns import NAMES
from geoapp.snapshot.snapshot import Base, Snapshot

MAGIC = b"geoapp snapshot 3\n"
ALIGNMENT = 64
SUFFIX, PARTIAL, LOCK = ".columns", ".partial", ".lock"
# How many are kept on a machine, and for how long after they were last used.
MOST_FILES = 12
KEPT_SECONDS = 36 * 3600


class Folder:
    """The files of one database."""

    def __init__(self, path: Path):
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self, name: str) -> Snapshot | None:
        """Map a snapshot; None where there is none that is whole."""
        file = self.path / (name + SUFFIX)
        try:
            with file.open("rb") as opened:
                content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            os.utime(file)
            return _decode(content)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, name: str, snapshot: Snapshot) -> Snapshot | None:
        """Keep a snapshot without any changes beside it; the mapped one, None where there is no room."""
        partial = self.path / f"{name}.{os.getpid()}{PARTIAL}"
        try:
            self.sweep()
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for part in _encode(snapshot):
                    file.write(part)
            partial.replace(self.path / (name + SUFFIX))
        except OSError:
            with suppress(OSError):
                partial.unlink()
            return None
        return self.read(name)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time make a snapshot; the lock ends with its process, however that ends.

        Where there is no room for it, several may make the same.
        """
        with ExitStack() as stack:
            with suppress(OSError):
                opened = os.open(self.path / (name + LOCK), os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(stack.enter_context(os.fdopen(opened, "wb")), fcntl.LOCK_EX)
            yield

    def sweep(self) -> None:
        """Remove what was left half written, what has not been used for long, and the oldest of too many."""
        files = sorted(self.path.iterdir(), key=_modified, reverse=True)
        old = time.time() - KEPT_SECONDS
        kept = [file for file in files if file.suffix == SUFFIX and _modified(file) > old][: MOST_FILES - 1]
        for file in files:
            abandoned = file.suffix == PARTIAL and not _runs(file.suffixes[-2])
            if (file.suffix == SUFFIX and file not in kept) or abandoned:
                file.unlink(missing_ok=True)

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Remove the snapshots whose name is not wanted."""
        for file in self.path.iterdir():
            if file.suffix in {SUFFIX, LOCK} and not wanted(file.stem):
                file.unlink(missing_ok=True)


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _runs(suffix: str) -> bool:
    try:
        os.kill(int(suffix[1:]), 0)
    except (OSError, ValueError):
        return False
    return True


def _encode(snapshot: Snapshot) -> Iterator[bytes]:
    arrays = {name: np.ascontiguousarray(getattr(snapshot.base, name)) for name in NAMES}
    header = {
        "seen": snapshot.seen,
        "versions": snapshot.versions,
        "unit_sets": snapshot.unit_sets,
        "sources": snapshot.sources,
        "columns": {name: [array.dtype.str, array.shape] for name, array in arrays.items()},
    }
    start = MAGIC + json.dumps(header).encode() + b"\n"
    yield start + _padding(len(start))
    for array in arrays.values():
        content = array.tobytes()
        yield content + _padding(len(content))


def _padding(length: int) -> bytes:
    return b"\0" * (-length % ALIGNMENT)


def _decode(content: mmap.mmap) -> Snapshot:
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError("not a snapshot")
    end = content.find(b"\n", len(MAGIC)) + 1
    header: dict[str, Any] = json.loads(content[len(MAGIC) : end])
    offset = end + len(_padding(end))
    arrays = {}
    for name, (kind, shape) in header["columns"].items():
        array: np.ndarray[Any, Any] = np.ndarray(shape, np.dtype(kind), content, offset)
        arrays[name] = array
        offset += array.nbytes + len(_padding(array.nbytes))
    return Snapshot(
        base=Base(**arrays),
        unit_sets=tuple(tuple(units) for units in header["unit_sets"]),
        sources=tuple(header["sources"]),
        seen=header["seen"],
        versions=header["versions"],
    )
