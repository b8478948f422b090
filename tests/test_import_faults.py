"""A line that is cut, a disk that is full, a process that is killed: nothing of an import is left, and it is said."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from browser import GEOAPP, serving
from cast import cookie, form_token
from conftest import a_database, environment_for, settings_for
from desk import accept, at_home, layers_of, one, ready, upload, work
from importing import ask, write_csv
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from geoapp import scratch
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.settings import Settings

HEADING = "site_id,name,lon,lat"
BOUNDARY = "geoapp-boundary"
MIB = 1024 * 1024


def wait_until(done: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A file system of its own of so many bytes."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def many_sites(path: Path, rows: int, name: str = "A") -> Path:
    """A table of sites."""
    return write_csv(path, HEADING, *(f"S{n},{name},{27 + n % 200 / 100},{-3 + n // 200 / 1000}" for n in range(rows)))


def form(content: bytes, name: str = "sites.csv") -> bytes:
    """A form with one file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def headers(length: int) -> dict[str, str]:
    """Those of a form that the GIS officer of DR Congo sends."""
    return {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(length),
        "Cookie": "=".join(cookie("gis-cd")),
        "X-CSRF-Token": form_token("gis-cd"),
    }


def send(address: str, body: bytes) -> tuple[int, str]:
    """Send a form; the answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("POST", "/import?lang=en", body, headers(len(body)))
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def files_below(*folders: Path) -> list[Path]:
    """All files in some folders."""
    return [path for folder in folders for path in folder.rglob("*") if path.is_file() or path.is_symlink()]


def open_temporary_files(address: str) -> int:
    """How many files without a name the processes of a server hold open, in which an upload waits."""
    port = urlsplit(address).port
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"--port\0{port}\0".encode() in (process / "cmdline").read_bytes():
                found += sum("/sent/" in str(each.readlink()) for each in (process / "fd").iterdir())
        except OSError:
            continue
    return found


@dataclass(frozen=True)
class Office:
    """A server with its database, its home, and the place of its temporary files."""

    address: str
    engine: Engine
    home: Path
    temporary: Path

    def uploads(self) -> int:
        """How many files somebody has brought."""
        found: int = ask(self.engine, "SELECT count(*) FROM import_upload")[0][0]
        return found


@pytest.fixture(scope="module")
def office(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all that breaks on the way in."""
    place = tmp_path_factory.mktemp("office")
    home, temporary = place / "home", place / "sent"
    temporary.mkdir()
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        surroundings = {**environment_for(settings), "GEOAPP_HOME": str(home), "TMPDIR": str(temporary)}
        with serving(surroundings) as address:
            yield Office(address, engine, home, temporary)
        engine.dispose()


@pytest.mark.parametrize("politely", [True, False])
def test_a_line_that_is_cut_half_way_leaves_nothing(office: Office, politely: bool) -> None:
    body = form(b"site_id,name,lon,lat\n" + b"S1,One,28.84,-2.5\n" * 200_000)
    address, there = office.address, office.uploads()
    kept, before = files_below(office.home / "uploads"), open_temporary_files(address)
    line = socket.create_connection((urlsplit(address).hostname, urlsplit(address).port))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers(len(body)).items())
    line.sendall(f"POST /import HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n{head}\r\n".encode())
    line.sendall(body[: len(body) // 2])
    # The part that has come waits in a file that has no name.
    wait_until(lambda: open_temporary_files(address) > before)
    if not politely:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()
    wait_until(lambda: open_temporary_files(address) == before)
    assert files_below(office.home / "uploads") == kept
    assert files_below(office.temporary) == []
    assert office.uploads() == there
    # And the next one comes through.
    assert send(address, form(b"site_id,name,lon,lat\nS1,One,28.84,-2.5\n"))[0] == 303
    assert office.uploads() == there + 1


@pytest.mark.parametrize("full", ["uploads", "temporary"])
def test_a_disk_that_is_full_keeps_nothing_of_an_upload(office: Office, full: str) -> None:
    body = form(b"site_id,name,lon,lat\n" + b"S1,One,28.84,-2.5\n" * 200_000)
    there = office.uploads()
    with small_disk(office.home / "uploads" if full == "uploads" else office.temporary, 2 * MIB) as disk:
        status, page = send(office.address, body)
        assert status == 507
        assert "disk is full" in page
        assert files_below(disk) == []
        assert office.uploads() == there
        # A file for which there is room comes through.
        assert send(office.address, form(b"site_id,name,lon,lat\nS1,One,28.84,-2.5\n"))[0] == 303


def test_a_disk_that_is_full_while_a_file_is_read_refuses_it(
    environment: dict[str, str], engine: Engine, tmp_path: Path
) -> None:
    path = many_sites(tmp_path / "s.csv", 100_000)
    with small_disk(tmp_path / "tiny", MIB) as disk:
        command = [str(GEOAPP), "import", str(path), "--as", "mine_sites"]
        surrounding = {**environment, "TMPDIR": str(disk)}
        done = subprocess.run(command, env=surrounding, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "disk" in done.stderr
        assert files_below(disk) == []
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]
    assert ask(engine, "SELECT count(*) FROM import_batch") == [(0,)]


def test_a_disk_that_is_full_while_rows_are_written_leaves_none(
    cluster: Cluster, template: str, tmp_path: Path
) -> None:
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        taken = connection.scalar(text("SELECT pg_database_size(:name)"), {"name": template})
    name = f"tiny_{uuid4().hex[:8]}"
    place = cluster.home / name
    with small_disk(place, int(taken or 0) + 12 * MIB), admin.connect() as connection:
        inner = place / "data"
        inner.mkdir(mode=0o700)
        owner = cluster.data.stat()
        os.chown(inner, owner.st_uid, owner.st_gid)
        connection.execute(text(f"CREATE TABLESPACE {name} LOCATION '{inner}'"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {name} STRATEGY FILE_COPY"))
        try:
            settings = at_home(settings_for(cluster, name), tmp_path / "home")
            engine = open_engine(settings)
            job = ready(settings, engine, "gis-cd", many_sites(tmp_path / "few.csv", 50))
            accept(settings, "gis-cd", job)
            work(settings)
            assert one(engine, job).state == "done"
            job = _previewed_or_failed(settings, engine, many_sites(tmp_path / "many.csv", 60_000, "long name " * 10))
            assert job.state == "failed", (job.state, job.reason_en)
            assert "disk is full" in job.reason_en
            assert "disque" in job.reason_fr
            assert ask(engine, "SELECT count(*) FROM mine_site") == [(50,)]
            assert ask(engine, "SELECT count(*) FROM import_batch") == [(1,)]
            engine.dispose()
        finally:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"DROP TABLESPACE {name}"))
    admin.dispose()


def _previewed_or_failed(settings: Settings, engine: Engine, path: Path) -> object:
    """Bring a file, preview it, and write it where that comes so far; its job."""
    upload_id = upload(settings, "gis-cd", path)
    work(settings)
    (job,) = layers_of(engine, upload_id)
    if job.state == "ready":
        accept(settings, "gis-cd", job)
        work(settings)
    return one(engine, job)


def test_what_a_killed_import_left_is_cleared_by_the_next(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    path = many_sites(tmp_path / "s.csv", 200_000)
    command = [str(GEOAPP), "import", str(path), "--as", "mine_sites", "--dry-run"]
    process = subprocess.Popen(
        command, env={**environment, "TMPDIR": str(place)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(400):
        if list(place.glob("geoapp-import-*/*")):
            break
        assert process.poll() is None
        time.sleep(0.02)
    # As long as it lives its folder is its own, however old.
    assert scratch.clear(place, young=-1) == 0
    process.send_signal(signal.SIGKILL)
    process.wait()
    (left,) = place.glob("geoapp-import-*")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    for _ in range(100):
        # The process that read for it may write for a moment yet.
        os.utime(left, (0, 0))
        with scratch.scratch("import") as folder:
            if list(place.iterdir()) == [folder]:
                break
        time.sleep(0.1)
    assert list(place.iterdir()) == []
    assert path.exists()


def test_what_is_no_folder_of_ours_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (tmp_path / "geoapp-import-link").symlink_to(elsewhere)
    (tmp_path / "geoapp-import-file").touch()
    (tmp_path / "geoapp-notes").mkdir()
    others = tmp_path / "geoapp-import-others"
    others.mkdir()
    if os.geteuid() == 0:
        shutil.chown(others, "nobody")
    assert scratch.clear(tmp_path, young=-1) == (0 if os.geteuid() == 0 else 1)
    assert (elsewhere / "kept").exists()
    assert (tmp_path / "geoapp-import-link").is_symlink()
    assert (tmp_path / "geoapp-notes").exists()
