"""Keys of other tables that a file's rows name, resolved to the ids under which the rows are stored."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from geoapp.ingest.targets import Target


def resolve(connection: Connection, target: Target, rows: dict[str, Values], findings: Findings) -> None:
    """Replace each named key in `rows` by what the table stores; a key that nothing has refuses its row.

    Boundaries may name units of the same file.
    """
    for column in target.columns.values():
        if column.refers_to is None or column.name not in rows:
            continue
        values = rows[column.name]
        named = sorted({value for value in values if value is not None})
        known = _known(connection, column.refers_to, named, stores_id=isinstance(column.stored.type, Uuid))
        if column.refers_to.table is target.table:
            own = rows[column.refers_to.name]
            known |= {value: {value: ""} for value in own if value is not None}
        resolved = np.full(len(values), None, dtype=object)
        for index, value in enumerate(values):
            found = known.get(value, {}) if value is not None else {}
            if len(found) == 1:
                resolved[index] = next(iter(found))
            elif value is not None and not found:
                findings.add("unknown_reference", index + 1, column.name, value)
            elif value is not None:
                countries = ", ".join(sorted(found.values()))
                findings.add("ambiguous_reference", index + 1, column.name, value, countries)
        rows[column.name] = resolved


def _known(connection: Connection, key: Column[Any], named: list[str], stores_id: bool) -> dict[str, dict[Any, str]]:
    """Which stored values, with the country of each, every one of the keys `named` stands for."""
    table = key.table
    stored = next(iter(table.primary_key.columns)) if stores_id else key
    # One array, since a statement takes no more than 65,535 parameters.
    asked = bindparam("named", named, type_=ARRAY(Text()))
    rows = connection.execute(select(key, stored, table.c.country).where(key == func.any(asked)))
    found: dict[str, dict[Any, str]] = defaultdict(dict)
    for name, value, country in rows:
        found[name][value] = country or "no country"
    return found
