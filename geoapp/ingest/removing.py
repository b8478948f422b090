"""Removing rows: which of them rows of others stand on, so that nothing goes with them unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Column, Connection, Table, Text, bindparam, cast, func, select

from layers.tables import AliasRefusal, Base, NetworkEdge, RepeatRefusal, SiteAlias

PIECE = 5_000
# That two sites or incidents are told apart is said of them, and goes with either; edges are made from routes.
BESIDE = {AliasRefusal.__tablename__, RepeatRefusal.__tablename__, NetworkEdge.__tablename__}
# What sources call a site goes with it, too, and comes back with it.
ALIASES = {SiteAlias.__tablename__}


def held(
    connection: Connection, table: Table, keys: Sequence[str], batch: UUID | None, *, but: frozenset[str] = frozenset()
) -> set[str]:
    """The keys of rows that rows of others refer to, as far as the viewer sees those; `but` names tables that may.

    Rows of the same table that `batch` wrote are no others.
    """
    found: set[str] = set()
    for other, column in _references(table):
        if other.name in BESIDE | but:
            continue
        for start in range(0, len(keys), PIECE):
            referred = cast(other.c[column.name], Text)
            wanted = bindparam(None, list(keys[start : start + PIECE]), type_=ARRAY(Text()))
            asked = select(referred).distinct().where(referred == func.any(wanted))
            if other is table:
                asked = asked.where(other.c.import_batch_id.is_distinct_from(batch))
            found |= set(connection.scalars(asked))
    return found


def needed(connection: Connection, table: Table, keys: Sequence[str]) -> set[str]:
    """The keys of rows that cannot be removed by themselves, since rows of others refer to them."""
    return held(connection, table, keys, None, but=frozenset(ALIASES))


def _references(table: Table) -> Iterator[tuple[Table, Column[object]]]:
    for other in Base.metadata.sorted_tables:
        for foreign in other.foreign_keys:
            if foreign.column.table is table:
                yield other, foreign.parent
