"""The embedded cluster starts, stops, and survives what machines do to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import FAST

from geoapp.database import binaries
from geoapp.database.cluster import Cluster
from geoapp.errors import ClusterError

ROOT = os.geteuid() == 0
GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's account may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="geoapp-cluster-"))
    folder.chmod(0o755)
    yield folder / "home"
    Cluster(folder / "home").down()
    shutil.rmtree(folder)


@pytest.fixture
def cluster(home: Path) -> Cluster:
    """A cluster that is not made yet."""
    return Cluster(home, extra_configuration=FAST)


def ask(cluster: Cluster, question: str) -> object:
    """The first value that the cluster's database answers."""
    with psycopg.connect(f"host={cluster.socket_folder} user=geoapp dbname=geoapp") as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def test_it_works(cluster: Cluster) -> None:
    assert not cluster.status().exists
    assert cluster.up()
    assert not cluster.up()
    state = cluster.status()
    assert (state.exists, state.running) == (True, True)
    assert ask(cluster, "SHOW listen_addresses") == ""
    assert cluster.down()
    assert not cluster.down()
    assert not cluster.status().running


def test_data_outlive_a_stop(cluster: Cluster) -> None:
    cluster.up()
    with psycopg.connect(f"host={cluster.socket_folder} user=geoapp dbname=geoapp") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    cluster.down()
    cluster.up()
    assert ask(cluster, "SELECT number FROM kept") == 7


def test_two_starts_at_once_make_one_server(cluster: Cluster, home: Path) -> None:
    started: list[bool] = []
    threads = [threading.Thread(target=lambda: started.append(Cluster(home).up())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [False, False, False, True]


def test_it_starts_after_a_crash(cluster: Cluster) -> None:
    cluster.up()
    process = int((cluster.data / "postmaster.pid").read_text().split()[0])
    os.kill(process, signal.SIGKILL)
    while cluster.status().running:
        time.sleep(0.01)
    assert (cluster.data / "postmaster.pid").exists()
    assert cluster.up()
    assert ask(cluster, "SELECT 1") == 1


def test_a_pid_file_that_names_another_process_does_not_hinder(cluster: Cluster) -> None:
    cluster.up()
    lines = (cluster.data / "postmaster.pid").read_text().split("\n")
    cluster.down()
    with subprocess.Popen(["sleep", "60"]) as other:
        (cluster.data / "postmaster.pid").write_text("\n".join([str(other.pid), *lines[1:]]))
        assert not cluster.status().running
        assert cluster.up()
        other.kill()
    assert ask(cluster, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(cluster: Cluster, home: Path) -> None:
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("15")
    assert cluster.up()


def test_a_long_path_gets_a_short_socket(home: Path) -> None:
    deep = Cluster(home / ("d" * 60) / ("e" * 60), extra_configuration=FAST)
    try:
        deep.up()
        assert ask(deep, "SELECT 1") == 1
    finally:
        deep.down()
        shutil.rmtree(deep.socket_folder)


def test_it_refuses_a_socket_folder_of_somebody_else(home: Path) -> None:
    if not ROOT:
        pytest.skip("only root can make a folder of another account")
    deep = Cluster(home / ("d" * 60) / ("e" * 60))
    deep.socket_folder.mkdir(mode=0o755)
    os.chown(deep.socket_folder, 12345, 12345)
    try:
        with pytest.raises(ClusterError, match="belongs to another account"):
            deep.up()
    finally:
        shutil.rmtree(deep.socket_folder)


def test_it_refuses_another_major_version_and_loses_nothing(cluster: Cluster) -> None:
    cluster.up()
    cluster.down()
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 9, but only version .* Nothing was"):
        cluster.up()
    (cluster.data / "PG_VERSION").write_text(f"{binaries.find().major}\n")
    assert cluster.up()


def test_it_says_what_to_install_when_there_is_no_server(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "DISTRIBUTION", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="apt-get install"):
        cluster.up()


def small_disk(folder: Path, options: str) -> None:
    """Mount a disk of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


@pytest.mark.skipif(not ROOT, reason="mounting a small disk takes root")
def test_it_refuses_a_full_disk(cluster: Cluster, home: Path) -> None:
    small_disk(home, "size=20m")
    try:
        with pytest.raises(ClusterError, match=r"disk .* is full|MB are free"):
            cluster.up()
        assert not cluster.status().exists
    finally:
        subprocess.run(["umount", str(home)], check=True)


@pytest.mark.skipif(not ROOT, reason="mounting a small disk takes root")
def test_a_disk_that_fills_up_later_loses_nothing(cluster: Cluster, home: Path) -> None:
    small_disk(home, "size=300m")
    try:
        cluster.up()
        cluster.down()
        filler = home / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(home).free - 1024 * 1024))
        with pytest.raises(ClusterError, match="MB are free"):
            cluster.up()
        filler.unlink()
        assert cluster.up()
        assert ask(cluster, "SELECT 1") == 1
        cluster.down()
    finally:
        subprocess.run(["umount", str(home)], check=True)


@pytest.mark.skipif(not ROOT, reason="mounting a small disk takes root")
def test_it_refuses_a_disk_that_cannot_be_written(cluster: Cluster, home: Path) -> None:
    small_disk(home, "size=300m")
    try:
        cluster.up()
        cluster.down()
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        with pytest.raises(ClusterError, match="cannot be written"):
            cluster.up()
        subprocess.run(["mount", "-o", "remount,rw", str(home)], check=True)
        assert cluster.up()
        cluster.down()
    finally:
        subprocess.run(["umount", str(home)], check=True)


def test_it_refuses_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClusterError, match="not a folder"):
        Cluster(tmp_path / "file").up()


@pytest.mark.skipif(not ROOT, reason="as an ordinary user the server's account is one's own")
def test_it_says_when_the_server_account_cannot_reach_the_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ClusterError, match="may not enter"):
        Cluster(tmp_path / "home").up()


def test_the_commands_say_what_they_did(home: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "GEOAPP_HOME": str(home)}

    def geoapp(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(GEOAPP), "db", *words], env=environment, capture_output=True, text=True, check=False)

    assert "exists             no" in geoapp("status").stdout
    assert geoapp("up").stdout.startswith("Started")
    assert geoapp("up").stdout.startswith("Already running")
    assert '"running": true' in geoapp("status", "--json").stdout
    assert geoapp("down").stdout == "Stopped.\n"


def test_down_refuses_a_server_that_is_not_ours(home: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "GEOAPP_HOME": str(home),
        "GEOAPP_DATABASE_URL": "postgresql://x/y",
    }
    answer = subprocess.run([str(GEOAPP), "db", "down"], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "GEOAPP_DATABASE_URL names a server of its own" in answer.stderr


def test_it_waits_for_the_last_process_of_a_killed_server(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.up()
    cluster.down()
    monkeypatch.setattr("geoapp.database.cluster.START_SECONDS", 0.5)
    with subprocess.Popen(["sleep", "60"], cwd=cluster.data) as left_over:
        with pytest.raises(ClusterError, match="still work in"):
            cluster.up()
        left_over.kill()
    monkeypatch.undo()
    assert cluster.up()
