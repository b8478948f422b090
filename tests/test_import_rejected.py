"""Rejected rows come back as a file of the same format with the reasons, are mended and sent again."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely
from importing import ask, bring, rules, write_csv, write_layer
from sqlalchemy import Engine
from xlsx import write_workbook

from geoapp.ingest.formulas import neutral, original
from geoapp.ingest.rejected import REASON, ROW

POINTS = [shapely.Point(28.51, -2.61), shapely.Point(28.62, -2.72), shapely.Point(28.73, -2.83)]
FORMATS = ["shp.zip", "gpkg", "geojson", "csv", "xlsx"]


def sites() -> geopandas.GeoDataFrame:
    """Three sites, of which the second has a status that there is not, and the third no name."""
    values = {
        "site_id": ["S1", "S2", "S3"],
        "nom_du_sit": ["Bisié", "Mwéga", None],
        "statut_qua": ["vert", "mauve", "rouge"],
        "creuseurs": [5, 7, 9],
        "autre": ["a", "=1+1", "b"],
    }
    return geopandas.GeoDataFrame(values, geometry=POINTS, crs="EPSG:4326")


def written(folder: Path, suffix: str) -> Path:
    """The sites as a file of a format; the shapefile in UTM and in cp1252."""
    if suffix == "csv":
        lines = [
            "site_id,nom_du_sit,statut_qua,creuseurs,autre,lon,lat",
            *("S1,Bisié,vert,5,a,28.51,-2.61", "S2,Mwéga,mauve,7,=1+1,28.62,-2.72", "S3,,rouge,9,b,28.73,-2.83"),
        ]
        return write_csv(folder / "sites.csv", *lines, encoding="cp1252")
    if suffix == "xlsx":
        frame = (
            sites().drop(columns="geometry").assign(lon=[each.x for each in POINTS], lat=[each.y for each in POINTS])
        )
        return write_workbook(folder / "sites.xlsx", {"sites": [list(frame), *_cells(frame)]})
    if suffix == "shp.zip":
        frame = sites().to_crs("EPSG:32735")
        return write_layer(frame, folder / "sites.shp", encoding="cp1252")
    return write_layer(sites(), folder / f"sites.{suffix}")


def _cells(frame: pd.DataFrame) -> list[list[Any]]:
    return [["" if pd.isna(cell) else cell for cell in row] for row in frame.itertuples(index=False)]


def read(path: Path) -> geopandas.GeoDataFrame:
    """A written file as GDAL reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyogrio.read_dataframe(f"/vsizip/{path}" if path.suffix == ".zip" else path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_rejected_rows_are_mended_and_sent_again(engine: Engine, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"bad.{suffix}"
    report = bring(engine, written(tmp_path, suffix), "mine_sites", rejected=out, language="fr")
    assert report["rows"] == {"read": 3, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 2}
    # As it is, the same rows are refused for the same reasons, and the added columns are no finding.
    again = bring(engine, out, "mine_sites")
    assert again["rows"] == {"read": 2, "inserted": 0, "updated": 0, "unchanged": 0, "rejected": 2}
    same = [(rule, column) for row, column, rule in rules(report) if row]
    assert [(rule, column) for row, column, rule in rules(again) if row] == same
    assert not {REASON, ROW} & {column for _, column, _ in rules(again)}
    assert (again["crs"]["used"], again["encoding"]["used"].removesuffix("-sig")) == (
        report["crs"]["used"],
        report["encoding"]["used"],
    )

    mended = mend(out, suffix, tmp_path / "mended")
    report = bring(engine, mended, "mine_sites", mapping={"locality": ["autre"]})
    assert report["rows"] == {"read": 2, "inserted": 2, "updated": 0, "unchanged": 0, "rejected": 0}
    stored = (
        "SELECT site_id, name, icglr_status, workers_est, locality, ST_X(geom), ST_Y(geom) FROM mine_site ORDER BY 1"
    )
    _, second, third = ask(engine, stored)
    assert second[:5] == ("S2", "Mwéga", "yellow", 7, "=1+1")
    assert third[:5] == ("S3", "Rubaya", "red", 9, "b")
    assert (second[5], second[6]) == pytest.approx((28.62, -2.72), abs=1e-8)


def mend(path: Path, suffix: str, folder: Path) -> Path:
    """The rejected rows with their faults put right, as somebody does it in QGIS or a spreadsheet."""
    folder.mkdir()
    if suffix == "csv":
        text = path.read_bytes().decode("cp1252")
        rows = list(csv.DictReader(text.splitlines()))
        assert [row[ROW] for row in rows] == ["2", "3"]
        assert "« mauve » n'est pas un de ses mots" in rows[0][REASON].replace("\u00a0", " ")
        assert rows[0]["autre"] == "'=1+1"
        assert rows[0]["lat"] == "-2.72"
        rows[0]["statut_qua"], rows[1]["nom_du_sit"] = "jaune", "Rubaya"
        lines = [",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)]
        return write_csv(folder / "mended.csv", *lines, encoding="cp1252")
    frame = read(path)
    assert list(frame[ROW]) == [2, 3]
    assert "n'est pas un de ses mots" in frame[REASON][0]
    frame.loc[0, "statut_qua"], frame.loc[1, "nom_du_sit"] = "jaune", "Rubaya"
    if suffix == "xlsx":
        assert list(frame["autre"]) == ["'=1+1", "b"]
        return write_workbook(folder / "mended.xlsx", {"sites": [list(frame), *_cells(frame)]})
    return write_layer(frame, folder / f"mended.{suffix.removesuffix('.zip')}", encoding="utf-8")


def test_a_workbook_holds_no_formula(engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "bad.xlsx"
    bring(engine, written(tmp_path, "gpkg"), "mine_sites", rejected=out)
    frame = read(out)
    assert list(frame["autre"]) == ["'=1+1", "b"]
    assert list(frame["geom"]) == ["POINT (28.62 -2.72)", "POINT (28.73 -2.83)"]
    with pytest.raises(KeyError):
        frame["geometry"]


def test_a_refusal_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "bad.csv"
    good = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", "S1,A,28.5,-2.6")
    bring(engine, good, "mine_sites", rejected=out)
    assert not out.exists()
    bring(engine, tmp_path / "none.csv", "mine_sites", rejected=out, refused=True)
    assert not out.exists()


@pytest.mark.parametrize("suffix", ["shp.zip", "gpkg", "geojson"])
def test_rows_without_geometry_and_of_several_types(engine: Engine, tmp_path: Path, suffix: str) -> None:
    shapes: list[Any] = [
        None,
        shapely.LineString([(28, -2), (29, -2)]),
        shapely.MultiLineString([[(28, -2), (29, -2)]]),
    ]
    frame = geopandas.GeoDataFrame(
        {"route_id": ["A", "B", "C"], "name": ["a", "b", "c"], "mode": "mule"}, geometry=shapes
    )
    frame = frame.set_crs("EPSG:4326")
    out = tmp_path / f"bad.{suffix}"
    source = write_layer(frame, tmp_path / f"routes.{suffix.removesuffix('.zip')}")
    assert bring(engine, source, "routes", rejected=out)["rows"]["rejected"] == 3
    again = bring(engine, out, "routes")
    assert again["rows"]["rejected"] == 3
    assert [(row, rule) for row, _, rule in rules(again) if row] == [(row, "unknown_code") for row in (1, 2, 3)]
    assert read(out).geometry[0] is None


@pytest.mark.parametrize("text", ["=1+1", "+243 99", "-x", "@A1", "\tx", "\rx", "'=1", "''@x", "-2°30'"])
def test_what_a_spreadsheet_would_calculate_is_neutral_and_comes_back(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert original(neutral(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "-2.5", "+5", "-2,5", "'a", "'", "1e5"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text
    assert original(text) == text
