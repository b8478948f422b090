"""What a column of a table holds, told from its SQL type and its checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Float, Integer, SmallInteger, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from layers.vocabulary import REGISTRY, Vocabulary

KindName = Literal["text", "texts", "whole", "decimal", "yes_no", "date", "time", "object", "people"]

BY_CODES = {tuple(vocabulary): vocabulary for vocabulary in REGISTRY.values()}


@dataclass(frozen=True)
class Kind:
    """A kind of value; with a vocabulary its texts or whole numbers are codes. `largest` bounds whole numbers."""

    name: KindName
    vocabulary: Vocabulary | None = None
    largest: int = 2**31 - 1


def kind_of(table: Table, column: Column[Any]) -> Kind:
    """The kind of `column`."""
    if isinstance(column.type, ARRAY):
        return Kind("texts", _vocabulary(table, column))
    if isinstance(column.type, JSONB):
        return Kind("people" if _counts_people(table, column) else "object")
    if isinstance(column.type, SmallInteger):
        return Kind("whole", _numbered(table, column), 2**15 - 1)
    if isinstance(column.type, Integer):
        return Kind("whole", _numbered(table, column))
    simple: dict[type, KindName] = {Boolean: "yes_no", Date: "date", DateTime: "time", Float: "decimal"}
    for sql_type, name in simple.items():
        if isinstance(column.type, sql_type):
            return Kind(name)
    return Kind("text", _vocabulary(table, column))


def _counts_people(table: Table, column: Column[Any]) -> bool:
    """Whether the table's check asks for people by group."""
    return any(
        str(each.sqltext) == f"counts_people({column.name})"
        for each in table.constraints
        if isinstance(each, CheckConstraint)
    )


def _vocabulary(table: Table, column: Column[Any]) -> Vocabulary | None:
    """The vocabulary whose codes the table's check allows in `column`."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            condition = str(constraint.sqltext)
            if re.match(rf"{re.escape(column.name)} (= ANY|<@) ", condition):
                return BY_CODES[tuple(re.findall(r"'([^']*)'::text", condition))]
    return None


def _numbered(table: Table, column: Column[Any]) -> Vocabulary | None:
    """The vocabulary of the column's name, where its codes are the very numbers that the table's check allows."""
    vocabulary = REGISTRY.get(column.name)
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and vocabulary is not None:
            spread = re.fullmatch(rf"{column.name} BETWEEN (\d+) AND (\d+)", str(constraint.sqltext))
            if spread and [*vocabulary] == [str(code) for code in range(int(spread[1]), int(spread[2]) + 1)]:
                return vocabulary
    return None
