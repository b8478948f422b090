"""`geoapp service`: have systemd start geoapp with the machine, keep it up, and make a backup each night."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from geoapp.database.archive import create_private
from geoapp.errors import ServiceError
from geoapp.settings import PREFIX, Settings

UNITS = Path("/etc/systemd/system")
# There only where systemd is what runs the machine.
RUNS_SYSTEMD = Path("/run/systemd/system")
ENVIRONMENT = "service.env"
BACKUPS = "backups"

SERVER = """\
[Unit]
Description=geoapp: mine sites, incidents and security deployments on one map
After=network-online.target
Wants=network-online.target
# However often it fails, it is tried again: nobody may be near who could start it.
StartLimitIntervalSec=0

[Service]
User={account}
EnvironmentFile={environment}
ExecStart={geoapp} run
Restart=always
RestartSec=3
# geoapp itself ends what it has started, its database last; what is left then is killed.
KillMode=mixed
TimeoutStopSec=90
NoNewPrivileges={hardened}
ProtectSystem=full
ProtectKernelTunables=true
ProtectControlGroups=true

[Install]
WantedBy=multi-user.target
"""
BACKUP = """\
[Unit]
Description=geoapp: the backup of the night
After=geoapp.service

[Service]
Type=oneshot
User={account}
EnvironmentFile={environment}
ExecStart={geoapp} db backup {backups} --verify --keep {keep}
Nice=10
IOSchedulingClass=idle
"""
TIMER = """\
[Unit]
Description=geoapp: a backup each night

[Timer]
OnCalendar=*-*-* 02:30
RandomizedDelaySec=10min
# One that was missed while the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""


@click.group()
def service() -> None:
    """An office server: started with the machine, kept up, backed up each night."""


@service.command()
@click.option("--print", "only_print", is_flag=True, help="Print the units, and install nothing.")
@click.option(
    "--backups",
    type=click.Path(path_type=Path),
    help="Where backups go, better on another drive.",
)
@click.option("--keep", type=click.IntRange(1), default=30, show_default=True, help="How many backups are kept.")
@click.option(
    "--units", type=click.Path(path_type=Path), default=UNITS, show_default=True, help="Where systemd looks for units."
)
def install(only_print: bool, backups: Path | None, keep: int, units: Path) -> None:
    """Install geoapp as services of systemd, with the settings of this moment, and start it.

    It then starts with the machine, also after a power cut, and is started again whenever it ends. Again, it changes
    what differs.
    """
    settings = Settings.from_environment()
    backups = (backups or settings.home / BACKUPS).absolute()
    account = _account(settings.home)
    written = _units(settings, account, backups, keep)
    if only_print:
        for name, text in written.items():
            click.echo(f"# {units / name}\n{text}")
        click.echo(f"# {settings.home / ENVIRONMENT}\n{_environment(settings.home, os.environ)}", nl=False)
        return
    _require_systemd(units)
    _keep_environment(settings.home / ENVIRONMENT, account)
    if not backups.is_dir():
        backups.mkdir(mode=0o700, parents=True)
        shutil.chown(backups, account)
    for name, text in written.items():
        (units / name).write_text(text)
        click.echo(f"Wrote {units / name}.")
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", "geoapp.service", "geoapp-backup.timer")
    click.echo(f"geoapp runs, and starts with the machine: {settings.address}/")
    click.echo(f"Backups go to {backups}, {keep} are kept. Keep a copy of backup.key in {settings.home} elsewhere.")
    click.echo("See `systemctl status geoapp`, `journalctl -u geoapp`, `systemctl list-timers geoapp-backup`.")


def _units(settings: Settings, account: str, backups: Path, keep: int) -> dict[str, str]:
    parts = {
        "account": account,
        "environment": settings.home / ENVIRONMENT,
        "geoapp": _words(Path(sys.argv[0]).absolute()),
        "backups": _words(backups),
        "keep": keep,
        # Root hands its database to another account.
        "hardened": "false" if account == "root" else "true",
    }
    texts = {"geoapp.service": SERVER, "geoapp-backup.service": BACKUP, "geoapp-backup.timer": TIMER}
    return {name: text.format(**parts) for name, text in texts.items()}


def _words(path: Path) -> str:
    """A path as a unit's command line has it: quoted, its signs of systemd's doubled."""
    return shlex.quote(str(path).replace("%", "%%").replace("$", "$$"))


def _account(home: Path) -> str:
    """Whose geoapp it is: the owner of its home, else whoever calls."""
    owner = home.stat().st_uid if home.exists() else os.geteuid()
    return pwd.getpwuid(owner).pw_name


def _environment(home: Path, environ: Mapping[str, str]) -> str:
    given = {"GEOAPP_HOME": str(home), "GEOAPP_LOG_FORMAT": "json", **environ}
    return "".join(f"{name}={_quoted(value)}\n" for name, value in sorted(given.items()) if name.startswith(PREFIX))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _keep_environment(path: Path, account: str) -> None:
    """Write the settings of this moment where nobody else may read them; they may hold secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with create_private(path) as file:
        file.write(_environment(path.parent, os.environ).encode())
    shutil.chown(path, account)
    click.echo(f"Wrote {path}: the settings of now; change them there, then `systemctl restart geoapp`.")


def _require_systemd(units: Path) -> None:
    if not RUNS_SYSTEMD.is_dir() or shutil.which("systemctl") is None:
        raise ServiceError(
            "systemd does not run this machine, so nothing was installed. `geoapp service install --print` shows what"
            " it would be told; have what starts your programs run `geoapp run`, and `geoapp db backup` each night."
        )
    if not os.access(units, os.W_OK):
        raise ServiceError(
            f"{units} cannot be written, so nothing was installed. Run it as root: sudo -E {sys.argv[0]} ..."
        )


def _systemctl(*words: str) -> None:
    done = subprocess.run(["systemctl", *words], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ServiceError(
            f"systemd did not take it: {said[-1] if said else done.returncode}. The units are written; look with"
            " `systemctl status geoapp` and `journalctl -u geoapp`, then run this again."
        )
