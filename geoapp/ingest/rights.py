"""What somebody may import: everything for the operator, rows of their units for a GIS officer, nothing for others.

The policies of the tables decide; asked beforehand, each row that they would refuse is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Subquery, Text, any_, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.access.viewer import Viewer, acting_viewer
from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings
from geoapp.ingest.matching import merged, refuse
from geoapp.ingest.stage import Stage, plain
from geoapp.ingest.targets import Target
from geoapp.ingest.units import NO_UNIT
from layers.tables import Facility, MineSite, Route
from layers.tables.views import PUBLIC_MINE_SITE

ROLE = "gis"
# What is entered by hand is coordinators' work too in these tables.
ENTERED = ("trainings", "movements")
# What a row without a position lies at, in the order in which the database asks.
PLACES = {"site_id": MineSite, "facility_ref": Facility, "route_ref": Route}
LATER = {"deployments": ("valid_from", func.today()), "movements": ("arrived_at", func.now())}


def roles_of(table: str) -> tuple[str, ...]:
    """The roles whose units somebody may write to a table of the import in."""
    return (ROLE, "coordinator") if table in ENTERED else (ROLE,)


def units_of(viewer: Viewer, table: str) -> tuple[str, ...]:
    """The units in which somebody may write to a table of the import."""
    return tuple(dict.fromkeys(unit for role in roles_of(table) for unit in viewer.rights.get(role, ())))


def require_importer(connection: Connection, target: Target) -> None:
    """Raise ImportRefusedError, saying why, where whoever acts may import nothing into `target`."""
    viewer = acting_viewer(connection)
    if viewer is None:
        return
    if not viewer.has(ROLE):
        raise ImportRefusedError(
            f"{viewer.name} may not import: that takes the role {ROLE} in the units of the rows. Ask an administrator.",
            f"{viewer.name} ne peut pas importer : il faut le rôle {ROLE} dans les unités des lignes. Demandez à un"
            " administrateur.",
        )
    if target.name == "boundaries":
        raise ImportRefusedError(
            "Boundaries are imported by the operator of the server alone, since everybody's rights follow from them."
            " Give the file to the operator.",
            "Les limites ne sont importées que par l'exploitant du serveur, car les droits de tous en découlent."
            " Donnez-lui le fichier.",
        )


def refuse_rows_of_others(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Take the rows out of the stage that whoever acts may not write, or would not see afterwards."""
    viewer = acting_viewer(connection)
    if viewer is None:
        return
    refused: set[int] = set()
    for row, column, rule, value, repair in _refusals(connection, stage, viewer):
        findings.add(rule, row, column, value, repair)
        refused.add(row)
    refuse(connection, stage, sorted(refused))


def _refusals(
    connection: Connection, stage: Stage, viewer: Viewer
) -> Iterator[tuple[int, str | None, str, object, object]]:
    """Row, column, rule, value and repair of each finding."""
    mine = units_of(viewer, stage.target.name)
    then = merged(stage)
    names = ", ".join(mine)
    column = "geom" if "geom" in stage.brought else stage.target.key[0]
    for row, units in connection.execute(_rows_elsewhere(stage, then, mine)):
        yield row, column, "not_your_unit", ", ".join(units) or NO_UNIT, names
    if stage.target.name == "mine_sites":
        for row, key, units in connection.execute(_sites_of_others(stage)):
            yield row, "site_id", "not_your_unit", f"{', '.join(units) or 'no unit'} ({key})", names
    # What is still to come is shown to nobody, and so is not theirs to write.
    if stage.target.name in LATER:
        name, now = LATER[stage.target.name]
        later = select(then.c.import_row, then.c[name], now).where(then.c[name] > now).order_by(then.c.import_row)
        for row, when, today in connection.execute(later):
            yield row, name, "future_date", when, today
    if stage.target.name == "incidents":
        hidden = then.c.sealed & ~(literal(viewer.name) == any_(func.coalesce(then.c.handlers, _units_of([]))))
        for (row,) in connection.execute(select(then.c.import_row).where(hidden).order_by(then.c.import_row)):
            yield row, "sealed", "sealed_away", None, viewer.name


def _rows_elsewhere(stage: Stage, then: Subquery, mine: tuple[str, ...]) -> Any:
    """Rows that would lie outside the units `mine`, or do so now, with where."""
    placed = select(then.c.import_row, then.c.units.label("now"), _units(stage, then).label("then")).subquery()
    own = _units_of(mine)
    outside_now = ~func.coalesce(placed.c.now.bool_op("&&")(own), True)
    where = case((outside_now, placed.c.now), else_=placed.c.then)
    outside_then = ~placed.c.then.bool_op("&&")(own)
    return select(placed.c.import_row, where).where(outside_now | outside_then).order_by(placed.c.import_row)


def _units(stage: Stage, then: Subquery) -> ColumnElement[Any]:
    """The units in which the triggers of the table will find each row."""
    of_incidents = stage.target.name == "incidents"
    day = then.c.occurred_from if of_incidents else func.today()
    found: list[ColumnElement[Any]] = []
    if "geom" in then.c:
        found.append(case((then.c.geom.is_not(None), func.units_at(then.c.geom, day))))
    for name, model in PLACES.items():
        place = cast(Any, model.__table__)
        if name in then.c and place is not stage.target.table:
            (key,) = place.primary_key.columns
            units = func.units_at(plain(place.c.geom), day) if of_incidents else place.c.units
            found.append(select(units).where(key == then.c[name]).scalar_subquery())
    stated = [then.c[name] for name in ("unit_code", "stated_unit") if name in then.c]
    if stated:
        found.append(func.units_above(func.coalesce(*stated)))
    return func.coalesce(*found, _units_of([]), type_=ARRAY(Text()))


def _sites_of_others(stage: Stage) -> Any:
    """New rows with the key of a site elsewhere, and where that is: keys of sites are public, and theirs everywhere."""
    known = PUBLIC_MINE_SITE.c
    return (
        select(stage.row, known.site_id, known.units)
        .join(PUBLIC_MINE_SITE, known.site_id == stage.table.c.site_id)
        .where(stage.action == "insert")
        .order_by(stage.row)
    )


def _units_of(codes: Any) -> ColumnElement[Any]:
    return literal(list(codes), ARRAY(Text()))
