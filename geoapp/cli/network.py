"""`geoapp network`: the network of the routes, along which paths are found."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click
from tqdm import tqdm

from geoapp.cli.context import USER_OPTION, acting_database, current_database
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.network import NETWORK, build_network
from geoapp.risk.parameters import ON, read
from geoapp.risk.path import weigh_edges
from geoapp.settings import Settings


@click.group()
def network() -> None:
    """The network of the routes: build it, and write it to a file."""


@network.command()
def build() -> None:
    """Make the network anew from all routes but flights; do so whenever routes have changed."""
    with (
        current_database(Settings.from_environment()) as engine,
        engine.begin() as connection,
        tqdm(desc="network", unit=" edges", leave=False, disable=None, file=sys.stderr) as bar,
    ):
        number = build_network(connection, bar.update)
    click.echo(f"The network has {number:,} edges." if number else "There are no routes, so the network is empty.")


@network.command()
@click.argument("out", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--on", help=f"{ON.says.en[0].upper()}{ON.says.en[1:]}.")
@USER_OPTION
def export(out: Path, on: str | None, user: str | None) -> None:
    """Write each edge with its nodes, metres and pressure to OUT, a CSV file."""
    with acting_database(Settings.from_environment(), user) as engine, engine.connect() as connection:
        ground = ground_for_questions(connection)
        asked = read((), (), {"on": on} if on else {}, ground.today)
        edges = ground.get(connection, NETWORK)
        pressure = weigh_edges(connection, ground, asked).total
        columns = (edges.edge_id, edges.node_id[edges.begin], edges.node_id[edges.end], edges.metres, pressure)
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("edge", "from", "to", "metres", "R"))
            writer.writerows(zip(*(each.tolist() for each in columns), strict=True))
    click.echo(f"Wrote {len(edges.edge_id):,} edges of {asked.on} to {out}.")
