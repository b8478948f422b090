"""Files that cannot be imported at all: one clear line each, exit code 1, and nothing left behind."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import geopandas
import pytest
from importing import ask, bring, write_csv, write_layer
from shapely.geometry import Point
from sqlalchemy import Engine

from geoapp.ingest import archive


@pytest.fixture(autouse=True)
def nothing_left(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """No test of this file may write a row or leave an unpacked file."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    yield
    assert ask(engine, "SELECT (SELECT count(*) FROM mine_site) + (SELECT count(*) FROM import_batch)") == [(0,)]
    assert list(scratch.iterdir()) == []


def sites(*points: Point | None, crs: int | None = 4326) -> geopandas.GeoDataFrame:
    """Sites at points."""
    count = len(points)
    columns = {"site_id": [f"S{row}" for row in range(count)], "name": ["A"] * count}
    return geopandas.GeoDataFrame(columns, geometry=list(points), crs=crs)


def test_a_missing_file(engine: Engine, tmp_path: Path) -> None:
    assert "does not exist. Check the name" in bring(engine, tmp_path / "none.shp", "mine_sites", refused=True)


def test_a_folder(engine: Engine, tmp_path: Path) -> None:
    assert "is a folder" in bring(engine, tmp_path, "mine_sites", refused=True)


def test_an_unknown_format(engine: Engine, tmp_path: Path) -> None:
    refusal = bring(engine, write_csv(tmp_path / "a.docx", "x"), "mine_sites", refused=True)
    assert "Bring a Shapefile (.shp or zipped), GeoPackage (.gpkg)" in refusal


def test_a_part_of_a_shapefile(engine: Engine, tmp_path: Path) -> None:
    assert "Name its .shp" in bring(engine, write_csv(tmp_path / "a.dbf", "x"), "mine_sites", refused=True)


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.shp", "a.zip"])
def test_a_file_of_another_content(engine: Engine, tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "a.dbf", "x")
    path = write_csv(tmp_path / name, "<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>")
    assert "is not" in bring(engine, path, "mine_sites", refused=True)


def test_a_file_that_may_not_be_read(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "site_id,name,lon,lat", "S1,A,28.5,-2.6")
    path.chmod(0)
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        assert "cannot be opened: Permission denied" in bring(engine, path, "mine_sites", refused=True)
    finally:
        os.seteuid(own)


@pytest.mark.parametrize("content", ["", "site_id,name,lon,lat"])
def test_a_file_without_rows(engine: Engine, tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "is empty" in refusal or "no rows" in refusal


def test_a_file_without_geometry(engine: Engine, tmp_path: Path) -> None:
    refusal = bring(engine, write_csv(tmp_path / "a.csv", "site_id,name", "S1,A"), "mine_sites", refused=True)
    assert "has no geometry" in refusal
    assert "--map longitude=COLUMN" in refusal
    layer = write_layer(sites(None, None), tmp_path / "a.gpkg")
    assert "has no geometry" in bring(engine, layer, "mine_sites", refused=True)


def test_incidents_without_any_place(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "incident_no,occurred_from", "I1,2024-01-31")
    assert "has no geometry" in bring(engine, path, "incidents", refused=True)


def test_a_column_that_cannot_be_matched(engine: Engine, tmp_path: Path) -> None:
    refusal = bring(engine, write_csv(tmp_path / "a.csv", "foo,lon,lat", "A,28.5,-2.6"), "mine_sites", refused=True)
    assert "no column for name" in refusal
    assert "Its columns are: foo, lon, lat" in refusal


def test_an_unknown_system(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(Point(28.5, -2.6)), tmp_path / "a.gpkg")
    for crs in ("EPSG:1", "nonsense", "+proj=utm +zone=35", "EPSG:99999999", "/etc/passwd"):
        assert "no such coordinate reference system" in bring(engine, path, "mine_sites", crs=crs, refused=True)


def test_a_system_that_nothing_tells(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(Point(672321, 9711391), crs=None), tmp_path / "a.shp")
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "EPSG:32735 (UTM 35S) at 28.5500 -2.6102" in refusal
    assert "EPSG:32734 (UTM 34S) at 22.5500 -2.6102" in refusal
    nowhere = write_layer(sites(Point(5e7, 5e7), crs=None), tmp_path / "b.shp")
    assert "--crs EPSG:32735 for UTM 35 south" in bring(engine, nowhere, "mine_sites", refused=True)


def test_a_broken_prj(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(Point(672321, 9711391), crs=32735), tmp_path / "a.shp")
    path.with_suffix(".prj").write_text("UTM zone 35")
    assert "--crs" in bring(engine, path, "mine_sites", refused=True)


def test_degrees_that_are_none(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(Point(672321, 9711391), crs=4326), tmp_path / "a.shp")
    assert "its coordinates are no degrees" in bring(engine, path, "mine_sites", refused=True)


def test_a_wrong_encoding(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "site_id,name,lon,lat", "S1,é,28.5,-2.6", encoding="cp1252")
    assert "the file is not in it" in bring(engine, path, "mine_sites", encoding="utf-8", refused=True)
    for name in ("klingon", "rot13", "base64"):
        assert "no such encoding" in bring(engine, path, "mine_sites", encoding=name, refused=True)


def test_an_empty_zip(engine: Engine, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("readme.pdf", "x")
    assert "holds nothing that can be read" in bring(engine, tmp_path / "a.zip", "mine_sites", refused=True)


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_a_zip_that_names_places_outside_itself(engine: Engine, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(name, "site_id,name,lon,lat\nS1,A,28.5,-2.6\n")
    assert "names a place outside itself" in bring(engine, tmp_path / "a.zip", "mine_sites", refused=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "scratch"]


def test_a_zip_with_a_link(engine: Engine, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr(link, "/etc/passwd")
    assert "holds a link" in bring(engine, tmp_path / "a.zip", "mine_sites", refused=True)


def test_a_zip_that_unpacks_to_too_much(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 3 * 1024**2)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for number in range(4):
            opened.writestr(f"{number}.csv", b"\0" * 1024**2)
    assert "unpacks to more than" in bring(engine, tmp_path / "a.zip", "mine_sites", refused=True)


@pytest.mark.parametrize("cut", [45, 100, -30])
def test_a_broken_zip(engine: Engine, tmp_path: Path, cut: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.csv", "site_id,name,lon,lat\n" + "".join(f"S{row},A,28.5,-2.6\n" for row in range(500)))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[cut : cut + 8] = b"\xff" * 8
    (tmp_path / "a.zip").write_bytes(data)
    bring(engine, tmp_path / "a.zip", "mine_sites", refused=True)


def test_a_refusal_says_where_in_the_file_and_layer(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_layer(sites(Point(28.5, -2.6)).drop(columns="name"), folder / "deep/mines.gpkg", layer="creuseurs")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(folder / "deep/mines.gpkg", "deep/mines.gpkg")
    refusal = bring(engine, tmp_path / "all.zip", "mine_sites", refused=True)
    assert refusal.startswith("all.zip, layer ")
    assert "creuseurs, column name: The file has no column for name (looked for" in refusal
    lines = ("site_id,name,lon,lat", "S1,A,28.5,-2.6", "S2,B,28.5,-2.6,7")
    refusal = bring(engine, write_csv(tmp_path / "a.csv", *lines), "mine_sites", refused=True)
    assert refusal.startswith("a.csv, row 2: Line 3 has 5 values, but the heading has 4. Mend")
    accented = write_csv(tmp_path / "b.csv", *lines[:2], "S2,Bisié,28.5,-2.6", encoding="cp1252")
    refusal = bring(engine, accented, "mine_sites", refused=True, encoding="utf-8")
    assert refusal.startswith("b.csv, row 2: --encoding utf-8: the file is not in it (line 3).")
    write_layer(sites(Point(28.5, -2.6)).assign(name="Bisié"), tmp_path / "c.shp", encoding="cp1252")
    refusal = bring(engine, tmp_path / "c.shp", "mine_sites", refused=True, encoding="utf-8")
    assert refusal.startswith("c.shp, row 1, column name: --encoding utf-8: the .dbf is not in it.")


def test_a_refusal_names_a_file_of_one_layer_once(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "p.gpkg"
    path.write_bytes(b"no GeoPackage")
    assert bring(engine, path, "mine_sites", refused=True).startswith("p.gpkg is not a GeoPackage")
    write_layer(sites(Point(28.5, -2.6)), tmp_path / "q.shp")
    (tmp_path / "q.dbf").unlink()
    refusal = bring(engine, tmp_path / "q.shp", "mine_sites", refused=True)
    assert refusal.startswith("q.shp: the .dbf with the attributes is missing")
