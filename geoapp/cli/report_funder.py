"""`geoapp report --kind funder`: the figures of what a funder paid for."""

from __future__ import annotations

import json

import click
from sqlalchemy import Engine

from geoapp.access.viewer import FULL_ROLES, acting_viewer
from geoapp.cli.reports import Asked
from geoapp.errors import ForbiddenError
from geoapp.followup.funder import make_funder_report
from geoapp.followup.funder_files import as_csv, as_json
from geoapp.followup.funder_words import as_pdf
from geoapp.followup.periods import read_period

FOR_OTHERS = "The funder's report is for coordinators, analysts and GIS officers, in their units."


def make(engine: Engine, asked: Asked, suffix: str) -> bytes:
    """The report in the form that the ending of its name asks for."""
    if not asked.funder:
        raise click.UsageError("--kind funder needs --funder NAME.")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        viewer = acting_viewer(connection)
        if viewer is not None and not viewer.has(*FULL_ROLES):
            raise ForbiddenError(FOR_OTHERS)
        period = read_period(connection, asked.since, asked.until, asked.unit)
        report = make_funder_report(connection, asked.funder, period)
    if suffix == ".json":
        return (json.dumps(as_json(report), ensure_ascii=False, indent=1) + "\n").encode()
    if suffix == ".csv":
        return as_csv(report, asked.language).encode()
    return as_pdf(report, asked.language, asked.by, asked.made)
