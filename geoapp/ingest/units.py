"""The administrative units that a file states, against those in which the database finds its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import shapely
from sqlalchemy import Connection, func, literal, select, types

from geoapp.ingest.findings import Findings
from geoapp.ingest.recognisers.cod_ab import code_of
from geoapp.ingest.sheet import Values
from geoapp.ingest.stage import Stage
from geoapp.ingest.targets import Target
from geoapp.naming import squeeze
from layers.tables import AdminUnit
from layers.text import Text

NO_UNIT = Text("no unit", "aucune unité")


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


def adopt_known(connection: Connection, rows: dict[str, Values], findings: Findings) -> None:
    """Put the codes of units that are known for those that a recogniser made: by p-code, else by level and name."""
    columns = (
        AdminUnit.unit_code,
        AdminUnit.country,
        AdminUnit.level,
        AdminUnit.pcode,
        AdminUnit.name_en,
        AdminUnit.name_fr,
    )
    known: dict[object, set[str]] = defaultdict(set)
    for unit in connection.execute(select(*columns)):
        if unit.pcode:
            known[unit.pcode].add(unit.unit_code)
        for name in (unit.name_en, unit.name_fr):
            known[unit.country, unit.level, squeeze(name)].add(unit.unit_code)
    adopted: dict[str, str] = {}
    names = ("unit_code", "pcode", "country", "level", "name_en", "name_fr")
    for index, (code, pcode, country, level, english, french) in enumerate(
        zip(*(rows[name] for name in names), strict=True)
    ):
        by_name = known[country, level, squeeze(french or "")] | known[country, level, squeeze(english or "")]
        found = known[pcode] or by_name
        if code is not None and len(found) == 1 and found != {code}:
            (adopted[code],) = found
            findings.add("unit_recognised", index + 1, "unit_code", code, adopted[code])
    above = _known_parents(connection, rows.get("parent_code"), adopted)
    for name in ("unit_code", "parent_code"):
        if name in rows:
            codes = [(adopted if name == "unit_code" else above).get(code, code) for code in rows[name]]
            rows[name] = np.array([*codes, None], dtype=object)[:-1]


def _known_parents(connection: Connection, parents: Values | None, adopted: Mapping[str, str]) -> dict[str, str]:
    """The known codes of parents that a recogniser made of p-codes such as CD-61 of CD61."""
    units = connection.execute(select(AdminUnit.pcode, AdminUnit.unit_code).where(AdminUnit.pcode.is_not(None)))
    known = {code_of(pcode): code for pcode, code in units}
    made = {parent for parent in (parents if parents is not None else ()) if parent in known}
    return {**{parent: known[parent] for parent in made}, **adopted}


def compare(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Note rows whose stated unit is none of those in which they lie, and rows that lie in no unit at all."""
    table = stage.target.table
    told = {finding.row for finding in findings if finding.rule == "outside_countries"}
    stated = stage.table.c.stated_unit if "stated_unit" in stage.brought else literal(None, types.Text())
    # Rows that state the same and lie in the same units are judged once.
    alike = select(table.c.units, stated.label("stated"), func.array_agg(stage.row).label("alike"))
    groups = connection.execute(
        alike.join_from(stage.table, table, stage.is_same_row()).group_by(table.c.units, stated)
    ).all()
    names = units_by_name(connection) if "stated_unit" in stage.brought else {}
    for units, word, rows in groups:
        if not units and "geom" in stage.brought:
            for row in sorted(set(rows) - told):
                findings.add("outside_countries", row, "geom", Text("its position", "sa position"))
        finding = _differs(word, units, names) if word is not None else None
        if finding is not None:
            rule, repair = finding
            for row in sorted(rows):
                findings.add(rule, row, "stated_unit", word, repair)


def _differs(stated: str, units: list[str], names: Mapping[str, set[str]]) -> tuple[str, str | Text | None] | None:
    """The rule that a stated unit breaks, and the units in which the row lies; None where they agree."""
    meant = names.get(squeeze(stated))
    if meant is None:
        return "unit_unknown", None
    return ("unit_differs", ", ".join(units) or NO_UNIT) if meant.isdisjoint(units) else None
