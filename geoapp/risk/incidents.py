"""The incidents that a viewer may see, as columns: what every question counts from."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from geoapp.risk.earth import Floats, Ints
from geoapp.risk.grid import Grid
from layers import vocabulary as vocab
from layers.vocabulary import Vocabulary

EPOCH = dt.date(1970, 1, 1)
# No day at all, in the columns of days.
NEVER = -(2**31)
# From this precision on a position names an area, not a place.
COARSE = 4
STRUCK_OUTCOMES = ("unfounded", "merged")
SECURITY_FORCES = ("state_army", "state_police", "mining_police", "other_state", "private_guard")
LEVEL_WEIGHTS = {0: 1.0, 1: 9.0, 2: 3.0, 3: 1.0}
MOST_KILLED, MOST_INJURED = 10, 40

# COPY of a query, not of the table: the policies bind it. All has a fixed width, so that the bytes are the columns.
COLUMNS = """
    COPY (SELECT incident_id,
                 coalesce(ST_X(geom), 'NaN'), coalesce(ST_Y(geom), 'NaN'),
                 occurred_from - DATE '1970-01-01',
                 coalesce(reported_on, occurred_to, occurred_from) - DATE '1970-01-01',
                 coalesce(opened_on - DATE '1970-01-01', -2147483648),
                 coalesce(closed_on - DATE '1970-01-01', -2147483648),
                 coalesce(killed, -1), coalesce(injured, -1),
                 hashtext(coalesce(category, '')), hashtext(status), hashtext(coalesce(outcome, '')),
                 hashtext(coalesce(actor_kind, '')),
                 hash_array_extended(units, 0),
                 coalesce(level, 0::smallint), coalesce(location_precision, 0::smallint), synthetic
            FROM incident)
    TO STDOUT (FORMAT BINARY)"""
WIDTHS = (
    ("id", "V16"),
    ("lon", ">f8"),
    ("lat", ">f8"),
    ("day", ">i4"),
    ("known", ">i4"),
    ("opened", ">i4"),
    ("closed", ">i4"),
    ("killed", ">i4"),
    ("injured", ">i4"),
    ("category", ">i4"),
    ("status", ">i4"),
    ("outcome", ">i4"),
    ("actor", ">i4"),
    ("units", ">i8"),
    ("level", ">i2"),
    ("precision", ">i2"),
    ("synthetic", "i1"),
)
# Each row: the number of its fields, then each field's width and bytes.
ROW = np.dtype(
    [("fields", ">i2"), *(pair for name, kind in WIDTHS for pair in ((f"{name}_width", ">i4"), (name, kind)))]
)
HEADER, TRAILER = 19, 2
UNIT_SETS = text("SELECT DISTINCT hash_array_extended(units, 0), units FROM incident")
UNITS_OF_SOME = text(
    "SELECT hash_array_extended(units, 0), units FROM incident WHERE incident_id = ANY (CAST(:ids AS uuid[]))"
)
HASHES = text("SELECT code, hashtext(code) FROM unnest(CAST(:codes AS text[])) AS code")
NUMBERS = text("SELECT incident_id, incident_no FROM incident WHERE incident_id = ANY (CAST(:ids AS uuid[]))")


@dataclass(frozen=True)
class Incidents:
    """Columns of n incidents; days count from 1970-01-01.

    `lon` and `lat` are degrees, NaN without a point; `known` is the day from which an incident was known:
    `reported_on`, else `occurred_to`, else `occurred_from`. Where it is not known `level` and `precision` are 0,
    `killed` and `injured` -1, `opened` and `closed` NEVER. `category`, `status`, `outcome` and `actor` are places in
    their vocabularies, -1 for none; `units` are places in `unit_sets`.
    """

    id: NDArray[np.void]
    lon: Floats
    lat: Floats
    day: NDArray[np.int32]
    known: NDArray[np.int32]
    opened: NDArray[np.int32]
    closed: NDArray[np.int32]
    killed: NDArray[np.int32]
    injured: NDArray[np.int32]
    level: NDArray[np.int8]
    precision: NDArray[np.int8]
    category: NDArray[np.int8]
    status: NDArray[np.int8]
    outcome: NDArray[np.int8]
    actor: NDArray[np.int8]
    synthetic: NDArray[np.bool_]
    units: NDArray[np.int32]
    unit_sets: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def weight(self) -> Floats:
        """w = L * H: the level's weight times 1 + min(killed, 10) / 5 + min(injured, 40) / 20."""
        return weigh(self.level, self.killed, self.injured, LEVEL_WEIGHTS)

    @cached_property
    def struck(self) -> NDArray[np.int8]:
        """Why an incident does not count: 1 rejected, 2 unfounded, 3 merged; 0 where it does."""
        made = np.zeros(len(self), dtype=np.int8)
        for number, outcome in enumerate(STRUCK_OUTCOMES, 2):
            made[self.outcome == place_of(vocab.OUTCOME, outcome)] = number
        made[self.status == place_of(vocab.STATUS, "rejected")] = 1
        return made

    @cached_property
    def unplaced(self) -> NDArray[np.int8]:
        """Why an incident has no place on the map: 1 without a point, 2 an area's position; 0 where it has one."""
        made = np.where(self.precision >= COARSE, 2, 0).astype(np.int8)
        made[np.isnan(self.lon)] = 1
        return made

    @cached_property
    def grid(self) -> Grid:
        """The incidents that count and have a place; its rows are theirs here."""
        rows = np.flatnonzero((self.struck == 0) & (self.unplaced == 0))
        made = Grid.of(self.lon[rows], self.lat[rows])
        return Grid(rows[made.rows], *(getattr(made, name) for name in list(Grid.__dataclass_fields__)[1:]))

    @cached_property
    def mapped(self) -> Incidents:
        """The columns in the order of the grid."""
        return self.take(self.grid.rows)

    @cached_property
    def unmapped(self) -> Incidents:
        """The columns of those that are not in the grid."""
        return self.take(np.flatnonzero((self.struck != 0) | (self.unplaced != 0)))

    def take(self, rows: Ints) -> Incidents:
        """The same columns for some rows."""
        columns = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__ if name != "unit_sets"}
        return Incidents(**columns, unit_sets=self.unit_sets)

    def ids(self, rows: Ints) -> list[uuid.UUID]:
        """The identifiers of some rows."""
        return [uuid.UUID(bytes=each.tobytes()) for each in self.id[rows]]


def weigh(
    level: NDArray[np.int8],
    killed: NDArray[np.int32],
    injured: NDArray[np.int32],
    weights: Mapping[int, float],
) -> Floats:
    """The weights of incidents, by weights of the levels 0 (unknown) to 3; what is not known harms nobody."""
    by_level = np.array([weights[each] for each in range(4)])
    harm = 1 + np.clip(killed, 0, MOST_KILLED) / 5 + np.clip(injured, 0, MOST_INJURED) / 20
    return np.asarray(by_level[level] * harm, dtype=np.float64)


def place_of(vocabulary: Vocabulary, code: str) -> int:
    """The place of a code in its vocabulary, as the columns hold it."""
    return list(vocabulary).index(code)


def as_day(number: int) -> dt.date:
    """The date of a column's day."""
    return EPOCH + dt.timedelta(days=int(number))


def as_number(day: dt.date) -> int:
    """A date as the columns hold it."""
    return (day - EPOCH).days


def load_incidents(connection: Connection) -> Incidents:
    """Read what the transaction's viewer may see."""
    rows = _read(connection)
    known, first, place = np.unique(rows["units"].astype(np.int64), return_index=True, return_inverse=True)
    sets = _unit_sets(connection, known, [uuid.UUID(bytes=each.tobytes()) for each in rows["id"][first]])
    day, level = rows["day"].astype(np.int32), rows["level"].astype(np.int8)
    return Incidents(
        id=rows["id"].copy(),
        lon=rows["lon"].astype(np.float64),
        lat=rows["lat"].astype(np.float64),
        day=day,
        known=rows["known"].astype(np.int32),
        opened=rows["opened"].astype(np.int32),
        closed=rows["closed"].astype(np.int32),
        killed=rows["killed"].astype(np.int32),
        injured=rows["injured"].astype(np.int32),
        level=level,
        precision=rows["precision"].astype(np.int8),
        category=_places(connection, rows["category"], vocab.CATEGORY),
        status=_places(connection, rows["status"], vocab.STATUS),
        outcome=_places(connection, rows["outcome"], vocab.OUTCOME),
        actor=_places(connection, rows["actor"], vocab.ACTOR_KIND),
        synthetic=rows["synthetic"].astype(np.bool_),
        units=place.astype(np.int32),
        unit_sets=sets,
    )


def read_numbers(connection: Connection, ids: list[uuid.UUID]) -> dict[uuid.UUID, str | None]:
    """The numbers of incidents by their identifiers."""
    found = connection.execute(NUMBERS, {"ids": ids})
    return {row.incident_id: row.incident_no for row in found}


def _read(connection: Connection) -> NDArray[Any]:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(COLUMNS) as copy:
        content = b"".join(bytes(block) for block in copy)
    return np.frombuffer(content[HEADER : len(content) - TRAILER], dtype=ROW)


def _unit_sets(connection: Connection, known: Ints, ids: list[uuid.UUID]) -> tuple[tuple[str, ...], ...]:
    """The units behind each hash, read from one incident that has it; from all where that one has changed since."""
    found = {number: tuple(units) for number, units in connection.execute(UNITS_OF_SOME, {"ids": ids})}
    if not found.keys() >= set(known.tolist()):
        found |= {number: tuple(units) for number, units in connection.execute(UNIT_SETS)}
    return tuple(found.get(each, ()) for each in known.tolist())


def _places(connection: Connection, hashes: NDArray[Any], vocabulary: Vocabulary) -> NDArray[np.int8]:
    by_hash = {row[1]: list(vocabulary).index(row[0]) for row in connection.execute(HASHES, {"codes": [*vocabulary]})}
    known = np.array(sorted(by_hash), dtype=np.int32)
    if len(known) != len(list(vocabulary)):
        raise AssertionError(f"two codes of {vocabulary.name} have one hash")
    order = np.array([by_hash[each] for each in known.tolist()], dtype=np.int8)
    at = np.minimum(np.searchsorted(known, hashes.astype(np.int32)), len(known) - 1)
    return np.where(known[at] == hashes, order[at], -1).astype(np.int8)
