"""The administrative units of a whole stage at once, as the triggers would find them row by row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, func, select, text, update

from geoapp.access.viewer import acting_viewer
from geoapp.ingest.sheet import Values
from geoapp.ingest.stage import Stage

# In the order of their codes, of which the first counts where units of a level meet.
PARTS = text("SELECT unit_code, level, valid_from, valid_to, ST_AsBinary(geom) FROM admin_unit_part ORDER BY unit_code")
# Later than any day of a row.
ENDLESS = dt.date.max
# Countries, provinces, territories.
LEVELS = 3
POINT = 0


@dataclass(frozen=True)
class Placed:
    """Where rows lie: their units and the country among them, as COPY reads them; None where it was not found."""

    units: Values
    countries: Values


class Units:
    """The units of today and before, which finds those of many points as `units_at` does by its first look.

    The rest is left to the database (`place_rest`): points over lakes and beyond the borders, and other geometries.
    """

    def __init__(self, connection: Connection):
        parts = connection.execute(PARTS).all()
        self.today: dt.date = connection.execute(select(func.today())).scalar_one()
        self.codes = sorted({part.unit_code for part in parts}, key=[part.unit_code for part in parts].index)
        number = {code: place for place, code in enumerate(self.codes)}
        self._unit = np.array([number[part.unit_code] for part in parts], dtype=np.int64)
        self._level = np.array([part.level for part in parts], dtype=np.int64)
        self._begin = np.array([part.valid_from for part in parts], dtype="datetime64[D]")
        self._end = np.array([part.valid_to or ENDLESS for part in parts], dtype="datetime64[D]")
        self._outlines = np.array(shapely.from_wkb([bytes(part[4]) for part in parts]), dtype=object)
        shapely.prepare(self._outlines)
        self._tree = shapely.STRtree(self._outlines)

    def of(self, geometry: Values, days: Values | None = None) -> Placed:
        """The units of each of the points in `geometry` on its day, else today."""
        points = geometry.copy()
        points[shapely.get_type_id(geometry) != POINT] = None
        row, part = self._tree.query(points)
        held = shapely.intersects_xy(self._outlines[part], shapely.get_x(points[row]), shapely.get_y(points[row]))
        day = np.datetime64(self.today) if days is None else days.astype("datetime64[D]")[row]
        held &= (self._begin[part] <= day) & (day < self._end[part])
        row, part = row[held], part[held]
        # By level, the number of the first unit of each row; one more than there are where it has none.
        none = len(self.codes)
        found = np.full((LEVELS, len(geometry)), none, dtype=np.int64)
        np.minimum.at(found, (self._level[part], row), self._unit[part])
        combined = np.asarray(np.ravel_multi_index(tuple(found), (none + 1,) * LEVELS))
        which, distinct = pd.factorize(combined)
        numbers = np.transpose(np.unravel_index(distinct, (none + 1,) * LEVELS)).tolist()
        named = [self._named(units) for units in numbers]
        units = np.array([*(units for units, _ in named), None], dtype=object)
        countries = np.array([*(country for _, country in named), None], dtype=object)
        return Placed(units[which], countries[which])

    def _named(self, numbers: list[int]) -> tuple[str | None, str | None]:
        """The array of these units, and the country; nothing where country and province are not both there."""
        codes = [self.codes[number] for number in numbers if number < len(self.codes)]
        if len(self.codes) in numbers[:2]:
            return None, None
        return "{" + ",".join(f'"{code}"' for code in codes) + "}", codes[0]


def place_rest(connection: Connection, stage: Stage) -> None:
    """Find the units of rows whose geometry was not placed, one by one, by the database's own function."""
    columns = stage.table.c
    day = columns.occurred_from if stage.target.name == "incidents" else select(func.today()).scalar_subquery()
    rest = (
        select(stage.row, func.units_at(columns.geom, day).label("units"))
        .where(columns.geom.is_not(None), columns.import_units.is_(None))
        # Each row is looked for once.
        .offset(0)
        .subquery()
    )
    connection.execute(
        update(stage.table)
        .where(rest.c.import_row == stage.row)
        .values(import_units=rest.c.units, import_lies_in=func.country_of(rest.c.units))
    )


def are_taken(connection: Connection, stage: Stage) -> bool:
    """Whether the triggers take the units that were found for rows that are inserted: from the operator alone."""
    return stage.is_placed and acting_viewer(connection) is None


def announce_places(connection: Connection, stage: Stage) -> bool:
    """Have the triggers take the units that were found for rows that are inserted; whether they will."""
    taken = are_taken(connection, stage)
    if taken:
        connection.execute(select(func.set_config("geoapp.placed", "on", True)))
    return taken


def withdraw_places(connection: Connection) -> None:
    """Have the triggers find the units of every row again."""
    connection.execute(select(func.set_config("geoapp.placed", "", True)))
