"""Data quality in figures: how many rows of each table and source fail which check, as far as the viewer sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from geoapp.snapshot.snapshot import Snapshot
from layers.quality import CHECKED, Check, Checked, source_of, unit_checks
from layers.tables import Source
from layers.vocabulary import QUALITY

# What is not answered by a row's own columns is asked once for all rows that state the same and lie in the same units.
LOOKED_UP = ("unknown_unit", "outside_unit")


@dataclass(frozen=True)
class TableQuality:
    """The rows of a table by source, and by check those that fail it; what no row fails is left out."""

    checked: Checked
    rows: Mapping[str, int]
    wanting: Mapping[str, Mapping[str, int]]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())

    @property
    def sources(self) -> list[str]:
        """The ids of their sources, those with the most rows first."""
        return sorted(self.rows, key=lambda source: (-self.rows[source], source))

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        return {"table": self.checked.name, "rows": self.total, "sources": self.rows, "checks": self.wanting}


def count_quality(connection: Connection, snapshot: Snapshot | None = None) -> list[TableQuality]:
    """The figures of every table of which the transaction's viewer, whose snapshot it is, sees a row.

    Without a snapshot incidents are counted by SQL, like the others.
    """
    found = [
        _of_snapshot(checked, snapshot)
        if checked.name == "incidents" and snapshot is not None
        else _by_sql(connection, checked)
        for checked in CHECKED.values()
    ]
    return [each for each in found if each.rows]


def source_names(connection: Connection) -> dict[str, str]:
    """What the sources that the viewer may see are called, by their ids."""
    return {row.source_id: row.name for row in connection.execute(select(Source.source_id, Source.name))}


def wanting_rows(checked: Checked, codes: Sequence[str], source: str | None) -> Select[Any]:
    """The rows of a table that fail one of some checks, of one source or of all, without any column yet."""
    failing: ColumnElement[bool] = _any(check.condition for check in checked.checks if check.code in codes)
    asked = select().select_from(checked.table).where(checked.rows, failing)
    return asked if source is None else asked.where(source_of(checked.table.c) == source)


def _any(conditions: Any) -> ColumnElement[bool]:
    total: ColumnElement[bool] | None = None
    for condition in conditions:
        total = condition if total is None else total | condition
    assert total is not None  # noqa: S101 - the caller names checks of the table.
    return total


def _of_snapshot(checked: Checked, snapshot: Snapshot) -> TableQuality:
    *lines, all_rows = snapshot.wanting().tolist()
    wanting = {
        code: {source: n for source, n in zip(snapshot.sources, line, strict=True) if n}
        for code, line in zip(QUALITY, lines, strict=True)
    }
    rows = {source: n for source, n in zip(snapshot.sources, all_rows, strict=True) if n}
    kept = {check.code: found for check in checked.checks if (found := wanting[check.code])}
    return TableQuality(checked, rows, kept)


def _by_sql(connection: Connection, checked: Checked) -> TableQuality:
    columns = checked.table.c
    own = [check for check in checked.checks if check.code not in LOOKED_UP]
    alike = [columns.stated_unit, columns.units] if len(own) < len(checked.checks) else []
    counted = [func.count().filter(check.condition).label(check.code) for check in own]
    source = source_of(columns).label("source")
    groups = (
        select(source, *alike, func.count().label("rows"), *counted)
        .select_from(checked.table)
        .where(checked.rows)
        .group_by(source, *alike)
    ).subquery()
    looked_up: list[Check] = unit_checks(groups.c) if alike else []
    sums = [func.sum(groups.c[check.code]).label(check.code) for check in own]
    sums += [func.sum(groups.c.rows).filter(check.condition).label(check.code) for check in looked_up]
    asked = select(groups.c.source, func.sum(groups.c.rows).label("rows"), *sums).group_by(groups.c.source)
    rows: dict[str, int] = {}
    wanting: dict[str, Counter[str]] = {check.code: Counter() for check in checked.checks}
    for row in connection.execute(asked).mappings():
        rows[row["source"]] = int(row["rows"])
        for code, found in wanting.items():
            if row[code]:
                found[row["source"]] = int(row[code])
    return TableQuality(checked, rows, {code: dict(found) for code, found in wanting.items() if found})
