"""Filters in CQL2 text (OGC 21-065r2), compiled to conditions with bound values on columns named beforehand."""

from __future__ import annotations

import datetime as dt
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

import cql2
import shapely
from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, cast, false, func, literal, not_, or_, true
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.errors import BadRequestError
from geoapp.naming import nearest

# The parser recurses in compiled code, where too deep a nesting would end the process: it is measured beforehand.
LONGEST, DEEPEST, MOST_WILDCARDS = 8_000, 60, 12
NESTING = re.compile(r"\bNOT\b|-(?=\s*[-(])|\^", re.IGNORECASE)
QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")

GEOMETRY = "geom"
Columns = Mapping[str, ColumnElement[Any]]
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_overlaps": "ST_Overlaps",
    "s_disjoint": "ST_Disjoint",
}
TEMPORAL: Mapping[str, str] = {"t_after": ">", "t_before": "<", "t_equals": "=", "t_intersects": "="}
ARRAYS = {"a_contains": "@>", "a_containedby": "<@", "a_overlaps": "&&", "a_equals": "="}
# What letters are compared without: case, and with ACCENTI the accents of the languages of the four countries.
ACCENTED = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝ"
PLAIN = "aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY"


@dataclass(frozen=True)
class Expression:
    """A filter that has been read; `compile` makes the condition for one set of columns."""

    tree: Any
    srid: int = 4326

    def compile(self, columns: Columns, geometry: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """The condition on `columns` by their names, and on `geometry` (EPSG:4326) as `geom`.

        Raises BadRequestError for a property that is none of them, a value that does not fit its column, and a
        function that is not offered.
        """
        return _Compiler(columns, geometry, self.srid).condition(self.tree)


def parse(text: str, srid: int = 4326) -> Expression:
    """Read CQL2 text whose geometries are in EPSG:`srid`, x before y.

    Raises BadRequestError where it is no such text, too long or too deep.
    """
    if len(text) > LONGEST:
        raise BadRequestError(f"filter: is longer than {LONGEST} characters. Ask for less at once.")
    if _depth(text) > DEEPEST:
        raise BadRequestError(f"filter: is nested deeper than {DEEPEST} levels. Write it flatter.")
    if "\0" in text:
        raise BadRequestError("filter: holds a character that no text has (NUL). Take it out.")
    try:
        return Expression(cql2.parse_text(text).to_json(), srid)
    except (cql2.ParseError, cql2.ValidationError, ValueError) as error:
        where = re.search(r"--> \d+:(\d+)", str(error))
        at = f" at character {where[1]}" if where else ""
        raise BadRequestError(
            f"filter: is no CQL2 text{at}. Write one such as level = 1 AND category = 'theft'."
        ) from None


def _depth(text: str) -> int:
    bare = QUOTED.sub("", text)
    deepest = depth = 0
    for each in bare:
        depth += (each == "(") - (each == ")")
        deepest = max(deepest, depth)
    return deepest + len(NESTING.findall(bare))


class _Compiler:
    """One compilation: the columns by name, and the geometry."""

    def __init__(self, columns: Columns, geometry: SQLColumnExpression[Any], srid: int):
        self.columns = columns
        self.geometry = geometry
        self.srid = srid

    def condition(self, node: Any) -> ColumnElement[bool]:
        """The condition that a node of the tree stands for."""
        if isinstance(node, bool):
            return true() if node else false()
        if not isinstance(node, dict):
            raise BadRequestError("filter: is a value, where a condition is needed, such as level = 1.")
        if "op" not in node:
            return self._truth(node)
        name, args = str(node["op"]).lower(), node["args"]
        if name in {"and", "or"}:
            parts = [self.condition(each) for each in args]
            return and_(*parts) if name == "and" else or_(*parts)
        if name == "not":
            return not_(self.condition(args[0]))
        for names, build in self._families():
            if name in names:
                return build(name, args)
        return self._unknown(name)

    def _families(self) -> Sequence[tuple[Any, Callable[[str, Any], ColumnElement[bool]]]]:
        return (
            (COMPARE, self._compare),
            ({"isnull"}, self._is_null),
            ({"like"}, self._like),
            ({"in"}, self._in),
            ({"between"}, self._between),
            (SPATIAL, self._spatial),
            ({*TEMPORAL, "t_during"}, self._temporal),
            (ARRAYS, self._array),
        )

    def _unknown(self, name: str) -> NoReturn:
        offered = ", ".join(["AND", "OR", "NOT", *COMPARE, "LIKE", "IN", "BETWEEN", "IS NULL", *SPATIAL, *TEMPORAL])
        raise BadRequestError(
            f"filter: {name} is not offered here. There are: {offered}, t_during, {', '.join(ARRAYS)}."
        )

    def _truth(self, node: Any) -> ColumnElement[bool]:
        column = self._column(node)
        if column.type.python_type is not bool:
            raise BadRequestError(f"filter: {node['property']} is no yes or no; compare it with a value.")
        return column

    def _column(self, node: Any) -> ColumnElement[Any]:
        name = node.get("property") if isinstance(node, dict) else None
        if not isinstance(name, str):
            raise BadRequestError("filter: compares something other than a property. Put the property first.")
        if name not in self.columns:
            like = nearest(name, self.columns)
            told = f"Did you mean {' or '.join(like)}?" if like else f"There are: {', '.join(self.columns)}."
            raise BadRequestError(f"filter: there is no property {name[:60]}. {told}")
        return self.columns[name]

    def _folded(self, node: Any) -> tuple[Any, Callable[[Any], Any]]:
        """The node inside CASEI and ACCENTI, and what to do to each side of the comparison."""
        steps: list[Callable[[Any], Any]] = []
        while isinstance(node, dict) and node.get("op") in {"casei", "accenti"}:
            steps.append(func.lower if node["op"] == "casei" else lambda side: func.translate(side, ACCENTED, PLAIN))
            node = node["args"][0]

        def fold(side: Any) -> Any:
            for step in steps:
                side = step(side)
            return side

        return node, fold

    def _sides(self, args: Any) -> tuple[ColumnElement[Any], Any, Callable[[Any], Any], bool]:
        """The column, the value's node, the folding, and whether the value came first."""
        (first, fold), (second, other_fold) = self._folded(args[0]), self._folded(args[1])
        if isinstance(first, dict) and "property" in first:
            return self._column(first), second, fold, False
        return self._column(second), first, other_fold, True

    def _compare(self, name: str, args: Any) -> ColumnElement[bool]:
        column, node, fold, turned = self._sides(args)
        if isinstance(column.type, ARRAY):
            raise BadRequestError("filter: a list is compared by a_contains, a_overlaps, a_containedby or a_equals.")
        value: Any = self._column(node) if isinstance(node, dict) and "property" in node else _value(column, node)
        left, right = fold(column), fold(value)
        compared: ColumnElement[bool] = COMPARE[name](right, left) if turned else COMPARE[name](left, right)
        return compared

    def _is_null(self, _name: str, args: Any) -> ColumnElement[bool]:
        if isinstance(args[0], dict) and args[0].get("property") == GEOMETRY:
            return self.geometry.is_(None)
        return self._column(args[0]).is_(None)

    def _like(self, _name: str, args: Any) -> ColumnElement[bool]:
        node, fold = self._folded(args[0])
        pattern, _ = self._folded(args[1])
        column = self._column(node)
        if column.type.python_type is not str or not isinstance(pattern, str):
            raise BadRequestError("filter: LIKE compares a text with a pattern such as 'Nya%'.")
        if len(re.findall(r"[%_]", pattern)) > MOST_WILDCARDS or re.search(r"(?<!\\)(\\\\)*\\$", pattern):
            raise BadRequestError(
                f"filter: a pattern has at most {MOST_WILDCARDS} wildcards, and ends in no backslash."
            )
        matched: ColumnElement[bool] = fold(column).like(fold(literal(pattern, Text())))
        return matched

    def _in(self, _name: str, args: Any) -> ColumnElement[bool]:
        node, fold = self._folded(args[0])
        column = self._column(node)
        values = [fold(_value(column, self._folded(each)[0])) for each in args[1]]
        found: ColumnElement[bool] = fold(column).in_(values)
        return found

    def _between(self, _name: str, args: Any) -> ColumnElement[bool]:
        column = self._column(args[0])
        return column.between(_value(column, args[1]), _value(column, args[2]))

    def _temporal(self, name: str, args: Any) -> ColumnElement[bool]:
        column = self._column(args[0])
        interval = args[1].get("interval") if isinstance(args[1], dict) else None
        if interval is not None:
            low, high = (None if each == ".." else _value(column, each) for each in interval)
            strict = name == "t_during"
            if name not in {"t_during", "t_intersects"}:
                raise BadRequestError(f"filter: {name} takes a day here; t_during and t_intersects take an INTERVAL.")
            after = true() if low is None else (column > low if strict else column >= low)
            before = true() if high is None else (column < high if strict else column <= high)
            return and_(after, before)
        if name == "t_during":
            raise BadRequestError("filter: t_during takes an INTERVAL, such as INTERVAL('2026-01-01','..').")
        compared: ColumnElement[bool] = COMPARE[TEMPORAL[name]](column, _value(column, args[1]))
        return compared

    def _array(self, name: str, args: Any) -> ColumnElement[bool]:
        column, values = self._column(args[0]), args[1]
        if not isinstance(column.type, ARRAY) or not isinstance(values, list):
            raise BadRequestError(f"filter: {name} compares a list with values, such as {name}(minerals, ('gold')).")
        texts = [each for each in values if isinstance(each, str)]
        compared: ColumnElement[bool] = column.bool_op(ARRAYS[name])(cast(texts, ARRAY(Text())))
        return compared

    def _spatial(self, name: str, args: Any) -> ColumnElement[bool]:
        nodes = [each for each in args if not (isinstance(each, dict) and each.get("property") == GEOMETRY)]
        if len(nodes) != 1:
            raise BadRequestError(
                f"filter: {name} compares {GEOMETRY} with one geometry, as {name}({GEOMETRY}, POINT(29 -2))."
            )
        shape = _geometry(nodes[0], self.srid)
        exact = getattr(func, SPATIAL[name])
        first, second = (self.geometry, shape) if nodes[0] is args[1] else (shape, self.geometry)
        if name == "s_disjoint":
            # What lies nowhere is disjoint from nothing.
            return and_(self.geometry.is_not(None), exact(first, second))
        # The box first: it is what the index knows, and what row-level security lets the index be asked.
        return and_(self.geometry.op("&&")(shape), exact(first, second))


def _value(column: ColumnElement[Any], node: Any) -> ColumnElement[Any]:
    """A literal as a bound value of the column's type; BadRequestError where it is none."""
    kind = column.type.python_type
    text = next((node[key] for key in ("date", "timestamp") if isinstance(node, dict) and key in node), node)
    try:
        return literal(_converted(kind, text), column.type)
    except (ValueError, TypeError, KeyError, OverflowError):
        wanted = {
            dt.date: "a day such as 2026-03-31",
            dt.datetime: "a time such as 2026-03-31T12:00:00Z",
            int: "a whole number",
        }
        raise BadRequestError(
            f"filter: {column.key} is compared with something that is not {wanted.get(kind, f'a {kind.__name__}')}."
        ) from None


def _converted(kind: type, value: Any) -> Any:
    if kind is bool:
        return {True: True, False: False}[value]
    if isinstance(value, bool):
        raise TypeError
    if kind in {int, float}:
        number = float(value) if isinstance(value, int | float) else _refused()
        if not abs(number) < 2**53:
            raise ValueError
        return number if kind is float or number != int(number) else int(number)
    if not isinstance(value, str):
        raise TypeError
    if kind is dt.date:
        return dt.date.fromisoformat(value[:10] if "T" in value else value)
    if kind is dt.datetime:
        return dt.datetime.fromisoformat(value)
    return UUID(value) if kind is UUID else value


def _refused() -> float:
    raise TypeError


def _geometry(node: Any, srid: int) -> ColumnElement[Any]:
    """A geometry of the filter in EPSG:4326; BadRequestError where it is none, or not a valid one."""
    try:
        shape = shapely.box(*node["bbox"]) if "bbox" in node else shapely.from_geojson(json.dumps(node))
    except (TypeError, ValueError, KeyError, shapely.GEOSException):
        shape = None
    if shape is None or shape.is_empty or not shape.is_valid:
        raise BadRequestError("filter: holds a geometry that is empty, crosses itself or cannot be read. Mend it.")
    made = func.ST_GeomFromWKB(shapely.to_wkb(shape), srid)
    return made if srid == 4326 else func.ST_Transform(made, 4326)
