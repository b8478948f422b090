"""The administrative units that a file states, against those in which the database finds its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, Connection, Subquery, literal, select, types, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest import placing
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
    told = {finding.row for finding in findings if finding.rule == "outside_countries"}
    stated = stage.table.c.stated_unit if "stated_unit" in stage.brought else literal(None, types.Text())
    lying = _lying(connection, stage, stated)
    # Rows that state the same and lie in the same units are judged once.
    groups = connection.execute(select(lying.c.units, lying.c.stated).distinct()).all()
    names = units_by_name(connection) if "stated_unit" in stage.brought else {}
    for units, word in groups:
        lost = not units and "geom" in stage.brought
        finding = _differs(word, units, names) if word is not None else None
        if not lost and finding is None:
            continue
        alike = lying.c.units == literal(units, ARRAY(types.Text())), lying.c.stated.is_not_distinct_from(word)
        rows = connection.scalars(select(lying.c.import_row).where(*alike).order_by(lying.c.import_row)).all()
        if lost:
            for row in sorted(set(rows) - told):
                findings.add("outside_countries", row, "geom", Text("its position", "sa position"))
        if finding is not None:
            rule, repair = finding
            for row in rows:
                findings.add(rule, row, "stated_unit", word, repair)


def _lying(connection: Connection, stage: Stage, stated: ColumnElement[Any]) -> Subquery:
    """The units in which each row of the stage lies now, and what it states."""
    table = stage.target.table
    stored = select(stage.row, table.c.units, stated.label("stated")).join_from(stage.table, table, stage.is_same_row())
    if not placing.are_taken(connection, stage):
        return stored.subquery()
    # What the triggers have taken from the stage need not be read again.
    units = stage.table.c.import_units
    taken = (stage.action == "insert") & units.is_not(None)
    return union_all(
        select(stage.row, units.label("units"), stated.label("stated")).where(taken), stored.where(~taken)
    ).subquery()


def _differs(stated: str, units: list[str], names: Mapping[str, set[str]]) -> tuple[str, str | Text | None] | None:
    """The rule that a stated unit breaks, and the units in which the row lies; None where they agree."""
    meant = names.get(squeeze(stated))
    if meant is None:
        return "unit_unknown", None
    return ("unit_differs", ", ".join(units) or NO_UNIT) if meant.isdisjoint(units) else None
