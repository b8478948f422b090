"""geoapp as a service of systemd: sound units, settings that nobody else reads, and nothing where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browser import GEOAPP
from click.testing import CliRunner

from geoapp.cli import service
from geoapp.errors import ServiceError

ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose systemd only notes what it is told."""
    for name in ("home", "units", "bin", "run"):
        (tmp_path / name).mkdir()
    told = tmp_path / "bin/systemctl"
    told.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n')
    told.chmod(0o755)
    monkeypatch.setattr(service, "RUNS_SYSTEMD", tmp_path / "run")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("GEOAPP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", [str(GEOAPP)])
    return tmp_path


def install(machine: Path, *words: str) -> str:
    """Run the command."""
    answer = CliRunner().invoke(
        service.service, ["install", "--units", str(machine / "units"), *words], catch_exceptions=False
    )
    assert answer.exit_code == 0
    return answer.output


def test_it_is_installed_started_and_backed_up(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOAPP_DATABASE_PASSWORD", 'quo"te')
    monkeypatch.setenv("GEOAPP_DATABASE_URL", "postgresql://geoapp@127.0.0.1/geoapp")
    install(machine, "--keep", "7", "--backups", str(machine / "a drive/kept"))
    units = {path.name: path.read_text() for path in (machine / "units").iterdir()}
    assert set(units) == {"geoapp.service", "geoapp-backup.service", "geoapp-backup.timer"}
    assert f"ExecStart={GEOAPP} run\nRestart=always" in units["geoapp.service"]
    assert f"db backup '{machine}/a drive/kept' --verify --keep 7" in units["geoapp-backup.service"]
    assert "Persistent=true" in units["geoapp-backup.timer"]
    settings = machine / "home/service.env"
    assert settings.stat().st_mode & 0o077 == 0
    assert 'GEOAPP_DATABASE_PASSWORD="quo\\"te"' in settings.read_text()
    assert (machine / "a drive/kept").is_dir()
    assert "quo" not in "".join(units.values())
    assert (machine / "told").read_text() == "daemon-reload\nenable --now geoapp.service geoapp-backup.timer\n"
    # Again, it changes what differs.
    install(machine, "--keep", "8", "--backups", str(machine / "a drive/kept"))
    assert "--keep 8" in (machine / "units/geoapp-backup.service").read_text()


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed to check its units")
def test_systemd_understands_the_units(machine: Path) -> None:
    install(machine)
    files = [str(path) for path in (machine / "units").iterdir()]
    answer = subprocess.run([str(ANALYZE), "verify", *files], capture_output=True, text=True, check=False)
    complaints = [line for line in answer.stderr.splitlines() if "geoapp" in line]
    assert complaints == []


def test_without_systemd_it_says_what_to_do(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RUNS_SYSTEMD", machine / "none")
    with pytest.raises(ServiceError, match="systemd does not run this machine"):
        install(machine)
    assert not list((machine / "units").iterdir())
    shown = install(machine, "--print")
    assert "ExecStart=" in shown
    assert f'GEOAPP_HOME="{machine}/home"' in shown
    assert not list((machine / "units").iterdir())


def test_what_systemd_refuses_is_told(machine: Path) -> None:
    (machine / "bin/systemctl").write_text("#!/bin/sh\necho 'Unit is masked.' >&2\nexit 1\n")
    with pytest.raises(ServiceError, match="Unit is masked"):
        install(machine)
