"""The command line: one group, one file a command or a family of commands."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from geoapp import __version__
from geoapp.errors import GeoappError, is_full

# Loaded when they are called, so that a short command need not wait for what a long one imports.
COMMANDS = {
    "aliases": "geoapp.cli.aliases:aliases",
    "audit": "geoapp.cli.audit:audit",
    "bench": "geoapp.cli.benchmarks:bench",
    "db": "geoapp.cli.database:db",
    "doctor": "geoapp.cli.doctor:doctor",
    "export": "geoapp.cli.exporting:export_",
    "demo": "geoapp.cli.demo:demo",
    "import": "geoapp.cli.importing:import_",
    "imports": "geoapp.cli.imports:imports",
    "network": "geoapp.cli.network:network",
    "pack": "geoapp.cli.exporting:pack",
    "quality": "geoapp.cli.quality:quality",
    "publish": "geoapp.cli.publishing:publish",
    "redact": "geoapp.cli.redaction:redact_",
    "report": "geoapp.cli.reporting:report",
    "risk": "geoapp.cli.risk:risk",
    "run": "geoapp.cli.serving:run",
    "service": "geoapp.cli.service:service",
    "token": "geoapp.cli.tokens:token",
    "user": "geoapp.cli.users:user",
    "worker": "geoapp.cli.working:worker",
}


class Commands(click.Group):
    """The commands of `COMMANDS`, each imported when it is first asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="geoapp", message="%(prog)s %(version)s")
def cli() -> None:
    """Mine sites, incidents and security deployments of minerals programmes on one map."""


def main() -> None:
    """Run a command; what a user can mend is a message and exit code 1, never a traceback."""
    try:
        code = cli.main(standalone_mode=False)
    except click.Abort:
        _leave("Stopped.")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except GeoappError as error:
        _leave(f"geoapp: {error}")
    except OperationalError as error:
        if is_full(error):
            _leave("geoapp: the disk of the database is full. Nothing was written; free some space and try again.")
        reason = str(error.orig).strip().splitlines()[0]
        _leave(
            f"geoapp: the database did not answer: {reason}\n"
            "Start it with `geoapp db up`, or check GEOAPP_DATABASE_URL."
        )
    except BrokenPipeError:
        # Whoever read the answer, such as `head`, has enough; nothing more can be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _leave(
            f"geoapp: something went wrong that geoapp does not know: {type(error).__name__}. What was begun in the"
            f" database was taken back.\nWhere it happened is in {_written(error)}: send that file to whoever looks"
            " after your geoapp."
        )
    sys.exit(code if isinstance(code, int) else 0)


def _written(error: Exception) -> Path:
    """A file with the places in the code that a fault went through, and not with what it says: it could quote a row."""
    with tempfile.NamedTemporaryFile("w", prefix="geoapp-fault-", suffix=".txt", delete=False) as file:
        file.write("".join([*traceback.format_tb(error.__traceback__), type(error).__qualname__, "\n"]))
    return Path(file.name)


def _leave(message: str) -> None:
    click.echo(message, err=True)
    sys.exit(1)
