"""A new row that is there already under another key is told of, and written: people decide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from importing import bring, rules, write_csv
from sqlalchemy import Engine, text

from geoapp.access.acting import acting_engine
from geoapp.ingest.repeats import REPEATS
from geoapp.ingest.stage import join_whole
from geoapp.settings import Settings

CASES: dict[str, tuple[str, str, str, str]] = {
    # The heading, a row, the same thing as another source has it, and another thing that is like it.
    "facilities": (
        "facility_id,kind,name,lon,lat",
        "F1,depot,Dépôt de Nyabibwe,28.900,-1.990",
        "X9,depot,Depot Nyabibwe,28.912,-1.985",
        "X8,processor,Dépôt de Nyabibwe,28.900,-1.990",
    ),
    "checkpoints": (
        "checkpoint_id,name,lon,lat",
        "C1,Barrière Mubi,27.900,-1.500",
        "X9,Barriere de Mubi,27.905,-1.505",
        "X8,Barrière Mubi,28.200,-1.500",
    ),
    "routes": (
        "route_id,name,mode,geom",
        'R1,Numbi - Goma,truck,"LINESTRING(28.90 -1.90, 29.00 -1.80, 29.22 -1.67)"',
        'X9,Numbi – Goma,truck,"LINESTRING(29.221 -1.671, 29.10 -1.75, 28.901 -1.901)"',
        'X8,Numbi - Goma,truck,"LINESTRING(28.90 -1.90, 29.00 -1.80)"',
    ),
    "deployments": (
        "deployment_id,force,function,valid_from,valid_to,lon,lat",
        "D1,mining_police,,2024-01-01,2024-12-31,28.900,-1.990",
        "X9,mining_police,,2024-06-01,2025-01-31,28.905,-1.990",
        "X8,mining_police,,2025-06-01,,28.900,-1.990",
    ),
    "incidents": (
        "incident_no,occurred_from,summary_fr,lon,lat",
        "I1,2024-03-01,Vol de minerais sur la route,28.900,-1.990",
        "X9,2024-03-01,Vol de minerais sur la route,28.900,-1.990",
        "X8,2024-03-02,Vol de minerais sur la route,28.900,-1.990",
    ),
}


@pytest.mark.parametrize("table", CASES)
def test_another_key_for_the_same_thing_is_told_of(engine: Engine, tmp_path: Path, table: str) -> None:
    heading, first, same, other = CASES[table]

    def told(name: str, row: str) -> list[Any]:
        report = bring(engine, write_csv(tmp_path / f"{name}.csv", heading, row), table, source=name)
        assert report["rows"]["inserted"] == 1, report
        assert ("maybe_same_row" in [rule for *_, rule in rules(report)]) == (name == "same"), report["issues"]
        return [each["repair"] for each in report["issues"] if each["rule"] == "maybe_same_row"]

    assert told("first", first) == []
    assert told("other", other) == []
    key = first.partition(",")[0]
    assert told("same", same) == [f"{key} (first)"]


def test_two_of_one_file_are_told_of_too(engine: Engine, tmp_path: Path) -> None:
    heading, first, same, _ = CASES["incidents"]
    report = bring(engine, write_csv(tmp_path / "a.csv", heading, first, same), "incidents", source="S")
    assert report["rows"]["inserted"] == 2
    assert [each for each in rules(report) if each[2] == "maybe_same_row"] == [
        (1, "incident_no", "maybe_same_row"),
        (2, "incident_no", "maybe_same_row"),
    ]


@pytest.fixture(params=["owner", "officer"])
def importer(request: pytest.FixtureRequest, engine: Engine, settings: Settings) -> Iterator[Engine]:
    """An engine of who imports: the database's owner, or an officer, whom policies bind."""
    if request.param == "owner":
        yield engine
        return
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO app_user (user_name) VALUES ('gis')"))
        connection.execute(text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis', 'gis', 'CD')"))
    with acting_engine(settings, "gis") as acting:
        yield acting


@pytest.mark.parametrize("table", ["facilities", "checkpoints", "deployments", "routes"])
def test_neighbours_of_many_rows_are_found_by_their_place(importer: Engine, table: str) -> None:
    repeat = REPEATS[table]
    pairs = repeat.pairs({"geom"})
    with importer.begin() as connection:
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE import_stage ON COMMIT DROP AS SELECT n AS import_row,"
                " gen_random_uuid() AS import_id, 'insert' AS import_action FROM generate_series(1, 20000) AS n"
            )
        )
        connection.execute(text("ANALYZE import_stage"))
        join_whole(connection, 20_000)
        asked = {name: 0.03 for name in ("degrees", "metres") if f":{name}" in str(pairs)}
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {pairs}"), asked))
    # By the index of places, and by no join of what rows have in common.
    assert f"ix_{repeat.table}_geom on {repeat.table} other" in plan, plan
    assert not re.search(r"(Hash|Merge) Cond: .*(kind|force|mode)", plan), plan


def test_many_in_one_place_are_told_of_up_to_a_bound(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoapp.ingest.repeats.MOST_PAIRS", 20)
    lines = [f"D{n},army,2024-01-01,28.9,-1.99,F1" for n in range(12)]
    bring(engine, write_csv(tmp_path / "f.csv", "facility_id,kind,name,lon,lat", "F1,depot,D,28.9,-1.99"), "facilities")
    heading = "deployment_id,force,valid_from,lon,lat,facility_id"
    report = bring(engine, write_csv(tmp_path / "d.csv", heading, *lines), "deployments")
    told = report["issues"]
    found = [(each["row"], each["repair"]) for each in told if each["rule"] == "maybe_same_row"]
    # Both by their place and by the depot, and each pair once.
    assert 0 < len(found) == len(set(found)) <= 20
    assert "too_many_to_compare" in [each["rule"] for each in told]
