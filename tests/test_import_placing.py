"""An import finds the units of all its points at once: the same as the triggers do, and for the operator alone."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from importing import ask, bring, write_layer
from sqlalchemy import Connection, Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

INSERT = text(
    "INSERT INTO mine_site (site_id, name, country, units, created_by, geom)"
    " VALUES (:id, 'S', 'RW', ARRAY['RW', 'RW-01'], 'somebody', ST_SetSRID(ST_MakePoint(28.84, -2.51), 4326))"
)
PLACED = text("SELECT set_config('geoapp.placed', 'on', true)")
STORED = text("SELECT country, units, created_by FROM mine_site WHERE site_id = :id")


def test_units_are_those_that_the_triggers_find(engine: Engine, tmp_path: Path) -> None:
    # Over lakes, borders and the ground beyond them, where a point belongs to the nearest unit or to none.
    chance = np.random.default_rng(7)
    points = shapely.points(chance.uniform(28.3, 30.6, 400), chance.uniform(-4.4, 1.2, 400))
    names = [f"S{number}" for number in range(len(points))]
    frame = geopandas.GeoDataFrame({"site_id": names, "name": names}, geometry=points, crs=4326)
    assert bring(engine, write_layer(frame, tmp_path / "s.gpkg"), "mine_sites")["rows"]["inserted"] == 400
    told = "SELECT site_id, country, units, country_of(units_at(geom, today())), units_at(geom, today()) FROM mine_site"
    found = ask(engine, told)
    assert [(row[0], *row[1:3]) for row in found] == [(row[0], *row[3:]) for row in found]
    assert len({tuple(row[2]) for row in found}) > 8


def test_incidents_lie_in_the_units_of_their_day(engine: Engine, tmp_path: Path) -> None:
    # The province is of 2015: of a day before it, the country alone is known.
    frame = geopandas.GeoDataFrame(
        {"incident_no": ["A", "B"], "occurred_from": ["2014-05-01", "2016-05-01"]},
        geometry=[shapely.Point(25.92, -2.94)] * 2,
        crs=4326,
    )
    report = bring(engine, write_layer(frame, tmp_path / "i.gpkg"), "incidents", source="S")
    assert report["rows"]["inserted"] == 2, report
    found = ask(engine, "SELECT incident_no, units, units_at(geom, occurred_from) FROM incident ORDER BY 1")
    assert [row[1] for row in found] == [row[2] for row in found]
    assert found[0][1] != found[1][1]


def test_the_web_role_chooses_no_units(settings: Settings) -> None:
    web = open_web_engine(settings)
    with web.begin() as connection:
        set_viewer(connection, "gis-cd")
        connection.execute(PLACED)
        connection.execute(INSERT, {"id": "S"})
        assert connection.execute(STORED, {"id": "S"}).one() == ("CD", ["CD", "CD-SK"], "gis-cd")
    web.dispose()


@pytest.mark.parametrize("said", [False, True])
def test_the_operator_is_taken_at_their_word_for_new_rows_alone(connection: Connection, said: bool) -> None:
    if said:
        connection.execute(PLACED)
    connection.execute(INSERT, {"id": "S"})
    units = ("RW", ["RW", "RW-01"]) if said else ("CD", ["CD", "CD-SK"])
    owner = connection.scalar(text("SELECT session_user"))
    assert connection.execute(STORED, {"id": "S"}).one() == (*units, owner)
    connection.execute(text("UPDATE mine_site SET geom = ST_SetSRID(ST_MakePoint(29.23, -1.66), 4326), units = '{UG}'"))
    assert connection.execute(STORED, {"id": "S"}).one() == ("CD", ["CD", "CD-NK"], owner)


def test_nothing_of_an_import_is_left_to_say_so(engine: Engine, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"site_id": ["A"], "name": ["A"]}, geometry=[shapely.Point(28.84, -2.51)], crs=4326)
    bring(engine, write_layer(frame, tmp_path / "s.gpkg"), "mine_sites")
    assert ask(engine, "SELECT coalesce(current_setting('geoapp.placed', true), '')") == [("",)]
