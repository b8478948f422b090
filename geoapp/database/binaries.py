"""Finding the programs of an installed PostgreSQL that has PostGIS."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from geoapp.errors import ClusterError

DISTRIBUTION = Path("/usr/lib/postgresql")
INSTALL_HINT = "Install it with: apt-get install postgresql postgis postgresql-15-postgis-3 (or run script/server)."


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder that holds initdb and pg_ctl, and the major version that they belong to."""

    folder: Path
    major: int

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} in {self.folder}"

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def installed() -> list[PostgresBinaries]:
    """Every server installation that can be found, the newest first."""
    folders = sorted(DISTRIBUTION.glob("*/bin")) if DISTRIBUTION.is_dir() else []
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(answer.stdout.strip()))
    found = {folder.resolve(): _major(folder) for folder in folders if (folder / "initdb").is_file()}
    binaries = [PostgresBinaries(folder, major) for folder, major in found.items() if major]
    return sorted(binaries, key=lambda each: each.major, reverse=True)


def find(major: int | None = None) -> PostgresBinaries:
    """The installation of version `major`, or the newest one that has PostGIS.

    Raises ClusterError, saying what to install, where there is none.
    """
    candidates = installed()
    if not candidates:
        raise ClusterError(f"No PostgreSQL server is installed. {INSTALL_HINT}")
    if major is not None:
        for each in candidates:
            if each.major == major:
                return each
        versions = ", ".join(str(each.major) for each in candidates)
        raise ClusterError(
            f"The database was made by PostgreSQL {major}, but only version {versions} is installed. Nothing was"
            f" changed. Install postgresql-{major} and postgresql-{major}-postgis-3, or move the data with pg_dump."
        )
    for each in candidates:
        if _has_postgis(each):
            return each
    newest = candidates[0]
    raise ClusterError(f"{newest} has no PostGIS. Install it with: apt-get install postgresql-{newest.major}-postgis-3")


def _major(folder: Path) -> int | None:
    answer = subprocess.run([str(folder / "initdb"), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\) (\d+)", answer.stdout)
    return int(match.group(1)) if match else None


def _has_postgis(binaries: PostgresBinaries) -> bool:
    program = binaries.folder / "pg_config"
    if not program.is_file():
        return (Path("/usr/share/postgresql") / str(binaries.major) / "extension/postgis.control").is_file()
    answer = subprocess.run([str(program), "--sharedir"], capture_output=True, text=True, check=False)
    return (Path(answer.stdout.strip()) / "extension/postgis.control").is_file()
