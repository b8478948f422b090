"""Boundaries: a new vintage ends the one before it, and older incidents keep the units of their day."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
from importing import ask, bring, rules, write_csv, write_layer
from sqlalchemy import Engine

from geoapp.resources import folder

DAY = "2025-06-05"
NGOZI, BUJUMBURA = "29.83,-2.91", "29.36,-3.38"
# The five provinces of 2025 are made here from whole old ones, which is near enough to try the succession.
NEW = {
    "BI-X1": ("Buhumuza", ["BI-CA", "BI-MY", "BI-RY"]),
    "BI-X2": ("Bujumbura", ["BI-BB", "BI-BL", "BI-BM", "BI-CI"]),
    "BI-X3": ("Burunga", ["BI-BR", "BI-MA", "BI-RT"]),
    "BI-X4": ("Butanyerera", ["BI-KI", "BI-KY", "BI-NG"]),
    "BI-X5": ("Gitega", ["BI-GI", "BI-KR", "BI-MU", "BI-MW"]),
}


@pytest.fixture(scope="module")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Burundi's five provinces of 2025 as a shapefile with the columns of OCHA's."""
    old = geopandas.read_file(folder("data/boundaries") / "provinces.geojson").set_index("unit_code")
    rows = [
        {"unit_code": code, "adm1_fr": name, "adm1_pcode": f"BDI{code[-1]}", "validOn": DAY, "level": 1,
         "type": "Province", "parent": "BI", "geometry": old.loc[parts].geometry.union_all()}
        for code, (name, parts) in NEW.items()
    ]  # fmt: skip
    frame = geopandas.GeoDataFrame(rows, crs=4326).assign(adm1_en=[name for name, _ in NEW.values()])
    return write_layer(frame, tmp_path_factory.mktemp("bdi") / "bdi_adm1.shp")


def units_of(engine: Engine, table: str, key: str) -> dict[str, list[str]]:
    return dict(ask(engine, f"SELECT {key}, units FROM {table}"))


def test_a_new_vintage_ends_the_old_one(engine: Engine, tmp_path: Path, vintage: Path) -> None:
    sites = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S1,A,{NGOZI}", f"S2,B,{BUJUMBURA}")
    bring(engine, sites, "mine_sites")
    incidents = write_csv(
        tmp_path / "i.csv", "incident_no,date,lon,lat", f"OLD,2024-05-01,{NGOZI}", f"NEW,{DAY},{NGOZI}"
    )
    bring(engine, incidents, "incidents")
    assert units_of(engine, "incident", "incident_no")["NEW"] == ["BI", "BI-NG"]

    report = bring(engine, vintage, "boundaries")
    assert report["rows"] == {"read": 5, "inserted": 5, "updated": 0, "unchanged": 0, "rejected": 0}
    ended = [issue for issue in report["issues"] if issue["rule"] == "unit_succeeded"]
    assert len(ended) == 17
    open_units = (
        "SELECT unit_code FROM admin_unit WHERE country = 'BI' AND level = 1 AND valid_to IS NULL ORDER BY unit_code"
    )
    assert ask(engine, open_units) == [(code,) for code in NEW]
    old = "SELECT DISTINCT valid_to::text, awaits_successor FROM admin_unit WHERE unit_code ~ '^BI-[A-W]'"
    assert ask(engine, old) == [(DAY, False)]
    stored = "SELECT name_en, name_fr, pcode, country, parent_code, units FROM admin_unit WHERE unit_code = 'BI-X1'"
    assert ask(engine, stored) == [("Buhumuza", "Buhumuza", "BDI1", "BI", "BI", ["BI", "BI-X1"])]

    assert units_of(engine, "mine_site", "site_id") == {"S1": ["BI", "BI-X4"], "S2": ["BI", "BI-X2"]}
    assert units_of(engine, "incident", "incident_no") == {"OLD": ["BI", "BI-NG"], "NEW": ["BI", "BI-X4"]}
    others = "SELECT count(*) FROM admin_unit WHERE country <> 'BI' AND valid_to IS NOT NULL"
    assert ask(engine, others) == [(0,)]


def test_the_same_vintage_again_changes_nothing(engine: Engine, vintage: Path) -> None:
    bring(engine, vintage, "boundaries")
    report = bring(engine, vintage, "boundaries")
    assert report["rows"] == {"read": 5, "inserted": 0, "updated": 0, "unchanged": 5, "rejected": 0}
    assert rules(report) == []


def test_an_older_vintage_ends_where_the_loaded_one_begins(engine: Engine, tmp_path: Path) -> None:
    old = geopandas.read_file(folder("data/boundaries") / "provinces.geojson").set_index("unit_code")
    row = {"unit_code": "RW-Z1", "name": "Kibungo", "valid_from": "1996-01-01", "valid_to": None, "level": 1,
           "admin_type": "province", "geometry": old.loc["RW-02"].geometry}  # fmt: skip
    path = write_layer(geopandas.GeoDataFrame([row], crs=4326), tmp_path / "rw.gpkg")
    assert bring(engine, path, "boundaries")["rows"]["inserted"] == 1
    life = "SELECT valid_to::text FROM admin_unit WHERE unit_code = 'RW-Z1'"
    assert ask(engine, life) == [("2006-01-01",)]
    assert bring(engine, path, "boundaries")["rows"]["unchanged"] == 1
    assert ask(engine, "SELECT count(*) FROM admin_unit WHERE unit_code = 'RW-02' AND valid_to IS NULL") == [(1,)]


@pytest.mark.parametrize(("name", "count"), [("countries", 4), ("provinces", 52)])
def test_the_base_map_itself_is_already_there(engine: Engine, name: str, count: int) -> None:
    report = bring(engine, folder("data/boundaries") / f"{name}.geojson", "boundaries")
    assert report["rows"]["unchanged"] == report["rows"]["read"] == count


def test_a_dry_run_ends_nothing(engine: Engine, vintage: Path) -> None:
    assert bring(engine, vintage, "boundaries", dry_run=True)["rows"]["inserted"] == 5
    ended = "SELECT count(*) FROM admin_unit WHERE valid_to IS NOT NULL"
    assert ask(engine, ended) == [(0,)]


def test_units_that_cannot_be_are_refused(engine: Engine, tmp_path: Path) -> None:
    heading = "unit_code;name;valid_from;valid_to;level;admin_type;parent_code;country;wkt"
    square = "POLYGON ((29 -2, 29.1 -2, 29.1 -2.1, 29 -2))"
    path = write_csv(
        tmp_path / "b.csv",
        heading,
        f"CD-A;A;2030-01-01;;2;territoire;CD-B;CD;{square}",
        f"CD-B;A;2030-01-01;;1;province;CD;CD;{square}",
        f"CD-C;A;2030-01-01;2029-01-01;1;province;CD;CD;{square}",
        f"ZZ;A;2030-01-01;;1;province;CD;CD;{square}",
        f"CD-D;A;2030-01-01;;5;province;CD;CD;{square}",
        f"CD-E;A;2030-01-01;;1;province;CD-Q;CD;{square}",
        f"CD-F;A;2030-01-01;;1;province;CD;FR;{square}",
        "CD-G;A;2030-01-01;;1;province;CD;CD;POINT (29 -2)",
    )
    report = bring(engine, path, "boundaries", crs="EPSG:4326")
    assert report["rows"]["inserted"] == 2
    assert rules(report) == [
        (3, "valid_to", "wrong_order"),
        (4, "unit_code", "unit_code_form"),
        (5, "level", "out_of_range"),
        (6, "parent_code", "unknown_reference"),
        (7, "country", "unknown_code"),
        (8, "geom", "wrong_type"),
    ]
