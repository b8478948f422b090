"""Which source wins for which column of a mine site that several sources describe."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest.aliases import Saying
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from layers.tables import MineSite, SiteAlias

# Sources by column, the best first, as GEOAPP_SOURCE_PRECEDENCE has them.
Order = Mapping[str, Sequence[str]]

# Columns that make sense together alone, and so are won together; every other column is won by itself.
TOGETHER = (
    ("geom", "position_method", "position_accuracy_m"),
    ("icglr_status", "icglr_status_on"),
    ("workers_est", "workers_on"),
)
METHODS = ("reported", "map", "gps")
# What lists gain from each source; nobody's value is lost by it.
KEYS = {"site_id", "name_alt", "itsci_code", "ipis_pcode", "licence_no"}


@dataclass(frozen=True)
class _Voice:
    """What one source says of one site."""

    source: str
    day: dt.date | None
    said: Mapping[str, Any]


def settle(
    connection: Connection, rows: dict[str, Values], saying: Saying, order: Order, findings: Findings
) -> Values | None:
    """Put what the table holds in place of values over which another source wins; the geometry that is to be stored.

    By `order` where it names a column's sources; else a position by GPS wins over one from a map, that over a reported
    one; a status or a number of workers of a later day over an earlier; then the newer source date. Of equals the file
    wins. A source that says nothing in a column never wins it. Each value that loses is a finding, and stays in the
    alias of its source.
    """
    sites = rows["site_id"]
    others = _others(connection, sites, saying.source)
    if not others:
        return saying.geometry
    held = _held(connection, list(others))
    geometry = None if saying.geometry is None else np.array([*saying.geometry, None], dtype=object)[:-1]
    for name in rows:
        rows[name] = np.array([*rows[name], None], dtype=object)[:-1]
    columns = rows if geometry is None else {**rows, "geom": geometry}
    for index, site in enumerate(sites):
        if site not in others or site not in held or index in saying.older or index + 1 in findings.rejected:
            continue
        own = _Voice(saying.source, saying.day, {name: array[index] for name, array in columns.items()})
        for group in _groups(columns):
            rivals = [each for each in others[site] if any(each.said.get(name) is not None for name in group)]
            best = max([*rivals, own], key=lambda voice: _rank(voice, group, order))
            if best is own and any(own.said.get(name) is not None for name in group):
                continue
            if rivals:
                winner = best if best is not own else rivals[0]
                _yield(columns, index, group, (winner.source, held[site]), findings)
    return geometry


def _others(connection: Connection, sites: Values, source: str) -> dict[str, list[_Voice]]:
    asked = bindparam("sites", sorted({site for site in sites if site is not None}), type_=ARRAY(Text()))
    columns = (SiteAlias.site_id, SiteAlias.source, SiteAlias.source_date, SiteAlias.said, SiteAlias.geom.is_not(None))
    found: dict[str, list[_Voice]] = defaultdict(list)
    aliases = select(*columns).where(SiteAlias.site_id == func.any(asked), SiteAlias.source != source)
    for site, name, day, said, placed in connection.execute(aliases):
        found[site].append(_Voice(name, day, {**said, "geom": True if placed else None}))
    return found


def _held(connection: Connection, sites: Sequence[str]) -> dict[str, dict[str, Any]]:
    asked = bindparam("sites", list(sites), type_=ARRAY(Text()))
    table = MineSite.__table__
    columns = [column for column in table.columns if not column.name.startswith("geom")]
    place = func.ST_AsBinary(table.c.geom).label("place")
    found = connection.execute(select(*columns, place).where(table.c.site_id == func.any(asked))).mappings()
    return {row["site_id"]: {**row, "geom": shapely.from_wkb(bytes(row["place"]))} for row in found}


def _groups(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    brought = set(names) - KEYS
    for group in TOGETHER:
        if found := tuple(name for name in group if name in brought):
            yield found
            brought -= set(group)
    for name in sorted(brought):
        yield (name,)


def _rank(voice: _Voice, group: Sequence[str], order: Order) -> tuple[int, int, dt.date, dt.date]:
    listed = next((order[name] for name in group if name in order), ())
    place = -listed.index(voice.source) if voice.source in listed else -len(listed)
    method = voice.said.get("position_method")
    exact = METHODS.index(method) if "geom" in group and method in METHODS else -1
    own_day = next((voice.said[name] for name in group if name.endswith("_on") and voice.said.get(name)), None)
    return place, exact, _day(own_day), voice.day or dt.date.min


def _day(value: Any) -> dt.date:
    if value is None:
        return dt.date.min
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def _yield(
    columns: Mapping[str, Values],
    index: int,
    group: Sequence[str],
    held: tuple[str, Mapping[str, Any]],
    findings: Findings,
) -> None:
    """Put what the table holds, thanks to a winner, in place of the group's values in a row."""
    winner, values = held
    for name in group:
        lost, kept = columns[name][index], values[name]
        if lost is not None and not _same(lost, kept):
            findings.add("other_source_wins", index + 1, name, _shown(lost), f"{_shown(kept)} ({winner})")
        columns[name][index] = kept


def _same(one: Any, other: Any) -> bool:
    return bool(shapely.equals(one, other)) if isinstance(one, shapely.Geometry) else one == other


def _shown(value: Any) -> str:
    if isinstance(value, shapely.Point):
        return f"{value.x:.6f} {value.y:.6f}"
    return ", ".join(value) if isinstance(value, list) else str(value)
