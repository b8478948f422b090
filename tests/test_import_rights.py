"""Importing with somebody's rights: rows of their units alone, and not a word about rows that they may not see."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from importing import ask, bring, rules, write_csv
from sqlalchemy import Engine, text

from geoapp.cli.context import acting_database
from geoapp.errors import NotFoundError
from geoapp.settings import Settings

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"
KIGALI, GISENYI, GOMA, BUKAVU = "30.06,-1.94", "29.262,-1.70", "29.22,-1.67", "28.85,-2.5"

# In Rwanda a site, a facility and a route; in DR Congo what an officer of Rwanda must not learn of.
ROWS = """
    INSERT INTO mine_site (site_id, name, geom) VALUES
        ('S-RW', 'Rutongo', 'SRID=4326;POINT(30.06 -1.94)'), ('S-CD', 'Bisie', 'SRID=4326;POINT(29.22 -1.67)');
    INSERT INTO facility (facility_id, kind, name, geom) VALUES
        ('F-RW', 'depot', 'A', 'SRID=4326;POINT(30.06 -1.94)'), ('F-CD', 'depot', 'B', 'SRID=4326;POINT(29.22 -1.67)');
    INSERT INTO route (route_id, name, geom) VALUES
        ('R-RW', 'a', 'SRID=4326;MULTILINESTRING((30.06 -1.94, 30.10 -1.95))'),
        ('R-CD', 'b', 'SRID=4326;MULTILINESTRING((29.22 -1.67, 29.20 -1.60))');
    INSERT INTO checkpoint (checkpoint_id, geom) VALUES
        ('C-NK', 'SRID=4326;POINT(29.22 -1.67)'), ('C-RW', 'SRID=4326;POINT(30.06 -1.94)');
    INSERT INTO incident (incident_no, occurred_from, sealed, geom) VALUES
        ('I-CD', '2024-01-01', false, 'SRID=4326;POINT(29.22 -1.67)'),
        ('I-sealed', '2024-01-01', true, 'SRID=4326;POINT(30.06 -1.94)');
    INSERT INTO deployment (deployment_id, force, valid_from, geom) VALUES
        ('D-later', 'army', '2999-01-01', 'SRID=4326;POINT(30.06 -1.94)');
    INSERT INTO app_user (user_name) VALUES ('gis-sk'), ('gis-rw-reads-cd');
    INSERT INTO user_scope (user_name, role, unit_code) VALUES
        ('gis-sk', 'gis', 'CD-SK'), ('gis-rw-reads-cd', 'gis', 'RW'), ('gis-rw-reads-cd', 'analyst', 'CD');
"""
HIDDEN = ("S-CD", "F-CD", "R-CD", "I-CD")

Bring = Callable[..., Any]


@pytest.fixture
def as_(engine: Engine, settings: Settings) -> Iterator[Callable[[str], Engine]]:
    """Engines that act for somebody, on a database with rows of two countries."""
    with engine.begin() as connection:
        connection.execute(text(ROWS))
    opened: list[Any] = []

    def acting(name: str) -> Engine:
        opened.append(acting_database(settings, name))
        made: Engine = opened[-1].__enter__()
        return made

    yield acting
    for each in opened:
        each.__exit__(None, None, None)


def test_rows_of_ones_units_are_written(as_: Callable[[str], Engine], engine: Engine, tmp_path: Path) -> None:
    officer = as_("gis-rw")
    sites = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S1,A,{KIGALI}", f"S-RW,Changed,{KIGALI}")
    report = bring(officer, sites, "mine_sites", source="A new survey")
    assert report["rows"] == {"read": 2, "inserted": 1, "updated": 1, "unchanged": 0, "rejected": 0}
    assert bring(officer, sites, "mine_sites", source="A new survey")["rows"]["unchanged"] == 2
    written = "SELECT site_id, name, source_id, created_by, import_batch_id::text FROM mine_site WHERE country = 'RW'"
    assert sorted(ask(engine, written)) == [
        ("S-RW", "Changed", "A new survey", "geoapp", report["batch"]),
        ("S1", "A", "A new survey", "gis-rw", report["batch"]),
    ]
    assert ask(engine, "SELECT DISTINCT imported_by FROM import_batch") == [("gis-rw",)]


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("facilities", ("facility_id,kind,name,lon,lat", f"X,depot,A,{KIGALI}")),
        ("routes", ("route_id,name,wkt", 'X,A,"LINESTRING (30.06 -1.94, 30.07 -1.95)"')),
        ("checkpoints", ("checkpoint_id,name,lon,lat", f"X,A,{KIGALI}")),
        ("incidents", ("incident_no,date,lon,lat", f"X,2024-01-01,{KIGALI}")),
        ("incidents", ("incident_no,date,site_id", "X,2024-01-01,S-RW")),
        ("incidents", ("incident_no,date,facility_id", "X,2024-01-01,F-RW")),
        ("incidents", ("incident_no,date,province", "X,2024-01-01,RW")),
        ("incidents", ("date,description,route_id", "2024-01-01,Text,R-RW")),
        ("deployments", ("deployment_id,force,valid_from,site_id", "X,police,2024-01-01,S-RW")),
        ("deployments", ("deployment_id,force,valid_from,route_id", "X,police,2024-01-01,R-RW")),
        ("visits", ("site_id,visited_on", "S-RW,2024-01-01")),
        ("movements", ("movement_id,route_id,cargo,arrived_at", "X,R-RW,explosives,2024-01-30T08:00")),
        ("trainings", ("training_id,topic,held_on,unit_code", "X,human_rights,2024-01-30,RW")),
    ],
)
def test_every_table_takes_rows(
    as_: Callable[[str], Engine], tmp_path: Path, table: str, lines: tuple[str, ...]
) -> None:
    officer = as_("gis-rw")
    path = write_csv(tmp_path / "x.csv", *lines)
    report = bring(officer, path, table)
    assert report["rows"]["inserted"] == 1, report["issues"]
    assert bring(officer, path, table)["rows"]["unchanged"] == 1


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("mine_sites", ("site_id,name,lon,lat", f"X,A,{GOMA}", f"Y,A,{KIGALI}")),
        ("facilities", ("facility_id,kind,name,lon,lat", f"X,depot,A,{GOMA}", f"Y,depot,A,{KIGALI}")),
        ("routes", ("route_id,name,wkt", 'X,A,"LINESTRING (29.2 -1.6, 29.2 -1.7)"', 'Y,A,"LINESTRING (30 -2, 30 -1)"')),
        ("incidents", ("incident_no,date,lon,lat", f"X,2024-01-01,{GOMA}", f"Y,2024-01-01,{KIGALI}")),
        ("incidents", ("incident_no,date,province", "X,2024-01-01,CD-NK", "Y,2024-01-01,RW")),
        ("deployments", ("force,valid_from,lon,lat", f"army,2024-01-01,{GOMA}", f"army,2024-01-01,{KIGALI}")),
        ("trainings", ("topic,held_on,unit_code", "human_rights,2024-01-30,CD", "human_rights,2024-01-30,RW")),
        ("checkpoints", ("checkpoint_id,name,lon,lat", "X,A,2.35,48.85", f"Y,A,{KIGALI}")),
    ],
)  # fmt: skip
def test_rows_of_other_units_are_refused_one_by_one(
    as_: Callable[[str], Engine], engine: Engine, tmp_path: Path, table: str, lines: tuple[str, ...]
) -> None:
    report = bring(as_("gis-rw"), write_csv(tmp_path / "x.csv", *lines), table)
    assert report["rows"] == {"read": 2, "inserted": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    [refused] = [issue for issue in report["issues"] if issue["severity"] == "error"]
    assert (refused["row"], refused["rule"]) == (1, "not_your_unit")
    assert refused["value"] in {"CD", "CD, CD-NK", "no unit"}
    assert refused["repair"] == "RW"
    stored = ask(engine, "SELECT count(*) FROM import_issue WHERE rule = 'not_your_unit'")
    assert stored == [(1,)]


def test_nothing_is_told_of_rows_elsewhere(as_: Callable[[str], Engine], engine: Engine, tmp_path: Path) -> None:
    """The same keys in one's own country are new rows, with the same report as keys that nobody has."""
    officer = as_("gis-rw")

    def report(key: str) -> list[Any]:
        facility = write_csv(tmp_path / "f.csv", "facility_id,kind,name,lon,lat", f"F-{key},depot,{key},{KIGALI}")
        route = write_csv(tmp_path / "r.csv", "route_id,name,wkt", f'R-{key},{key},"LINESTRING (30 -2, 30 -1.9)"')
        incident = write_csv(tmp_path / "i.csv", "incident_no,date,lon,lat", f"I-{key},2024-01-01,{KIGALI}")
        reference = write_csv(tmp_path / "d.csv", "force,valid_from,site_id", f"army,2024-01-01,S-{key}")
        brought = [(facility, "facilities"), (route, "routes"), (incident, "incidents"), (reference, "deployments")]
        reports = [bring(officer, path, table) for path, table in brought]
        return [(each["rows"], [(issue["rule"], issue["column"]) for issue in each["issues"]]) for each in reports]

    assert report("CD") == report("nobodys")
    assert ask(engine, "SELECT country FROM facility WHERE facility_id = 'F-CD' ORDER BY 1") == [("CD",), ("RW",)]
    assert ask(engine, "SELECT country FROM incident WHERE incident_no = 'I-CD' ORDER BY 1") == [("CD",), ("RW",)]


@pytest.mark.parametrize(
    ("name", "table", "lines"),
    [
        ("gis-rw", "incidents", ("incident_no,date,lon,lat", f"I-sealed,2024-01-01,{KIGALI}")),
        ("gis-rw", "deployments", ("deployment_id,force,valid_from,lon,lat", f"D-later,army,2024-01-01,{KIGALI}")),
        ("gis-sk", "checkpoints", ("checkpoint_id,name,lon,lat", f"C-NK,A,{BUKAVU}")),
    ],
)
def test_the_key_of_a_hidden_row_of_the_same_country_is_free(
    as_: Callable[[str], Engine], tmp_path: Path, name: str, table: str, lines: tuple[str, ...]
) -> None:
    """Sealed, not yet to be seen, or in another province."""
    officer = as_(name)
    path = write_csv(tmp_path / "x.csv", *lines)
    report = bring(officer, path, table)
    assert (report["rows"]["inserted"], report["issues"]) == (1, [])
    assert bring(officer, path, table)["rows"]["unchanged"] == 1


def test_who_sees_two_rows_of_a_key_is_asked_to_rename(
    as_: Callable[[str], Engine], engine: Engine, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "x.csv", "checkpoint_id,name,lon,lat", f"C-NK,A,{BUKAVU}")
    assert bring(as_("gis-sk"), path, "checkpoints")["rows"]["inserted"] == 1
    for each in (engine, as_("gis-cd")):
        report = bring(each, path, "checkpoints")
        assert rules(report) == [(1, "checkpoint_id", "ambiguous_key")]
    assert bring(as_("gis-sk"), path, "checkpoints")["rows"]["unchanged"] == 1


def test_a_site_of_others_is_not_changed(as_: Callable[[str], Engine], engine: Engine, tmp_path: Path) -> None:
    """The keys of sites are public, so the report may name where it is."""
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S-CD,Mine,{KIGALI}", f"S1,A,{KIGALI}")
    report = bring(as_("gis-rw"), path, "mine_sites")
    assert report["rows"]["inserted"] == 1
    assert rules(report) == [(1, "site_id", "not_your_unit")]
    assert "CD-NK" in report["issues"][0]["value"]
    assert ask(engine, "SELECT name FROM mine_site WHERE site_id = 'S-CD'") == [("Bisie",)]


def test_what_one_may_only_read_is_not_changed(as_: Callable[[str], Engine], engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S-CD,Mine,{KIGALI}", f"S-RW,Mine,{GOMA}")
    report = bring(as_("gis-rw-reads-cd"), path, "mine_sites")
    assert [rule for _, _, rule in rules(report)] == ["not_your_unit"] * 2
    assert sorted(ask(engine, "SELECT name FROM mine_site")) == [("Bisie",), ("Rutongo",)]


def test_what_would_be_hidden_from_oneself_is_refused(as_: Callable[[str], Engine], tmp_path: Path) -> None:
    officer = as_("gis-rw")
    incidents = write_csv(
        tmp_path / "i.csv",
        "incident_no,date,sealed,handlers,lon,lat",
        f"A,2024-01-01,yes,,{KIGALI}",
        f"B,2024-01-01,yes,gis-rw,{KIGALI}",
        f"C,2024-01-01,no,,{KIGALI}",
    )
    report = bring(officer, incidents, "incidents")
    assert rules(report) == [(1, "sealed", "sealed_away")]
    assert report["rows"]["inserted"] == 2
    posts = write_csv(tmp_path / "d.csv", "deployment_id,force,valid_from,lon,lat", f"A,army,2998-01-01,{KIGALI}")
    assert rules(bring(officer, posts, "deployments")) == [(1, "valid_from", "future_date")]


def test_boundaries_are_the_operators(as_: Callable[[str], Engine], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "b.csv", "unit_code,name_en,wkt", 'RW-X,X,"POLYGON ((30 -2, 30 -1, 31 -1, 30 -2))"')
    report = bring(as_("gis-rw"), path, "boundaries", refused=True)
    assert "Give the file to the operator" in report


@pytest.mark.parametrize("name", ["public", "committee-sk", "coordinator-sk", "analyst", "admin"])
def test_the_others_import_nothing(as_: Callable[[str], Engine], engine: Engine, tmp_path: Path, name: str) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S1,A,{BUKAVU}")
    reason = bring(as_(name), path, "mine_sites", refused=True)
    assert reason == (
        f"s.csv: {name} may not import: that takes the role gis in the units of the rows. Ask an administrator."
    )
    assert ask(engine, "SELECT count(*) FROM import_batch") == [(0,)]
    assert ask(engine, "SELECT count(*) FROM source") == [(1,)]


@pytest.mark.parametrize("name", ["nobody", "", "ANALYST", "analyst'; --"])
def test_somebody_who_is_unknown_or_disabled_acts_not_at_all(settings: Settings, engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE app_user SET disabled_at = now() WHERE user_name = 'gis-cd'"))
    for each in (name, "gis-cd"):
        with pytest.raises(NotFoundError, match="geoapp user list"), acting_database(settings, each):
            pass


def test_the_command(environment: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S1,A,{KIGALI}", f"S2,B,{GOMA}")

    def run(*options: object) -> subprocess.CompletedProcess[str]:
        command = [str(GEOAPP), "import", str(path), "--as", "mine_sites", *map(str, options)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    tried = run("--user", "gis-rw", "--dry-run", "--report", tmp_path / "r.json")
    assert tried.returncode == 1
    assert "row 2, geom: lies in CD, CD-NK; you may import into RW alone" in tried.stdout
    assert json.loads((tmp_path / "r.json").read_text())["rows"]["inserted"] == 1
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]
    assert run("--user", "gis-rw").returncode == 1
    assert ask(engine, "SELECT site_id, created_by FROM mine_site") == [("S1", "gis-rw")]
    assert "analyst may not import" in run("--user", "analyst").stderr
    unknown = run("--user", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "geoapp: There is no user nobody, or they are disabled. See `geoapp user list`.\n"
    assert run().returncode == 0
