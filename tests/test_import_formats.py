"""GeoPackage, GeoJSON and CSV in their varieties, each read to the same rows."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import pandas
import pyogrio
import pyproj
import pytest
from importing import ask, bring, rules, write_csv, write_layer
from shapely.geometry import Point
from sqlalchemy import Engine

POSITION = "SELECT name, round(ST_X(geom)::numeric, 5)::float, round(ST_Y(geom)::numeric, 5)::float FROM mine_site"
BISIE = ("Bisié", 28.55, -2.61)


def site(crs: int = 4326) -> geopandas.GeoDataFrame:
    """One site."""
    frame = geopandas.GeoDataFrame({"site_id": ["S1"], "nom": ["Bisié"]}, geometry=[Point(28.55, -2.61)], crs=4326)
    if crs != 21035:
        return frame.to_crs(crs)
    # By hand, with EPSG's parameters for most of Arc 1960: PROJ would leave out the shift of the datum for a place that
    # no area of use of it covers.
    steps = "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3"
    ground = "+a=6378249.145 +rf=293.465"
    shift = (
        "+step +proj=cart +ellps=WGS84 +step +inv +proj=helmert +x=-160 +y=-6 +z=-302"
        f" +step +inv +proj=cart {ground} +step +proj=pop +v_3"
    )
    plane = f"+step +proj=utm +zone=35 +south {ground}"
    x, y = pyproj.Transformer.from_pipeline(f"{steps} {shift} {plane}").transform(28.55, -2.61)
    return frame.set_geometry([Point(x, y)], crs=crs)


@pytest.mark.parametrize("crs", [4326, 32735, 32736, 21035, 3857, 3395])
@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_a_layer_in_any_system_lands_in_its_place(engine: Engine, tmp_path: Path, suffix: str, crs: int) -> None:
    report = bring(engine, write_layer(site(crs), tmp_path / f"sites.{suffix}"), "mine_sites")
    assert report["crs"]["found"] == f"EPSG:{crs}"
    assert ask(engine, POSITION) == [BISIE]


def test_the_layers_of_a_geopackage_are_listed_and_one_can_be_chosen(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(site(), tmp_path / "all.gpkg", layer="sites")
    write_layer(site(), path, layer='odd "name"; DROP TABLE mine_site')
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "several layers: sites (1 rows, Point), odd" in refusal
    assert "no layer Sites. Its layers are: sites" in bring(engine, path, "mine_sites", layer="Sites", refused=True)
    chosen = bring(engine, path, "mine_sites", layer='odd "name"; DROP TABLE mine_site')
    assert chosen["rows"]["inserted"] == 1
    assert bring(engine, path, "mine_sites", layer="sites")["rows"]["unchanged"] == 1


def test_the_style_table_of_a_geopackage_is_no_layer_to_choose(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(site(), tmp_path / "all.gpkg", layer="sites")
    pyogrio.write_dataframe(pandas.DataFrame({"styleQML": ["x"]}), path, layer="layer_styles")
    report = bring(engine, path, "mine_sites")
    assert report["layer"] == "sites"


def test_lists_and_dates_of_geojson(engine: Engine, tmp_path: Path) -> None:
    properties = {"site_id": "S1", "name": "Bisié", "minerals": ["gold", "coltan"], "workers_on": "2024-01-02"}
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [28.55, -2.61]},
    }
    path = tmp_path / "sites.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    bring(engine, path, "mine_sites")
    assert ask(engine, "SELECT minerals, workers_on::text FROM mine_site") == [(["gold", "coltan"], "2024-01-02")]


def test_geojson_that_is_not_utf8_is_read_all_the_same(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(site(), tmp_path / "sites.geojson")
    path.write_bytes(path.read_text("utf-8").encode("cp1252"))
    report = bring(engine, path, "mine_sites")
    assert (report["encoding"]["found"], report["encoding"]["used"]) == (None, "cp1252")
    assert "French words" in report["encoding"]["how"]
    assert ask(engine, POSITION) == [BISIE]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_tables(engine: Engine, tmp_path: Path, separator: str, encoding: str) -> None:
    lines = ["site_id,nom,longitude,latitude", "S1,Bisié,28.55,-2.61"]
    path = write_csv(tmp_path / "sites.csv", *(line.replace(",", separator) for line in lines), encoding=encoding)
    report = bring(engine, path, "mine_sites")
    assert report["encoding"]["used"] == encoding
    assert report["crs"]["used"] == "EPSG:4326"
    assert ask(engine, POSITION) == [BISIE]


@pytest.mark.parametrize(
    ("heading", "row", "options"),
    [
        ("site_id;nom;Lon;Lat", "S1;Bisié;28,55;-2,61", {}),
        ("site_id;nom;wkt", "S1;Bisié;POINT (28.55 -2.61)", {}),
        ("site_id;nom;geom", 'S1;Bisié;"SRID=4326;POINT (28.55 -2.61)"', {}),
        ("site_id;nom;x;y", "S1;Bisié;28.55;-2.61", {}),
        ("site_id;nom;x;y", "S1;Bisié;672319.54;9711408.42", {"crs": "EPSG:32735"}),
        ("site_id;nom;e;n", "S1;Bisié;28.55;-2.61", {"mapping": {"longitude": ["e"], "latitude": ["n"]}}),
        ("site_id;nom;g", "S1;Bisié;POINT (28.55 -2.61)", {"mapping": {"geom": ["g"]}}),
    ],
)
def test_positions_in_columns(
    engine: Engine, tmp_path: Path, heading: str, row: str, options: dict[str, object]
) -> None:
    bring(engine, write_csv(tmp_path / "sites.csv", heading, row), "mine_sites", **options)
    assert ask(engine, POSITION) == [BISIE]


def test_unreadable_positions_are_refused_by_row(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "sites.csv",
        "site_id,name,lon,lat",
        "S1,Bisié,28.55,-2.61",
        "S2,B,here,-2.61",
        "S3,C,28.55,",
        "S4,D,,",
        "S5,E,-2.61,28.55",
        "S6,F,28.55,-2.61,",
    )
    assert "Line 7 has 5 values, but the heading has 4" in bring(engine, path, "mine_sites", refused=True)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    report = bring(engine, path, "mine_sites")
    assert report["rows"]["rejected"] == 4
    assert rules(report) == [
        (2, "lon", "bad_geometry"),
        (3, "lat", "bad_geometry"),
        (4, "geom", "no_geometry"),
        (5, "geom", "swapped_axes"),
    ]


def test_unreadable_wkt_is_refused_by_row(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "s.csv", "site_id;name;wkt", "S1;A;POINT (28.5 -2.6)", "S2;B;POINT 28.5 -2.6", "S3;C;POINT EMPTY"
    )
    report = bring(engine, path, "mine_sites")
    assert rules(report) == [(2, "wkt", "bad_geometry"), (3, "geom", "no_geometry")]


def test_columns_that_nothing_uses_are_said(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", ",site_id,name,lon,lat,name,units", "0,S1,A,28.5,-2.6,B,x")
    report = bring(engine, path, "mine_sites")
    assert rules(report) == [(None, column, "column_ignored") for column in ("column 1", "name (2)", "units")]
    assert report["issues"][0]["severity"] == "warning"
