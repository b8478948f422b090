"""What the image installs and runs: the wheel holds all it needs, and the entry point serves from it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_files import ROOT, compose, dockerfile
from packages import Packages
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from geoapp.database.cluster import Cluster

PASSWORD = "p@ss/word"
ROLE = "deployed"
BIN = Path(sys.executable).parent
ENTRYPOINT = ROOT / "docker/geoapp-entrypoint"
READY = ROOT / "docker/geoapp-ready"
PACKAGES = ("geoapp/", "layers/")
SHIPPED = [
    "templates/*.html",
    "templates/paper/*",
    "data/boundaries/*.geojson",
    "geoapp/database/migrations/*.mako",
    "geoapp/database/migrations/sql/*.sql",
    "geoapp/web/translations/*.po",
    "geoapp/web/static/*",
    "geoapp/**/*.py",
    "layers/**/*.py",
]


@pytest.fixture(scope="module")
def installed(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, built as the Dockerfile does."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(packages.wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The address, without its password, of an empty database with the extensions that the image's database has."""
    hba = cluster.data / "pg_hba.conf"
    rules = hba.read_text()
    if ROLE not in rules:
        hba.write_text(f"local all {ROLE} scram-sha-256\n{rules}")
    name = f"image_{os.getpid()}"
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD '{PASSWORD}'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0"))
    inside = create_engine(make_url(cluster.url).set(database=name), isolation_level="AUTOCOMMIT")
    with inside.connect() as connection:
        for extension in ("postgis", "postgis_topology", "fuzzystrmatch", "postgis_tiger_geocoder"):
            connection.execute(text(f"CREATE EXTENSION {extension}"))
    inside.dispose()
    yield f"postgresql://{ROLE}@/{name}?host={cluster.socket_folder}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {ROLE}"))
    admin.dispose()


@pytest.fixture
def environment(installed: Path, database: str, tmp_path: Path) -> dict[str, str]:
    """The environment of the app's container, with the paths and addresses of this machine."""
    (tmp_path / "database_password").write_text(PASSWORD)
    set_there = {**dockerfile()[-1].environment(), **compose()["services"]["app"]["environment"]}
    here = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        # Before the checkout, which this environment's Python would otherwise find.
        "PYTHONPATH": str(installed),
        "GEOAPP_HOME": str(tmp_path),
        "GEOAPP_DATABASE_URL": database,
        "GEOAPP_DATABASE_PASSWORD_FILE": str(tmp_path / "database_password"),
        "GEOAPP_PORT": str(_free_port()),
    }
    return {name: str(value) for name, value in {**set_there, **here}.items()}


@pytest.mark.parametrize("pattern", SHIPPED)
def test_the_wheel_holds(pattern: str, installed: Path) -> None:
    names = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)}
    assert names
    moved = {name if name.startswith(PACKAGES) else f"geoapp/_shared/{name}" for name in names}
    assert not [name for name in moved if not (installed / name).is_file()]


def test_the_wheel_holds_nothing_else(installed: Path) -> None:
    assert {path.name.split("-")[0] for path in installed.iterdir()} == {"geoapp", "layers"}
    assert not list(installed.rglob("*.csv"))
    assert not list(installed.rglob("__pycache__"))


def test_files_are_found_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    program = (
        "from geoapp.resources import folder; from geoapp.web.app import create_app;"
        "from geoapp.web.assets import FOLDER;"
        "print(folder('templates'), folder('data/boundaries'), FOLDER, create_app().name, sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    shared = installed / "geoapp/_shared"
    folders = [shared / "templates", shared / "data/boundaries", installed / "geoapp/web/static"]
    assert answer.stdout.split() == [*map(str, folders), "geoapp"]


def test_the_entry_point_prepares_the_database_and_serves(environment: dict[str, str]) -> None:
    assert _ready(environment).returncode == 1
    command = [
        "127.0.0.1" if word == "0.0.0.0" else word  # noqa: S104
        for word in dockerfile()[-1].command("CMD")
    ]
    server = subprocess.Popen([ENTRYPOINT, *command], cwd="/", env=environment)
    try:
        deadline = time.monotonic() + 60
        while (check := _ready(environment)).returncode:
            assert server.poll() is None, "the entry point ended before it served"
            assert time.monotonic() < deadline, check.stderr
            time.sleep(0.2)
        assert _status(environment, "/readyz") == 200
        assert _status(environment, "/") == 200
        assert _status(environment, "/static/manifest.json") == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=15) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
    # What the container does each time it starts again: nothing is left to be loaded.
    again = subprocess.run(
        [ENTRYPOINT, "geoapp", "--version"],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Base map: up to date." in again.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"GEOAPP_DATABASE_PASSWORD_FILE": "/nonexistent"}, "GEOAPP_DATABASE_PASSWORD_FILE: cannot read"),
        ({"GEOAPP_DATABASE_PASSWORD_FILE": "", "GEOAPP_DATABASE_PASSWORD": "wrong"}, "password"),
    ],
)
def test_the_entry_point_says_why_it_cannot_start(
    change: dict[str, str], said: str, environment: dict[str, str]
) -> None:
    answer = subprocess.run(
        [ENTRYPOINT, "geoapp", "run"],
        cwd="/",
        env={**environment, **change},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_health_check_passes_on_why_not(environment: dict[str, str]) -> None:
    """A server whose database holds no schema lives, but is not ready."""
    command = [sys.executable, "-c", _SERVE_WITHOUT_SCHEMA]
    server = subprocess.Popen(command, cwd="/", env=environment)
    try:
        deadline = time.monotonic() + 30
        while "does not answer:" in (check := _ready(environment)).stderr:
            assert time.monotonic() < deadline, check.stderr
            time.sleep(0.1)
    finally:
        server.kill()
        server.wait()
    assert check.returncode == 1
    assert "geoapp db migrate" in check.stderr


_SERVE_WITHOUT_SCHEMA = """
from geoapp.settings import Settings
from geoapp.web.app import create_app
settings = Settings.from_environment()
create_app(settings).run("127.0.0.1", settings.port)
"""


def _ready(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([READY], env=environment, capture_output=True, text=True, check=False, timeout=10)


def _status(environment: dict[str, str], path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(environment["GEOAPP_PORT"]), timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
