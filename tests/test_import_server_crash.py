"""A database server that is killed in the middle of an import comes back without a row of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import settings_for
from importing import ask
from test_import_atomic import GEOAPP, LEFT, many_sites, wait_for_rows

from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import migrate


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster as users have it, with nothing switched off for speed."""
    home = Path(tempfile.mkdtemp(prefix="geoapp-crash-"))
    home.chmod(0o755)
    made = Cluster(home)
    made.up()
    yield made
    made.down()
    shutil.rmtree(home)


def test_nothing_of_it_is_left(own_cluster: Cluster, tmp_path: Path) -> None:
    engine = open_engine(settings_for(own_cluster, "geoapp"))
    migrate(engine)
    load_base_map(engine)
    process = subprocess.Popen(
        [str(GEOAPP), "import", str(many_sites(tmp_path / "s.csv")), "--as", "mine_sites"],
        env={"PATH": os.environ["PATH"], "GEOAPP_HOME": str(own_cluster.home), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wait_for_rows(engine, process)
    os.kill(int((own_cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Traceback" not in errors
    engine.dispose()
    while own_cluster.status().running:
        time.sleep(0.05)
    assert own_cluster.up()
    assert ask(engine, LEFT) == [(0,)]
    engine.dispose()
