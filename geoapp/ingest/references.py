"""Keys of other tables that a file's rows name, resolved to the ids under which the rows are stored."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

import numpy as np
from sqlalchemy import Column, Connection, Text, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest.aliases import sites_called, sites_known_by
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from geoapp.ingest.targets import Target
from geoapp.naming import nearest
from layers.tables import MineSite
from layers.text import Text as Said

# How many keys a proposal is looked for among, and for how many unknown ones.
COMPARED = 20_000
SUGGESTED = 50


def resolve(
    connection: Connection, target: Target, rows: dict[str, Values], source_id: str | None, findings: Findings
) -> None:
    """Replace each named key in `rows` by what the table stores; a key that nothing has refuses its row.

    Boundaries may name units of the same file. A mine site may be named by what a source calls it, too: first by this
    source's own code, last by the codes of others.
    """
    for column in target.columns.values():
        if column.refers_to is None or column.name not in rows:
            continue
        if column.name == "site_id":
            _name_sites(connection, rows, source_id, findings)
        values = rows[column.name]
        named = sorted({value for value in values if value is not None})
        known = _known(connection, column.refers_to, named, stores_id=isinstance(column.stored.type, Uuid))
        if column.refers_to.table is target.table:
            own = rows[column.refers_to.name]
            known |= {value: {value: ""} for value in own if value is not None}
        like = _nearest(connection, column.refers_to, [each for each in named if not known.get(each)])
        resolved = np.full(len(values), None, dtype=object)
        for index, value in enumerate(values):
            found = known.get(value, {}) if value is not None else {}
            if len(found) == 1:
                resolved[index] = next(iter(found))
            elif value is not None and not found:
                findings.add("unknown_reference", index + 1, column.name, value, like.get(value))
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


def _name_sites(connection: Connection, rows: dict[str, Values], source_id: str | None, findings: Findings) -> None:
    """Put the keys of mine sites for the codes by which sources call them."""
    codes = rows["site_id"]
    named = {code for code in codes if code is not None}
    called = sites_called(connection, named, source_id) if source_id is not None else {}
    own = _known(
        connection, cast(Column[Any], MineSite.__table__.c.site_id), sorted(named - set(called)), stores_id=False
    )
    called |= sites_known_by(connection, named - set(called) - set(own))
    sites = np.array([*codes, None], dtype=object)[:-1]
    for index, code in enumerate(codes):
        if code in called and called[code] != code:
            sites[index] = called[code]
            findings.add("site_by_alias", index + 1, "site_id", code, called[code])
    rows["site_id"] = sites


def _nearest(connection: Connection, key: Column[Any], unknown: list[str]) -> dict[str, Said]:
    """For keys that nothing has, the keys most like them; for some only, since each is compared with all there are."""
    if not unknown:
        return {}
    there = list(connection.scalars(select(key).where(key.is_not(None)).distinct().limit(COMPARED)))
    if len(there) == COMPARED:
        return {}
    found = ((value, nearest(value, there, count=1)) for value in unknown[:SUGGESTED])
    return {value: Said(f"nearest: {like[0]}", f"le plus proche : {like[0]}") for value, like in found if like}
