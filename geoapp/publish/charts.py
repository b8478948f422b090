"""The charts beside the map: the rows under a filter and in a part of the map, counted by month and by each list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Connection, func, select, union_all

from geoapp.publish.listing import Box, passing_incidents
from geoapp.snapshot.columns import CODES, EPOCH, Columns
from geoapp.snapshot.snapshot import Snapshot
from layers.deployments import DEPLOYMENTS
from layers.filter import UNKNOWN, Filter
from layers.layer import MapLayer
from layers.mine_sites import MINE_SITES
from layers.tables import AdminUnit

# The levels from the bottom of a column to its top, by their numbers in the snapshot; 0 is unknown.
LEVELS = (1, 2, 3, 0)
# So few columns show nothing, and weeks take their place; more than the most are not told apart, and years do.
FEW_MONTHS, MOST_MONTHS = 3, 120
FIRST_DAY = np.datetime64(EPOCH)
# The first Monday, in days from there.
MONDAY = 4
# The parts of the filter by which the rows of a layer are counted in SQL.
COUNTED: tuple[tuple[MapLayer, tuple[str, ...]], ...] = (
    (MINE_SITES, ("icglr_status", "mineral")),
    (DEPLOYMENTS, ("force", "function")),
)


@dataclass(frozen=True)
class Period:
    """The incidents of a period by level, in the order of LEVELS.

    `name` is as in an ISO date: of a year, of a month, or of a week's Monday.
    """

    name: str
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Charted:
    """The counts of what is shown: of incidents by period and by the codes of each list, of other rows by list.

    `totals` are the rows by layer.
    """

    totals: Mapping[str, int]
    periods: Sequence[Period]
    lists: Mapping[str, Mapping[str, int]]
    provinces: Mapping[str, int]


def read_charts(
    connection: Connection, snapshot: Snapshot, chosen: Filter, box: Box | None, layers: Sequence[str]
) -> Charted:
    """The counts for the viewer of a transaction, whose snapshot it is, of those of `layers` that have charts."""
    totals: dict[str, int] = {}
    lists: dict[str, Mapping[str, int]] = {}
    periods: list[Period] = []
    provinces: Mapping[str, int] = {}
    if "incidents" in layers:
        rows = passing_incidents(connection, snapshot, chosen, box)
        columns = snapshot.columns
        totals["incidents"] = len(rows)
        periods = _periods(columns, rows)
        for part in ("category", "status", "actor_kind"):
            lists[part] = _by_code(columns, rows, part)
        provinces = _by_province(connection, snapshot, rows)
    for layer, parts in COUNTED:
        if layer.name in layers:
            totals[layer.name] = _counted(connection, layer, None, chosen, box).get("", 0)
            for part in parts:
                lists[part] = _counted(connection, layer, part, chosen, box)
    return Charted(totals, periods, lists, provinces)


def _periods(columns: Columns, rows: NDArray[np.int64]) -> list[Period]:
    """The incidents by level of every period from the first to the last: months, or what fits their number better."""
    if not len(rows):
        return []
    days = columns.occurred[rows].astype(np.int64)
    months = (FIRST_DAY + days).astype("datetime64[M]").astype(np.int64)
    many = months.max() - months.min() + 1
    if many <= FEW_MONTHS:
        numbers = (days - MONDAY) // 7
    elif many > MOST_MONTHS:
        numbers = (FIRST_DAY + days).astype("datetime64[Y]").astype(np.int64)
    else:
        numbers = months
    first, last = int(numbers.min()), int(numbers.max())
    counted = np.bincount((numbers - first) * 4 + columns.level[rows], minlength=4 * (last - first + 1)).reshape(-1, 4)
    periods = np.arange(first, last + 1)
    if many <= FEW_MONTHS:
        names = FIRST_DAY + (periods * 7 + MONDAY)
    else:
        names = periods.astype(f"datetime64[{'Y' if many > MOST_MONTHS else 'M'}]")
    return [
        Period(str(name), tuple(int(by_level[level]) for level in LEVELS))
        for name, by_level in zip(names.astype(str), counted, strict=True)
    ]


def _by_code(columns: Columns, rows: NDArray[np.int64], part: str) -> dict[str, int]:
    codes = ["", *CODES[part]]
    counted = np.bincount(getattr(columns, part)[rows], minlength=len(codes))
    found = {code: int(number) for code, number in zip(codes, counted, strict=True) if number}
    if part == "actor_kind" and "" in found:
        # What is not recorded is not known.
        found[UNKNOWN] = found.get(UNKNOWN, 0) + found.pop("")
    return found


def _by_province(connection: Connection, snapshot: Snapshot, rows: NDArray[np.int64]) -> dict[str, int]:
    provinces = set(connection.scalars(select(AdminUnit.unit_code).where(AdminUnit.level == 1)))
    counted: Counter[str] = Counter()
    numbers = np.bincount(snapshot.columns.units[rows], minlength=len(snapshot.unit_sets))
    for codes, number in zip(snapshot.unit_sets, numbers, strict=False):
        if number:
            counted.update({code: int(number) for code in codes if code in provinces})
    return dict(counted)


def _counted(
    connection: Connection, layer: MapLayer, part: str | None, chosen: Filter, box: Box | None
) -> dict[str, int]:
    """The rows of a layer by code of one part of the filter, those without a code under ""; or all of them under ""."""
    applying = chosen.applying(layer.filters)
    parts = []
    for place in layer.places:
        asked = layer.rows(place, applying)
        if box is not None:
            asked = asked.where(place.geom.op("&&")(func.ST_MakeEnvelope(*box, 4326)))
        column: Any = layer.filters[part] if part else None
        if column is None:
            asked = asked.add_columns(layer.key.label("code"))
        else:
            code = func.unnest(column) if isinstance(column.type, ARRAY) else column
            asked = asked.add_columns(code.label("code"))
        parts.append(asked)
    coded = union_all(*parts).subquery()
    if part is None:
        return {"": connection.scalar(select(func.count()).select_from(coded)) or 0}
    grouped = select(coded.c.code, func.count().label("number")).group_by(coded.c.code)
    return {str(row.code or ""): row.number for row in connection.execute(grouped).all()}
