"""`geoapp export`: rows of a layer as a file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from geoapp.access.viewer import acting_viewer
from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.errors import BadRequestError, NotFoundError
from geoapp.publish.box import read_box
from geoapp.publish.exports.export import export, form_of
from geoapp.publish.features import MOST, NO_SUCH_LAYER, Question
from geoapp.settings import Settings
from layers.catalogue import LAYERS
from layers.filter import Filter, FilterError


@click.command(name="export")
@click.argument("layer", type=click.Choice(list(LAYERS)))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--bbox", metavar="W,S,E,N", help="Rows in this box of degrees alone, such as 28.5,-3,29.5,-2.")
@click.option("--since", metavar="DAY", help="Incidents from this day on.")
@click.option("--until", metavar="DAY", help="Incidents until this day.")
@click.option("--level", metavar="LIST", help="Incidents of these levels, such as 1,2,unknown.")
@click.option("--category", metavar="LIST", help="Incidents of these categories.")
@click.option("--status", metavar="LIST", help="Incidents in these states.")
@click.option("--unit", metavar="LIST", help="Rows in these countries and provinces, such as CD-SK,RW.")
@USER_OPTION
def export_(layer: str, out: Path, bbox: str | None, user: str | None, **chosen: str | None) -> None:
    """Write the rows of LAYER to OUT, whose name ends in .gpkg, .geojson, .fgb, .shp.zip, .csv, .xlsx or .parquet.

    With --user they are those that this person may see. The file says what it holds, where it comes from and whether
    any of it is synthetic; imported again it changes nothing.
    """
    settings = Settings.from_environment()
    form_of(out.name)
    try:
        question = Question(MOST, Filter.parse({name: text for name, text in chosen.items() if text}), read_box(bbox))
    except (FilterError, BadRequestError) as error:
        raise click.UsageError(f"--{error}.".replace("..", ".")) from None
    # Ending politely lets the unfinished file be removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        engine = stack.enter_context(acting_database(settings, user))
        repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
        connection = stack.enter_context(repeatable.begin())
        viewer = acting_viewer(connection)
        roles = LAYERS[layer].roles
        if viewer is not None and roles and not viewer.has(*roles):
            raise NotFoundError(NO_SUCH_LAYER)
        bars = _Bars(stack)
        done = export(connection, LAYERS[layer], question, out, language=settings.language, progress=bars.start)
    click.echo("\n".join([f"{out}:", *done.about.lines()]))
    if done.cut:
        click.echo(
            f"{done.cut} texts were longer than this format holds, and are cut. Choose another to have them whole."
        )


class _Bars:
    """A bar on a terminal for each reading of the rows; nothing in a log."""

    def __init__(self, stack: ExitStack):
        self.stack = stack

    def start(self, total: int) -> Callable[[int], Any]:
        """Begin a bar for so many rows; what it is told of them."""
        bar = tqdm(total=total, desc="Writing", unit=" rows", leave=False, disable=None, file=sys.stderr)
        self.stack.callback(bar.close)
        update: Callable[[int], Any] = bar.update
        return update
