"""`/metrics`: what the server does, for Prometheus; no row, no unit, no person, no address is in it.

It is for this machine, and for administrators from elsewhere, such as by a token.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, g, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from geoapp import __version__
from geoapp.errors import ForbiddenError
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, engine, replicas
from geoapp.web.meters import Meters, about, gauge
from geoapp.web.policy import unstored
from geoapp.web.proxies import is_local

metrics = Blueprint("metrics", __name__)

KEY = "geoapp.meters"
FORMAT = "text/plain; version=0.0.4; charset=utf-8"
NOT_YOURS = "The metrics are for this machine, and for administrators."
PAGE = os.sysconf("SC_PAGE_SIZE")
DATABASE = text("""
    SELECT numbackends, current_setting('max_connections')::int, xact_commit, xact_rollback, deadlocks,
           pg_database_size(datid) FROM pg_stat_database WHERE datname = current_database()""")
OF_THE_DATABASE = (
    ("geoapp_database_connections", "gauge", "Connections to the database."),
    ("geoapp_database_connections_most", "gauge", "How many there may be."),
    ("geoapp_database_commits_total", "counter", "Transactions that were committed."),
    ("geoapp_database_rollbacks_total", "counter", "Transactions that were taken back."),
    ("geoapp_database_deadlocks_total", "counter", "Transactions that waited for each other."),
    ("geoapp_database_bytes", "gauge", "The size of the database."),
)


def init_app(app: Flask) -> None:
    """Count every answer."""
    app.before_request(_start)
    app.after_request(_count)


@metrics.get("/metrics")
def show() -> Response:
    """All metrics in Prometheus's text format."""
    if not is_local() and not current_viewer().has("admin"):
        raise ForbiddenError(NOT_YOURS)
    meters: Meters = current_app.extensions[KEY]
    settings: Settings = current_app.extensions["geoapp.settings"]
    lines = [
        *about("geoapp_info", "gauge", "The version that runs."),
        f'geoapp_info{{version="{__version__}"}} 1',
        *meters.told(),
        *_of_the_machine(settings),
        *_of_the_database(),
        *_of_the_standbys(),
    ]
    return unstored(Response("\n".join([*lines, ""]), content_type=FORMAT))


def _start() -> None:
    g.met = time.monotonic()


def _count(response: Response) -> Response:
    meters: Meters = current_app.extensions[KEY]
    seconds = time.monotonic() - g.met if "met" in g else 0.0
    meters.count(request.endpoint or "none", response.status_code, seconds)
    return response


def _of_the_machine(settings: Settings) -> Iterator[str]:
    if settings.home.is_dir():
        usage = shutil.disk_usage(settings.home)
        yield from gauge("geoapp_disk_free_bytes", "Free on the disk of GEOAPP_HOME.", usage.free)
        yield from gauge("geoapp_disk_bytes", "The size of that disk.", usage.total)
    resident = list(_resident())
    yield from gauge("geoapp_processes", "The server's processes, those beside it too.", len(resident))
    yield from gauge("geoapp_resident_bytes", "What they have in memory, with what they share.", sum(resident))
    yield from gauge("geoapp_resident_bytes_most", "What the largest of them has in memory.", max(resident, default=0))


def _resident() -> Iterator[int]:
    """Bytes in memory of this process and its siblings."""
    parent = os.getppid()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold anything.
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                yield int((folder / "statm").read_text().split()[1]) * PAGE
        except (OSError, ValueError):
            # It ended meanwhile.
            continue


def _of_the_database() -> Iterator[str]:
    started = time.monotonic()
    try:
        with engine().connect() as connection:
            found = connection.execute(DATABASE).one()
    except SQLAlchemyError:
        yield from gauge("geoapp_database_up", "Whether the database answers.", 0)
        return
    yield from gauge("geoapp_database_up", "Whether the database answers.", 1)
    yield from gauge("geoapp_database_answer_seconds", "How long it took to.", time.monotonic() - started)
    for (name, kind, said), value in zip(OF_THE_DATABASE, found, strict=True):
        yield from gauge(name, said, float(value), kind)


def _of_the_standbys() -> Iterator[str]:
    """As this process last heard of them, half a second ago or less; they are numbered as in GEOAPP_READ_URLS."""
    known = replicas()
    if not known.standbys:
        return
    yield from about("geoapp_standby_up", "gauge", "Whether a standby answers.")
    for number, standby in enumerate(known.standbys, 1):
        yield f'geoapp_standby_up{{standby="{number}"}} {int(not standby.away)}'
    yield from about("geoapp_standby_behind_bytes", "gauge", "What of the primary's log a standby has yet to replay.")
    for number, standby in enumerate(known.standbys, 1):
        if standby.told and known.primary.told:
            behind = max(0, known.primary.told.place - standby.told.place)
            yield f'geoapp_standby_behind_bytes{{standby="{number}"}} {behind}'
