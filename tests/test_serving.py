"""`geoapp run` serves, says why it cannot, and leaves nothing running behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import GEOAPP, await_answer, free_port
from conftest import FAST

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import downgrade, migrate
from geoapp.settings import Settings


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster with the schema, which is not running."""
    home = Path(tempfile.mkdtemp(prefix="geoapp-run-"))
    home.chmod(0o755)
    made = Cluster(home, extra_configuration=FAST)
    made.up()
    engine = open_engine(settings_of(made))
    migrate(engine)
    engine.dispose()
    made.down()
    yield made
    made.down()
    shutil.rmtree(home)


def settings_of(cluster: Cluster) -> Settings:
    """Settings for the embedded database of this cluster."""
    return Settings.from_environment({"GEOAPP_HOME": str(cluster.home)})


def run(cluster: Cluster, *options: str) -> subprocess.Popen[str]:
    """Start `geoapp run`."""
    return subprocess.Popen(
        [str(GEOAPP), "run", *options],
        env={"PATH": os.environ["PATH"], "GEOAPP_HOME": str(cluster.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As a terminal does, so that Ctrl-C reaches the whole group.
        start_new_session=True,
    )


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_the_database_and_stops_it_again(own_cluster: Cluster, way: signal.Signals) -> None:
    port = free_port()
    server = run(own_cluster, "--port", str(port))
    await_answer(f"http://127.0.0.1:{port}/readyz", server)
    assert own_cluster.status().running
    os.killpg(server.pid, way)
    said, _ = server.communicate(timeout=30)
    assert f"http://127.0.0.1:{port}/" in said
    assert "Traceback" not in said
    assert server.returncode == 0
    assert not own_cluster.status().running


def test_it_leaves_a_database_alone_that_it_did_not_start(own_cluster: Cluster) -> None:
    own_cluster.up()
    port = free_port()
    server = run(own_cluster, "--port", str(port))
    await_answer(f"http://127.0.0.1:{port}/readyz", server)
    os.killpg(server.pid, signal.SIGINT)
    server.communicate(timeout=30)
    assert own_cluster.status().running


def test_a_port_that_is_taken_is_said(own_cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = run(own_cluster, "--port", str(taken.getsockname()[1]))
        said, _ = server.communicate(timeout=30)
    assert server.returncode == 1
    assert "choose another with --port" in said
    assert not own_cluster.status().running


def test_an_old_schema_is_said(own_cluster: Cluster) -> None:
    own_cluster.up()
    engine = open_engine(settings_of(own_cluster))
    downgrade(engine, "base")
    engine.dispose()
    server = run(own_cluster, "--port", str(free_port()))
    said, _ = server.communicate(timeout=30)
    assert server.returncode == 1
    assert "geoapp db migrate" in said


def test_a_wrong_option_is_a_usage_error(own_cluster: Cluster) -> None:
    server = run(own_cluster, "--port", "eighty")
    said, _ = server.communicate(timeout=30)
    assert server.returncode == 2
    assert "Invalid value" in said
