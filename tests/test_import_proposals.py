"""Columns are proposed by their values and by names nearly right; what was confirmed is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from importing import ask, bring, rules, write_csv
from sqlalchemy import Engine, text

from geoapp.cli.context import acting_database
from geoapp.ingest.proposals import Known, propose, propose_coordinates
from geoapp.ingest.report import Proposed
from geoapp.ingest.targets import TARGETS
from geoapp.settings import Settings

SITES = TARGETS["mine_sites"]
KNOWN = Known(lambda column, values: len(set(values) & {"S1", "S2"}), frozenset({"sudkivu", "nordkivu"}))
HEADING = "kode;bezeichnung;farbe;erz;gps_rechts;gps_hoch"
ROWS = ("S1;Bisié;vert;cassitérite;28.51;-2.61", "S2;Mwega;jaune;or; 28.62;-2.72", "S3;Rubaya;rouge;coltan;28.73;-2.83")


def proposed(table: str, **columns: list[Any]) -> dict[str, str]:
    """Which column of a table each column of a file is proposed for, by its values or name."""
    sheet = {name: np.array(values, dtype=object) for name, values in columns.items()}
    found = propose(TARGETS[table], sheet, {}, sheet, KNOWN)
    return {each.source: each.column for each in found if each.confidence >= 0.5}


@pytest.mark.parametrize(
    ("table", "name", "values", "column"),
    [
        ("mine_sites", "a", ["Vert", "Jaune", "rouge", ""], "icglr_status"),
        ("mine_sites", "a", ["cassitérite", "Or;coltan", "wolframite"], "minerals"),
        ("mine_sites", "a", ["Sud-Kivu", "NORD KIVU"], "stated_unit"),
        ("visits", "a", ["S1", "S2", "S1"], "site_id"),
        ("visits", "a", ["2024-01-31", "2024-02-01"], "visited_on"),
        ("incidents", "a", ["enlèvement", "corruption", "contrebande"], "category"),
        ("deployments", "a", ["police des mines", "armée"], "force"),
        ("mine_sites", "teritoire", ["Walikale", "Kalehe"], "territory"),
        ("mine_sites", "wrkers_est", ["12", "30"], "workers_est"),
    ],
)
def test_a_column_is_proposed(table: str, name: str, values: list[str], column: str) -> None:
    assert proposed(table, **{name: values}) == {name: column}


@pytest.mark.parametrize(
    ("table", "name", "values"),
    [
        ("incidents", "a", ["1", "2", "3"]),
        ("mine_sites", "wrkers_est", ["many", "few"]),
        ("mine_sites", "a", ["x", "y", "y"]),
        ("visits", "a", ["S8", "S9"]),
        ("mine_sites", "a", ["", None]),
    ],
)
def test_chance_is_no_proposal(table: str, name: str, values: list[str]) -> None:
    assert {each for each in proposed(table, **{name: values}).values() if each != "name"} == set()


def test_what_two_columns_explain_is_less_sure() -> None:
    sheet = {"a": np.array(["police des mines", "armée"], dtype=object)}
    sure, _ = (propose(TARGETS[table], sheet, {}, sheet, KNOWN) for table in ("deployments", "incidents"))
    assert sure[0].confidence >= 0.85
    unsure = propose(TARGETS["incidents"], {"a": np.array(["négociant"], dtype=object)}, {}, ["a"], KNOWN)
    assert [each.confidence for each in unsure] == [0.5 * 0.9 / 0.9]


def test_degrees_are_found_where_one_pair_alone_can_be_them() -> None:
    lon, lat = np.array(["28.51", "28.62"], dtype=object), np.array(["-2.61", "-2.72"], dtype=object)
    found = propose_coordinates({"r": lon, "h": lat}, ["r", "h"])
    assert [(each.column, each.source) for each in found] == [("longitude", "r"), ("latitude", "h")]
    assert propose_coordinates({"r": lon, "h": lat, "q": lat}, ["r", "h", "q"]) == []


def test_a_refusal_names_what_it_could_be(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", HEADING, *ROWS)
    said = bring(engine, path, "mine_sites", refused=True, dry_run=True)
    assert "--map name=bezeichnung (or --accept-proposals)" in said


def test_a_dry_run_shows_proposals_with_values(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "s.csv", "site_id,name,lon,lat,farbe,rest", "S1,A,28.5,-2.6,vert,x", "S2,B,28.6,-2.6,vert,x"
    )
    report = bring(engine, path, "mine_sites", dry_run=True)
    assert rules(report) == [(None, "icglr_status", "column_proposed"), (None, "rest", "column_ignored")]
    assert report["issues"][0]["repair"] == "90 %: its words are of this list: vert"
    assert [(each["column"], each["source"], each["samples"]) for each in report["proposals"]] == [
        ("icglr_status", "farbe", ["vert"])
    ]
    # Without a word from the officer it is not read.
    bring(engine, path, "mine_sites")
    assert ask(engine, "SELECT DISTINCT icglr_status FROM mine_site") == [("unknown",)]


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """A table in a language that no synonym knows."""
    return write_csv(tmp_path / "s.csv", HEADING, *ROWS)


def test_accepted_proposals_are_used_and_remembered(engine: Engine, sites: Path, tmp_path: Path) -> None:
    report = bring(engine, sites, "mine_sites", accept_proposals=True, source="Bureau")
    assert report["rows"]["inserted"] == 3
    assert {each["column"]: each["source"] for each in report["proposals"]} == {
        "icglr_status": "farbe",
        "minerals": "erz",
        "name": "bezeichnung",
        "longitude": "gps_rechts",
        "latitude": "gps_hoch",
    }
    stored = "SELECT name, icglr_status, minerals, round(ST_X(geom)::numeric, 2)::float FROM mine_site ORDER BY name"
    assert ask(engine, stored)[0] == ("Bisié", "green", ["cassiterite"], 28.51)
    # The columns may stand in another order, and be written otherwise.
    moved = write_csv(tmp_path / "t.csv", "Bezeichnung;FARBE;kode;erz;gps_hoch;gps_rechts", "Neu;bleu;S9;or;-2.9;28.8")
    report = bring(engine, moved, "mine_sites", source="Bureau")
    assert report["rows"]["inserted"] == 1
    assert "mapping_remembered" in [rule for _, _, rule in rules(report)]
    assert ask(engine, "SELECT icglr_status FROM mine_site WHERE name = 'Neu'") == [("blue",)]


def test_a_choice_is_remembered_until_it_is_forgotten(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "s.csv", "kode;titel;x;y", "K1;Bisié;28.5;-2.6")
    choices = {"name": ["titel"], "site_id": ["kode"]}
    assert bring(engine, path, "mine_sites", mapping=choices, dry_run=True)["rows"]["inserted"] == 1
    # A dry run confirms nothing, and neither does --no-memory.
    bring(engine, path, "mine_sites", refused=True)
    bring(engine, path, "mine_sites", mapping=choices, memory="ignore")
    bring(engine, path, "mine_sites", refused=True)
    bring(engine, path, "mine_sites", mapping=choices)
    assert bring(engine, path, "mine_sites")["rows"]["unchanged"] == 1
    bring(engine, path, "mine_sites", memory="ignore", refused=True)
    assert bring(engine, path, "mine_sites")["rows"]["unchanged"] == 1
    bring(engine, path, "mine_sites", memory="forget", refused=True)
    bring(engine, path, "mine_sites", refused=True)


@pytest.fixture
def as_(settings: Settings) -> Iterator[Callable[[str], Engine]]:
    """Engines that act for somebody."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(acting_database(settings, name))


def test_officers_use_their_own_and_the_operators(engine: Engine, as_: Callable[[str], Engine], tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO app_user (user_name) VALUES ('gis-two')"))
        connection.execute(text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis-two', 'gis', 'CD')"))
    path = write_csv(tmp_path / "s.csv", "kode;titel;x;y", "K1;Bisié;28.5;-2.6")
    first, second = as_("gis-cd"), as_("gis-two")
    choices = {"name": ["titel"], "site_id": ["kode"]}
    assert bring(first, path, "mine_sites", mapping=choices)["rows"]["inserted"] == 1
    assert bring(first, path, "mine_sites")["rows"]["unchanged"] == 1
    bring(second, path, "mine_sites", refused=True)
    bring(engine, path, "mine_sites", refused=True)
    bring(engine, path, "mine_sites", mapping=choices)
    assert bring(second, path, "mine_sites")["rows"]["unchanged"] == 1
    # Whoever forgets, forgets what is theirs.
    assert bring(second, path, "mine_sites", memory="forget", refused=True)
    assert bring(second, path, "mine_sites")["rows"]["unchanged"] == 1
    owners = "SELECT confirmed_by FROM import_mapping ORDER BY 1"
    assert ask(engine, owners) == [("gis-cd",), (None,)]


def test_a_proposal_says_how_sure_it_is_and_why() -> None:
    sheet = {"a": np.array(["Vert", "Jaune", "Vert", "Rouge", "Bleu"], dtype=object)}
    [found] = propose(SITES, sheet, {}, sheet, KNOWN)
    assert isinstance(found, Proposed)
    assert found.samples == ("Vert", "Jaune", "Rouge")
    assert found.reason().en == "90 %: its words are of this list: Vert, Jaune, Rouge"
    assert "ses mots sont de cette liste" in found.reason().fr
