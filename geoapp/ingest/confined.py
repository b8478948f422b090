"""Reading foreign bytes in a process of its own, so that no file can take down, fill or stall the one that asks.

The child has bounds of memory and time, GDAL's listed drivers alone, and no way to another host; what it read comes
back as an Arrow file, which is checked data and no code.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from geoapp.errors import ImportRefusedError
from geoapp.ingest.archive import Found
from geoapp.ingest.exchange import load_sheet
from geoapp.ingest.sheet import Sheet

# A million points are read in seconds and in less than a gigabyte; what takes more is meant to.
SECONDS = 300
# Of addresses, of which the libraries alone take more than one gigabyte.
MAX_BYTES = 6 * 1024**3
DRIVERS = {"ESRI Shapefile", "GeoJSON", "TopoJSON", "GPKG", "LIBKML", "GPX", "FlatGeobuf"}
# A child that has read so many files makes way for a fresh one.
MOST_FILES = 200

Inner = tuple[str, str | None, int | None]


def layers_of(file: Found) -> list[Inner]:
    """The layers inside a file: name, geometry type or None, number of rows where it is known."""
    answer = _ask({"do": "layers", "path": str(file.path), "suffix": file.suffix, "shown": file.name}, file.name)
    return [(name, kind, rows) for name, kind, rows in answer["layers"]]


def read(file: Found, inner: str | None, shown: str, encoding: str | None, folder: Path) -> Sheet:
    """The rows of a layer; raises ImportRefusedError where they cannot be read."""
    out = folder / uuid4().hex
    request = {
        "do": "read",
        "path": str(file.path),
        "suffix": file.suffix,
        "inner": inner,
        "shown": shown,
        "encoding": encoding,
        "out": str(out),
    }
    try:
        answer = _ask(request, shown)
        if answer["pieces"] > 1:
            # It keeps what it took for a large file.
            _POOL.close()
        return load_sheet([Path(f"{out}.{piece}") for piece in range(answer["pieces"])])
    finally:
        for written in folder.glob(f"{out.name}.*"):
            written.unlink()


class _Child:
    """A reading process, which answers one request after the other."""

    def __init__(self) -> None:
        self.files = 0
        self.late = False
        self.waited = False
        # Nothing of the surrounding settings, which hold secrets, goes along.
        environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
        environment |= {
            "GDAL_SKIP": ",".join(_other_drivers()),
            # No driver that is left opens another host; were one to, it would find nobody.
            "GDAL_HTTP_PROXY": "127.0.0.1:9",
            "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
            "OGR_SQLITE_LOAD_EXTENSIONS": "",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "GEOAPP_READER_BYTES": str(MAX_BYTES),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "geoapp.ingest.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            # An interrupt is for the one who asked, who then ends this one.
            start_new_session=True,
        )

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None where the child died or took too long, after which it is of no use."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101 - both are pipes.
        self.files += 1
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
            self.late = not ready
            line = self.process.stdout.readline() if ready else b""
        except OSError:
            return None
        answer: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return answer

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.communicate()


class _Pool:
    """The child that waits for the next file, if there is one."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.idle: list[_Child] = []

    def take(self) -> _Child:
        """A child that nobody else talks to."""
        with self.lock:
            child = self.idle.pop() if self.idle else None
        if child is not None and child.process.poll() is None:
            return child
        return _Child()

    def give_back(self, child: _Child) -> None:
        """Keep one for the next file."""
        child.waited = True
        with self.lock:
            if not self.idle and child.files < MOST_FILES:
                self.idle.append(child)
                return
        child.end()

    def close(self) -> None:
        """End all of them."""
        with self.lock:
            while self.idle:
                self.idle.pop().end()

    def forget(self) -> None:
        """In a forked process: the children are the parent's."""
        self.lock = Lock()
        self.idle = []


_POOL = _Pool()
atexit.register(_POOL.close)
os.register_at_fork(after_in_child=_POOL.forget)


def _ask(request: dict[str, Any], shown: str) -> dict[str, Any]:
    while True:
        child = _POOL.take()
        try:
            answer = child.answer(request)
        except BaseException:
            child.end()
            raise
        if answer is not None:
            _POOL.give_back(child)
            break
        child.end()
        # One that died while it waited, not of this file, deserves another try.
        if child.waited and not child.late:
            continue
        raise ImportRefusedError(
            f"{shown} takes more memory or time than any file of its kind should, or breaks its reader. Check that it"
            " is whole, export it again, or bring it in parts.",
            f"{shown} demande plus de mémoire ou de temps qu'un tel fichier ne devrait, ou fait échouer son lecteur."
            " Vérifiez qu'il est entier, exportez-le de nouveau, ou apportez-le par parties.",
        )
    if "refused" in answer:
        english, french = answer["refused"]
        raise ImportRefusedError(english, french, row=answer.get("row"), column=answer.get("column"))
    return answer


@cache
def _other_drivers() -> list[str]:
    import pyogrio  # noqa: PLC0415 - the asking process needs it for this alone.

    return sorted({*pyogrio.list_drivers(), "HTTP"} - DRIVERS)
