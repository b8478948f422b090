"""The administrative units of a whole stage at once, as the triggers would find them row by row."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Connection, MetaData, Table, Text, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.access.viewer import acting_viewer
from geoapp.ingest.stage import NAME, Stage

PLACES = Table(
    "import_place",
    MetaData(),
    Column("import_row", primary_key=True),
    Column("units", ARRAY(Text())),
    Column("country", Text()),
)
# From the pieces of the units to the points in them, so that one piece is prepared for all of its points. What
# `units_at` finds by its first look is found here; the rest, such as points on lakes, and lines, is left to it.
FIND = """
    CREATE TEMPORARY TABLE import_place ON COMMIT DROP AS
    WITH found AS (
        SELECT point.import_row,
               min(part.unit_code) FILTER (WHERE part.level = 0) AS country,
               min(part.unit_code) FILTER (WHERE part.level = 1) AS province,
               min(part.unit_code) FILTER (WHERE part.level = 2) AS territory
          FROM admin_unit_part AS part
         CROSS JOIN LATERAL (
               SELECT stage.import_row FROM import_stage AS stage
                WHERE part.geom && stage.geom AND ST_Intersects(part.geom, stage.geom)
                  AND part.valid_from <= {day} AND (part.valid_to IS NULL OR {day} < part.valid_to)
               OFFSET 0) AS point
         GROUP BY point.import_row
    ), placed AS (
        SELECT stage.import_row, found.country,
               CASE WHEN found.country IS NOT NULL AND found.province IS NOT NULL {of_points}
                    THEN array_remove(ARRAY[found.country, found.province, found.territory], NULL)
                    ELSE units_at(stage.geom, {day}) END AS units
          FROM import_stage AS stage LEFT JOIN found USING (import_row) WHERE stage.geom IS NOT NULL
    )
    SELECT import_row, units, CASE WHEN units[1] = country THEN country ELSE country_of(units) END AS country
      FROM placed"""


def place(connection: Connection, stage: Stage) -> None:
    """Find the units of every row of the stage that has a geometry, on its day."""
    if not _has_places(stage):
        return
    connection.execute(text(f"CREATE INDEX ON {NAME} USING gist (geom)"))
    day = "stage.occurred_from" if stage.target.name == "incidents" else "(SELECT today())"
    only_points = stage.target.geometry_types == ("Point",)
    of_points = "" if only_points else "AND GeometryType(stage.geom) = 'POINT'"
    connection.execute(text(FIND.format(day=day, of_points=of_points)))
    connection.execute(text("ALTER TABLE import_place ADD PRIMARY KEY (import_row)"))
    connection.execute(text("ANALYZE import_place"))


def country(stage: Stage) -> ColumnElement[str]:
    """The country that was found for a row of the stage."""
    return select(PLACES.c.country).where(PLACES.c.import_row == stage.row).scalar_subquery()


def announce_places(connection: Connection, stage: Stage) -> bool:
    """Have the triggers take the units that were found for rows that are inserted; whether they will.

    They take them from the operator alone.
    """
    if not _has_places(stage) or acting_viewer(connection) is not None:
        return False
    connection.execute(select(func.set_config("geoapp.placed", "on", True)))
    return True


def withdraw_places(connection: Connection) -> None:
    """Have the triggers find the units of every row again."""
    connection.execute(select(func.set_config("geoapp.placed", "", True)))


def _has_places(stage: Stage) -> bool:
    """Whether rows are placed by their geometry; a boundary makes units, and lies in those that it names."""
    return "geom" in stage.brought and stage.target.name != "boundaries"
