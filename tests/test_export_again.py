"""Importing an export again changes nothing, whatever the format and the layer; edited, it changes what was edited."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import GEOAPP
from conftest import a_database, environment_for
from export_rows import TABLES, contents, insert_rows, write_export
from importing import ask, bring, rules
from sqlalchemy import Engine, text

from geoapp.cli.context import acting_database
from geoapp.database.engine import open_engine
from geoapp.naming import short_name
from geoapp.publish.exports.export import FORMS
from geoapp.publish.features import queryables
from geoapp.settings import Settings
from layers.catalogue import LAYERS


@pytest.fixture(scope="module")
def made(cluster: Any, template: str) -> Iterator[tuple[Settings, Engine]]:
    """A database with rows in every layer, which no test here changes."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_rows(engine)
        yield settings, engine
        engine.dispose()


@pytest.mark.parametrize("suffix", FORMS)
def test_every_layer_again(made: tuple[Settings, Engine], tmp_path: Path, suffix: str) -> None:
    engine = made[1]
    for name, (table, stored) in TABLES.items():
        target = tmp_path / f"{name}.{suffix}"
        done = write_export(engine, name, target)
        before = contents(engine, stored)
        if done.cut == done.rows:
            # No outline of a country fits into a cell of a workbook.
            assert (name, suffix) == ("countries", "xlsx")
            bring(engine, target, table, refused=True)
            continue
        for layer in _layers(name, suffix):
            rows = bring(engine, target, table, layer=layer)["rows"]
            # An outline of a province has more letters than a cell of a workbook holds.
            assert rows["inserted"] == rows["updated"] == 0, (name, rows)
            assert rows["rejected"] == (done.cut if suffix == "xlsx" else 0), (name, rows)
            assert rows["read"] == done.rows or layer, (name, rows)
        assert contents(engine, stored) == before, name


def _layers(name: str, suffix: str) -> list[str | None]:
    """A Shapefile holds geometries of one kind, so that deployments are two."""
    return ["deployments_points", "deployments_lines"] if (name, suffix) == ("deployments", "shp.zip") else [None]


def test_by_the_commands(made: tuple[Settings, Engine], tmp_path: Path) -> None:
    environment, target = environment_for(made[0]), tmp_path / "sites.csv"
    for arguments in (["export", "mine_sites", target], ["import", target, "--as", "mine_sites"]):
        command = [str(GEOAPP), *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "2 rows read, 0 inserted, 0 updated, 2 unchanged" in done.stdout


def test_an_edited_table_changes_its_rows(engine: Engine, tmp_path: Path) -> None:
    insert_rows(engine)
    target = tmp_path / "incidents.csv"
    write_export(engine, "incidents", target)
    with target.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    of_itsci = next(row for row in rows if row["incident_no"] == "A-1" and row["source_id"] == "itsci")
    of_itsci["level"] = "1"
    with target.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    counted = bring(engine, target, "incidents")["rows"]
    assert (counted["inserted"], counted["updated"], counted["rejected"]) == (0, 1, 0)
    assert ask(engine, "SELECT level, source_id FROM incident WHERE incident_no = 'A-1' ORDER BY 2") == [
        (1, "ipis"),
        (1, "itsci"),
    ]


def test_a_release_does_not_become_an_incident(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    insert_rows(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident_release (incident_id, released_on, released_by, shown_date, shown_date_precision,"
                " level, status, location_precision, summary_fr, summary_en, geom)"
                " SELECT incident_id, '2025-07-01', 'admin', occurred_from, 3, 2, 'open', 3, 'Un', 'One', geom"
                " FROM incident WHERE incident_no = 'SEALED-1'"
            )
        )
    target = tmp_path / "released.geojson"
    with acting_database(settings, "gis-cd") as officer:
        done = write_export(officer, "incidents", target)
        report = bring(officer, target, "incidents")
    assert report["rows"] == {"read": done.rows, "inserted": 0, "updated": 0, "unchanged": done.rows - 1, "rejected": 1}
    assert "only_released" in [rule for _, _, rule in rules(report)]


@pytest.mark.parametrize("name", LAYERS)
def test_names_in_a_shapefile_are_ten_letters_and_each_its_own(name: str) -> None:
    short = [short_name(each) for each in queryables(LAYERS[name])]
    assert all(len(each) <= 10 for each in short)
    assert len({each.lower() for each in short}) == len(short)
