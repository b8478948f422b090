"""A GeoPackage that is exported, edited with GDAL or by SQL, and brought back, while others change the same rows."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from desk import accept, at_home, one, ready, work
from importing import ask, bring, rules
from pyogrio import list_layers, read_dataframe, write_dataframe
from releasing import ClientOf
from shapely import LineString, MultiLineString, Point
from sqlalchemy import Engine, text
from test_mending import LINE, route, site, undo

from geoapp.access.acting import acting_engine
from geoapp.publish.exports.export import export
from geoapp.publish.exports.pack import write_pack
from geoapp.publish.features import MOST, Question
from geoapp.settings import Settings
from layers.catalogue import LAYERS


@pytest.fixture
def home(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with a home of this test's own, where uploads go."""
    return at_home(settings, tmp_path / "home")


def exported(settings: Settings, layer: str, path: Path, name: str = "gis-cd") -> Path:
    """Export a layer as one of the cast."""
    with acting_engine(settings, name) as engine:
        one_version = engine.execution_options(isolation_level="REPEATABLE READ")
        with one_version.begin() as connection:
            export(connection, LAYERS[layer], Question(MOST), path, language="en")
    return path


def edit(path: Path, statement: str) -> Path:
    """Edit the file as QGIS would, in place."""
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.create_function("ST_IsEmpty", 1, lambda _: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            opened.create_function(name, 1, lambda _: 0.0)
        opened.execute(statement)
    return path


def three_sites(engine: Engine) -> None:
    """Three sites that are there already."""
    for key, name, place in (
        ("S1", "One", (28.84, -2.50)),
        ("S2", "Two", (28.80, -2.40)),
        ("S3", "Three", (28.70, -2.30)),
    ):
        site(engine, key, name, place)


SITES = "SELECT site_id, name, workers_est, round(ST_X(geom)::numeric, 6)::text FROM mine_site ORDER BY site_id"


def by_hand(engine: Engine, statement: str) -> None:
    """Somebody else changes something."""
    with engine.begin() as connection:
        connection.execute(text(statement))


def test_an_unchanged_export_changes_nothing(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    assert sorted(name for name, _ in list_layers(path)) == ["geoapp_rows", "layer_styles", "mine_sites"]
    report = bring(engine, path, "mine_sites")
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 0, "unchanged": 3, "rejected": 0}


def test_only_who_may_edit_gets_the_versions(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg", "analyst")
    assert sorted(name for name, _ in list_layers(path)) == ["layer_styles", "mine_sites"]


def test_a_pack_comes_back_layer_by_layer(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    route(engine, "R1", LINE)
    depot = "SELECT 'F1', 'depot', 'Depot', geom FROM mine_site WHERE site_id = 'S1'"
    by_hand(engine, f"INSERT INTO facility (facility_id, kind, name, geom) {depot}")
    packed = tmp_path / "pack.zip"
    with acting_engine(settings, "gis-cd") as acting:
        one_version = acting.execution_options(isolation_level="REPEATABLE READ")
        with one_version.begin() as connection:
            write_pack(connection, Question(MOST), packed, language="en", base_map=b"")
    for table, rows in (("mine_sites", 3), ("routes", 1), ("facilities", 1)):
        report = bring(engine, packed, table, layer=table)
        assert report["rows"] == {"read": rows, "inserted": 0, "updated": 0, "unchanged": rows, "rejected": 0}
        assert report["issues"] == []
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)
    path = edit(tmp_path / "geoapp" / "geoapp.gpkg", "UPDATE mine_sites SET name = 'Mine ' || site_id")
    edit(path, "DELETE FROM facilities")
    by_hand(engine, "UPDATE mine_site SET name = 'Theirs' WHERE site_id = 'S2'")
    report = bring(engine, path, "mine_sites", layer="mine_sites")
    assert (2, "name", "changed_meanwhile") in rules(report)
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 2, "unchanged": 0, "rejected": 1}
    # No row is left, so nothing says that the rest is to go.
    assert "holds no rows" in bring(engine, path, "facilities", layer="facilities", refused=True)


def test_changed_new_and_deleted_rows_are_told_apart(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    edited = read_dataframe(path, layer="mine_sites", fid_as_index=True)
    edited.loc[edited.site_id == "S1", "name"] = "Uno"
    edited.loc[edited.site_id == "S1", "geometry"] = Point(28.85, -2.51)
    new = edited[edited.site_id == "S2"].assign(site_id="S4", name="Four", geometry=[Point(28.6, -2.2)])
    edited = edited[edited.site_id != "S3"]
    for frame in (edited, new):
        # Over the layer that is there, beside the tables that QGIS leaves alone.
        write_dataframe(frame, path, layer="mine_sites", driver="GPKG", append=frame is new)
    report = bring(engine, path, "mine_sites")
    assert report["rows"] == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1, "rejected": 0}
    assert [issue["value"] for issue in report["issues"] if issue["rule"] == "gone_from_file"] == ["1"]
    # Nothing is removed by itself.
    assert [row[:2] for row in ask(engine, SITES)] == [("S1", "Uno"), ("S2", "Two"), ("S3", "Three"), ("S4", "Four")]


def settle(client_of: ClientOf, job: object, engine: Engine, **choices: str) -> object:
    """Send the decisions of the page."""
    current = one(engine, job)
    answer = client_of("gis-cd").post(
        f"/import/jobs/{current.job_id}", data={"step": "settle", "version": current.version, **choices}
    )
    assert answer.status_code == 303, answer.text
    return current


def test_a_deletion_that_somebody_wants_can_be_undone(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    before = ask(engine, SITES)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    edit(path, "DELETE FROM mine_sites WHERE site_id <> 'S1'")
    with acting_engine(settings, "gis-cd") as acting:
        report = bring(acting, path, "mine_sites", removing=frozenset({"S3"}))
    assert (None, None, "removed") in rules(report)
    assert [row[0] for row in ask(engine, SITES)] == ["S1", "S2"]
    assert ask(engine, "SELECT rows_removed, rows_unchanged FROM import_batch") == [(1, 1)]
    assert undo(settings, report["batch"]).brought_back == 1
    assert ask(engine, SITES) == before


def test_what_others_changed_stays_and_conflicts_are_settled_one_by_one(
    home: Settings, settings: Settings, engine: Engine, tmp_path: Path, client_of: ClientOf
) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    edit(path, "UPDATE mine_sites SET name = 'Mine ' || site_id WHERE site_id IN ('S1', 'S2')")
    # In S1 and S2 both changed the name, in S3 only somebody else did; of S1 they changed another column, too.
    by_hand(engine, "UPDATE mine_site SET name = 'Theirs ' || site_id, workers_est = 99")
    job = ready(home, engine, "gis-cd", path)
    told = job.preview["meanwhile"]
    said = ("key", "column", "before", "mine", "theirs")
    assert [tuple(each[name] for name in said) for each in told["conflicts"]] == [
        ("S1", "name", "One", "Mine S1", "Theirs S1"),
        ("S2", "name", "Two", "Mine S2", "Theirs S2"),
    ]
    assert told["kept"] == 4
    assert job.preview["rows"] == {"read": 3, "inserted": 0, "updated": 0, "unchanged": 1, "rejected": 2}
    client = client_of("gis-cd")
    page = unescape(client.get(f"/import/uploads/{job.upload_id}?lang=en").text)
    assert "2 conflicts are not settled" in page
    settle(client_of, job, engine, **{"settle-0": "mine", "settle-1": "theirs"})
    work(home)
    job = one(engine, job)
    assert job.preview["rows"] == {"read": 3, "inserted": 0, "updated": 1, "unchanged": 2, "rejected": 0}
    accept(home, "gis-cd", job)
    work(home)
    assert [row[:3] for row in ask(engine, SITES)] == [
        ("S1", "Mine S1", 99),
        ("S2", "Theirs S2", 99),
        ("S3", "Theirs S3", 99),
    ]


def test_a_row_that_was_removed_meanwhile_comes_back_only_if_somebody_says_so(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    edit(path, "UPDATE mine_sites SET name = 'Mine' WHERE site_id = 'S1'")
    by_hand(engine, "DELETE FROM mine_site WHERE site_id IN ('S1', 'S2')")
    report = bring(engine, path, "mine_sites")
    # The one that the file did not change stays away without a question.
    told = [(row, rule) for row, _, rule in rules(report) if rule.startswith("gone_")]
    assert told == [(1, "gone_and_edited"), (2, "gone_meanwhile")]
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 0, "unchanged": 1, "rejected": 2}
    report = bring(engine, path, "mine_sites", settled={"S1": {"": "mine"}})
    assert report["rows"]["inserted"] == 1
    assert [row[:2] for row in ask(engine, SITES)] == [("S1", "Mine"), ("S3", "Three")]


def test_a_decision_on_a_preview_that_went_stale_is_refused(
    home: Settings, settings: Settings, engine: Engine, tmp_path: Path, client_of: ClientOf
) -> None:
    three_sites(engine)
    path = edit(exported(settings, "mine_sites", tmp_path / "s.gpkg"), "DELETE FROM mine_sites WHERE site_id = 'S3'")
    job = ready(home, engine, "gis-cd", path)
    page = client_of("gis-cd").get(f"/import/uploads/{job.upload_id}?lang=en").text
    assert "Remove Three" in page
    settle(client_of, job, engine, **{"remove-0": "on"})
    again = client_of("gis-cd").post(
        f"/import/jobs/{job.job_id}?lang=en", data={"step": "settle", "version": job.version}
    )
    assert again.status_code == 409
    work(home)
    accept(home, "gis-cd", one(engine, job))
    # Somebody changes the row that is to go, after the preview has shown it.
    by_hand(engine, "UPDATE mine_site SET name = 'Changed' WHERE site_id = 'S3'")
    work(home)
    current = one(engine, job)
    assert current.state == "ready"
    assert "new preview" in current.reason_en
    assert current.preview["meanwhile"]["gone"][0]["changed"]
    assert len(ask(engine, SITES)) == 3


def test_lines_round_trip_with_the_history_of_hand_edits(
    settings: Settings, engine: Engine, tmp_path: Path, client_of: ClientOf
) -> None:
    route(engine, "R1", LINE)
    path = exported(settings, "routes", tmp_path / "routes.gpkg")
    frame = read_dataframe(path, layer="routes")
    frame["geometry"] = [MultiLineString([LineString([(28.8, -2.5), (28.9, -2.4)])])]
    write_dataframe(frame, path, layer="routes", driver="GPKG")
    by_hand(engine, "UPDATE route SET geom = 'SRID=4326;MULTILINESTRING((28.8 -2.5,28.7 -2.4))', name = 'Theirs'")
    report = bring(engine, path, "routes")
    assert (1, "geom", "changed_meanwhile") in rules(report)
    assert report["rows"]["rejected"] == 1
    report = bring(engine, path, "routes", conflicts="mine")
    assert report["rows"]["updated"] == 1
    assert ask(engine, "SELECT name, ST_AsText(geom) FROM route") == [
        ("Theirs", "MULTILINESTRING((28.8 -2.5,28.9 -2.4))")
    ]


def test_what_the_history_does_not_tell_is_a_conflict(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    path = exported(settings, "mine_sites", tmp_path / "sites.gpkg")
    edit(path, "UPDATE mine_sites SET name = 'Mine' WHERE site_id = 'S1'")
    by_hand(engine, "UPDATE mine_site SET workers_est = 5 WHERE site_id = 'S1'")
    by_hand(engine, "DELETE FROM row_change")
    report = bring(engine, path, "mine_sites")
    assert {(column, rule) for _, column, rule in rules(report) if rule == "changed_meanwhile"} == {
        ("name", "changed_meanwhile"),
        ("workers_est", "changed_meanwhile"),
    }
    report = bring(engine, path, "mine_sites", conflicts="theirs", remove_missing=True)
    assert report["rows"]["unchanged"] == 3


def test_rows_of_others_are_not_removed(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    three_sites(engine)
    by_hand(engine, "INSERT INTO site_visit (site_id, visited_on) VALUES ('S3', '2024-03-01')")
    path = edit(exported(settings, "mine_sites", tmp_path / "s.gpkg"), "DELETE FROM mine_sites WHERE site_id = 'S3'")
    refusal = bring(engine, path, "mine_sites", refused=True, remove_missing=True)
    assert "needed by others" in refusal
    assert len(ask(engine, SITES)) == 3
