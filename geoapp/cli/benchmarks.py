"""`geoapp bench`: the benchmarks, on the data that is loaded."""

from __future__ import annotations

import sys
from functools import partial

import click
from tqdm import tqdm

from geoapp.bench.analysts import MINUTES, run_load
from geoapp.bench.catalogue import BENCHMARKS
from geoapp.cli.context import current_database
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings


@click.command()
@click.argument("names", metavar="[NAME ...]", type=click.Choice(list(BENCHMARKS)), nargs=-1)
@click.option("--minutes", type=click.FloatRange(0.1, 1440), help=f"How long `load` takes ({MINUTES:g}).")
def bench(names: tuple[str, ...], minutes: float | None) -> None:
    """Run benchmarks on the data that is loaded, changing nothing; without a NAME, list them.

    Exit code 0: every figure stays within its limit; 1: one does not, or there is nothing to measure.
    """
    if minutes and "load" not in names:
        raise click.UsageError("--minutes is for the benchmark `load`.")
    if not names:
        for name, benchmark in BENCHMARKS.items():
            click.echo(f"{name:12} {benchmark.measures}")
        return
    settings = Settings.from_environment()
    passed = True
    with current_database(settings) as owner:
        web = open_web_engine(settings)
        try:
            for name in names:
                with tqdm(desc=name, unit=" rounds", leave=False, disable=None, file=sys.stderr) as bar:
                    run = partial(run_load, minutes=minutes) if minutes and name == "load" else BENCHMARKS[name].run
                    result = run(owner, web, bar.update)
                click.echo(result.report())
                passed = passed and result.passed
        finally:
            web.dispose()
    if not passed:
        sys.exit(1)
