"""A primary and two standbys on this machine, made by the commands of docs/scaling.md."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psycopg
from cast import join
from sqlalchemy import Engine

from geoapp.access.leakproof import keep_spatial_index
from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import migrate
from geoapp.settings import Settings

PROJECT = Path(__file__).parents[1]
AWAIT_SECONDS = 30.0


def commands() -> list[str]:
    """What the page has one do: make the standbys, serve, promote, have the others follow."""
    page = (PROJECT / "docs/scaling.md").read_text()
    part = page[page.index("## Reading from standbys") : page.index("## What would come next")]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


@dataclass
class Trio:
    """The servers; `engine` is the operator's, on whichever takes writes, and `environment` the web server's."""

    folder: Path
    engine: Engine
    environment: dict[str, str]

    @property
    def primary(self) -> Cluster:
        """The one that takes writes at first."""
        return Cluster(self.folder / "home")

    @property
    def standbys(self) -> list[Cluster]:
        """Those that follow it."""
        return [Cluster(self.folder / "one"), Cluster(self.folder / "two")]

    def do(self, command: str) -> str:
        """Run a command of the page, with the page's names for folders."""
        return do(self.folder, command)

    def place(self, cluster: Cluster) -> int:
        """How far a server is in the log."""
        row = ask(
            cluster,
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"
            " - pg_lsn '0/0'",
        )
        return int(str(row))

    def await_standbys(self) -> None:
        """Wait until all standbys have what the primary has."""
        place = self.place(self.primary)
        for each in self.standbys:
            wait_for(lambda each=each: self.place(each) >= place)  # type: ignore[misc]

    @contextlib.contextmanager
    def paused(self, *clusters: Cluster) -> Iterator[None]:
        """Have standbys replay nothing for the time of the block."""
        for each in clusters:
            ask(each, "SELECT pg_wal_replay_pause()")
            wait_for(lambda each=each: ask(each, "SELECT pg_get_wal_replay_pause_state()") == "paused")  # type: ignore[misc]
        try:
            yield
        finally:
            for each in clusters:
                ask(each, "SELECT pg_wal_replay_resume()")


def ask(cluster: Cluster, statement: str, role: str = "geoapp") -> object:
    """The only value that a server answers, if it answers any."""
    with psycopg.connect(f"host={cluster.socket_folder} user={role} dbname=geoapp", autocommit=True) as connection:
        answer = connection.execute(statement)
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def kill(cluster: Cluster) -> None:
    """Kill a server, as its machine would be cut off from power."""
    postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)


def wait_for(done: Callable[[], object], seconds: float = AWAIT_SECONDS) -> float:
    """Wait until something is so; how many seconds it took."""
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, "it did not come about"
        time.sleep(0.05)
    return time.monotonic() - started


def answers(port: int) -> bool:
    """Whether a web server on a port can answer from the database."""
    with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def do(folder: Path, command: str) -> str:
    """Run a command of the page in a shell; what it says."""
    answer = subprocess.run(
        _shell(folder, command),
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd="/",
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


@contextlib.contextmanager
def running_in_a_shell(folder: Path, command: str) -> Iterator[None]:
    """Have what a command of the page starts run for the time of the block."""
    with (
        (folder / "web.log").open("w") as log,
        subprocess.Popen(
            _shell(folder, command), env=_environment(folder), stdout=log, stderr=log, cwd="/", start_new_session=True
        ) as shell,
    ):
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
            shell.wait(30)
            # The servers have more to end than the shell.
            wait_for(lambda: not _lives(shell.pid))


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _shell(folder: Path, command: str) -> list[str]:
    places = "".join(f"{name}={folder / name}\n" for name in ("home", "one", "two", "web"))
    return ["bash", "-euo", "pipefail", "-c", places + command]


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": f"{PROJECT}/.venv/bin:{os.environ['PATH']}", "HOME": str(folder)}


@contextlib.contextmanager
def trio(configuration: str = "") -> Iterator[Trio]:
    """The three servers, with the schema, the base map and the cast."""
    folder = Path(tempfile.mkdtemp(prefix="geoapp-trio-"))
    folder.chmod(0o755)
    home = folder / "home"
    made = Cluster(home, configuration)
    made.up()
    environment = {
        "GEOAPP_HOME": str(folder / "web"),
        "GEOAPP_DATABASE_URL": f"postgresql://geoapp@/geoapp?host={home}/run",
        "GEOAPP_READ_URLS": " ".join(
            f"postgresql://geoapp@/geoapp?host={folder}/{name}/run" for name in ("one", "two")
        ),
        "GEOAPP_QUESTION_LIMIT": "0",
    }
    (folder / "web").mkdir()
    engine = open_engine(Settings.from_environment(environment))
    try:
        migrate(engine)
        keep_spatial_index(engine)
        load_base_map(engine)
        join(engine)
        do(folder, commands()[0])
        yield Trio(folder, engine, environment)
    finally:
        engine.dispose()
        for name in ("home", "one", "two"):
            with contextlib.suppress(Exception):
                Cluster(folder / name).down()
        shutil.rmtree(folder)
