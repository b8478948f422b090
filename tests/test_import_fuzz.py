"""Mutated files of every format: read or refused in one line, in bounded time and memory, with nothing left behind.

`--fuzz N` reads N of them instead of 500; each is made from its number, so that one which fails can be made again.
"""

from __future__ import annotations

import os
import random
import resource
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pytest
from importing import ask, write_csv, write_layer, zip_folder
from shapely import Point
from sqlalchemy import Engine
from xlsx import write_workbook

from geoapp.errors import ImportRefusedError
from geoapp.ingest import confined
from geoapp.ingest.importing import import_file
from geoapp.ingest.reading import open_layers, read_layer
from geoapp.ingest.request import Request

ZONE = "Africa/Kigali"
LEFT = "SELECT (SELECT count(*) FROM mine_site), (SELECT count(*) FROM import_batch)"
LONGEST_S = 20
# What the asking process may grow by over all of the files.
MOST_GROWTH = 400 * 1024**2


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One good file of each format."""
    folder = tmp_path_factory.mktemp("seeds")
    columns = {"site_id": [f"S{row}" for row in range(8)], "name": ["Bisié"] * 8, "workers_est": range(8)}
    points = [Point(28 + row / 10, -2.5) for row in range(8)]
    frame = geopandas.GeoDataFrame(columns, geometry=points, crs=4326)
    made = [write_layer(frame, folder / f"a.{suffix}") for suffix in ("gpkg", "geojson", "fgb")]
    made.append(write_layer(frame, folder / "a.kml", driver="LIBKML"))
    write_layer(frame[["name", "geometry"]], folder / "a.gpx", driver="GPX")
    frame.to_parquet(folder / "a.parquet")
    write_layer(frame, folder / "shape/deep/a.shp")
    rows = [["site_id", "name", "lon", "lat"], *([f"S{row}", "Bisié", 28.5, -2.5] for row in range(8))]
    write_workbook(folder / "a.xlsx", {"Feuil1": rows})
    write_csv(folder / "a.csv", *(",".join(map(str, row)) for row in rows))
    with zipfile.ZipFile(folder / "a.kmz", "w") as archive:
        archive.write(folder / "a.kml", "doc.kml")
    zip_folder(folder / "shape", folder / "a.zip")
    return [*made, *(folder / f"a.{suffix}" for suffix in ("gpx", "parquet", "xlsx", "csv", "kmz", "zip"))]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files are unpacked, which must be empty in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def mutate(seed: Path, number: int, folder: Path) -> Path:
    """The file `number`, made from a good one: its bytes, or those of a file in its zip, are disturbed."""
    chance = random.Random(number)
    path = folder / f"{number}{seed.suffix}"
    if zipfile.is_zipfile(seed) and chance.random() < 0.7:
        with zipfile.ZipFile(seed) as archive:
            parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        name = chance.choice(sorted(parts))
        parts[name] = disturbed(parts[name], chance)
        with zipfile.ZipFile(path, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, content)
    else:
        path.write_bytes(disturbed(seed.read_bytes(), chance))
    return path


def disturbed(content: bytes, chance: random.Random) -> bytes:
    """Bytes with bits turned, pieces cut, doubled, emptied or filled, and numbers made as large as they go."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place, length = chance.randrange(len(data) + 1), chance.choice([1, 2, 4, 8, 64, 512])
        match chance.randrange(7):
            case 0:
                data[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length]
            case 3:
                data[place : place + length] = b"\x00" * length
            case 4:
                data[place : place + 4] = chance.choice([b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
            case 5:
                data[place:place] = bytes(chance.randrange(256) for _ in range(length))
            case _:
                del data[max(place, 40) :]
    return bytes(data)


def test_every_file_is_read_or_refused(
    seeds: list[Path], tmp_path: Path, scratch: Path, request: pytest.FixtureRequest
) -> None:
    count = request.config.getoption("--fuzz")
    read, refused = 0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for number in range(count):
        path = mutate(seeds[number % len(seeds)], number, tmp_path)
        started = time.monotonic()
        try:
            with open_layers(path) as (layers, folder):
                for layer in layers[:3]:
                    read_layer(layer, folder, None)
            read += 1
        except ImportRefusedError as refusal:
            assert "\n" not in refusal.said.en + refusal.said.fr, path
            assert "Traceback" not in refusal.said.en, path
            refused += 1
        assert time.monotonic() - started < LONGEST_S, path
        assert list(scratch.iterdir()) == [], path
        path.unlink()
    assert read + refused == count
    # Mutations that all files survive, or none does, test nothing.
    assert read > count / 20
    assert refused > count / 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < MOST_GROWTH


def test_no_mutated_file_is_half_imported(engine: Engine, seeds: list[Path], tmp_path: Path, scratch: Path) -> None:
    for number in range(1000, 1044):
        path = mutate(seeds[number % len(seeds)], number, tmp_path)
        before = ask(engine, LEFT)[0]
        report = import_file(engine, Request(path=path, table="mine_sites"), ZONE)
        rows = report.rows
        assert rows.read == rows.inserted + rows.updated + rows.unchanged + rows.rejected
        after = ask(engine, LEFT)[0]
        assert after == (before[0] + rows.inserted, before[1] + (report.batch is not None)), path
        if report.refusal is not None:
            assert rows.inserted == 0
            assert "\n" not in report.refusal


def test_a_reader_that_dies_is_replaced(seeds: list[Path], scratch: Path) -> None:
    child = confined._POOL.take()
    os.kill(child.process.pid, 9)
    confined._POOL.give_back(child)
    with open_layers(seeds[0]) as (layers, folder):
        assert read_layer(layers[0], folder, None).count == 8
