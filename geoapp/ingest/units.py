"""The administrative units that a file states, against those in which the database finds its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import shapely
from sqlalchemy import Connection, Text, func, literal, select

from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from geoapp.ingest.stage import Stage
from geoapp.ingest.targets import Target
from geoapp.naming import squeeze
from layers.tables import AdminUnit


def units_by_name(connection: Connection) -> dict[str, set[str]]:
    """The codes of the units that a name, a code or a p-code may mean, by their squeezed form."""
    names: dict[str, set[str]] = defaultdict(set)
    columns = (AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr, AdminUnit.pcode)
    for unit in connection.execute(select(*columns)):
        for name in unit:
            if name:
                names[squeeze(name)].add(unit.unit_code)
    return names


def recognise(
    connection: Connection, target: Target, rows: dict[str, Values], geometry: Values | None, findings: Findings
) -> None:
    """Where a row has no other place than the unit that it states, put the unit's code for its name.

    The database looks for the units of such a row by that code; a unit that is not known refuses the row.
    """
    if "stated_unit" not in target.places or "stated_unit" not in rows:
        return
    names = units_by_name(connection)
    others = [rows[name] for name in target.places if name in rows and name != "stated_unit"]
    for index, stated in enumerate(rows["stated_unit"]):
        placed = geometry is not None and not shapely.is_missing(geometry[index])
        if stated is None or placed or any(other[index] is not None for other in others):
            continue
        codes = names.get(squeeze(stated), set())
        if len(codes) != 1:
            findings.add("no_place", index + 1, "stated_unit", stated, ", ".join(target.places))
        elif stated not in codes:
            (code,) = codes
            rows["stated_unit"][index] = code
            findings.add("unit_recognised", index + 1, "stated_unit", stated, code)


def compare(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Note rows whose stated unit is none of those in which they lie, and rows that lie in no unit at all."""
    table = stage.target.table
    told = {finding.row for finding in findings if finding.rule == "outside_countries"}
    stated = stage.table.c.stated_unit if "stated_unit" in stage.brought else literal(None, Text())
    # Rows that state the same and lie in the same units are judged once.
    alike = select(table.c.units, stated.label("stated"), func.array_agg(stage.row).label("alike"))
    groups = connection.execute(
        alike.join_from(stage.table, table, stage.is_same_row()).group_by(table.c.units, stated)
    ).all()
    names = units_by_name(connection) if "stated_unit" in stage.brought else {}
    for units, word, rows in groups:
        if not units and "geom" in stage.brought:
            for row in sorted(set(rows) - told):
                findings.add("outside_countries", row, "geom", "its position")
        finding = _differs(word, units, names) if word is not None else None
        if finding is not None:
            rule, repair = finding
            for row in sorted(rows):
                findings.add(rule, row, "stated_unit", word, repair)


def _differs(stated: str, units: list[str], names: Mapping[str, set[str]]) -> tuple[str, str | None] | None:
    """The rule that a stated unit breaks, and the units in which the row lies; None where they agree."""
    meant = names.get(squeeze(stated))
    if meant is None:
        return "unit_unknown", None
    return ("unit_differs", ", ".join(units) or "no unit") if meant.isdisjoint(units) else None
