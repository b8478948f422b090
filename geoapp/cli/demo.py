"""`geoapp demo`: the demonstration data."""

from __future__ import annotations

import datetime as dt

import click
from tqdm import tqdm

from geoapp.cli.context import current_database
from geoapp.demo.load import load_demo, remove_demo, was_loaded
from geoapp.demo.plan import DEFAULT_INCIDENTS, DEFAULT_ROUTES, DEFAULT_SEED, Plan, today_in
from geoapp.settings import Settings

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def demo() -> None:
    """The demonstration data: synthetic rows, marked so everywhere."""


@demo.command()
@click.option("--incidents", type=int, default=DEFAULT_INCIDENTS, show_default=True, help="How many incidents.")
@click.option("--routes", type=int, default=DEFAULT_ROUTES, show_default=True, help="How many routes.")
@click.option("--until", type=DAY, help="The last day that anything happens (today).")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Same seed and day, same rows.")
@click.option("--first-time", is_flag=True, help="Do nothing where demonstration data was loaded before.")
def load(incidents: int, routes: int, until: dt.datetime | None, seed: int, first_time: bool) -> None:
    """Load the demonstration data, in place of any that is there."""
    settings = Settings.from_environment()
    today = today_in(settings.time_zone)
    plan = Plan(until.date() if until else today, incidents, routes, seed)
    plan.check(today)
    with current_database(settings) as engine:
        if first_time and was_loaded(engine):
            click.echo("Demonstration data: was loaded before.")
            return
        rows = tqdm(total=plan.about_rows, unit=" rows", unit_scale=True, desc="Demonstration data", disable=None)
        with rows as bar:
            loaded = load_demo(engine, plan, bar.update)
            bar.total = bar.n
    if loaded.replaced:
        click.echo(f"Replaced {sum(loaded.replaced.values()):,} rows of demonstration data.")
    click.echo(f"Loaded synthetic data until {plan.until}: {_listed(loaded.written)}.")


@demo.command()
def remove() -> None:
    """Take the demonstration data out, and nothing else."""
    with current_database(Settings.from_environment()) as engine:
        removed = remove_demo(engine)
    click.echo(f"Removed: {_listed(removed)}." if removed else "No demonstration data is loaded.")


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {table.replace('_', ' ')}" for table, number in numbers.items())
