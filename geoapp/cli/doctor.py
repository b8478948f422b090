"""`geoapp doctor`: check everything that an operator would, and say what to do."""

from __future__ import annotations

import json
import sys

import click
from sqlalchemy.exc import OperationalError

from geoapp import __version__
from geoapp.cli.context import running_database
from geoapp.database.cluster import Cluster
from geoapp.doctor.checkup import check_database
from geoapp.doctor.finding import Finding, fault, ok, warning
from geoapp.doctor.machine import check_machine
from geoapp.doctor.standbys import check_standbys
from geoapp.errors import ClusterError, DatabaseError
from geoapp.settings import Settings
from geoapp.web.assets import assets_built

SIGNS = {"ok": "ok     ", "warning": "WARNING", "fault": "FAULT  "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program.")
@click.option("--all", "everything", is_flag=True, help="Tell what is well, too.")
def doctor(as_json: bool, everything: bool) -> None:
    """Check the machine, the database server, the schema, who may see what, backups, the audit and the queue.

    Nothing is changed. Exit code 0 where nothing but warnings is found, 1 with faults.
    """
    settings = Settings.from_environment()
    found = [ok("geoapp", f"geoapp {__version__}."), *check_machine(settings, assets=assets_built())]
    found += _of_the_database(settings)
    faults = sum(each.state == "fault" for each in found)
    warnings = sum(each.state == "warning" for each in found)
    if as_json:
        told = {"faults": faults, "warnings": warnings, "findings": [each.as_json() for each in found]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for each in found:
            if each.state != "ok" or everything:
                _tell(each)
        click.echo(f"{len(found)} checks: {faults} faults, {warnings} warnings.")
    if faults:
        sys.exit(1)


def _of_the_database(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    if settings.database_url is None and not Cluster(settings.home).status().running:
        found.append(
            warning(
                "database",
                "The embedded database does not run; it was started for the time of this check.",
                "Run `geoapp db up`, or `geoapp run`.",
            )
        )
    try:
        with running_database(settings) as engine:
            return [*found, *check_database(engine, settings), *check_standbys(settings, engine)]
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        said = f"It did not answer: {reason}"
        broken = fault("database", said, "Start it with `geoapp db up`, or check GEOAPP_DATABASE_URL.")
    except (ClusterError, DatabaseError) as error:
        broken = fault("database", str(error), "Mend that first; the other checks need it.")
    return [broken, *check_standbys(settings, None)]


def _tell(finding: Finding) -> None:
    click.echo(f"{SIGNS[finding.state]} {finding.check}: {finding.said}")
    if finding.todo:
        click.echo(f"        {finding.todo}")
