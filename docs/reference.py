"""The pages of the manual that are made from the code: commands, addresses, tables, layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from sqlalchemy import Table

from geoapp.cli import cli
from geoapp.ingest.codebook import HEADING, codebook, made_by_geoapp
from geoapp.ingest.targets import TARGETS
from geoapp.web.app import create_app
from geoapp.web.description import description_of
from layers.catalogue import LAYERS
from layers.layer import MapLayer
from layers.tables import Base

MADE = "This page is made from the code."
EVERYBODY = "everybody"


class UndocumentedError(Exception):
    """Something that people can use says nothing about itself."""


def write_reference(folder: Path) -> None:
    """Write the pages; UndocumentedError where something has nothing to say."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in {
        "commands": command_lines(),
        "addresses": address_lines(),
        "tables": table_lines(),
        "layers": layer_lines(),
    }.items():
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


# === Commands =========================================================================================================


def commands(group: click.Group, path: tuple[str, ...] = ("geoapp",)) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with its whole name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def command_lines() -> Iterator[str]:
    """The page of the commands."""
    yield from ("# Commands", "", MADE, "")
    yield "`--help` says the same of each. They end with 0, with 1 where something was refused, with 2 where a command"
    yield "was not understood. Settings come from [the environment](../settings.md)."
    for name, command in commands(cli):
        context = click.Context(command, info_name=name)
        said = (command.help or "").partition("\f")[0].strip()
        if not said:
            raise UndocumentedError(f"{name} has no help: write its docstring.")
        yield from ("", f"## {name}", "", "```text", command.get_usage(context).removeprefix("Usage: "), "```", "")
        yield _plain(said)
        options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
        if options:
            yield from ("", "| option | meaning |", "| --- | --- |")
        for option in options:
            record = option.get_help_record(context)
            if record is None or not option.help:
                raise UndocumentedError(f"{name} {option.opts[0]} has no help.")
            yield f"| `{_cell(record[0])}` | {_cell(_plain(record[1]))} |"


# === Addresses ========================================================================================================


def address_lines() -> Iterator[str]:
    """The page of the addresses, by their first part."""
    app = create_app()
    yield from ("# Addresses", "", MADE, "")
    yield "What a person's browser opens, and what programs ask. Programs find parameters, answers and errors in"
    yield "OpenAPI, at `/docs` and `/api/v1/openapi.json` of a running geoapp; [how that changes](../api.md)."
    yield from ("", "| address | methods | what it is |", "| --- | --- | --- |")
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        told = description_of(view)
        said = told.summary.en if told else (view.__doc__ or "").strip().partition("\n\n")[0]
        if not said:
            raise UndocumentedError(f"{rule.rule} ({rule.endpoint}) says nothing: write its view's docstring.")
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        yield f"| `{rule.rule}` | {methods} | {_cell(_plain(said))} |"


# === Tables ===========================================================================================================


def table_lines() -> Iterator[str]:
    """The page of the tables: what files bring, with codes, then all tables as the database has them."""
    yield from ("# Tables and columns", "", MADE, "")
    yield "The first part has what files bring and exports bear, as `/codebook` has it in French and English; the"
    yield "second every table of the database, with who refers to whom. Who may read which column is in"
    yield "[Who sees what](../access.md)."
    yield from ("", "## What files bring")
    for target in TARGETS.values():
        yield from (
            "",
            f"### {target.name}",
            "",
            "| column | meaning | type | needed | codes |",
            "| --- | --- | --- | --- | --- |",
        )
        rows: dict[str, dict[str, str]] = {}
        for cells in (*codebook(target), *made_by_geoapp(target)):
            line = dict(zip(HEADING, cells, strict=True))
            if line["code"]:
                rows[line["column"]]["codes"] += f"`{line['code']}` {line['label_en']}; "
            else:
                rows[line["column"]] = {**line, "codes": ""}
        for line in rows.values():
            kind = line["type_en"] + (f" in {line['unit']}" if line["unit"] else "")
            refers = f" (refers to `{line['refers_to']}`)" if line["refers_to"] else ""
            cells = (f"`{line['column']}`", line["title_en"] + refers, kind, line["needed"], line["codes"].rstrip("; "))
            yield f"| {' | '.join(map(_cell, cells))} |"
    yield from ("", "## The tables of the database")
    said = {mapper.local_table: (mapper.class_.__doc__ or "").strip() for mapper in Base.registry.mappers}
    for table in Base.metadata.sorted_tables:
        yield from ("", f"### {table.name}", "", *_table(table, said.get(table, "")))


def _table(table: Table, said: str) -> Iterator[str]:
    if not said:
        raise UndocumentedError(f"The table {table.name} says nothing: write its model's docstring.")
    yield from (_plain(said), "", "| column | type | may be empty | refers to |", "| --- | --- | --- | --- |")
    for column in table.columns:
        referred = ", ".join(f"`{key.target_fullname}`" for key in sorted(column.foreign_keys, key=str))
        kind = str(column.type).lower().partition("(")[0]
        yield f"| `{column.name}` | {kind} | {'yes' if column.nullable else 'no'} | {referred} |"


# === Layers ===========================================================================================================


def layer_lines() -> Iterator[str]:
    """The page of the layers."""
    yield from ("# Layers", "", MADE, "")
    yield "Each is at `/tiles/<layer>/<z>/<x>/<y>.mvt`, described by `/tiles/<layer>.json`; for QGIS at"
    yield "`/ogc/collections/<layer>`; as a file by `geoapp export`. To add one see"
    yield "[Contributing](../contributing.md)."
    for name, layer in LAYERS.items():
        yield from ("", f"## {name}", "", *_layer(layer))


def _layer(layer: MapLayer) -> Iterator[str]:
    if not (layer.title.en and layer.title.fr):
        raise UndocumentedError(f"The layer {layer.name} has no title in one of the languages.")
    whom = ", ".join(layer.roles) or EVERYBODY
    yield f"{layer.title.en} (French: {layer.title.fr}). Whom it may have rows for: {whom}."
    yield from ("", f"- Made from: {_names(layer.tables)}", f"- Tiles bear: {_names(_keys(layer.properties))}")
    yield f"- Features and files bear: {_names(_keys(layer.attributes))}"
    yield f"- Parts of a filter that it goes by: {_names(layer.filters)}"
    titles = [rule.title.en for rule in layer.rules if rule.title]
    yield f"- Symbols: {_plain('; '.join(dict.fromkeys(titles))) or 'none in the legend'}"


def _keys(columns: Iterable[object]) -> list[str]:
    return [str(column.key) for column in columns]  # type: ignore[attr-defined]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"


# === Words ============================================================================================================


def _plain(text: str) -> str:
    """A text whose signs are not taken for marks of the page."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        for sign in "<>*[]_":
            parts[index] = parts[index].replace(sign, f"\\{sign}")
    return "`".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
