"""The fixtures that all tests share: a private cluster, a migrated database for each test, and settings for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from browser import Visit, chromium, serving, visiting
from cast import join, signed_in
from flask import Flask
from flask.testing import FlaskClient
from packages import Packages, build, build_site
from playwright.sync_api import Browser
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from geoapp.access.leakproof import keep_spatial_index
from geoapp.database.boundaries import load_base_map
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import migrate
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

# Nothing of a test survives it, so nothing has to reach the disk.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_wal_size = 256MB\n"
# Most tests copy the template: in memory that takes a third of the time. A container's own share of it is too small.
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # noqa: S108


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many mutated files the import is fed with, and whether the desktop clients and all faults are run."""
    parser.addoption("--fuzz", type=int, default=500, metavar="N", help="Mutated files to read (500).")
    parser.addoption("--faults", action="store_true", help="Do every fault to a server under load.")
    parser.addoption("--offline", action="store_true", help="Install the whole bundle with the network cut off.")
    parser.addoption("--clients", action="store_true", help="Run QGIS too, which has to be installed.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of desktop clients, and the long form of the faults and the bundle, out unless asked for."""
    for name in ("clients", "faults", "offline"):
        if config.getoption(f"--{name}"):
            continue
        left_out = [item for item in items if item.get_closest_marker(name)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of this test run alone."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH
    home = Path(tempfile.mkdtemp(prefix="geoapp-test-", dir=MEMORY if roomy else None))
    home.chmod(0o755)
    made = Cluster(home, extra_configuration=FAST)
    made.up()
    yield made
    made.down()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with the schema and the base map, from which each test's is copied."""
    settings = settings_for(cluster, "geoapp")
    engine = open_engine(settings)
    migrate(engine)
    keep_spatial_index(engine)
    load_base_map(engine)
    join(engine)
    engine.dispose()
    return "geoapp"


@pytest.fixture
def settings(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Settings that point to a database of this test's own."""
    with a_database(cluster, template) as made:
        yield made


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An engine for this test's database."""
    made = open_engine(settings)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def shared(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Settings for a database that all tests share, so none may commit anything to it."""
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE shared TEMPLATE "{template}"'))
    admin.dispose()
    yield settings_for(cluster, "shared")


@pytest.fixture(scope="session")
def shared_engine(shared: Settings) -> Iterator[Engine]:
    """An engine for the shared database."""
    made = open_engine(shared)
    yield made
    made.dispose()


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back."""
    with shared_engine.connect() as opened:
        yield opened


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The environment for a geoapp command that works on this test's database."""
    return environment_for(settings)


@contextmanager
def a_database(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Settings for a fresh copy of the template, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    admin = create_engine(make_url(cluster.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))
    yield settings_for(cluster, name)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def environment_for(settings: Settings) -> dict[str, str]:
    """The environment for a geoapp command on one database."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(settings.home),
        "GEOAPP_HOME": str(settings.home),
        "GEOAPP_DATABASE_URL": settings.database_url or "",
    }


def settings_for(cluster: Cluster, database: str) -> Settings:
    """Settings for one database of the test cluster."""
    url = cluster.url.replace("/geoapp?", f"/{database}?")
    # More questions in a minute than people ask.
    given = {"GEOAPP_HOME": str(cluster.home), "GEOAPP_DATABASE_URL": url, "GEOAPP_QUESTION_LIMIT": "0"}
    return Settings.from_environment(given)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on this test's database."""
    made = create_app(settings)
    yield made
    opened = made.extensions.get(ENGINE)
    if opened is not None:
        opened.dispose()


@pytest.fixture
def client_of(app: Flask) -> Callable[[str], FlaskClient]:
    """Clients of the application on this test's database, each signed in as one of the cast, or "public"."""

    return lambda name: signed_in(app.test_client(), name)


@pytest.fixture
def client(client_of: Callable[[str], FlaskClient]) -> FlaskClient:
    """The analyst's client, who sees all that is not sealed."""
    return client_of("analyst")


@pytest.fixture(scope="session")
def visitor(shared: Settings) -> Iterator[FlaskClient]:
    """A client of the application on the shared database, which holds the base map alone."""
    made = create_app(shared)
    yield made.test_client()
    opened = made.extensions.get(ENGINE)
    if opened is not None:
        opened.dispose()


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The sdist and the wheel, built once for all processes of the run."""
    return build(_shared_folder(tmp_path_factory) / "packages")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manual, made once for all processes of the run."""
    return build_site(_shared_folder(tmp_path_factory) / "site")


def _shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of the run have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    """One Chromium for all tests; each opens windows of its own."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[str]:
    """The address of a production server on this test's database."""
    with serving(environment) as address:
        yield address


@pytest.fixture
def visit(chromium_browser: Browser, server: str) -> Iterator[Visit]:
    """A browser window of the analyst on this test's server."""
    with visiting(chromium_browser, server, "analyst") as opened:
        yield opened
