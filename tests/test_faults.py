"""What happens to people at work when a process is killed, the disk is full, the clock jumps or the line is cut.

`script/test --faults` runs all of it, several minutes long; without it the short form runs. Each prints how long the
recovery took.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from browser import GEOAPP, await_answer, free_port
from cast import join
from conftest import a_database, environment_for, settings_for
from fault_line import Line, line_to
from fault_load import Load, check_promises, looking_for_halves
from sqlalchemy import Engine, text
from test_cluster import ROOT, small_disk
from test_proxy import NGINX, running

from geoapp.access.leakproof import keep_spatial_index
from geoapp.database import binaries
from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import migrate

FAKETIME = next((Path(__file__).parents[1] / ".cache/faketime").glob("usr/lib/*/faketime/libfaketimeMT.so.1"), None)
faults = pytest.mark.faults
# Longer than any request waits.
CUT_SECONDS = 30


@dataclass
class Installation:
    """geoapp at work: the home of its database, an engine of the operator's, its server, and the port to ask."""

    cluster: Cluster
    engine: Engine
    server: subprocess.Popen[str]
    port: int

    @contextlib.contextmanager
    def under_load(self) -> Iterator[Load]:
        """People at work, until every promise is checked."""
        load = Load(self.port, self.engine)
        with looking_for_halves(self.engine) as halves, load.at_work():
            load.await_import()
            yield load
            load.await_import()
        # Without a proxy, who was being answered by a killed process hears nothing.
        check_promises(load, self.engine, halves, torn=0 if NGINX else 8)

    def web_workers(self) -> list[int]:
        """The processes that answer requests."""
        children = _children()
        return [each for each in children.get(self.server.pid, []) if not children.get(each)]

    def import_worker(self) -> int:
        """The process that takes imports from the queue."""
        children = _children()
        for keeper in children[self.server.pid]:
            for each in children.get(keeper, []):
                if Path(f"/proc/{each}/cmdline").read_bytes().endswith(b"geoapp\0worker\0"):
                    return each
        raise AssertionError("there is no worker")

    def postmaster(self) -> int:
        """The first process of the database server."""
        return int((self.cluster.data / "postmaster.pid").read_text().split()[0])


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything.
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(status.parent.name))
    return found


@contextlib.contextmanager
def serving(environment: Mapping[str, str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`geoapp run` with two workers, and nginx before it where there is one; the process, and the port to ask."""
    port = free_port()
    given = {**environment, "GEOAPP_TRUSTED_PROXIES": "1" if NGINX else "", "GEOAPP_PERSON_LIMIT": "0"}
    given |= {"GEOAPP_NETWORK_LIMIT": "0", "GEOAPP_LOG_FORMAT": "json"}
    log = (folder / "log.json").open("w+")
    command = [str(GEOAPP), "run", "--port", str(port), "--workers", "2"]
    with log, subprocess.Popen(command, env=given, stdout=log, stderr=log, text=True) as server:
        try:
            await_answer(f"http://127.0.0.1:{port}/readyz", server, seconds=90)
            if NGINX:
                (folder / "proxy").mkdir()
                with running(folder / "proxy", port) as proxied:
                    yield server, proxied
            else:
                yield server, port
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)


def prepare(cluster: Cluster) -> Engine:
    """A database with the schema, the base map and the cast."""
    engine = open_engine(settings_for(cluster, "geoapp"))
    migrate(engine)
    keep_spatial_index(engine)
    load_base_map(engine)
    join(engine)
    return engine


@contextlib.contextmanager
def installed(home: Path) -> Iterator[Installation]:
    """An installation as an office has it: its own database, with nothing switched off for speed."""
    cluster = Cluster(home)
    cluster.up()
    engine = prepare(cluster)
    given = {"PATH": os.environ["PATH"], "HOME": str(home), "GEOAPP_HOME": str(home)}
    try:
        with tempfile.TemporaryDirectory(prefix="geoapp-faults-") as folder:
            Path(folder).chmod(0o755)
            with serving(given, Path(folder)) as (server, port):
                yield Installation(cluster, engine, server, port)
    finally:
        engine.dispose()
        cluster.down()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="geoapp-faults-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def office(home: Path) -> Iterator[Installation]:
    """An office's installation."""
    with installed(home) as made:
        yield made


@pytest.fixture
def line(cluster: Cluster) -> Iterator[Line]:
    """A line to the tests' database server."""
    with line_to(cluster.socket_folder) as made:
        yield made


@pytest.fixture
def far(cluster: Cluster, template: str, line: Line, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose database is on the other end of a line."""
    tmp_path.chmod(0o755)
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        name = engine.url.database
        environment = environment_for(settings)
        environment["GEOAPP_DATABASE_URL"] = f"postgresql://geoapp@127.0.0.1:{line.port}/{name}"
        environment["GEOAPP_HOME"] = str(tmp_path)
        with serving(environment, tmp_path) as (server, port):
            yield Installation(cluster, engine, server, port)
        engine.dispose()


def recover(load: Load, name: str, since: float) -> None:
    """Wait for the recovery, and say how long it took."""
    sys.stdout.write(f"\n{name}: recovered in {load.await_recovery(since):.1f} s")


def test_processes_that_are_killed_come_back(office: Installation) -> None:
    with office.under_load() as load:
        since = time.monotonic()
        os.kill(office.web_workers()[0], signal.SIGKILL)
        os.kill(office.import_worker(), signal.SIGKILL)
        recover(load, "kill -9 of a web worker and of the import worker", since)
        since = time.monotonic()
        os.kill(office.postmaster(), signal.SIGKILL)
        recover(load, "kill -9 of PostgreSQL", since)


def test_a_line_that_is_cut(far: Installation, line: Line) -> None:
    with far.under_load() as load:
        line.cut()
        time.sleep(7)
        line.mend(forgotten=True)
        recover(load, "the line to the database cut for 7 s", time.monotonic())


@faults
@pytest.mark.parametrize("turn", range(3))
def test_processes_that_are_killed_again_and_again(office: Installation, turn: int) -> None:
    del turn
    victims: dict[str, Callable[[], int]] = {
        "a web worker": lambda: office.web_workers()[-1],
        "the import worker": office.import_worker,
        "PostgreSQL": office.postmaster,
    }
    with office.under_load() as load:
        for name, victim in victims.items():
            since = time.monotonic()
            os.kill(victim(), signal.SIGKILL)
            recover(load, f"kill -9 of {name}", since)
        since = time.monotonic()
        for victim in victims.values():
            os.kill(victim(), signal.SIGKILL)
        recover(load, "kill -9 of all three at once", since)


@faults
@pytest.mark.parametrize("forgotten", [True, False])
def test_a_line_that_is_cut_for_longer_than_anybody_waits(far: Installation, line: Line, forgotten: bool) -> None:
    with far.under_load() as load:
        line.cut()
        time.sleep(CUT_SECONDS)
        line.mend(forgotten=forgotten)
        recover(load, f"the line to the database cut for {CUT_SECONDS} s", time.monotonic())


@faults
def test_a_slow_database(far: Installation, line: Line) -> None:
    with far.under_load() as load:
        line.delay = 0.1
        time.sleep(15)
        line.delay = 0.0
        recover(load, "the database slow for 15 s", time.monotonic())
        with far.engine.connect() as connection:
            connection.execute(text("LOCK TABLE mine_site IN ACCESS EXCLUSIVE MODE"))
            time.sleep(15)
        recover(load, "a table locked for 15 s", time.monotonic())


@faults
def test_a_server_that_stands_still(office: Installation) -> None:
    with office.under_load() as load:
        still = [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cwd") if _is_in(each, office.cluster)]
        for process in still:
            os.kill(process, signal.SIGSTOP)
        time.sleep(CUT_SECONDS)
        for process in still:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        recover(load, f"PostgreSQL stopped for {CUT_SECONDS} s", time.monotonic())


@faults
def test_connections_are_used_up(office: Installation) -> None:
    where = f"host={office.cluster.socket_folder} user=geoapp dbname=geoapp"
    taken: list[psycopg.Connection[tuple[object, ...]]] = []
    with office.under_load() as load:
        first = psycopg.connect(where, autocommit=True)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                taken.append(psycopg.connect(where))
            except psycopg.OperationalError:
                # What geoapp holds is taken from it, too.
                first.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'geoapp' AND datname = current_database()"
                )
                time.sleep(0.02)
        assert load.ask("/provinces").status == 503
        for each in [first, *taken]:
            each.close()
        recover(load, "all connections used up for 10 s", time.monotonic())


@faults
@pytest.mark.skipif(not ROOT, reason="mounting a small disk takes root")
def test_a_disk_that_is_full(home: Path) -> None:
    small_disk(home, "size=900m,mode=0755")
    try:
        with installed(home) as office, office.under_load() as load:
            filler = home / "filler"
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(1024 * 1024))
                    file.flush()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                # What is freed meanwhile is taken, too.
                with filler.open("ab") as file, contextlib.suppress(OSError):
                    file.write(bytes(1024 * 1024))
                    file.flush()
                time.sleep(0.5)
            filler.unlink()
            recover(load, "the disk full for 20 s", time.monotonic())
    finally:
        # This process still holds a file there in memory.
        subprocess.run(["umount", "--lazy", str(home)], check=True)


@faults
@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not there: script/setup --tests fetches it")
def test_a_clock_that_jumps(home: Path) -> None:
    moved = home / "clock"
    moved.write_text("+0\n")
    moved.chmod(0o644)
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(moved),
        "FAKETIME_NO_CACHE": "1",
        # As the kernel: a jump is of the wall clock alone.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    # Python sleeps in a way that the library refuses: it is the database's clock that jumps, by which rows are dated.
    with _faked_cluster(home, faked), installed(home) as office, office.under_load() as load:
        for jump in ("+30m", "-45m", "+0"):
            moved.write_text(f"{jump}\n")
            recover(load, f"the database's clock set to {jump}", time.monotonic())


@contextlib.contextmanager
def _faked_cluster(home: Path, faked: Mapping[str, str]) -> Iterator[None]:
    """The database server under a clock of the test's, which geoapp finds running."""
    cluster = Cluster(home)
    cluster.up()
    cluster.down()
    control = binaries.find().program("pg_ctl")
    options = f"-c unix_socket_directories='{cluster.socket_folder}'"
    as_server = ["runuser", "-u", "postgres", "--"] if ROOT else []
    start = [control, "start", "--wait", "--silent", f"--pgdata={cluster.data}", f"--log={cluster.log}"]
    environment = [f"{name}={value}" for name, value in faked.items()]
    subprocess.run([*as_server, "env", *environment, *start, f"--options={options}"], check=True, cwd="/")
    try:
        yield
    finally:
        cluster.down()


def _is_in(place: Path, cluster: Cluster) -> bool:
    with contextlib.suppress(OSError):
        return place.readlink() == cluster.data.resolve()
    return False
