"""Rows of any imported table by their keys, as the log of changes has them: read, removed, put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB

from geoapp.database.versions import DERIVED
from geoapp.ingest.stage import Shape
from layers.tables import Base

State = Mapping[str, Any]

PIECE = 5_000
# In place of a value: what the table gives a row that has none.
DEFAULT = object()


def table_named(name: str) -> Table:
    """The table of a name in the log."""
    return Base.metadata.tables[name]


def kept_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that somebody gives."""
    own = DERIVED - {"country"} if table.name == "admin_unit" else DERIVED
    return [column for column in table.columns if column.name not in own and column.computed is None]


def is_among(table: Table, keys: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a row has one of some keys."""
    columns = list(table.primary_key.columns)
    if len(columns) > 1:
        joined = func.concat_ws("/", *(sql_cast(column, Text) for column in columns))
        return joined == func.any(bindparam(None, list(keys), type_=ARRAY(Text())))
    (column,) = columns
    values: list[Any] = [UUID(key) for key in keys] if isinstance(column.type, Uuid) else list(keys)
    return column == func.any(bindparam(None, values, type_=ARRAY(column.type)))


def key_of(table: Table) -> ColumnElement[str]:
    """The key of a row, as the log has it."""
    return func.concat_ws("/", *(sql_cast(column, Text) for column in table.primary_key.columns))


def read_states(connection: Connection, table: Table, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The given columns of the rows of some keys, as the log would have them."""
    wanted = [column.name for column in kept_columns(table)]
    found: dict[str, dict[str, Any]] = {}
    whole = func.to_jsonb(literal_column(f'"{table.name}"'))
    columns = [key_of(table).label("key"), sql_cast(whole, JSONB).label("state")]
    if "geom" in table.columns:
        columns.append(sql_cast(table.c.geom, Text).label("place"))
    for piece in _pieces(list(keys)):
        for row in connection.execute(select(*columns).where(is_among(table, piece))).mappings():
            state = {name: row["state"].get(name) for name in wanted}
            if "geom" in table.columns:
                state["geom"] = row["place"]
            found[row["key"]] = state
    return found


def remove_rows(connection: Connection, table: Table, keys: Sequence[str]) -> int:
    """Delete the rows of some keys; how many could be."""
    return sum(connection.execute(delete(table).where(is_among(table, piece))).rowcount for piece in _pieces(keys))


def put_back(connection: Connection, table: Table, key: str, values: State) -> bool:
    """Give a row these values; whether it could be."""
    bound = {name: _bound(table.c[name], value) for name, value in values.items()}
    return connection.execute(update(table).where(is_among(table, [key])).values(bound)).rowcount == 1


def bring_back(connection: Connection, table: Table, state: State) -> None:
    """Insert a row that was removed."""
    connection.execute(insert(table).values({name: _bound(table.c[name], value) for name, value in state.items()}))


def _bound(column: Column[Any], value: Any) -> ColumnElement[Any]:
    if value is DEFAULT:
        return literal_column("DEFAULT")
    if value is None:
        return null()
    if column.name == "geom":
        return sql_cast(literal(value, Text()), Shape())
    if isinstance(column.type, ARRAY | JSONB):
        return literal(value, column.type)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return sql_cast(literal(text, Text()), column.type)


def _pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), PIECE):
        yield keys[start : start + PIECE]
