"""Recovery to any moment: the commands of docs/backup.md, as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from test_cluster import ROOT

from geoapp.database import binaries
from geoapp.database.cluster import Cluster

PROJECT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not ROOT, reason="the commands are for root")


def commands() -> list[str]:
    """What the page has one do: once, each week, and to put it back."""
    page = (PROJECT / "docs/backup.md").read_text()
    part = page[page.index("## Recovery to any moment") :]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's account may enter, with an installation's home and an archive."""
    folder = Path(tempfile.mkdtemp(prefix="geoapp-recovery-"))
    folder.chmod(0o755)
    yield folder / "home"
    Cluster(folder / "home").down()
    shutil.rmtree(folder)


def do(home: Path, *parts: str, until: str = "") -> None:
    """Run commands of the page in one shell."""
    places = f"home={home}\narchive={home.parent / 'archive'}\nuntil='{until}'\nowner=postgres\n"
    path = f"{PROJECT}/.venv/bin:{binaries.find().folder}:{os.environ['PATH']}"
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", places + "\n".join(parts)],
        env={"PATH": path, "HOME": str(home), "GEOAPP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd="/",
    )
    assert answer.returncode == 0, answer.stderr


def test_the_database_is_as_it_was_at_the_moment(home: Path) -> None:
    once, each_week, back = commands()
    cluster = Cluster(home)
    cluster.up()
    where = f"host={cluster.socket_folder} user=geoapp dbname=geoapp"
    do(home, once, each_week)
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'before' AS at")
        time.sleep(0.1)
        found = connection.execute("SELECT clock_timestamp()::text").fetchone()
        assert found
        time.sleep(0.1)
        connection.execute("INSERT INTO kept VALUES ('after')")
        connection.execute("SELECT pg_switch_wal()")
    _wait_for_the_archive(where)
    do(home, back, until=found[0])
    with psycopg.connect(where) as connection:
        assert connection.execute("SELECT at FROM kept").fetchall() == [("before",)]
        # It is a database like any other again, and goes on being archived.
        connection.execute("INSERT INTO kept VALUES ('later')")
        assert connection.execute("SHOW archive_mode").fetchone() == ("on",)
    cluster.down()
    assert cluster.up()


def _wait_for_the_archive(where: str) -> None:
    with psycopg.connect(where, autocommit=True) as connection:
        for _ in range(100):
            left = connection.execute(
                "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
            ).fetchone()
            if left == (0,):
                return
            time.sleep(0.1)
    pytest.fail("the log was not archived")
