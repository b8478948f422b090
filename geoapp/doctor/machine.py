"""The machine that geoapp runs on: disks, the clock, files with secrets, the built assets."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from geoapp.access.heads import head_files
from geoapp.database import audit_key, backup_key
from geoapp.database.cluster import LEAST_FREE_BYTES
from geoapp.doctor.finding import Finding, fault, ok, warning
from geoapp.errors import PaperError
from geoapp.publish.pdf import make_pdf
from geoapp.settings import Settings

MB, GB = 10**6, 10**9
# Below a tenth, or this much, there is time to act yet; below LEAST_FREE_BYTES the database would not start.
LITTLE_SHARE, LITTLE_BYTES = 0.1, 2 * GB
# <sys/timex.h>: the answer that the clock is not kept by anybody, and room for what else is told.
TIME_ERROR, TIMEX_BYTES = 5, 512


def check_machine(settings: Settings, *, assets: bool) -> Iterator[Finding]:
    """All of it; `assets` is whether the browser's scripts and styles are built."""
    yield from _disks(settings)
    yield _clock()
    yield from _secrets(settings)
    yield _papers()
    if assets:
        yield ok("assets", "The web assets are built.")
    else:
        yield fault("assets", "The web assets are not built: no page can be served.", "Run script/assets.")


def _disks(settings: Settings) -> Iterator[Finding]:
    places = {"GEOAPP_HOME": settings.home, "temporary files": Path(tempfile.gettempdir())}
    for name, place in places.items():
        check = f"disk: {name}"
        if not place.is_dir():
            yield warning(check, f"{place} is not there.", "Run `geoapp db up`, or set GEOAPP_HOME.")
            continue
        usage = shutil.disk_usage(place)
        said = f"{usage.free / GB:.1f} of {usage.total / GB:.1f} GB are free on the disk of {place}."
        if usage.free < 4 * LEAST_FREE_BYTES:
            yield fault(check, said, "Free some space now: writes are refused when it is full.")
        elif usage.free < LITTLE_BYTES or usage.free < LITTLE_SHARE * usage.total:
            yield warning(check, said, "Free some space, or give it a larger disk.")
        elif not os.access(place, os.W_OK):
            yield fault(check, f"{place} cannot be written.", "Run geoapp as the account that made it.")
        else:
            yield ok(check, said)


def _clock() -> Finding:
    told = ctypes.create_string_buffer(TIMEX_BYTES)
    # With all of it zero nothing is set, and the kernel only tells.
    state = ctypes.CDLL(None, use_errno=True).ntp_adjtime(told)
    if state == TIME_ERROR:
        return warning(
            "clock: kept",
            "Nothing keeps the clock of this machine right.",
            "Switch time synchronisation on: timedatectl set-ntp true. In a container, on its host.",
        )
    return ok("clock: kept", "The clock of this machine is kept right.")


def _papers() -> Finding:
    try:
        make_pdf('<html lang="en"><title>.</title>.')
    except PaperError as error:
        said, _, todo = str(error).partition(": ")
        return warning("papers", f"{said}: nothing can be printed as PDF.", todo)
    return ok("papers", "Papers can be printed as PDF.")


def _secrets(settings: Settings) -> Iterator[Finding]:
    names = [audit_key.FILE, backup_key.FILE]
    for path in [*(settings.home / name for name in names), *head_files(settings)]:
        if path.exists() and path.name in names and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield fault(f"secret: {path.name}", f"Others of this machine may read {path}.", f"Run: chmod 600 {path}")
        elif path.exists() and path.name in names:
            yield ok(f"secret: {path.name}", f"{path} is its owner's alone.")
    if backup_key.is_kept_here(settings) and (settings.home / backup_key.FILE).exists():
        yield ok("backup key", f"It lies in {settings.home / backup_key.FILE}: keep a copy elsewhere.")
