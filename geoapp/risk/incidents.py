"""The incidents that a viewer may see, in an order that is searched fast; and how a change of some is taken in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, cast

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from geoapp.risk.columns import LONG, NUMBER_BYTES, Columns, weigh
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.grid import Grid
from geoapp.risk.source import Source
from geoapp.risk.splice import Splice
from layers import vocabulary as vocab
from layers.vocabulary import Vocabulary
from layers.weights import read_level_weights

# COPY of a query, not of the table: the policies bind it. All has a fixed width, so that the bytes are the columns.
COLUMNS = """
    COPY (SELECT incident_id,
                 substr(
                     convert_to(
                         CASE WHEN octet_length(incident_no) > 20 THEN E'\\x01' ELSE coalesce(incident_no, '') END,
                         'UTF8'
                     ) || decode(repeat('00', 20), 'hex'), 1, 20),
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
            FROM incident WHERE %(ids)s::uuid[] IS NULL OR incident_id = ANY (%(ids)s::uuid[]))
    TO STDOUT (FORMAT BINARY)"""
WIDTHS = (
    ("id", "V16"),
    ("number", f"S{NUMBER_BYTES}"),
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
# One row, since of thousands of rows the driver would take longer than the database.
NUMBERS = text("""
    SELECT array_agg(incident_no ORDER BY place)
      FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS asked (incident_id, place)
      LEFT JOIN incident USING (incident_id)""")


# After more changed incidents all that is worked out from them is worked out anew.
MOST_CHANGES = 2_000


@dataclass(frozen=True)
class Step:
    """What changed among the incidents that count and have a place, from the version `number` to the next.

    `gone` are places in the grid before, `came` in the grid after it, both ascending; `splice` puts the rows so, and
    `lon` and `lat` are where all of them lie or lay.
    """

    number: int
    gone: Ints
    came: Ints
    splice: Splice
    lon: Floats
    lat: Floats


@dataclass(frozen=True)
class Incidents:
    """All incidents of a viewer: first those that count and have a place, in the order of `grid`, then the others.

    `steps` are the last changes, the latest last, from which what was worked out from an earlier version can be
    brought up to date.
    """

    rows: Columns
    grid: Grid
    steps: tuple[Step, ...] = ()
    number: int = field(default_factory=count().__next__)

    @classmethod
    def of(cls, columns: Columns) -> Incidents:
        """Put incidents into this order."""
        mapped = np.flatnonzero(columns.mapped)
        grid = Grid.of(columns.lon[mapped], columns.lat[mapped])
        order = np.concatenate((mapped[grid.rows], np.flatnonzero(~columns.mapped)))
        return cls(columns.take(order), replace(grid, rows=np.arange(len(mapped))))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def mapped(self) -> Columns:
        """The columns in the order of the grid."""
        return self.rows.take(slice(0, len(self.grid.rows)))

    @cached_property
    def unmapped(self) -> Columns:
        """The columns of those that are not in the grid."""
        return self.rows.take(slice(len(self.grid.rows), None))

    def changed(self, ids: set[uuid.UUID], now: Columns) -> Incidents:
        """The incidents after those of some identifiers have become what is in `now`."""
        number = len(self.grid.rows)
        gone = self.rows.rows_of(ids)
        mapped = np.flatnonzero(now.mapped)
        cell = self.grid.cell_of(now.lon[mapped], now.lat[mapped])
        if len(ids) > MOST_CHANGES or (cell < 0).any():
            kept = np.delete(np.arange(len(self)), gone)
            whole = Splice.plan(len(kept), gone[:0], np.full(len(now), len(kept)))
            return Incidents.of(self.rows.take(kept).spliced(whole, now))
        order = np.argsort(cell, kind="stable")
        mapped, before = mapped[order], self.grid.first[cell[order] + 1]
        others = np.flatnonzero(~now.mapped)
        came = now.take(np.concatenate((mapped, others)))
        splice = Splice.plan(len(self), gone, np.concatenate((before, np.full(len(others), len(self)))))
        left = gone[gone < number]
        in_grid = Splice.plan(number, left, before)
        lon, lat = now.lon[mapped], now.lat[mapped]
        step = Step(
            self.number,
            left,
            before + np.arange(len(before)) - np.searchsorted(left, before),
            in_grid,
            np.concatenate((self.grid.lon[left], lon)),
            np.concatenate((self.grid.lat[left], lat)),
        )
        return Incidents(
            self.rows.spliced(splice, came), self.grid.changed(left, lon, lat, in_grid), _lately([*self.steps, step])
        )

    def steps_from(self, number: int) -> list[Step] | None:
        """The changes since a version; None where they are not known."""
        since = [at for at, step in enumerate(self.steps) if step.number == number]
        if number == self.number or not since:
            return [] if number == self.number else None
        return list(self.steps[since[0] :])


def _lately(steps: list[Step]) -> tuple[Step, ...]:
    kept: list[Step] = []
    for step in reversed(steps):
        if sum(len(each.lon) for each in kept) + len(step.lon) > MOST_CHANGES:
            break
        kept.insert(0, step)
    return tuple(kept)


def load_incidents(connection: Connection) -> Incidents:
    """Read what the transaction's viewer may see."""
    return Incidents.of(read_columns(connection))


def refresh_incidents(connection: Connection, incidents: Incidents, ids: set[uuid.UUID]) -> Incidents:
    """Read those of some identifiers again, and put them in place of what they were."""
    return incidents.changed(ids, read_columns(connection, ids, incidents.rows.unit_sets))


INCIDENTS = Source(("incident",), load_incidents, refresh_incidents)


def read_columns(
    connection: Connection, ids: set[uuid.UUID] | None = None, unit_sets: tuple[tuple[str, ...], ...] = ()
) -> Columns:
    """Read all incidents, or those of some identifiers; their sets of units go on from those known."""
    rows, levels = _read(connection, ids), read_level_weights(connection)
    known, first, place = np.unique(rows["units"].astype(np.int64), return_index=True, return_inverse=True)
    found = _unit_sets(connection, known, [uuid.UUID(bytes=each.tobytes()) for each in rows["id"][first]])
    sets = tuple(dict.fromkeys((*unit_sets, *found)))
    numbers = {each: number for number, each in enumerate(sets)}
    level, killed, injured = (
        rows["level"].astype(np.int8),
        rows["killed"].astype(np.int32),
        rows["injured"].astype(np.int32),
    )
    return Columns(
        id=rows["id"].copy(),
        number=rows["number"].copy(),
        lon=rows["lon"].astype(np.float64),
        lat=rows["lat"].astype(np.float64),
        day=rows["day"].astype(np.int32),
        known=rows["known"].astype(np.int32),
        opened=rows["opened"].astype(np.int32),
        closed=rows["closed"].astype(np.int32),
        killed=killed,
        injured=injured,
        level=level,
        precision=rows["precision"].astype(np.int8),
        category=_places(connection, rows["category"], vocab.CATEGORY),
        status=_places(connection, rows["status"], vocab.STATUS),
        outcome=_places(connection, rows["outcome"], vocab.OUTCOME),
        actor=_places(connection, rows["actor"], vocab.ACTOR_KIND),
        synthetic=rows["synthetic"].astype(np.bool_),
        units=np.array([numbers[each] for each in found], dtype=np.int32)[place],
        weight=weigh(level, killed, injured, levels),
        unit_sets=sets,
        levels=levels,
    )


def read_numbers(connection: Connection, columns: Columns) -> list[str | None]:
    """The numbers of incidents; those that are too long for the columns are read."""
    numbers = [each.decode() or None for each in columns.number.tolist()]
    long = np.flatnonzero(columns.number == LONG)
    if len(long):
        # As one text: the driver would look at each identifier.
        asked = "{" + columns.id[long].tobytes().hex(",", 16) + "}"
        for place, number in zip(long.tolist(), connection.scalar(NUMBERS, {"ids": asked}) or [], strict=True):
            numbers[place] = number
    return numbers


def _read(connection: Connection, ids: set[uuid.UUID] | None) -> NDArray[Any]:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    given = {"ids": None if ids is None else list(ids)}
    with driver.cursor() as cursor, cursor.copy(COLUMNS, given) as copy:
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
