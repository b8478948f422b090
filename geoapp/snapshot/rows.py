"""Reading the columns out of the database, through the viewer's own transaction: what is not theirs never comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from psycopg.pq import ExecStatus
from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    Integer,
    Select,
    SmallInteger,
    SQLColumnExpression,
    case,
    exists,
    false,
    func,
    literal,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql

from geoapp.database.engine import PATIENCE_SECONDS, take_time
from geoapp.database.patience import cut_when_silent
from geoapp.snapshot.columns import CODES, UNCOUNTED, WEIGHT_UNIT, Columns, UnitSets, join
from geoapp.snapshot.curve import places
from layers.quality import CHECKED, mask, source_of
from layers.tables import Incident, IncidentRelease
from layers.weights import LevelWeights, read_level_weights

# Rows that are turned into columns at a time, which bounds what is held beside them.
BLOCK = 65_536
MOST_NUMBER = 40
FIRST_READING_SECONDS = 300
HEADER, END = 19, b"\xff\xff"
# Days from 1970, which numpy counts from, to 2000, which PostgreSQL counts from.
DAYS_TO_2000 = 10_957

# What a row brings, in PostgreSQL's binary format; the number is last, since it is of any length.
WIRE = {
    "ids": "V16",
    "lon": ">f8",
    "lat": ">f8",
    "x": ">f8",
    "y": ">f8",
    "occurred": ">i4",
    "reported": ">i4",
    "level": ">i2",
    "killed": ">i4",
    "injured": ">i4",
    "precision": ">i2",
    "category": ">i2",
    "status": ">i2",
    "outcome": ">i2",
    "actor_kind": ">i2",
    "units": ">i8",
    "source": ">i8",
    "stated": ">i8",
    "quality": ">i8",
    "synthetic": "?",
    "released": "?",
}


_NONE = literal(0, BigInteger())
# The checks that a row's own columns answer, and those that look units up.
_OF_UNITS = [check for check in CHECKED["incidents"].checks if check.code in {"unknown_unit", "outside_unit"}]
_OF_ROWS = [check for check in CHECKED["incidents"].checks if check not in _OF_UNITS]


@dataclass(frozen=True)
class Read:
    """Rows in the order of the curve, and the sets of units that they refer to."""

    columns: Columns
    unit_sets: UnitSets
    sources: tuple[str, ...]


def read_rows(
    connection: Connection,
    ids: Sequence[UUID] | None = None,
    unit_sets: UnitSets = (),
    sources: tuple[str, ...] = (),
) -> Read:
    """All incidents that the transaction's viewer may see, or those of `ids`, with releases in place of hidden ones.

    The sets of units and the sources go on from those that are known.
    """
    levels = read_level_weights(connection)
    parts: list[Columns] = []
    for model, asked in ((Incident, _incidents()), (IncidentRelease, _releases())):
        chosen = asked if ids is None else asked.where(model.incident_id.in_(ids))
        units, source, stated = _Met("units"), _Met("source"), _Met("stated")
        copied = [
            (_columns(block, units, source, levels), stated.number(block)) for block in _copied(connection, chosen)
        ]
        if not copied:
            continue
        in_sets, unit_sets = units.numbers_in(connection, model, model.units, unit_sets)
        in_sources, sources = source.numbers_in(connection, model, _source(model), sources)
        # What is wrong with a stated unit is asked of one row for all that state the same and lie in the same units.
        which, wrong = stated.numbers_in(connection, model, _wrong_unit(model), ())
        bits = np.array(wrong, dtype=np.uint64)[which]
        parts += [
            replace(
                each,
                units=in_sets[each.units],
                source=in_sources[each.source],
                quality=each.quality | bits[number],
            )
            for each, number in copied
        ]
    if not parts:
        parts = [_columns(_Block.empty(), _Met("units"), _Met("source"), levels)]
    return Read(join(parts).in_order(), unit_sets, sources)


def _incidents() -> Select[Any]:
    return select(
        Incident.incident_id,
        *_position(Incident),
        Incident.occurred_from,
        func.coalesce(Incident.reported_on, Incident.occurred_to, Incident.occurred_from),
        func.coalesce(Incident.level, _small(0)),
        func.coalesce(Incident.killed, -1),
        func.coalesce(Incident.injured, -1),
        func.coalesce(Incident.location_precision, _small(0)),
        _code("category", Incident.category),
        _code("status", Incident.status),
        _code("outcome", Incident.outcome),
        _code("actor_kind", Incident.actor_kind),
        func.hash_array_extended(Incident.units, _NONE),
        func.hashtextextended(_source(Incident), _NONE),
        case(
            (Incident.stated_unit.is_(None), _NONE),
            else_=func.hashtextextended(Incident.stated_unit, func.hash_array_extended(Incident.units, _NONE)),
        ),
        mask(_OF_ROWS),
        Incident.synthetic,
        false(),
        func.coalesce(Incident.incident_no, ""),
    )


def _releases() -> Select[Any]:
    # A release tells neither of victims nor of an actor or a number.
    return select(
        IncidentRelease.incident_id,
        *_position(IncidentRelease),
        IncidentRelease.shown_date,
        IncidentRelease.shown_date,
        func.coalesce(IncidentRelease.level, _small(0)),
        literal(-1, Integer()),
        literal(-1, Integer()),
        IncidentRelease.location_precision,
        _code("category", IncidentRelease.category),
        _code("status", IncidentRelease.status),
        _small(0),
        _small(0),
        func.hash_array_extended(IncidentRelease.units, _NONE),
        _NONE,
        _NONE,
        _NONE,
        IncidentRelease.synthetic,
        true(),
        literal(""),
    ).where(~exists().where(Incident.incident_id == IncidentRelease.incident_id))


def _source(model: type[Incident | IncidentRelease]) -> SQLColumnExpression[str]:
    # Where a released incident is known from is not told.
    return source_of(model) if model is Incident else literal("")


def _wrong_unit(model: type[Incident | IncidentRelease]) -> SQLColumnExpression[int]:
    return mask(_OF_UNITS) if model is Incident else _NONE


def _position(model: type[Incident | IncidentRelease]) -> list[SQLColumnExpression[Any]]:
    none: SQLColumnExpression[Any] = sql_cast(literal("NaN"), Double())
    parts = (func.ST_X(model.geom), func.ST_Y(model.geom), func.ST_X(model.geom_3857), func.ST_Y(model.geom_3857))
    return [func.coalesce(part, none) for part in parts]


def _small(number: int) -> SQLColumnExpression[Any]:
    return sql_cast(literal(number), SmallInteger())


def _code(name: str, column: Any) -> SQLColumnExpression[Any]:
    numbers = {code: number for number, code in enumerate(CODES[name], 1)}
    return sql_cast(case(numbers, value=column, else_=0), SmallInteger())


@dataclass(frozen=True)
class _Block:
    fixed: NDArray[Any]
    number: NDArray[np.bytes_]

    @classmethod
    def empty(cls) -> _Block:
        return cls(np.empty(0, dtype=_wire(0)), np.empty(0, dtype="S1"))


def _copied(connection: Connection, asked: Select[Any]) -> Iterable[_Block]:
    """The rows of a query, some at a time, as binary COPY brings them."""
    compiled = asked.compile(dialect=postgresql.psycopg.dialect(), compile_kwargs={"render_postcompile": True})  # type: ignore[no-untyped-call]
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(sql.SQL(cast(Any, str(compiled))))
    cursor = psycopg.ClientCursor(driver)
    # Straight from libpq: the driver's own loop takes six times as long for a million rows.
    server = driver.pgconn
    # The first reading of many rows takes as long as it takes.
    take_time(connection, FIRST_READING_SECONDS)
    with cut_when_silent(driver, PATIENCE_SECONDS) as heard:
        answer = server.exec_(cursor.mogrify(statement, compiled.params).encode())
        if answer.status != ExecStatus.COPY_OUT:
            raise psycopg.errors.error_from_result(answer)
        # A row's length tells the layout: all but its last column are of one length.
        layouts: dict[int, list[bytes]] = {}
        waiting, start = 0, HEADER
        take = server.get_copy_data
        while True:
            length, message = take(0)
            if length < 0:
                break
            row = bytes(message)
            if start:
                row, start = row[start:], 0
            if row == END:
                continue
            layouts.setdefault(len(row), []).append(row)
            waiting += 1
            if waiting == BLOCK:
                yield _parsed(layouts)
                layouts, waiting = {}, 0
                heard()
        while (ended := server.get_result()) is not None:
            if ended.status != ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(ended)
    if waiting:
        yield _parsed(layouts)


def _parsed(layouts: dict[int, list[bytes]]) -> _Block:
    fixed, numbers = [], []
    for rows in layouts.values():
        found = np.frombuffer(b"".join(rows), dtype=_wire(len(rows[0]) - _wire(0).itemsize))
        if not (found["fields"] == len(WIRE) + 1).all():
            raise RuntimeError("the server sent rows in another layout than was asked for")
        fixed.append(found[[*WIRE]])
        numbers.append(found["number"] if len(rows[0]) > _wire(0).itemsize else _none(len(rows)))
    return _Block(np.concatenate(fixed), np.concatenate(numbers))


def _none(count: int) -> NDArray[np.bytes_]:
    return np.zeros(count, dtype="S1")


def _wire(length: int) -> np.dtype[Any]:
    """The layout of a row whose number takes `length` bytes."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in WIRE.items():
        parts += [(f"{name} length", ">i4"), (name, kind)]
    parts.append(("number length", ">i4"))
    if length:
        kept = min(length, MOST_NUMBER)
        parts += [("number", f"S{kept}"), ("cut", f"V{length - kept}")]
    return np.dtype(parts)


class _Met:
    """The values met on the way, such as sets of units, each by the hash that stands for it and a row that has it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[int, UUID] = {}
        self.order: dict[int, int] = {}

    def number(self, block: _Block) -> NDArray[np.uint32]:
        """The rows' values, numbered as they are met."""
        hashes, first, which = np.unique(block.fixed[self.name], return_index=True, return_inverse=True)
        for each, at in zip(hashes.tolist(), first, strict=True):
            if each not in self.order:
                self.order[each] = len(self.order)
                self.rows[each] = UUID(bytes=block.fixed["ids"][at].tobytes())
        return np.array([self.order[each] for each in hashes.tolist()], dtype=np.uint32)[which]

    def numbers_in(
        self,
        connection: Connection,
        model: type[Incident | IncidentRelease],
        value: Any,
        known: tuple[Any, ...],
    ) -> tuple[NDArray[np.uint32], tuple[Any, ...]]:
        """The place of each value that was met among those that are known and, behind them, the new ones; and these."""
        asked = select(model.incident_id, value).where(model.incident_id.in_(list(self.rows.values())))
        read = connection.execute(asked).all() if self.rows else []
        found = {key: tuple(each) if isinstance(each, list) else each for key, each in read}
        places = {each: place for place, each in enumerate(dict.fromkeys((*known, *found.values())))}
        return np.array([places[found[row]] for row in self.rows.values()], dtype=np.uint32), tuple(places)


def _columns(block: _Block, units: _Met, source: _Met, levels: LevelWeights) -> Columns:
    row = {name: block.fixed[name] for name in WIRE}
    killed, injured = (np.where(row[name] < 0, 0, row[name]).astype(np.int64) for name in ("killed", "injured"))
    level_weight = np.array([levels[level] for level in range(4)])[row["level"]]
    hurt = WEIGHT_UNIT + 4 * np.minimum(killed, 10) + np.minimum(injured, 40)
    x, y = row["x"].astype(np.float64), row["y"].astype(np.float64)
    ids = np.ascontiguousarray(row["ids"]).view(np.uint64).reshape(-1, 2)
    return Columns(
        ids=ids,
        number=block.number,
        lon=row["lon"].astype(np.float64),
        lat=row["lat"].astype(np.float64),
        place=places(x, y),
        occurred=_days(row["occurred"]),
        reported=_days(row["reported"]),
        level=row["level"].astype(np.uint8),
        killed=_victims(row["killed"]),
        injured=_victims(row["injured"]),
        precision=row["precision"].astype(np.uint8),
        category=row["category"].astype(np.uint8),
        status=row["status"].astype(np.uint8),
        outcome=row["outcome"].astype(np.uint8),
        actor_kind=row["actor_kind"].astype(np.uint8),
        units=units.number(block),
        synthetic=row["synthetic"].astype(bool),
        released=row["released"].astype(bool),
        weight=(level_weight * hurt).astype(np.uint16),
        quality=row["quality"].astype(np.uint64),
        source=source.number(block),
    )


def _days(wire: NDArray[Any]) -> NDArray[np.int32]:
    return np.minimum(wire.astype(np.int64) + DAYS_TO_2000, np.iinfo(np.int32).max).astype(np.int32)


def _victims(wire: NDArray[Any]) -> NDArray[np.uint16]:
    return np.where(wire < 0, UNCOUNTED, np.minimum(wire, UNCOUNTED - 1)).astype(np.uint16)
