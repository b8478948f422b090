"""Keeping the embedded database up while geoapp serves: a server that breaks down is started again."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

from geoapp.database.cluster import Cluster
from geoapp.errors import ClusterError
from geoapp.keeper import kept
from geoapp.settings import Settings

LOOK_SECONDS = 0.5
# Where it does not start, such as on a full disk, it is tried again until it does.
AGAIN_SECONDS = 3.0

log = logging.getLogger(__name__)


@contextlib.contextmanager
def watching(settings: Settings) -> Iterator[None]:
    """Start the embedded database again whenever it breaks down; one that `geoapp db down` has stopped stays so."""
    if settings.database_url is not None:
        # That server is looked after where it runs.
        yield
        return
    with kept(lambda: _watch(Cluster(settings.home))):
        yield


def _watch(cluster: Cluster) -> None:
    while True:
        try:
            if cluster.broke_down():
                log.warning("the database has broken down; it is started again")
                cluster.up()
                log.warning("the database is up again")
        except (ClusterError, OSError) as error:
            log.warning("the database cannot be started: %s", error)
            time.sleep(AGAIN_SECONDS)
        time.sleep(LOOK_SECONDS)
