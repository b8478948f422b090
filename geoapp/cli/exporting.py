"""`geoapp export`: rows of a layer as a file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection
from tqdm import tqdm

from geoapp.access.viewer import acting_viewer
from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.errors import BadRequestError, NotFoundError
from geoapp.publish.box import read_box
from geoapp.publish.exports.export import export, form_of
from geoapp.publish.exports.pack import write_pack
from geoapp.publish.features import MOST, NO_SUCH_LAYER, Question
from geoapp.settings import Settings
from layers.catalogue import LAYERS
from layers.filter import Filter, FilterError

Command = TypeVar("Command", bound=Callable[..., Any])

NARROWING = (
    click.option("--bbox", metavar="W,S,E,N", help="Rows in this box of degrees alone, such as 28.5,-3,29.5,-2."),
    click.option("--since", metavar="DAY", help="Incidents from this day on."),
    click.option("--until", metavar="DAY", help="Incidents until this day."),
    click.option("--level", metavar="LIST", help="Incidents of these levels, such as 1,2,unknown."),
    click.option("--category", metavar="LIST", help="Incidents of these categories."),
    click.option("--status", metavar="LIST", help="Incidents in these states."),
    click.option("--unit", metavar="LIST", help="Rows in these countries and provinces, such as CD-SK,RW."),
)


def _narrowing(command: Command) -> Command:
    for option in reversed(NARROWING):
        command = option(command)
    return command


@click.command(name="export")
@click.argument("layer", type=click.Choice(list(LAYERS)))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@_narrowing
@USER_OPTION
def export_(layer: str, out: Path, bbox: str | None, user: str | None, **chosen: str | None) -> None:
    """Write the rows of LAYER to OUT, whose name ends in .gpkg, .geojson, .fgb, .shp.zip, .csv, .xlsx or .parquet.

    With --user they are those that this person may see. The file says what it holds, where it comes from and whether
    any of it is synthetic; imported again it changes nothing.
    """
    settings = Settings.from_environment()
    form_of(out.name)
    question = _question(bbox, chosen)
    with ExitStack() as stack:
        connection = _begin(stack, settings, user)
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


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@_narrowing
@USER_OPTION
def pack(out: Path, bbox: str | None, user: str | None, **chosen: str | None) -> None:
    """Write all layers with their styles, the base map and a QGIS project to OUT.zip, for a computer without a line.

    With --user it holds what this person may see of their units.
    """
    settings = Settings.from_environment()
    if out.suffix.lower() != ".zip":
        raise click.BadParameter("let its name end in .zip.", param_hint="OUT")
    question = _question(bbox, chosen)
    with ExitStack() as stack:
        connection = _begin(stack, settings, user)
        bars = _Bars(stack)
        told = write_pack(connection, question, out, language=settings.language, progress=bars.step)
    click.echo("\n".join([f"{out}:", *(line for about in told for line in about.lines()[:2])]))


def _question(bbox: str | None, chosen: dict[str, str | None]) -> Question:
    try:
        return Question(MOST, Filter.parse({name: text for name, text in chosen.items() if text}), read_box(bbox))
    except (FilterError, BadRequestError) as error:
        raise click.UsageError(f"--{error}.".replace("..", ".")) from None


def _begin(stack: ExitStack, settings: Settings, user: str | None) -> Connection:
    """A transaction with that person's rights, all of whose statements see the same."""
    # Ending politely lets the unfinished file be removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    engine = stack.enter_context(acting_database(settings, user))
    return stack.enter_context(engine.execution_options(isolation_level="REPEATABLE READ").begin())


class _Bars:
    """A bar on a terminal for each reading of the rows; nothing in a log."""

    def __init__(self, stack: ExitStack):
        self.stack = stack

    def start(self, total: int) -> Callable[[int], Any]:
        """Begin a bar for so many rows; what it is told of them."""
        return self.step("Writing", total)

    def step(self, step: str, total: int) -> Callable[[int], Any]:
        """Begin a bar for a step of that name."""
        bar = tqdm(total=total, desc=step, leave=False, disable=None, file=sys.stderr)
        self.stack.callback(bar.close)
        update: Callable[[int], Any] = bar.update
        return update
