"""A filled template is imported without a question, for every table and both formats."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from importing import ask, bring
from sqlalchemy import Engine, text

from geoapp.errors import ImportRefusedError
from geoapp.ingest.codebook import HEADING
from geoapp.ingest.targets import TARGETS, FileColumn
from geoapp.ingest.template import write_template

THERE = """
    INSERT INTO mine_site (site_id, name, geom) VALUES ('S0', 'A', 'SRID=4326;POINT(28.85 -2.5)');
    INSERT INTO route (route_id, name, geom) VALUES ('R0', 'a', 'SRID=4326;MULTILINESTRING((28.85 -2.5, 29 -2.5))');
    INSERT INTO facility (facility_id, kind, name, geom) VALUES ('F0', 'depot', 'A', 'SRID=4326;POINT(28.85 -2.5)');
    INSERT INTO deployment (deployment_id, force, valid_from, site_id) VALUES ('D0', 'army', '2020-01-01', 'S0');
    INSERT INTO committee (committee_id, name, kind, unit_code) VALUES ('C0', 'A', 'CPS', 'CD-SK');
"""
KEYS = {"site_id": "S0", "route_id": "R0", "facility_id": "F0", "deployment_id": "D0", "committee_id": "C0"}
# What a row may not have beside another: a deployment lies at one place, dates are in order, a code is of its level.
LEFT_EMPTY = {"deployments": {"route_id", "facility_id"}}
GIVEN: dict[str, Any] = {
    "unit_code": "CD-SK",
    "parent_code": "CD",
    "country": "CD",
    "level": 1,
    "occurred_to": dt.date(2024, 2, 1),
    "valid_to": dt.date(2030, 1, 1),
    "vps_trained": 1,
    "strength": 5,
}
OF_BOUNDARIES = {"unit_code": "CD-ZZ", "admin_type": "province"}
SHAPES = {
    ("Point",): shapely.Point(28.9, -2.6),
    ("Point", "LineString"): shapely.LineString([(28.9, -2.6), (29, -2.6)]),
    ("MultiLineString",): shapely.MultiLineString([[(28.9, -2.6), (29, -2.6)]]),
    ("MultiPolygon",): shapely.MultiPolygon([shapely.box(28.9, -2.7, 29, -2.6)]),
}


def value_of(table: str, column: FileColumn) -> Any:
    """A good value of any column."""
    if column.name in LEFT_EMPTY.get(table, ()):
        return None
    if table == "boundaries" and column.name in OF_BOUNDARIES:
        return OF_BOUNDARIES[column.name]
    if column.name in GIVEN:
        return GIVEN[column.name]
    if column.refers_to is not None and column.name in KEYS:
        return KEYS[column.name]
    if column.kind.vocabulary is not None:
        code = next(iter(column.kind.vocabulary))
        return int(code) if column.kind.name == "whole" else code
    values = {
        "whole": 1,
        "decimal": 1.5,
        "yes_no": False,
        "date": dt.date(2024, 1, 31),
        "time": dt.datetime(2024, 1, 31, 12, 0),  # noqa: DTZ001 - as people write it.
        "people": '{"police": 12}',
        "object": '{"police": 12}',
    }
    return values.get(column.kind.name, f"a {column.name}")


def fill_csv(path: Path, table: str) -> None:
    """Write one row under the heading."""
    target = TARGETS[table]
    heading = next(csv.reader(path.read_text("utf-8-sig").splitlines()))
    row = {name: value_of(table, column) for name, column in target.columns.items()}
    if target.has_geometry:
        shape = SHAPES[target.geometry_types]
        row |= {"longitude": 28.9, "latitude": -2.6, "geom": shape.wkt}
    with path.open("a", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerow(["" if row[name] is None else row[name] for name in heading])


def fill_geopackage(path: Path, table: str) -> None:
    """Append one row to the layer."""
    target = TARGETS[table]
    kinds = {
        "date": "datetime64[D]",
        "time": "datetime64[ms]",
        "whole": "int32",
        "decimal": "float64",
        "yes_no": "bool",
    }
    fields = {name: (column.kind.name, value_of(table, column)) for name, column in target.columns.items()}
    arrays = [
        np.array([value], dtype=kinds.get(kind, "object")) for kind, value in fields.values() if value is not None
    ]
    names = [name for name, (_, value) in fields.items() if value is not None]
    shape = SHAPES[target.geometry_types] if target.has_geometry else None
    options: dict[str, Any] = {"geometry_type": shape.geom_type, "crs": "EPSG:4326"} if shape is not None else {}
    geometry = np.array([shape.wkb], dtype=object) if shape is not None else None
    pyogrio.raw.write(path, geometry, arrays, names, layer=table, driver="GPKG", append=True, **options)


@pytest.fixture
def there(engine: Engine) -> Engine:
    """A database with one of everything that a row may refer to."""
    with engine.begin() as connection:
        connection.execute(text(THERE))
    return engine


@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_a_filled_template_of_every_table_is_imported(there: Engine, tmp_path: Path, suffix: str) -> None:
    for table in TARGETS:
        path = tmp_path / f"{table}.{suffix}"
        write_template(table, path)
        (fill_csv if suffix == "csv" else fill_geopackage)(path, table)
        report = bring(there, path, table)
        assert report["rows"]["inserted"] == 1, (table, report["issues"])
        # Every column is read, and none is asked about.
        assert set(report["mapping"]) >= set(TARGETS[table].columns), table
        assert [each for each in report["issues"] if "column" in each["rule"]] == []
        assert bring(there, path, table)["rows"]["unchanged"] == 1, table
    assert ask(there, "SELECT participants_by_group, held_on::text FROM training") == [({"police": 12}, "2024-01-31")]


def test_the_codebook_says_what_goes_where(tmp_path: Path) -> None:
    files = write_template("deployments", tmp_path / "d.csv")
    assert [file.name for file in files] == ["d.csv", "d-codebook.csv"]
    lines = list(csv.DictReader(files[1].read_text("utf-8-sig").splitlines()))
    assert tuple(lines[0]) == HEADING
    force = [line for line in lines if line["column"] == "force"]
    assert (force[0]["type_fr"], force[0]["needed"]) == ("texte", "yes")
    assert [(line["code"], line["label_fr"]) for line in force[1:3]] == [
        ("police", "police"),
        ("mining_police", "police des mines"),
    ]
    by_name = {line["column"]: line for line in lines if not line["code"]}
    assert set(by_name) == {*TARGETS["deployments"].columns, "geom"}
    assert by_name["coverage_m"]["unit"] == "m"
    assert by_name["site_id"]["refers_to"] == "mine_site.site_id"
    assert by_name["geom"]["type_en"] == "WKT in WGS 84, as LINESTRING (28.84 -2.50, 28.90 -2.51)"
    write_template("deployments", tmp_path / "d.gpkg")
    layers = dict(map(tuple, pyogrio.list_layers(tmp_path / "d.gpkg")))
    assert layers == {"deployments": "Unknown", "codebook": None}
    book = pyogrio.read_dataframe(tmp_path / "d.gpkg", layer="codebook")
    assert len(book) == len(lines)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "d-codebook.csv").write_text("mine")
    with pytest.raises(ImportRefusedError, match="is there already"):
        write_template("routes", tmp_path / "d.csv")
    assert not (tmp_path / "d.csv").exists()
    with pytest.raises(ImportRefusedError, match=r"ends in .gpkg or .csv"):
        write_template("routes", tmp_path / "d.shp")
    with pytest.raises(ImportRefusedError, match="cannot be written"):
        write_template("routes", tmp_path / "none/d.gpkg")
