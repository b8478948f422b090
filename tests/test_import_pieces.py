"""Large files are read, compared and written piece by piece, with the same result as at once."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from time import perf_counter

import geopandas
import numpy as np
import pytest
import shapely
from importing import ask, bring, write_csv, write_layer
from numpy.typing import NDArray
from sqlalchemy import Engine, text

from geoapp.errors import ImportRefusedError
from geoapp.ingest import delimited, neighbours, stage, vector
from geoapp.ingest.exchange import load_sheet, save_sheet
from geoapp.ingest.likeness import Described
from geoapp.ingest.neighbours import Descriptions, near


@pytest.mark.parametrize("suffix", ["gpkg", "fgb"])
def test_pieces_make_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    frame = geopandas.GeoDataFrame(
        {
            "name": ["Bisié", "Bisié", "Mwenga", None, "Rubaya", "Kalimbi", "Bisié"],
            # Empty cells in one of the pieces alone.
            "workers": [1, 2, 3, None, 5, 6, 7],
            "level": [1, 2, 3, 1, 2, 3, 1],
            "seen": ["2024-01-01", None, "2024-01-02", None, None, None, None],
        },
        geometry=[shapely.Point(28 + row / 10, -2) if row != 4 else None for row in range(7)],
        crs=4326,
    ).astype({"workers": "Int64"})
    path = write_layer(frame, tmp_path / f"a.{suffix}", **({"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}))
    sheets = []
    for size in (100, 3):
        monkeypatch.setattr(vector, "PIECE", size)
        written = []
        for number, (sheet, wkb) in enumerate(vector.read_pieces(path, suffix, None, path.name, None)):
            written.append(tmp_path / f"{size}.{number}")
            save_sheet(sheet, wkb, written[-1])
        sheets.append(load_sheet(written))
        assert len(written) == (1 if size == 100 else 3)
    whole, pieced = sheets
    assert (pieced.count, pieced.crs, list(pieced.columns)) == (whole.count, whole.crs, list(whole.columns))
    for name in whole.columns:
        assert [str(each) for each in pieced.columns[name]] == [str(each) for each in whole.columns[name]], name
    assert whole.geometry is not None
    assert pieced.geometry is not None
    assert shapely.equals_exact(whole.geometry[:4], pieced.geometry[:4]).all()
    assert [each is None for each in pieced.geometry] == [each is None for each in whole.geometry]


def test_pieces_of_a_text_table_make_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    lines = ["sep=;", "#x;nom", "#adm1;#name", *(f"{row};Bisié {row}" for row in range(7)), '8;"deux\nlignes"', "9"]
    path.write_bytes("\r\n".join(lines).encode("utf-8-sig").replace(b"Bisi\xc3\xa9 3", b"Bisi\xc3\xa9\x00 3"))
    found = []
    for size in (100, 3, 2):
        monkeypatch.setattr(delimited, "PIECE", size)
        pieces = list(delimited.read_delimited(path, None))
        found.append([[each for piece in pieces for each in piece.columns[name]] for name in ("#x", "nom")])
        assert [list(piece.columns) for piece in pieces] == [["#x", "nom"]] * len(pieces)
    assert found[0] == found[1] == found[2]
    assert found[0][1] == [*(f"Bisié {row}" for row in range(7)), "deux\r\nlignes".replace("\r", ""), ""]


@pytest.mark.parametrize("line", range(2, 8))
def test_a_line_that_does_not_fit_is_named_in_every_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: int
) -> None:
    monkeypatch.setattr(delimited, "PIECE", 2)
    lines = ["a,b", *(f"{row},x" for row in range(2, 8))]
    lines[line - 1] += ",more"
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(ImportRefusedError, match=f"Line {line} has 3 values, but the heading has 2") as refusal:
        list(delimited.read_delimited(tmp_path / "a.csv", None))
    assert refusal.value.row == line - 1


def test_sites_are_compared_across_the_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(3)
    names = ["Bisié", "Mpama", "Bisie nord", "Luwowo"]
    sites = [
        Described(f"S{number}", (names[number % 4],), None, 3_000.0, None, float(lon), float(lat))
        for number, (lon, lat) in enumerate(chance.uniform((28.0, -3.0), (28.6, -2.4), (300, 2)))
    ]
    lat = np.array([site.lat for site in sites])

    def found(new: NDArray[np.bool_] | None) -> list[tuple[str, str]]:
        told = Descriptions(lat, lambda indexes: [sites[index] for index in indexes], new)
        return [(one.site_id, other.site_id) for one, other in near(told)]

    for new in (None, np.arange(300) < 40):
        whole = found(new)
        assert len(whole) > 100
        assert len(set(map(frozenset, whole))) == len(whole)
        for size in (1, 17, 120):
            monkeypatch.setattr(neighbours, "STRIP", size)
            assert sorted(found(new)) == sorted(whole)
        monkeypatch.undo()
    near_ones = {
        (min(one.site_id, other.site_id), max(one.site_id, other.site_id))
        for one, other in combinations(sites, 2)
        if one.names == other.names and abs(one.lon - other.lon) < 0.05 and abs(one.lat - other.lat) < 0.05
    }
    assert near_ones <= {(min(pair), max(pair)) for pair in found(None)}


def test_the_keys_of_a_batch_are_kept_together(engine: Engine, tmp_path: Path) -> None:
    lines = [f"S{row},Site {row},28.{row:03},-2.5" for row in range(300)]
    bring(engine, write_csv(tmp_path / "a.csv", "site_id,name,lon,lat", *lines), "mine_sites")
    assert ask(engine, "SELECT deed, cardinality(keys) FROM import_part") == [("insert", 300)]


def test_a_table_that_was_empty_when_it_was_last_looked_at_is_filled_as_fast(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Planned for an empty table, each new row would be looked for among all that the import has written before.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S0', 'S', 'POINT(28.5 -2.5)')"))
        connection.execute(text("DELETE FROM mine_site"))
        connection.execute(text("VACUUM mine_site"))
        connection.execute(text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S0', 'S', 'POINT(28.5 -2.5)')"))
    monkeypatch.setattr(stage, "LARGE", 1_000)
    lines = [f"S{row},Site {row},{27 + row / 20000:.5f},-2.5" for row in range(20_000)]
    path = write_csv(tmp_path / "a.csv", "site_id,name,lon,lat", *lines)
    started = perf_counter()
    report = bring(engine, path, "mine_sites")
    assert (report["rows"]["inserted"], report["rows"]["updated"]) == (19_999, 1)
    assert perf_counter() - started < 20
