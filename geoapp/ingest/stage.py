"""The temporary table into which a file's rows are copied, and from which they go into their table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    case,
    func,
    literal_column,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import UserDefinedType

from geoapp.ingest import copying
from geoapp.ingest.sheet import Values
from geoapp.ingest.targets import Target

NAME = "import_stage"
PIECE = 20_000
# So many rows are worth going through the whole of their table.
LARGE = 5_000
# A shapefile cuts texts at so many bytes, or at the letter before.
LONGEST_IN_DBF = 254


class Shape(UserDefinedType[Any]):
    """A geometry as the server has it: read and written without the conversions of GeoAlchemy2."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type."""
        return "geometry(Geometry, 4326)"


@dataclass(frozen=True)
class Stage:
    """The temporary table `table` of an import into `target`.

    Beside the stored columns in `brought` it has `import_row` (the row of the file), `import_given` (the random id that
    the file says), `import_id` (that of the row in the target), `import_country`, `import_repairs` (what was put
    right), and `import_action`: insert, update or unchanged; where `is_placed`, `import_units` are the units in which
    its geometry lies, `import_lies_in` the country among them.
    """

    target: Target
    table: Table
    brought: tuple[str, ...]
    # Whether texts are as a shapefile holds them.
    cut: bool = False
    # Rows that are to go, with their versions.
    removed: tuple[tuple[str, str], ...] = ()

    @property
    def is_placed(self) -> bool:
        """Whether rows lie where their geometry does; a boundary makes units, and lies in those that it names."""
        return is_placed(self.target, self.brought)

    @property
    def row(self) -> Column[int]:
        """The row of the file."""
        return self.table.c.import_row

    @property
    def action(self) -> Column[str]:
        """What is to be done with the row."""
        return self.table.c.import_action

    def brought_value(self, name: str) -> ColumnElement[Any]:
        """The value of a brought column to be stored: the table's default where an empty cell means it."""
        stored, value = self.target.table.c[name], plain(self.table.c[name])
        if stored.nullable or stored.server_default is None:
            return value
        return func.coalesce(value, literal_column(str(cast(Any, stored.server_default).arg)), type_=value.type)

    def kept_value(self, name: str) -> ColumnElement[Any]:
        """The value that an existing row has afterwards, where an empty cell may leave what the table holds.

        So does a text that a shapefile has cut.
        """
        value, held = self.brought_value(name), self.target.table.c[name]
        if self.cut and isinstance(held.type, Text):
            is_cut = (func.octet_length(value) > LONGEST_IN_DBF - 4) & func.starts_with(held, value)
            value = case((is_cut, held), else_=value)
        if name in self.target.keeps:
            return func.coalesce(value, held, type_=value.type)
        return value

    def is_same_row(self) -> ColumnElement[bool]:
        """The condition that a row of the target is the one that a row of the stage stands for."""
        random_id = self.target.random_id
        if random_id is not None:
            return random_id == self.table.c.import_id
        pairs = [self.target.table.c[name] == self.table.c[name] for name in self.target.key]
        return pairs[0] if len(pairs) == 1 else pairs[0] & pairs[1]


def plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """`column`, with geometries left as the server has them."""
    return type_coerce(column, Shape()) if getattr(column, "name", "") == "geom" else column


def is_placed(target: Target, names: Collection[str]) -> bool:
    """Whether the rows of a file with the stored columns `names` lie where their geometry does."""
    return "geom" in names and target.name != "boundaries"


def make_stage(connection: Connection, target: Target, names: Sequence[str], *, cut: bool = False) -> Stage:
    """An empty temporary table for the stored columns `names`, dropped when the transaction ends.

    `cut` says that texts are as a shapefile holds them.
    """
    columns = [Column(name, Shape() if name == "geom" else target.table.c[name].type.copy()) for name in names]
    places: list[Column[Any]] = []
    if is_placed(target, names):
        places = [Column("import_units", ARRAY(Text())), Column("import_lies_in", Text())]
    table = Table(
        NAME,
        MetaData(),
        Column("import_row", Integer(), primary_key=True, autoincrement=False),
        Column("import_given", Uuid()),
        Column("import_id", Uuid()),
        Column("import_found", Boolean(), nullable=False, server_default=text("false")),
        Column("import_country", Text()),
        Column("import_repairs", ARRAY(Text()), nullable=False, server_default=text("'{}'")),
        Column("import_action", Text(), nullable=False, server_default="insert"),
        *places,
        *columns,
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    table.create(connection)
    return Stage(target, table, tuple(names), cut)


def fill(
    connection: Connection,
    stage: Stage,
    columns: dict[str, Values],
    indexes: NDArray[np.int64],
    advance: Callable[[int], Any],
    *,
    given: Values | None = None,
    place: Callable[[Values], Sequence[Values]] | None = None,
) -> bool:
    """Copy the rows at `indexes` into the stage; `columns` are by stored name, `geom` as shapely geometries.

    `given` are the random ids that the file says, where it says any. `place` is told the indexes of some rows and gives
    their units and countries as COPY reads them; the answer is whether it did so for every row with a geometry.
    """
    more = ["import_units", "import_lies_in"] if place is not None else []
    names = ["import_row", "import_given", *more, *stage.brought]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(NAME), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    all_placed = True
    try:
        with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(indexes), PIECE):
                piece = indexes[start : start + PIECE]
                placed = place(piece) if place is not None else []
                if place is not None:
                    lost = pd.isna(placed[0])
                    all_placed = all_placed and not (lost & ~shapely.is_missing(columns["geom"][piece])).any()
                texts = [copying.texts(columns[name][piece], stage.target.table.c[name].type) for name in stage.brought]
                ids = np.full(len(piece), None, dtype=object) if given is None else given[piece]
                plain_texts = [copying.plain_texts(values) for values in placed]
                rows = (piece + 1).astype(str).tolist()
                copy.write(copying.lines([rows, copying.texts(ids, Uuid()), *plain_texts, *texts]))
                advance(len(piece))
    except psycopg.OperationalError as error:
        # As from any other statement: whoever asked tells a full disk or a lost connection by it.
        raise OperationalError("COPY", None, error) from error
    # Nothing is planned by what is known of geometries, which takes longest to find out, nor by much of the rest.
    quote = connection.dialect.identifier_preparer.quote
    known = ", ".join(quote(column.name) for column in stage.table.c if column.name != "geom")
    connection.execute(text("SET LOCAL default_statistics_target = 10"))
    connection.execute(text(f"ANALYZE {NAME} ({known})"))
    connection.execute(text("SET LOCAL default_statistics_target = DEFAULT"))
    return all_placed


def join_whole(connection: Connection, rows: int) -> None:
    """For the rest of the transaction, join a large stage by going through both tables once.

    The planner does not know how much the transaction itself has written, and would look through it again for each row.
    """
    if rows > LARGE:
        connection.execute(text("SET LOCAL enable_nestloop = off"))


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, which can COPY."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
