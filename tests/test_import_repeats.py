"""A new row that is there already under another key is told of, and written: people decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from importing import bring, rules, write_csv
from sqlalchemy import Engine

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
