"""Installed from its wheel, geoapp runs without its checkout, with all that belongs to it."""

from __future__ import annotations

import re
import subprocess
import tarfile
from pathlib import Path
from urllib.request import urlopen

import pytest
from browser import serving
from packages import ROOT, Packages, install

from geoapp import __version__
from layers.catalogue import LAYERS


@pytest.fixture(scope="module")
def commands(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that the wheel is installed in."""
    return install(packages.wheel, tmp_path_factory.mktemp("installed") / "environment")


def asked(command: list[str | Path], folder: Path) -> str:
    """What a command says, run in `folder` with nothing set."""
    return subprocess.run(
        command, cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    ).stdout


def test_it_says_its_version(commands: Path, packages: Packages, tmp_path: Path) -> None:
    assert asked([commands / "geoapp", "--version"], tmp_path) == f"geoapp {__version__}\n"
    assert packages.wheel.name.startswith(f"geoapp-{__version__}-")
    assert packages.sdist.name == f"geoapp-{__version__}.tar.gz"


def test_nothing_of_it_comes_from_the_checkout(commands: Path, tmp_path: Path) -> None:
    program = (
        "import geoapp, layers; from geoapp.resources import folder; from geoapp.web.assets import FOLDER;"
        "print(geoapp.__file__, layers.__file__, folder('templates'), folder('data/boundaries'), FOLDER, sep='\\n')"
    )
    places = [Path(line) for line in asked([commands / "python", "-c", program], tmp_path).splitlines()]
    assert all(place.is_relative_to(commands.parent) and place.exists() for place in places)


def test_it_serves(commands: Path, environment: dict[str, str]) -> None:
    """The page with its scripts and styles, and tiles of what the boundaries brought."""
    with serving(environment, program=commands / "geoapp") as address:
        page = read(f"{address}/?lang=en").decode()
        built = set(re.findall(r'"(/static/[^"]+)"', page))
        assert {Path(each).suffix for each in built} >= {".js", ".css"}
        assert all(read(address + each) for each in built)
        assert read(f"{address}/tiles/provinces/5/18/16.mvt")


def test_the_sdist_holds_what_tests_and_docs_need(packages: Packages) -> None:
    with tarfile.open(packages.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    tracked = asked(["git", "ls-files"], ROOT).split() if (ROOT / ".git").exists() else []
    assert not set(tracked) - held
    assert "geoapp/web/static/manifest.json" in held
    assert {f"layers/{name}.py" for name in LAYERS} <= held


def read(address: str) -> bytes:
    """What an address answers."""
    with urlopen(address, timeout=20) as answer:  # noqa: S310
        content: bytes = answer.read()
        return content
