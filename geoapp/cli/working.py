"""`geoapp worker`: do the imports and undos that people ask for on the pages."""

from __future__ import annotations

import signal
import sys

import click

from geoapp.cli.context import current_database
from geoapp.desk.worker import Worker
from geoapp.logs import write_logs
from geoapp.settings import Settings


@click.command()
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
def worker(once: bool) -> None:
    """Look into uploads, preview and write them, and undo batches, as people ask for it on the page /import.

    `geoapp run` starts one by itself. Several take turns. Ended at any moment, it leaves a batch whole or absent.
    """
    settings = Settings.from_environment()
    write_logs(settings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with current_database(settings) as engine:
        engine.dispose()
        working = Worker(settings)
        if not once:
            working.run()
        while working.step():
            pass
