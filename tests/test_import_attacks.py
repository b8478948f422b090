"""Files made to harm: each is refused in one line, opens nothing else, and leaves neither rows nor files."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pytest
import shapely
from importing import write_csv, write_layer, zip_folder
from pyarrow import parquet
from shapely import Point
from xlsx import write_workbook

from geoapp.errors import ImportRefusedError
from geoapp.ingest import archive, confined
from geoapp.ingest.findings import Findings
from geoapp.ingest.reading import choose_layer, open_layers, read_layer
from geoapp.ingest.shapes import store_form
from geoapp.ingest.sheet import Sheet


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file of this file may leave an unpacked one."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    yield
    assert list(scratch.iterdir()) == []


def read(path: Path, layer: str | None = None) -> Sheet:
    """Read a file as an import does."""
    with open_layers(path) as (layers, folder):
        return read_layer(choose_layer(layers, layer, path.name, needs_geometry=False), folder, None)


def refusal(path: Path) -> str:
    """Why a file is refused, in one line and in both languages."""
    with pytest.raises(ImportRefusedError) as caught:
        read(path)
    said = caught.value.said
    assert said.en != said.fr
    assert "\n" not in said.en + said.fr
    return said.en


def sites(count: int = 2) -> geopandas.GeoDataFrame:
    """Some sites."""
    columns = {"site_id": [f"S{row}" for row in range(count)], "name": ["Bisié"] * count}
    return geopandas.GeoDataFrame(columns, geometry=[Point(28.5, -2.5)] * count, crs=4326)


def test_only_the_listed_drivers_are_there() -> None:
    code = "import json, pyogrio; print(json.dumps(sorted(pyogrio.list_drivers())))"
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={"GDAL_SKIP": ",".join(confined._other_drivers())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(json.loads(child.stdout)) == confined.DRIVERS


@pytest.mark.parametrize(
    "content",
    [
        "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
        "</OGRVRTDataSource>",
        "/vsicurl/http://127.0.0.1/x.geojson",
        "PG:host=127.0.0.1 dbname=geoapp",
        "http://127.0.0.1:8000/x",
        "SQLITE:/etc/passwd",
        '{"type": "GeoJSON", "url": "http://127.0.0.1/"}',
    ],
)
@pytest.mark.parametrize("suffix", ["shp", "gpkg", "geojson", "kml", "gpx", "fgb", "parquet", "xlsx"])
def test_content_of_another_kind_is_refused(tmp_path: Path, suffix: str, content: str) -> None:
    write_csv(tmp_path / "a.dbf", "x")
    assert "a" in refusal(write_csv(tmp_path / f"a.{suffix}", content))


def test_a_kml_makes_nobody_call(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.kml"
        link = f"<NetworkLink><Link><href>{address}</href></Link></NetworkLink>"
        style = f"<Style id='s'><IconStyle><Icon><href>{address}</href></Icon></IconStyle></Style>"
        point = "<Point><coordinates>28,-2</coordinates></Point>"
        place = f"<Placemark><name>Bisié</name><styleUrl>#s</styleUrl>{point}</Placemark>"
        shared = f"<Placemark><name>B</name><styleUrl>{address}#s</styleUrl></Placemark>"
        path = write_csv(
            tmp_path / "a.kml",
            f"<kml xmlns='http://www.opengis.net/kml/2.2'><Document>{style}{link}{place}{shared}</Document></kml>",
        )
        assert read(path).count == 2
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("suffix", ["kml", "gpx"])
@pytest.mark.parametrize("entity", ["SYSTEM 'file:///etc/passwd'", "'lol'"])
def test_entities_are_refused(tmp_path: Path, suffix: str, entity: str) -> None:
    bomb = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    text = f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a0 {entity}>{bomb}]><{suffix}><name>&a11;</name></{suffix}>"
    assert "declares XML entities" in refusal(write_csv(tmp_path / f"a.{suffix}", text))
    wide = tmp_path / f"b.{suffix}"
    wide.write_bytes(text.encode("utf-16"))
    assert "declares XML entities" in refusal(wide)


def test_entities_in_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"a": [["site_id", "name"], ["S1", "here"]]})
    bomb = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    with zipfile.ZipFile(path) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b">here<", b">&a11;<")
    parts["xl/worksheets/sheet1.xml"] = f"<!DOCTYPE x [<!ENTITY a0 'lol'>{bomb}]>".encode() + sheet
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    try:
        values = read(path).columns["name"]
    except ImportRefusedError:
        return
    assert "lol" not in str(values)


def test_a_workbook_of_endless_cells_is_stopped(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", {"a": [["site_id", "name"], ["S1", "here"]]})
    with zipfile.ZipFile(path) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b"</sheetData>", far)
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    assert "memory" in refusal(path)


def test_an_entry_without_a_name_is_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        nameless = zipfile.ZipInfo("a")
        nameless.filename = ""
        made.writestr(nameless, "nothing")
        made.writestr("sites.csv", "site_id,name,lon,lat\nA,A,28.5,-2.5\n")
    assert read(tmp_path / "a.zip").count == 1


def test_zips_in_zips_are_opened_to_a_depth(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "0.csv", "site_id,name", "S1,A")
    for depth in range(1, 5):
        with zipfile.ZipFile(tmp_path / f"{depth}.zip", "w") as opened:
            opened.write(path, path.name)
        path = tmp_path / f"{depth}.zip"
    assert read(tmp_path / "3.zip").count == 1
    assert "zips in zips in zips" in refusal(tmp_path / "4.zip")


def test_a_bomb_in_a_zip_in_a_zip_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 3 * 1024**2)
    for number in range(4):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w", zipfile.ZIP_DEFLATED) as opened:
            opened.writestr("a.csv", b"\0" * 1024**2)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as opened:
        for number in range(4):
            opened.write(tmp_path / f"{number}.zip", f"{number}.zip")
    assert "unpacks to more than" in refusal(tmp_path / "all.zip")


@pytest.mark.parametrize("kind", [0o120777, 0o020666, 0o060666, 0o010666])
def test_links_devices_and_pipes_are_refused(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("a.csv")
    entry.external_attr = kind << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(entry, "/etc/passwd")
    assert "a link or a device" in refusal(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["../a.csv", "/a.csv", "a/../../a.csv", "..\\a.csv", "C:\\a.csv", "\\\\host\\a.csv"])
def test_names_of_other_places_are_refused_in_inner_zips_too(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as opened:
        opened.writestr(name, "site_id\nS1\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.write(tmp_path / "in.zip", "in.zip")
    assert "names a place outside itself" in refusal(tmp_path / "a.zip")


def test_names_of_devices_are_plain_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("aux/CON.csv", "site_id\nS1\n")
    assert read(tmp_path / "a.zip").count == 1


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("a.csv", "site_id\nS1\n")
        opened.writestr("A.CSV", "site_id\nS2\n")
    assert "twice" in refusal(tmp_path / "a.zip")


def test_a_polygon_of_ten_million_vertices(tmp_path: Path) -> None:
    square = geopandas.GeoDataFrame({"name": ["A"]}, geometry=[shapely.box(28, -3, 29, -2)], crs=4326)
    path = write_layer(square, tmp_path / "a.shp")
    count = 10_000_000
    turn = np.linspace(0, 2 * np.pi, count)
    ring = np.column_stack([28 + np.cos(turn), -2 - np.sin(turn)])
    ring[-1] = ring[0]
    # By hand, in the layout of the format: writers take their time.
    record = struct.pack("<i4d3i", 5, 27, -3, 29, -1, 1, count, 0) + ring.tobytes()
    words = (100 + 8 + len(record)) // 2
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<2i8d", 1000, 5, 27, -3, 29, -1, 0, 0, 0, 0)
    path.write_bytes(head + struct.pack(">2i", 1, len(record) // 2) + record)
    path.with_suffix(".shx").unlink()
    sheet = read(path)
    findings = Findings()
    assert sheet.geometry is not None
    assert list(store_form(sheet.geometry, ("MultiPolygon",), findings)) == [None]
    assert [(each.rule, each.value) for each in findings] == [("too_many_vertices", "10,000,000")]


@pytest.mark.parametrize(
    ("opening", "closing_"), [("[", "]"), ('{"a":', "}"), ('{"type":"GeometryCollection","geometries":[', "]}")]
)
def test_geojson_that_is_nested_without_end(tmp_path: Path, opening: str, closing_: str) -> None:
    middle = '{"type":"Point","coordinates":[28,-2]}' if "type" in opening else "1"
    nested = opening * 10_000 + middle + closing_ * 10_000
    member = nested if "type" in opening else f'{{"type":"Polygon","coordinates":{nested}}}'
    text = f'{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{}},"geometry":{member}}}]}}'
    path = write_csv(tmp_path / "a.geojson", text)
    try:
        sheet = read(path)
    except ImportRefusedError:
        return
    assert sheet.geometry is None or shapely.is_missing(sheet.geometry).all()


def test_wkb_that_is_nested_without_end(tmp_path: Path) -> None:
    wkb = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 300_000 + shapely.to_wkb(Point(28, -2))
    parquet.write_table(pa.table({"geometry": pa.array([wkb], pa.binary()), "name": ["A"]}), tmp_path / "a.parquet")
    with suppress(ImportRefusedError):
        sheet = read(tmp_path / "a.parquet")
        assert sheet.geometry is not None
        assert shapely.is_missing(sheet.geometry).all()


def test_one_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as opened:
        opened.write(b"site_id,name\nS1,")
        for _ in range(100):
            opened.write(b"x" * 1024**2)
    try:
        sheet = read(path)
    except ImportRefusedError:
        return
    assert sheet.count == 1


def gpkg(path: Path, *statements: str) -> Path:
    """A GeoPackage of two sites after some statements."""
    made = write_layer(sites(), path / "a.gpkg", layer="sites")
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return made


def test_virtual_tables_are_refused(tmp_path: Path) -> None:
    sql = "CREATE VIRTUAL TABLE evil USING VirtualOGR(''/etc/passwd'')"
    path = gpkg(tmp_path, f"INSERT INTO sqlite_master VALUES ('table', 'evil', 'evil', 0, '{sql}')")
    assert "virtual tables" in refusal(path)


def test_a_contents_table_that_lies(tmp_path: Path) -> None:
    path = gpkg(tmp_path, "UPDATE gpkg_contents SET table_name = 'none'", "UPDATE gpkg_geometry_columns SET z = 7")
    with suppress(ImportRefusedError):
        assert read(path).count in {0, 2}


def test_a_view_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "SECONDS", 3)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, 'A' AS name FROM n"
    path = gpkg(
        tmp_path,
        "DELETE FROM gpkg_contents",
        "DELETE FROM gpkg_geometry_columns",
        f"CREATE VIEW trap AS {endless}",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('trap', 'attributes', 'trap')",
    )
    assert "more memory or time" in refusal(path)


def test_triggers_do_not_run(tmp_path: Path) -> None:
    path = gpkg(tmp_path, "CREATE TRIGGER t AFTER INSERT ON sites BEGIN DELETE FROM sites; END", "CREATE TABLE t (x)")
    before = path.read_bytes()
    assert read(path, "sites").count == 2
    assert path.read_bytes() == before


def test_a_shapefile_in_a_zip_whose_parts_belong_to_another(tmp_path: Path) -> None:
    write_layer(sites(2), tmp_path / "in/a.shp")
    write_layer(sites(40), tmp_path / "b.shp")
    (tmp_path / "b.dbf").replace(tmp_path / "in/a.dbf")
    with suppress(ImportRefusedError):
        assert read(zip_folder(tmp_path / "in", tmp_path / "a.zip")).count <= 40
