"""`geoapp risk`: the risk questions on the command line, with the parameters of the JSON API."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from geoapp.cli.context import USER_OPTION, acting_database
from geoapp.cli.tables import table
from geoapp.errors import QuestionError
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask, ground_for_questions, record_question
from geoapp.risk.backtest import ask_backtest
from geoapp.risk.chart import draw
from geoapp.risk.parameters import ON, SINCE, UNTIL, day
from geoapp.risk.questions import QUESTIONS, Question
from geoapp.risk.shortfall import report_shortfall
from geoapp.risk.tried import KINDS
from geoapp.settings import Settings

# A route and a file stand as they are, not behind an option.
ARGUMENTS = ("route",)
# As many rows of a list as people read in a terminal.
MOST_ROWS = 30
FILTERS = {
    "since": SINCE.says.en,
    "until": UNTIL.says.en,
    "level": "levels such as 1,2, or unknown",
    "category": "categories, comma separated",
    "unit": "units such as CD-SK,RW",
}


@click.group()
def risk() -> None:
    """Ask what was recorded where, and what it may mean; see docs/method.md."""


def command_of(question: Question) -> click.Command:
    """The command of a question, its options named as the API's parameters."""
    parameters: list[click.Parameter] = []
    for each in question.parameters:
        if each.name in ARGUMENTS:
            parameters.append(click.Argument([each.name], required=each.required))
        else:
            option = f"--{each.name.replace('_', '-')}"
            if each.schema.get("enum") == ["0", "1"]:
                parameters.append(click.Option([option], is_flag=True, help=_sentence(each.says.en)))
            else:
                parameters.append(click.Option([option], required=each.required, help=_sentence(each.says.en)))
    if question.body is not None:
        file = click.Path(exists=True, dir_okay=False, path_type=Path)
        if question.body_only:
            parameters.append(click.Argument(["file"], type=file, required=question.drawn is None))
        else:
            parameters[0] = click.Argument(["route"], required=False)
            parameters.append(click.Option(["--file"], type=file, help="A GeoJSON line, in place of a route."))
    parameters.append(click.Option(["--on"], help=_sentence(ON.says.en)))
    parameters += [click.Option([f"--{each}"], help=_sentence(FILTERS[each])) for each in question.filters]
    parameters.append(click.Option(["--json", "as_json_"], is_flag=True, help="Print the answer of the JSON API."))

    def run(*, as_json_: bool, user: str | None, file: Path | None = None, **given: Any) -> None:
        values = {
            name: "1" if value is True else str(value) for name, value in given.items() if value not in (None, False)
        }
        settings = Settings.from_environment()
        body = None if file is None else _read(file)
        with acting_database(settings, user) as engine:
            with engine.connect() as connection:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                answer = as_json(ask(connection, question.name, values, body))
            with engine.begin() as connection:
                record_question(connection, question.name)
        click.echo(json.dumps(answer, ensure_ascii=False) if as_json_ else in_words(answer))

    return USER_OPTION(click.Command(question.name, callback=run, params=parameters, help=f"{question.title.en}."))


def in_words(answer: Mapping[str, Any]) -> str:
    """An answer as a sentence, its figures, and a table of each list in it."""
    hidden = {"question", "parameters", "sentence", "left_out", "excluded"}
    parts = [answer["sentence"]["en"], ""]
    lists = {
        name: value
        for name, value in answer.items()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    figures = {name: value for name, value in answer.items() if name not in {*hidden, *lists}}
    parts += [f"{name:16} {_cell(value)}" for name, value in figures.items()]
    for name, rows in lists.items():
        if name not in hidden:
            # Of cells those that are hot come first, since the list is cut.
            rows.sort(key=lambda row: not row.get("hot", True))
            columns = [key for key, value in rows[0].items() if not isinstance(value, dict | list)]
            listed = [[_cell(row[each]) for each in columns] for row in rows[:MOST_ROWS]]
            parts += ["", f"{name} ({len(rows):,})", table(columns, listed)]
            if len(rows) > MOST_ROWS:
                parts.append(f"... and {len(rows) - MOST_ROWS:,} more; --json has them all.")
    return "\n".join(parts)


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:,.3f}"
        case dict():
            return ", ".join(
                f"{name} {_cell(each)}" for name, each in value.items() if not isinstance(each, dict | list)
            )
        case list():
            return ", ".join(_cell(each) for each in value) or "-"
    return str(value)


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        raise QuestionError(
            f"{file}: is not GeoJSON; give a file that holds one geometry.",
            f"{file} : n'est pas du GeoJSON ; donnez un fichier qui contient une géométrie.",
        ) from None


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


for _question in QUESTIONS.values():
    risk.add_command(command_of(_question))


@risk.command()
@click.argument("movement")
@USER_OPTION
def shortfall(movement: str, user: str | None) -> None:
    """Record the shortfall of a movement of explosives, by its id, as an incident to be handled."""
    with acting_database(Settings.from_environment(), user) as engine, engine.begin() as connection:
        ground_for_questions(connection)
        incident, new = report_shortfall(connection, movement)
    click.echo(f"Recorded as incident {incident}." if new else f"It is incident {incident} already.")


@risk.command()
@click.option("--from", "first", required=True, help="The first day to try.")
@click.option("--to", "last", required=True, help="The last day to try; the 90 days after it must be over.")
@click.option("--by", type=click.Choice(list(KINDS)), default="cells", help="Compare cells, or kilometres of routes.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this SVG file.")
@click.option("--json", "as_json_", is_flag=True, help="Print the answer as JSON.")
@USER_OPTION
def backtest(*, first: str, last: str, by: str, plot: Path | None, as_json_: bool, user: str | None) -> None:
    """Measure whether pressure foretold where incidents fell, every 90 days from --from to --to."""
    settings = Settings.from_environment()
    period = day(replace(ON, name="from"), first), day(replace(ON, name="to"), last)
    with acting_database(settings, user) as engine, engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        with tqdm(desc="backtest", unit=" days", leave=False, disable=None, file=sys.stderr) as bar:
            answer = ask_backtest(connection, ground_for_questions(connection), period, bar.update, KINDS[by])
    if plot:
        plot.write_bytes(draw(answer, settings.language))
    click.echo(json.dumps(as_json(answer), ensure_ascii=False) if as_json_ else in_words(as_json(answer)))
