"""Shapefiles as GIS staff have them: zipped, in UTM, with French accents, in every encoding, with parts missing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas
import pyproj
import pytest
from importing import ask, bring, write_layer, zip_folder
from shapely.geometry import Point
from sqlalchemy import Engine

SITES = [
    ("COD-SK-00001", "Bisié", "Sud-Kivu", "Or;Cassitérite", "Vert", 120, Point(28.55, -2.61)),
    ("COD-SK-00002", "Mine de l'Été – Nº 2", "Sud-Kivu", "Coltan", "Jaune", 0, Point(28.9, -2.9)),
    ("COD-MN-00003", "Kaïlo œuvre", "Maniema", "Wolframite", None, None, Point(26.1, -2.63)),
]
NAMES = ["site_id", "nom_du_site", "province", "minerai", "qualification", "nb_creuseurs", "geometry"]


def sites(crs: int = 32735) -> geopandas.GeoDataFrame:
    """Three sites, with the columns that a French-speaking office gives them."""
    frame = geopandas.GeoDataFrame([dict(zip(NAMES, row, strict=True)) for row in SITES], crs=4326)
    return frame.to_crs(crs)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The sites in UTM 35 south, as a zip with a subfolder."""
    write_layer(sites(), tmp_path / "sites/mines/Sites.shp")
    return zip_folder(tmp_path / "sites", tmp_path / "sites.zip")


def stored(engine: Engine) -> list[tuple[Any, ...]]:
    """What the table holds of the sites."""
    return ask(
        engine,
        "SELECT site_id, name, stated_unit, minerals, icglr_status, workers_est, ST_X(geom), ST_Y(geom), country, units"
        " FROM mine_site ORDER BY name",
    )


def test_a_zipped_shapefile_in_utm_comes_in_at_its_place_and_to_the_letter(engine: Engine, archive: Path) -> None:
    report = bring(engine, archive, "mine_sites")
    assert report["rows"] == {"read": 3, "inserted": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    assert report["crs"] == {"found": "EPSG:32735", "used": "EPSG:32735", "how": "from the file"}
    assert report["encoding"]["used"] == "utf-8"
    assert report["layer"] == "mines/Sites"
    by_key = {row[0]: row for row in stored(engine)}
    assert {key: row[1] for key, row in by_key.items()} == {row[0]: row[1] for row in SITES}
    assert by_key["COD-SK-00001"][2:6] == ("Sud-Kivu", ["gold", "cassiterite"], "green", 120)
    assert by_key["COD-SK-00002"][5] == 0
    assert by_key["COD-MN-00003"][4:6] == ("unknown", None)
    assert by_key["COD-SK-00001"][8:] == ("CD", ["CD", "CD-SK"])
    back = pyproj.Transformer.from_crs(32735, 4326, always_xy=True)
    geod = pyproj.Geod(ellps="WGS84")
    for (key, *_), point in zip(SITES, sites().geometry, strict=True):
        longitude, latitude = back.transform(point.x, point.y)
        _, _, metres = geod.inv(longitude, latitude, by_key[key][6], by_key[key][7])
        assert metres < 1


def test_the_same_file_again_changes_nothing(engine: Engine, archive: Path) -> None:
    bring(engine, archive, "mine_sites")
    versions = "SELECT site_id, xmin::text, import_batch_id FROM mine_site ORDER BY 1"
    before = ask(engine, versions)
    report = bring(engine, archive, "mine_sites")
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 0, "unchanged": 3, "rejected": 0}
    assert ask(engine, versions) == before


def test_one_changed_row_is_updated_alone(engine: Engine, tmp_path: Path) -> None:
    frame = sites()
    bring(engine, write_layer(frame, tmp_path / "a.shp"), "mine_sites")
    frame.loc[1, "nb_creuseurs"] = 75
    report = bring(engine, write_layer(frame, tmp_path / "b.shp"), "mine_sites")
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 1, "unchanged": 2, "rejected": 0}
    changed = "SELECT site_id, workers_est FROM mine_site WHERE import_batch_id::text = :batch"
    assert ask(engine, changed, batch=report["batch"]) == [("COD-SK-00002", 75)]


@pytest.mark.parametrize("page", ["cp1252", None, "UTF-8"])
def test_accents_survive_a_missing_or_a_wrong_code_page(engine: Engine, tmp_path: Path, page: str | None) -> None:
    path = write_layer(sites().iloc[:2], tmp_path / "sites.shp", encoding="cp1252")
    if page is None:
        path.with_suffix(".cpg").unlink()
    else:
        path.with_suffix(".cpg").write_text(page)
    report = bring(engine, path, "mine_sites")
    assert report["encoding"]["used"] == "cp1252"
    assert [row[1] for row in stored(engine)] == ["Bisié", "Mine de l'Été – Nº 2"]
    assert ("encoding_overridden" in {issue["rule"] for issue in report["issues"]}) == (page == "UTF-8")


def test_utf8_without_a_code_page_is_recognised(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "sites.shp", encoding="UTF-8")
    path.with_suffix(".cpg").unlink()
    report = bring(engine, path, "mine_sites")
    assert report["encoding"] == {"found": None, "used": "utf-8", "how": "all bytes are UTF-8"}
    assert "Kaïlo œuvre" in [row[1] for row in stored(engine)]


def test_a_utf8_name_cut_inside_a_letter_loses_that_letter_alone(engine: Engine, tmp_path: Path) -> None:
    frame = sites().iloc[:1].assign(nom_du_site="x" + "é" * 200)
    report = bring(engine, write_layer(frame, tmp_path / "sites.shp", encoding="UTF-8"), "mine_sites")
    assert report["rows"]["inserted"] == 1
    assert ask(engine, "SELECT name FROM mine_site") == [("x" + "é" * 126,)]


def test_the_encoding_can_be_said(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites().iloc[:1], tmp_path / "sites.shp", encoding="cp850")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    report = bring(engine, path, "mine_sites", encoding="cp850")
    assert report["encoding"] == {"found": None, "used": "cp850", "how": "--encoding"}
    assert ask(engine, "SELECT name FROM mine_site") == [("Bisié",)]


def test_parts_in_upper_case_are_found(engine: Engine, tmp_path: Path) -> None:
    write_layer(sites(), tmp_path / "sites.shp")
    for part in list(tmp_path.iterdir()):
        part.rename(tmp_path / f"SITES{part.suffix.upper()}")
    report = bring(engine, tmp_path / "SITES.SHP", "mine_sites")
    assert report["rows"]["inserted"] == 3
    assert report["crs"]["found"] == "EPSG:32735"


def test_a_missing_shx_is_rebuilt_and_nothing_is_left_beside_the_file(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "sites.shp")
    path.with_suffix(".shx").unlink()
    before = sorted(tmp_path.iterdir())
    report = bring(engine, path, "mine_sites")
    assert report["rows"]["inserted"] == 3
    assert "index_rebuilt" in {issue["rule"] for issue in report["issues"]}
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_dbf_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "sites.shp")
    path.with_suffix(".dbf").unlink()
    assert ".dbf with the attributes is missing" in bring(engine, path, "mine_sites", refused=True)


def test_a_truncated_shapefile_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = write_layer(sites(), tmp_path / "sites.shp")
    path.write_bytes(path.read_bytes()[:60])
    assert "sites" in bring(engine, path, "mine_sites", refused=True)
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]


def test_junk_in_the_zip_is_passed_over(engine: Engine, archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("__MACOSX/mines/._Sites.shp", b"junk")
        opened.writestr("mines/.DS_Store", b"junk")
        opened.writestr("mines/lisez-moi.pdf", b"junk")
    assert bring(engine, archive, "mine_sites")["rows"]["inserted"] == 3


def test_two_layers_in_a_zip_are_listed_and_one_can_be_chosen(engine: Engine, tmp_path: Path) -> None:
    write_layer(sites(), tmp_path / "z/nord/sites.shp")
    write_layer(sites(), tmp_path / "z/sud/mines.shp")
    archive = zip_folder(tmp_path / "z", tmp_path / "z.zip")
    refusal = bring(engine, archive, "mine_sites", refused=True)
    assert "nord/sites (3 rows, Point), sud/mines (3 rows, Point)" in refusal
    assert "--layer" in refusal
    assert bring(engine, archive, "mine_sites", layer="mines")["rows"]["inserted"] == 3


def test_a_last_letter_is_no_cut_off_character(engine: Engine, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"site_id": ["S"], "name": ["Bisié"]}, geometry=[Point(28.5, -2.6)], crs="EPSG:4326")
    path = write_layer(frame, tmp_path / "a.shp", encoding="cp1252")
    path.with_suffix(".cpg").unlink()
    bring(engine, path, "mine_sites")
    assert ask(engine, "SELECT name FROM mine_site") == [("Bisié",)]
