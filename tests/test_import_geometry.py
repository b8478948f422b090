"""Geometries mended, converted or refused before they reach a table."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
from importing import ask, bring, rules, write_layer
from pyproj import Geod
from shapely import from_wkt, orient_polygons
from sqlalchemy import Engine

FAR = "POINT (2.35 48.85)"


def route(*shapes: str, name: str = "a.gpkg") -> tuple[geopandas.GeoDataFrame, str]:
    """Routes of the given shapes."""
    columns = {"route_id": [f"R{row}" for row in range(len(shapes))], "name": ["Axe"] * len(shapes)}
    return geopandas.GeoDataFrame(columns, geometry=[from_wkt(shape) for shape in shapes], crs=4326), name


def bring_routes(engine: Engine, tmp_path: Path, *shapes: str) -> dict[str, object]:
    frame, name = route(*shapes)
    return bring(engine, write_layer(frame, tmp_path / name), "routes")


def bring_sites(engine: Engine, tmp_path: Path, *shapes: str) -> dict[str, object]:
    columns = {"site_id": [f"S{row}" for row in range(len(shapes))], "name": ["A"] * len(shapes)}
    frame = geopandas.GeoDataFrame(columns, geometry=[from_wkt(shape) for shape in shapes], crs=4326)
    return bring(engine, write_layer(frame, tmp_path / "s.gpkg"), "mine_sites")


def test_single_lines_become_multiple_ones(engine: Engine, tmp_path: Path) -> None:
    report = bring_routes(engine, tmp_path, "LINESTRING (28 -2, 28.5 -2.5)", "MULTILINESTRING ((28 -2, 29 -2))")
    assert report["issues"] == []
    kinds = ask(engine, "SELECT GeometryType(geom), round(length_km) FROM route ORDER BY route_id")
    assert kinds == [("MULTILINESTRING", 78.0), ("MULTILINESTRING", 111.0)]


def test_heights_and_measures_are_left_out_and_said(engine: Engine, tmp_path: Path) -> None:
    report = bring_routes(engine, tmp_path, "LINESTRING Z (28 -2 5, 29 -2 6)", "LINESTRING Z (28 -3 5, 29 -2 6)")
    assert rules(report) == [(None, "geom", "height_dropped")]
    assert ask(engine, "SELECT bool_or(ST_NDims(geom) > 2) FROM route") == [(False,)]


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        ("POINT (28 -2)", "wrong_type"),
        ("POLYGON ((28 -2, 29 -2, 29 -3, 28 -2))", "wrong_type"),
        ("LINESTRING (28 -2, 28 -2)", "bad_geometry"),
        ("LINESTRING EMPTY", "no_geometry"),
        ("LINESTRING (28 -2, 200 -2)", "outside_world"),
        ("LINESTRING (-2 28, -3 29)", "swapped_axes"),
    ],
)
def test_shapes_that_are_no_route_are_refused(engine: Engine, tmp_path: Path, shape: str, rule: str) -> None:
    report = bring_routes(engine, tmp_path, shape, "LINESTRING (28 -2, 29 -2)")
    assert report["rows"]["rejected"] == 1
    assert rules(report) == [(1, "geom", rule)]


def test_a_multipoint_of_one_is_a_point(engine: Engine, tmp_path: Path) -> None:
    report = bring_sites(engine, tmp_path, "MULTIPOINT ((28 -2))", "MULTIPOINT ((28 -2), (28 -3))")
    assert rules(report) == [(2, "geom", "wrong_type")]


def test_a_place_outside_the_four_countries_is_a_warning(engine: Engine, tmp_path: Path) -> None:
    report = bring_sites(engine, tmp_path, FAR, "POINT (20 -12.9)")
    assert report["rows"]["inserted"] == 2
    assert rules(report) == [(1, "geom", "outside_countries"), (2, "geom", "outside_countries")]
    assert {issue["severity"] for issue in report["issues"]} == {"warning"}


def test_exchanged_axes_of_some_rows_are_named_and_refused(engine: Engine, tmp_path: Path) -> None:
    report = bring_sites(engine, tmp_path, "POINT (-2.5 28.9)", "POINT (28.8 -2.6)")
    (issue,) = report["issues"]
    assert (issue["rule"], issue["value"], issue["repair"]) == ("swapped_axes", "-2.5 28.9", "28.9 -2.5")
    assert ask(engine, "SELECT site_id FROM mine_site") == [("S1",)]


def test_exchanged_axes_of_a_whole_file_are_exchanged_back(engine: Engine, tmp_path: Path) -> None:
    report = bring_sites(engine, tmp_path, "POINT (-2.5 28.9)", "POINT (-2.6 28.8)")
    (issue,) = report["issues"]
    assert (issue["rule"], issue["severity"], issue["value"]) == ("axes_exchanged", "repair", "2")
    places = ask(engine, "SELECT ST_AsText(geom) FROM mine_site ORDER BY site_id")
    assert places == [("POINT(28.9 -2.5)",), ("POINT(28.8 -2.6)",)]


def test_a_row_far_from_the_others_is_a_warning(engine: Engine, tmp_path: Path) -> None:
    near = [f"POINT ({28.5 + step / 100} -2.5)" for step in range(12)]
    report = bring_sites(engine, tmp_path, *near, "POINT (18.5 -2.5)")
    # All are called alike, too.
    found = [each for each in rules(report) if each[2] != "maybe_same_site"]
    assert found == [(13, "geom", "far_from_others")]
    assert report["rows"]["inserted"] == 13


def test_columns_that_disagree_with_the_geometry_are_a_warning(engine: Engine, tmp_path: Path) -> None:
    columns = {"site_id": ["S1", "S2"], "name": ["A", "B"], "longitude": [28.5, 28.9], "latitude": [-2.5, -2.5]}
    frame = geopandas.GeoDataFrame(columns, geometry=geopandas.points_from_xy([28.5, 28.5], [-2.5, -2.5]), crs=4326)
    report = bring(engine, write_layer(frame, tmp_path / "s.gpkg"), "mine_sites")
    (issue,) = [issue for issue in report["issues"] if issue["rule"] == "position_differs"]
    assert (issue["row"], issue["column"]) == (2, "longitude, latitude")
    assert (issue["value"], issue["repair"]) == ("28.9 -2.5", "44.5 km")


def test_a_bow_tie_is_mended_and_the_change_of_area_said(engine: Engine, tmp_path: Path) -> None:
    columns = {
        "unit_code": ["CD-T1"],
        "valid_from": ["2030-01-01"],
        "level": [2],
        "name": ["T"],
        "admin_type": ["territoire"],
        "parent_code": ["CD-SK"],
    }
    tie = from_wkt("POLYGON ((28 -2, 29 -3, 29 -2, 28 -3, 28 -2))")
    frame = geopandas.GeoDataFrame(columns, geometry=[tie], crs=4326)
    report = bring(engine, write_layer(frame, tmp_path / "b.geojson"), "boundaries")
    assert report["rows"]["inserted"] == 1
    (issue,) = report["issues"]
    assert (issue["rule"], issue["severity"]) == ("geometry_repaired", "repair")
    assert "km²" in issue["repair"]
    found = ask(
        engine, "SELECT ST_IsValid(geom), GeometryType(geom), round(area_km2) FROM admin_unit WHERE unit_code = 'CD-T1'"
    )
    halves = from_wkt("MULTIPOLYGON (((28 -2, 28.5 -2.5, 28 -3, 28 -2)), ((29 -2, 28.5 -2.5, 29 -3, 29 -2)))")
    area, _ = Geod(ellps="WGS84").geometry_area_perimeter(orient_polygons(halves))
    assert found == [(True, "MULTIPOLYGON", round(abs(area) / 1e6))]


def test_coordinates_that_cannot_be_converted_are_refused(engine: Engine, tmp_path: Path) -> None:
    frame, _ = route("LINESTRING (672000 9711000, 1e30 9711000)", "LINESTRING (672000 9711000, 682000 9711000)")
    report = bring(engine, write_layer(frame.set_crs(32735, allow_override=True), tmp_path / "a.gpkg"), "routes")
    assert report["rows"] == {"read": 2, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 1}
