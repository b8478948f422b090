"""What a GeoJSON says of its system, the layers of a TopoJSON, and a KMZ however it is packed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from importing import ask, bring, write_csv
from sqlalchemy import Engine
from test_import_every_format import NAMES, assert_both_are_there, kml, sites, topojson

MEMBERS: list[tuple[Any, int, str]] = [
    ({"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, 4326, "EPSG:4326"),
    # By its standard longitude comes first whatever the system says.
    ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}, 4326, "EPSG:4326"),
    ({"type": "name", "properties": {"name": "EPSG:21035"}}, 21035, "EPSG:21035"),
    ({"type": "EPSG", "properties": {"code": 32735}}, 32735, "EPSG:32735"),
    ({"type": "link", "properties": {"href": "http://x.invalid/ref/epsg/32735/proj4/"}}, 32735, "EPSG:32735"),
    (None, 4326, "EPSG:4326"),
]


def geojson(path: Path, member: Any, crs: int) -> Path:
    """Both sites with a CRS member, in a system."""
    features = [
        {
            "type": "Feature",
            "properties": {"site_id": f"S{row}", "name": name},
            "geometry": {"type": "Point", "coordinates": [point.x, point.y]},
        }
        for row, (name, point) in enumerate(zip(NAMES, sites(crs).geometry, strict=True))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": member, "features": features}))
    return path


@pytest.mark.parametrize(("member", "crs", "used"), MEMBERS)
def test_the_crs_member_of_a_geojson_counts(engine: Engine, tmp_path: Path, member: Any, crs: int, used: str) -> None:
    report = bring(engine, geojson(tmp_path / "s.geojson", member, crs), "mine_sites")
    assert_both_are_there(engine, report)
    assert report["crs"]["used"] == used


def test_a_crs_member_that_nobody_knows_is_asked_about(engine: Engine, tmp_path: Path) -> None:
    nameless = {"type": "name", "properties": {"name": "EPSG:999999"}}
    path = geojson(tmp_path / "s.geojson", nameless, 32735)
    refusal = bring(engine, path, "mine_sites", refused=True)
    assert "says a coordinate reference system that is not known (EPSG:999999). Say which it is with --crs" in refusal
    assert_both_are_there(engine, bring(engine, path, "mine_sites", crs="EPSG:32735"))


def test_a_crs_member_that_says_nothing_is_none(engine: Engine, tmp_path: Path) -> None:
    path = geojson(tmp_path / "s.geojson", {"type": "name"}, 32735)
    assert "does not say its coordinate reference system" in bring(engine, path, "mine_sites", refused=True)


def test_each_object_of_a_topojson_is_a_layer(engine: Engine, tmp_path: Path) -> None:
    content = json.loads(topojson(tmp_path).read_text())
    line = {"type": "LineString", "arcs": [0], "properties": {"route_id": "R1", "name": "Axe", "mode": "truck"}}
    content["objects"]["axes"] = {"type": "GeometryCollection", "geometries": [line]}
    # As programs write it: whole numbers, each arc as steps.
    content["transform"] = {"scale": [0.001, 0.001], "translate": [28, -3]}
    for point in content["objects"]["sites"]["geometries"]:
        x, y = point["coordinates"]
        point["coordinates"] = [round((x - 28) * 1000), round((y + 3) * 1000)]
    content["arcs"] = [[[800, 500], [100, 50], [50, 50]]]
    path = tmp_path / "both.topojson"
    path.write_text(json.dumps(content))
    report = bring(engine, path, "mine_sites")
    assert_both_are_there(engine, report)
    assert (report["layer"], report["issues"]) == ("sites", [])
    assert bring(engine, path, "routes")["rows"]["inserted"] == 1
    found = ask(engine, "SELECT ST_AsText(geom, 6) FROM route")
    assert found == [("MULTILINESTRING((28.8 -2.5,28.9 -2.45,28.95 -2.4))",)]
    content["objects"] = {}
    path.write_text(json.dumps(content))
    assert "both.topojson cannot be read" in bring(engine, path, "mine_sites", refused=True)


def test_a_kmz_is_read_wherever_its_kml_lies(engine: Engine, tmp_path: Path) -> None:
    written = kml(tmp_path).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("files/icon.png", b"no picture")
        archive.writestr("folder/sites.kml", written)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.kmz", "livraison/a.kmz")
    assert_both_are_there(engine, bring(engine, tmp_path / "a.zip", "mine_sites"))
    with zipfile.ZipFile(tmp_path / "two.kmz", "w") as archive:
        for name in ("doc.kml", "other.kml"):
            archive.writestr(name, written)
    assert "several layers: doc (2 rows), other (2 rows)" in bring(
        engine, tmp_path / "two.kmz", "mine_sites", refused=True
    )
    with zipfile.ZipFile(tmp_path / "none.kmz", "w") as archive:
        archive.writestr("files/icon.png", b"no picture")
    assert "none.kmz holds nothing that can be read" in bring(engine, tmp_path / "none.kmz", "mine_sites", refused=True)
    write_csv(tmp_path / "bare.kmz", "<kml></kml>")
    assert "bare.kmz is not a zip" in bring(engine, tmp_path / "bare.kmz", "mine_sites", refused=True)
