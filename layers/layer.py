"""What a map layer is: its rows, what of them goes into tiles and popups, and how it is drawn and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, SQLColumnExpression, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.util import find_tables

from layers.filter import Filter
from layers.symbol import Label, Rule
from layers.text import Text
from layers.vocabulary import Vocabulary

# A column of a table, or an expression with a name.
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Place:
    """Rows of a layer that take their geometry from one column: their own, or that of a row they refer to.

    `rows` joins what is needed; `geom` is in EPSG:4326 and `geom_3857` in EPSG:3857, each with an index of its own.
    """

    rows: FromClause
    geom: SQLColumnExpression[Any]
    geom_3857: SQLColumnExpression[Any]
    where: tuple[SQLColumnExpression[bool], ...] = ()


@dataclass(frozen=True)
class Field:
    """A line of a popup: its label and the value it shows, a code being shown by its label of `vocabulary`."""

    title: Text
    value: SQLColumnExpression[Any] | tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]
    vocabulary: Vocabulary | None = None
    unit: str = ""

    def column(self, language: str) -> SQLColumnExpression[Any]:
        """The value's column; of an (English, French) pair the one of `language`."""
        if isinstance(self.value, tuple):
            return self.value[1 if language == "fr" else 0]
        return self.value


@dataclass(frozen=True)
class MapLayer:
    """A layer of the map, all that tiles, popups and the legend need of it.

    `properties` go into each tile's features under their own names, which are those of the data dictionary; `key` is
    the one that finds a single row again. `filters` names the columns that the parts of a `Filter` apply to.
    """

    name: str
    title: Text
    places: tuple[Place, ...]
    key: Column
    properties: Sequence[Column]
    rules: Sequence[Rule]
    heading: SQLColumnExpression[Any] | tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]
    subheading: Field | None = None
    fields: Sequence[Field] = ()
    synthetic: SQLColumnExpression[bool] | None = None
    labels: Sequence[Label] = ()
    tip: str | None = None
    details: FromClause | None = None
    # What features and exports bear; `when` are the first and the last day that a row speaks of; where it is
    # `open_ended`, the last one is None while it goes on.
    attributes: Sequence[Column] = ()
    feature_places: tuple[Place, ...] = ()
    when: tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]] | None = None
    open_ended: bool = False
    filters: dict[str, SQLColumnExpression[Any]] = field(default_factory=dict)
    always: Sequence[SQLColumnExpression[bool]] = ()
    # Below this zoom a layer with weights is drawn as a grid of counts.
    rows_from_zoom: int = 0
    weighted: bool = False
    # A tile's side in units of its own; 512 units are a pixel each. Coarse polygons weigh less and keep no gaps,
    # since both sides of a border snap to the same grid.
    extent: int = 4096
    # Every row is a point, which belongs to one tile alone; other shapes are drawn by all that they touch.
    points: bool = False
    order: int = 0
    visible: bool = True
    # Drawn before the others on a slow link.
    first: bool = False
    # Who may see any of it, for the legend; which rows they see the database decides. Empty: everybody.
    roles: tuple[str, ...] = ()
    interactive: bool = True
    # The branch of the layer tree that it hangs on.
    group: Text | None = None
    # What is shown of rows that a viewer may not see themselves; its `places` leave out those that they may.
    stand_in: MapLayer | None = None

    @property
    def tables(self) -> frozenset[str]:
        """The tables and views that its tiles are made from."""
        own = {table.name for place in self.places for table in find_tables(place.rows)}
        return frozenset(own | (self.stand_in.tables if self.stand_in else frozenset()))

    @property
    def table(self) -> str:
        """The table or view that the key is of."""
        (column,) = self.key.base_columns
        return str(column.table.name)

    def rows(self, place: Place, chosen: Filter) -> Select[Any]:
        """The rows of one place that `chosen` lets through, without any column yet."""
        # What refers to another row is near a route where that row is.
        columns = self.filters | ({"near": place.geom} if "near" in self.filters else {})
        return select().select_from(place.rows).where(*place.where, *self.always, *chosen.conditions(columns))
