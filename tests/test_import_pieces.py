"""A large layer is read piece by piece, and is the same sheet as read at once."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
import shapely
from importing import write_layer

from geoapp.ingest import vector
from geoapp.ingest.exchange import load_sheet, save_sheet


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
