"""Files of every kind that is read: each row to its place within a metre, its name to the letter, all rows counted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas
import pandas
import pyogrio
import pyproj
import pytest
from conftest import a_database
from importing import ask, bring, write_csv, write_layer, zip_folder
from pyproj import Geod
from shapely import LineString, MultiLineString, Point, from_wkt
from sqlalchemy import Engine, text
from xlsx import write_workbook

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine

PLACES = [(28.55, -2.61), (28.9, -2.9)]
NAMES = ["Bisié", "Mine de l'Été n° 2"]
GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database for the tests of this file, each of which begins with no sites."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(database: Engine) -> Engine:
    """The database without sites and routes."""
    with database.begin() as connection:
        connection.execute(text("DELETE FROM mine_site"))
        connection.execute(text("DELETE FROM route"))
    return database


def sites(crs: int = 4326) -> geopandas.GeoDataFrame:
    """Two sites."""
    frame = geopandas.GeoDataFrame(
        {"site_id": ["S1", "S2"], "name": NAMES}, geometry=[Point(place) for place in PLACES], crs=4326
    )
    return frame.to_crs(crs)


def assert_both_are_there(engine: Engine, report: dict[str, Any]) -> None:
    """The two sites, and nothing else, are where they should be, and the report says so."""
    assert report["rows"] == {"read": 2, "inserted": 2, "updated": 0, "unchanged": 0, "rejected": 0}, report
    found = ask(engine, "SELECT name, ST_X(geom), ST_Y(geom) FROM mine_site ORDER BY ST_X(geom)")
    assert [row[0] for row in found] == NAMES
    for (_, x, y), (longitude, latitude) in zip(found, PLACES, strict=True):
        assert GEOD.inv(x, y, longitude, latitude)[2] < 1


def kml(path: Path) -> Path:
    return write_layer(sites(), path / "s.kml", driver="LIBKML")


def kmz(path: Path) -> Path:
    kml(path).rename(path / "doc.kml")
    with zipfile.ZipFile(path / "s.kmz", "w") as archive:
        archive.write(path / "doc.kml", "doc.kml")
    return path / "s.kmz"


def gpx(path: Path) -> Path:
    write_layer(sites()[["name", "geometry"]], path / "s.gpx", driver="GPX", layer="waypoints", FORCE_GPX_TRACK="NO")
    return path / "s.gpx"


def topojson(path: Path) -> Path:
    points = [
        {"type": "Point", "properties": {"site_id": f"S{row}", "name": name}, "coordinates": place}
        for row, (name, place) in enumerate(zip(NAMES, PLACES, strict=True))
    ]
    sheet = {"type": "GeometryCollection", "geometries": points}
    (path / "s.json").write_text(json.dumps({"type": "Topology", "objects": {"sites": sheet}, "arcs": []}))
    return path / "s.json"


def misspelt(path: Path) -> Path:
    written = write_layer(sites(), path / "s.geojson")
    wrong = written.read_text().replace('"FeatureCollection"', '"FeatureColection"').replace('"Feature"', '"feature"')
    written.write_text(wrong)
    return written


def with_crs_member(path: Path) -> Path:
    written = write_layer(sites(), path / "s.geojson", RFC7946="NO")
    content = json.loads(written.read_text())
    content["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32735"}}
    for feature, point in zip(content["features"], sites(32735).geometry, strict=True):
        feature["geometry"]["coordinates"] = [point.x, point.y]
    written.write_text(json.dumps(content))
    return written


def parquet(path: Path) -> Path:
    sites(32735).to_parquet(path / "s.parquet")
    return path / "s.parquet"


def nested_zip(path: Path) -> Path:
    write_layer(sites(), path / "in/données/SITES.shp")
    (path / "in/données/SITES.cpg").rename(path / "in/données/SITES.CPG")
    zip_folder(path / "in", path / "inner.zip")
    with zipfile.ZipFile(path / "outer.zip", "w") as archive:
        archive.write(path / "inner.zip", "livraison/inner.zip")
        archive.writestr("livraison/Thumbs.db", b"x")
        archive.writestr("__MACOSX/livraison/._inner.zip", b"x")
    return path / "outer.zip"


def points_with_heights(path: Path) -> Path:
    frame = sites()
    return write_layer(frame.set_geometry([Point(p.x, p.y, 1500) for p in frame.geometry], crs=4326), path / "s.shp")


def utf16(path: Path) -> Path:
    lines = ["site_id\tnom\tlon\tlat", *(f"S{x}\t{n}\t{x}\t{y}" for n, (x, y) in zip(NAMES, PLACES, strict=True))]
    return write_csv(path / "s.txt", *lines, encoding="utf-16-le")


def workbook(path: Path) -> Path:
    rows = [["S1", NAMES[0], "Sud-Kivu", *PLACES[0]], ["S2", NAMES[1], "Sud-Kivu", *PLACES[1]]]
    heading = [["Sites visités en 2024"], [], ["code_site", "nom", "province", "longitude", "latitude"]]
    return write_workbook(path / "s.xlsx", {"Feuil1": [*heading, *rows]})


def workbook_with_merged_heading(path: Path) -> Path:
    heading = [["code_site", "nom", "Coordonnées", None], [None, None, "longitude", "latitude"]]
    rows = [["S1", NAMES[0], "28,55", "-2,61"], ["S2", NAMES[1], "28,9", "-2,9"]]
    return write_workbook(path / "s.xlsx", {"Feuil1": [*heading, *rows]}, merged=["C1:D1"])


MAKERS: list[Callable[[Path], Path]] = [
    lambda path: write_layer(sites(), path / "s.fgb"),
    kml,
    kmz,
    gpx,
    topojson,
    misspelt,
    with_crs_member,
    parquet,
    nested_zip,
    points_with_heights,
    utf16,
    workbook,
    workbook_with_merged_heading,
]
LABELS = [getattr(each, "__name__", "x").replace("<lambda>", "flatgeobuf") for each in MAKERS]


@pytest.mark.parametrize("make", MAKERS, ids=LABELS)
def test_every_format(engine: Engine, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert_both_are_there(engine, bring(engine, make(tmp_path), "mine_sites"))


TO_35S = pyproj.Transformer.from_crs(4326, 32735, always_xy=True)
TO_36S = pyproj.Transformer.from_crs(4326, 32736, always_xy=True)


def metres(transformer: pyproj.Transformer, place: tuple[float, float], written: str = "{:.1f};{:.1f}") -> str:
    """A place in UTM as a file may write it."""
    return written.format(*transformer.transform(*place)).replace("_", " ")


THOUSANDS = "{:_.0f},4;{:_.0f},4"
POSITIONS = {
    "degrees, minutes, seconds": ("longitude;latitude", "28°33'00\"E;2°36'36\"S", "28°54'0.0''E;2° 54' 00\"S"),
    "blanks between": ("longitude;latitude", "28 33 00 E;2 36 36 S", "E 28 54;S 2 54"),
    "signs of Word": ("Lon;Lat", "28°33′00″ Est;2°36′36″ Sud", "28º54’00” Est;2º54’00” Sud"),
    "letters": ("lon;lat", "28d33m0s E;2d36m36s S", "28:54:00E;02:54:00S"),
    "decimal commas": ("lon;lat", "28,55;-2,61", "28,9;−2,9"),
    "one cell": ("coordonnees", "-2.61, 28.55", "2°54'00\"S 28°54'00\"E"),
    "one cell, longitude first": ("lon_lat", "28.55 -2.61", "28.9 -2.9"),
    "utm with a zone a row": (
        "x;y;fuseau",
        f"{metres(TO_35S, PLACES[0], THOUSANDS)};35S",
        f"{metres(TO_36S, PLACES[1], THOUSANDS)};36 Sud",
    ),
    "utm with the zone in the name": ("x_utm35s;y_utm35s", metres(TO_35S, PLACES[0]), metres(TO_35S, PLACES[1])),
    "exchanged": ("lon;lat", "-2.61;28.55", "-2.9;28.9"),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_every_way_to_write_a_position(engine: Engine, tmp_path: Path, name: str) -> None:
    heading, *cells = POSITIONS[name]
    rows = [f"S{row};{NAMES[row]};" + cell.replace('"', '""') for row, cell in enumerate(cells)]
    quoted = [";".join(f'"{cell}"' if '"' in cell else cell for cell in row.split(";")) for row in rows]
    report = bring(engine, write_csv(tmp_path / "s.csv", f"site_id;nom;{heading}", *quoted), "mine_sites")
    assert_both_are_there(engine, report)


def test_the_zone_may_stand_in_the_name_of_the_file(engine: Engine, tmp_path: Path) -> None:
    rows = [f"S{row};{NAMES[row]};{p.x};{p.y}" for row, p in enumerate(sites(32735).geometry)]
    report = bring(engine, write_csv(tmp_path / "sites_utm35s.csv", "site_id;nom;x;y", *rows), "mine_sites")
    assert_both_are_there(engine, report)
    assert report["crs"] == {"found": "UTM 35S", "used": "EPSG:32735", "how": "UTM zone in the name sites_utm35s"}


def test_a_cell_that_is_no_position_names_its_row_and_column(engine: Engine, tmp_path: Path) -> None:
    rows = ["S1;A;28°33'E;2°75'S", "S2;B;28.5;-2.6", "S3;C;28°33'N;2°36'S", "S4;D;28.5 E W;-2.6"]
    report = bring(engine, write_csv(tmp_path / "s.csv", "site_id;nom;lon;lat", *rows), "mine_sites")
    assert [(issue["row"], issue["column"], issue["rule"]) for issue in report["issues"]] == [
        (1, "lat", "bad_geometry"),
        (3, "lon", "bad_geometry"),
        (4, "lon", "bad_geometry"),
    ]
    assert report["rows"]["rejected"] == 3


KNOWN = {
    4326: [(28.55, -2.61, "Sud-Kivu"), (28.9, -2.9, "Sud-Kivu")],
    32735: [(28.55, -2.61, "Sud-Kivu"), (28.9, -2.9, "South Kivu")],
    32736: [(30.3, -3.3, "Ruyigi"), (30.1, -3.1, "Ruyigi")],
    32636: [(33.0, 1.2, "Eastern Region"), (32.6, 0.5, "Central Region")],
    32635: [(29.5, 1.8, "Ituri"), (29.9, 2.2, "Ituri")],
    32733: [(15.2, -4.3, "Kinshasa"), (15.5, -4.5, "Kinshasa")],
}


@pytest.mark.parametrize("crs", KNOWN)
def test_the_system_is_found_by_where_it_puts_the_data(engine: Engine, tmp_path: Path, crs: int) -> None:
    columns = {"site_id": ["S1", "S2"], "name": NAMES, "province": [province for *_, province in KNOWN[crs]]}
    frame = geopandas.GeoDataFrame(columns, geometry=[Point(x, y) for x, y, _ in KNOWN[crs]], crs=4326)
    path = write_layer(frame.to_crs(crs), tmp_path / "s.shp")
    path.with_suffix(".prj").unlink()
    report = bring(engine, path, "mine_sites")
    assert report["crs"]["used"] == f"EPSG:{crs}"
    found = ask(engine, "SELECT ST_X(geom), ST_Y(geom) FROM mine_site ORDER BY site_id")
    for (x, y), (longitude, latitude, _) in zip(found, KNOWN[crs], strict=True):
        assert GEOD.inv(x, y, longitude, latitude)[2] < 1


@pytest.mark.parametrize("crs", [3857, 3395])
def test_mercators_that_nothing_tells_apart_are_asked_about(engine: Engine, tmp_path: Path, crs: int) -> None:
    path = write_layer(sites(crs), tmp_path / "s.shp")
    path.with_suffix(".prj").unlink()
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "EPSG:3857 (Web Mercator)" in refusal
    assert "EPSG:3395 (World Mercator)" in refusal
    assert_both_are_there(engine, bring(engine, path, "mine_sites", crs=f"EPSG:{crs}"))


def test_the_stated_province_settles_the_zone(engine: Engine, tmp_path: Path) -> None:
    frame = sites(32735)
    path = write_layer(frame, tmp_path / "a.shp")
    path.with_suffix(".prj").unlink()
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "EPSG:32735 (UTM 35S) at 28.5500 -2.6100" in refusal
    assert "EPSG:32734 (UTM 34S) at 22.5" in refusal
    path = write_layer(frame.assign(province="Sud-Kivu"), tmp_path / "b.shp")
    path.with_suffix(".prj").unlink()
    report = bring(engine, path, "mine_sites")
    assert_both_are_there(engine, report)
    (issue,) = [issue for issue in report["issues"] if issue["rule"] == "crs_assumed"]
    assert issue["value"] == "EPSG:32735 (UTM 35S)"
    assert "--crs EPSG:21035" in issue["repair"]


def test_the_shift_of_the_datum_and_its_accuracy_are_said(engine: Engine, tmp_path: Path) -> None:
    frame = sites(32735).set_crs(21035, allow_override=True)
    report = bring(engine, write_layer(frame, tmp_path / "s.shp"), "mine_sites")
    assert "Arc 1960 to WGS 84" in report["crs"]["how"]
    assert "accuracy 35 m" in report["crs"]["how"]


def test_the_layer_whose_geometries_fit_is_taken(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "all.gpkg", layer="sites")
    lines = geopandas.GeoDataFrame({"name": ["Axe"]}, geometry=[LineString(PLACES)], crs=4326)
    write_layer(lines, path, layer="axes")
    assert bring(engine, path, "mine_sites")["layer"] == "sites"
    assert bring(engine, path, "routes")["layer"] == "axes"


def test_several_sheets_are_listed_with_their_rows(engine: Engine, tmp_path: Path) -> None:
    rows = [["site_id", "nom", "lon", "lat"], ["S1", "A", 28.5, -2.5]]
    path = write_workbook(tmp_path / "s.xlsx", {"2023": rows, "2024": [*rows, ["S2", "B", 28.6, -2.6]]})
    assert "2023 (1 rows), 2024 (2 rows)" in bring(engine, path, "mine_sites", refused=True)
    assert bring(engine, path, "mine_sites", layer="2024")["rows"]["inserted"] == 2


def test_dates_of_a_workbook_are_dates(engine: Engine, tmp_path: Path) -> None:
    heading = ["site_id", "nom", "lon", "lat", "workers_on"]
    path = write_workbook(tmp_path / "s.xlsx", {"a": [heading, ["S1", "A", 28.5, -2.5, 45322]]}, dates=["E2"])
    bring(engine, path, "mine_sites")
    assert ask(engine, "SELECT workers_on::text FROM mine_site") == [("2024-01-31",)]


@pytest.mark.parametrize("kind", ["ARCM", "ARCZ"])
def test_lines_with_measures_and_heights(engine: Engine, tmp_path: Path, kind: str) -> None:
    shape = from_wkt("LINESTRING Z (28 -2 1500, 29 -2 1600)" if kind == "ARCZ" else "LINESTRING (28 -2, 29 -2)")
    frame = geopandas.GeoDataFrame({"route_id": ["R"], "name": ["Axe"]}, geometry=[shape], crs=4326)
    report = bring(engine, write_layer(frame, tmp_path / "s.shp", SHPT=kind), "routes")
    assert report["rows"]["inserted"] == 1
    assert "height_dropped" in {issue["rule"] for issue in report["issues"]} or kind == "ARCM"
    (found,) = ask(engine, "SELECT ST_AsText(geom) FROM route")
    assert from_wkt(found[0]).equals(MultiLineString([[(28, -2), (29, -2)]]))


def test_a_multipatch_is_read_as_polygons(engine: Engine, tmp_path: Path) -> None:
    columns = {"unit_code": ["CD-T1"], "valid_fro": ["2030-01-01"], "level": [2], "name": ["T"]}
    columns |= {"admin_type": ["territoire"], "parent_cod": ["CD-SK"]}
    square = from_wkt("POLYGON Z ((28 -3 1, 29 -3 1, 29 -2 1, 28 -2 1, 28 -3 1))")
    frame = geopandas.GeoDataFrame(columns, geometry=[square], crs=4326)
    path = write_layer(frame, tmp_path / "s.shp", SHPT="MULTIPATCH")
    report = bring(
        engine, path, "boundaries", mapping={"valid_from": ["valid_fro"], "parent_code": ["parent_cod"]}, dry_run=True
    )
    assert report["rows"]["inserted"] == 1, report
    assert "height_dropped" in {issue["rule"] for issue in report["issues"]}


@pytest.mark.parametrize("page", ["cp1252", "cp850", "mac-roman"])
def test_the_code_page_is_the_one_that_makes_french(engine: Engine, tmp_path: Path, page: str) -> None:
    lines = ["site_id;nom;lon;lat", *(f"S{x};{n};{x};{y}" for n, (x, y) in zip(NAMES, PLACES, strict=True))]
    report = bring(engine, write_csv(tmp_path / "s.csv", *lines, encoding=page), "mine_sites")
    assert_both_are_there(engine, report)
    assert report["encoding"]["used"] == page


def test_the_language_byte_of_a_dbf_is_believed(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "s.shp", encoding="cp850")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0x02
    path.with_suffix(".dbf").write_bytes(table)
    report = bring(engine, path, "mine_sites")
    assert_both_are_there(engine, report)
    assert report["encoding"]["how"] == ".dbf language byte"


def test_mojibake_is_proposed_and_repaired_when_agreed(engine: Engine, tmp_path: Path) -> None:
    once = "Bisié".encode().decode("cp1252")
    twice = once.encode().decode("cp1252")
    lines = ["site_id;nom;lon;lat", f"S1;{once};28.55;-2.61", f"S2;{twice};28.9;-2.9", "S3;Bisié;28.6;-2.6"]
    path = write_csv(tmp_path / "s.csv", *lines)
    report = bring(engine, path, "mine_sites")
    found = [(issue["row"], issue["column"], issue["repair"]) for issue in report["issues"]]
    assert found == [(1, "nom", "Bisié"), (2, "nom", "Bisié")]
    assert {issue["rule"] for issue in report["issues"]} == {"mojibake"}
    report = bring(engine, path, "mine_sites", repair_text=True)
    assert {issue["rule"] for issue in report["issues"]} == {"text_repaired"}
    assert report["rows"]["updated"] == 2
    assert ask(engine, "SELECT DISTINCT name FROM mine_site") == [("Bisié",)]


def test_every_format_is_named_where_none_fits(engine: Engine, tmp_path: Path) -> None:
    refusal = bring(engine, write_csv(tmp_path / "s.pdf", "x"), "mine_sites", refused=True)
    for suffix in ("shp", "gpkg", "geojson", "kml", "kmz", "gpx", "fgb", "parquet", "xlsx", "csv"):
        assert f".{suffix}" in refusal


def test_a_table_without_geometry_in_a_geopackage(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "s.gpkg"
    columns = {"site_id": ["S1", "S2"], "nom": NAMES, "lon": [x for x, _ in PLACES], "lat": [y for _, y in PLACES]}
    pyogrio.write_dataframe(pandas.DataFrame(columns), path, layer="t")
    assert_both_are_there(engine, bring(engine, path, "mine_sites"))
