"""What is made of this checkout, once for all tests of a run: sdist, wheel, manual; and environments for the wheel."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Packages:
    """What is published of geoapp."""

    sdist: Path
    wheel: Path


def build(folder: Path) -> Packages:
    """The sdist of the checkout, and the wheel that is built from that sdist alone; those that are there already stay.

    The processes of a test run share `folder`, so the first builds and the others wait.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("*.whl")):
            _hatch(ROOT, "sdist", folder)
            (sdist,) = folder.glob("*.tar.gz")
            with tarfile.open(sdist) as archive:
                archive.extractall(folder, filter="data")
            _hatch(folder / sdist.name.removesuffix(".tar.gz"), "wheel", folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Packages(sdist, wheel)


def build_site(folder: Path) -> Path:
    """The manual, made by the project's own command; its pages are in `html`, what they are made from in `source`."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            command = [sys.executable, str(ROOT / "script/docs"), str(folder)]
            made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert made.returncode == 0, made.stderr
            (folder / "made").touch()
    return folder


def _hatch(source: Path, target: str, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


def install(wheel: Path, folder: Path) -> Path:
    """The folder of the commands of a new environment that holds the wheel.

    What geoapp needs comes from the environment of the tests, behind what is installed, so that nothing is fetched.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": ""})
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "behind.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"
