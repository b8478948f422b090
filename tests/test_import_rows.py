"""Rows that are refused while the others are loaded: values, checks of the table, duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from importing import ask, bring, rules, write_csv
from sqlalchemy import CheckConstraint, Engine

from geoapp.ingest.findings import Findings
from geoapp.ingest.matching import _tell
from geoapp.ingest.stage import Stage
from geoapp.ingest.targets import TARGETS

SITES = "site_id,name,workers_est,icglr_status,minerals,lon,lat"


def test_bad_rows_are_refused_and_the_good_ones_loaded(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "s.csv",
        SITES,
        "S1,A,abc,green,gold,28.5,-2.6",
        "S2,B,5,purple,gold,28.5,-2.6",
        "S3,,5,green,gold,28.5,-2.6",
        "S4,D,-5,green,gold,28.5,-2.6",
        "S5,E,5,green,gold,28.5,-2.6",
        "S5,F,6,green,gold,28.5,-2.6",
        f"{'S' * 300},G,6,green,gold,28.5,-2.6",
    )
    report = bring(engine, path, "mine_sites")
    assert report["rows"] == {"read": 7, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 6}
    assert rules(report) == [
        (1, "workers_est", "not_whole"),
        (2, "icglr_status", "unknown_code"),
        (3, "name", "missing_value"),
        (4, "workers_est", "out_of_range"),
        (6, "site_id", "duplicate"),
        (7, "site_id", "too_long"),
    ]
    assert ask(engine, "SELECT site_id, name FROM mine_site") == [("S5", "E")]
    recorded = 'SELECT "row", "column", rule FROM import_issue ORDER BY "row"'
    assert ask(engine, recorded) == rules(report)


def test_an_abort_loads_nothing(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", SITES, "S1,A,abc,,,28.5,-2.6", "S2,B,5,,,28.5,-2.6")
    report = bring(engine, path, "mine_sites", on_error="abort")
    assert report["rows"] == {"read": 2, "inserted": 0, "updated": 0, "unchanged": 0, "rejected": 2}
    assert report["batch"] is None
    assert rules(report) == [(None, None, "aborted"), (1, "workers_est", "not_whole")]
    assert ask(engine, "SELECT (SELECT count(*) FROM mine_site) + (SELECT count(*) FROM import_batch)") == [(0,)]


def test_a_dry_run_counts_the_same_and_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", SITES, "S1,A,abc,,,28.5,-2.6", "S2,B,5,,,28.5,-2.6")
    dry = bring(engine, path, "mine_sites", dry_run=True, source="Someone new")
    counts = (
        "SELECT (SELECT count(*) FROM mine_site) + (SELECT count(*) FROM import_batch)"
        " + (SELECT count(*) FROM source WHERE name = 'Someone new')"
    )
    assert ask(engine, counts) == [(0,)]
    assert dry["batch"] is None
    wet = bring(engine, path, "mine_sites", source="Someone new")
    assert {**dry, "batch": 0, "dry_run": 0} == {**wet, "batch": 0, "dry_run": 0}


def test_an_empty_cell_means_the_default(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", SITES, "S1,A,5,green,gold,28.5,-2.6")
    bring(engine, path, "mine_sites")
    path = write_csv(tmp_path / "s.csv", SITES, "S1,A,,,,28.5,-2.6")
    assert bring(engine, path, "mine_sites")["rows"]["updated"] == 1
    assert ask(engine, "SELECT workers_est, icglr_status, minerals FROM mine_site") == [(None, "unknown", [])]


def test_columns_that_the_file_lacks_stay_as_they_are(engine: Engine, tmp_path: Path) -> None:
    bring(engine, write_csv(tmp_path / "s.csv", SITES, "S1,A,5,green,gold,28.5,-2.6"), "mine_sites")
    report = bring(engine, write_csv(tmp_path / "t.csv", "site_id,name,lon,lat", "S1,A,28.5,-2.6"), "mine_sites")
    assert report["rows"]["unchanged"] == 1
    bring(engine, write_csv(tmp_path / "t.csv", "site_id,name,lon,lat", "S1,B,28.5,-2.6"), "mine_sites")
    assert ask(engine, "SELECT name, workers_est, icglr_status FROM mine_site") == [("B", 5, "green")]


def test_rows_without_a_key_get_one_that_stays(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "name,workers,lon,lat", "A,5,28.5,-2.6", "B,6,28.5,-2.6")
    report = bring(engine, path, "mine_sites")
    assert rules(report) == [(None, "site_id", "key_made")]
    assert bring(engine, path, "mine_sites")["rows"]["unchanged"] == 2
    path = write_csv(tmp_path / "s.csv", "name,workers,lon,lat", "A,7,28.5,-2.6", "B,6,28.5,-2.6")
    assert bring(engine, path, "mine_sites")["rows"] == {
        "read": 2,
        "inserted": 0,
        "updated": 1,
        "unchanged": 1,
        "rejected": 0,
    }


def test_the_stated_unit_is_compared_with_the_found_one(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "s.csv",
        "site_id,name,province,lon,lat",
        "S1,A,Sud Kivu,28.5,-2.6",
        "S2,B,CD-SK,28.5,-2.6",
        "S3,C,Nord-Kivu,28.5,-2.6",
        "S4,D,Atlantis,28.5,-2.6",
    )
    report = bring(engine, path, "mine_sites")
    assert report["rows"]["inserted"] == 4
    assert rules(report) == [(3, "stated_unit", "unit_differs"), (4, "stated_unit", "unit_unknown")]
    assert report["issues"][0]["repair"] == "CD, CD-SK"
    assert ask(engine, "SELECT stated_unit FROM mine_site WHERE site_id = 'S3'") == [("Nord-Kivu",)]
    assert bring(engine, path, "mine_sites")["rows"]["unchanged"] == 4


def test_a_source_is_made_once_and_marks_the_rows(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", "S1,A,28.5,-2.6")
    for name in ("O'Neil; --", "O'Neil; --"):
        report = bring(engine, path, "mine_sites", source=name)
    assert report["rows"]["unchanged"] == 1
    assert ask(engine, "SELECT source_id FROM mine_site") == [("O'Neil; --",)]
    assert ask(engine, "SELECT count(*) FROM source WHERE name LIKE 'O''Neil%'") == [(1,)]
    batch = "SELECT file_name, table_name, source_id, rows_in, rows_unchanged FROM import_batch ORDER BY imported_at"
    assert ask(engine, batch)[1] == ("s.csv", "mine_sites", "O'Neil; --", 1, 1)


def test_hostile_texts_are_only_texts(engine: Engine, tmp_path: Path) -> None:
    name = "'); DROP TABLE mine_site; --"
    path = write_csv(tmp_path / "s.csv", f'site_id,name,"{name}",lon,lat', f'"{name}","{name}\\",x,28.5,-2.6')
    report = bring(engine, path, "mine_sites", mapping={"locality": [name]})
    assert report["rows"]["inserted"] == 1
    assert ask(engine, "SELECT site_id, name, locality FROM mine_site") == [(name, name + "\\", "x")]


def test_dates_out_of_order_are_refused_also_against_what_the_table_holds(engine: Engine, tmp_path: Path) -> None:
    heading = "incident_no,occurred_from,opened_on,lon,lat"
    bring(engine, write_csv(tmp_path / "a.csv", heading, "I1,2024-03-01,2024-03-05,28.5,-2.6"), "incidents")
    path = write_csv(
        tmp_path / "b.csv", "incident_no,occurred_from,closed_on,lon,lat", "I1,2024-03-01,2024-03-02,28.5,-2.6"
    )
    report = bring(engine, path, "incidents")
    assert rules(report) == [(1, "closed_on", "wrong_order")]
    path = write_csv(tmp_path / "c.csv", heading, "I2,2024-03-05,2024-03-01,28.5,-2.6")
    assert rules(bring(engine, path, "incidents")) == [(1, "opened_on", "wrong_order")]


def test_every_check_of_every_table_is_told_in_words(engine: Engine) -> None:
    for target in TARGETS.values():
        values: dict[str, Any] = dict.fromkeys(target.table.columns.keys(), "x")
        for constraint in target.table.constraints:
            # Files bring no repairs.
            if isinstance(constraint, CheckConstraint) and "repairs" not in str(constraint.sqltext):
                findings = Findings()
                _tell(findings, Stage(target, target.table, ()), 1, str(constraint.sqltext), values)
                (finding,) = findings
                assert finding.column in {*target.columns, "geom", "incident_id", "repeat_of"}, constraint.sqltext
