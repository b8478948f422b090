"""Cells as people fill them, turned into values of a column; nothing is guessed where there are two readings."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geoapp.ingest.findings import Findings
from geoapp.ingest.targets import TARGETS
from geoapp.ingest.values import Calendar, convert

CALENDAR = Calendar(dt.date(2024, 6, 30), ZoneInfo("Africa/Kigali"))


def read(table: str, column: str, *cells: Any) -> tuple[list[Any], list[tuple[int | None, str, str | None]]]:
    """The values of a column's cells, and the findings about them."""
    findings = Findings()
    kind = TARGETS[table].columns[column]
    values = convert(np.array([*cells, None], dtype=object)[:-1], kind, False, CALENDAR, findings)
    return list(values), [(each.row, each.rule, each.repair) for each in findings]


def accepted(table: str, column: str, *cells: Any) -> list[Any]:
    """The values of cells that are all good."""
    values, findings = read(table, column, *cells)
    assert findings == []
    return values


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12", 12),
        ("1 234", 1234),
        ("1\u00a0234", 1234),
        ("12.0", 12),
        (7.0, 7),
        ("-3", -3),
        ("", None),
    ],
)
def test_whole_numbers(cell: Any, expected: int | None) -> None:
    assert accepted("mine_sites", "workers_est", cell) == [expected]


@pytest.mark.parametrize("cell", ["abc", "12.5", "50-100", "~50", "12,5", "inf", "1e999", "٣,٤"])
def test_what_is_no_whole_number(cell: str) -> None:
    assert read("mine_sites", "workers_est", cell)[1] == [(1, "not_whole", None)]


def test_a_number_with_one_comma_says_how_it_was_read() -> None:
    assert read("mine_sites", "workers_est", "1,234") == ([1234], [(1, "number_read", "1234")])
    assert read("mine_sites", "position_accuracy_m", "1,234") == ([1.234], [(1, "number_read", "1.234")])


def test_a_number_that_cannot_be_stored() -> None:
    assert read("mine_sites", "workers_est", "3000000000")[1] == [(1, "too_large", None)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("1 234,5", 1234.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("0,5", 0.5), ("1'234.5", 1234.5), (".5", 0.5)],
)
def test_decimals(cell: str, expected: float) -> None:
    assert accepted("mine_sites", "position_accuracy_m", cell) == [expected]


@pytest.mark.parametrize("cell", ["nearly 5", "1,2,3", "inf", "1.2.3"])
def test_what_is_no_decimal(cell: str) -> None:
    assert read("mine_sites", "position_accuracy_m", cell)[1] == [(1, "not_number", None)]


def test_yes_and_no() -> None:
    cells = ["oui", "Non", "YES", "0", 1, True, "vrai", None]
    assert accepted("incidents", "explosives_involved", *cells) == [True, False, True, False, True, True, True, None]
    assert read("incidents", "explosives_involved", "peut-être")[1] == [(1, "not_yes_no", None)]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-09",
        "2024-03-09Z",
        "2024-03-09T00:00:00",
        "2024-03-09T23:30:00Z",
        "2024/03/09",
        "2024/03/09 00:00:00",
        "20240309",
        "09 March 2024",
        "9 mars 2024",
        "09/03/2024, 29/02/2024",
        np.datetime64("2024-03-09"),
    ],
)
def test_dates(cell: Any) -> None:
    cells = cell.split(", ") if isinstance(cell, str) else [cell]
    assert accepted("incidents", "occurred_from", *cells)[0] == dt.date(2024, 3, 9)


def test_a_column_tells_whether_the_day_or_the_month_comes_first() -> None:
    assert accepted("incidents", "occurred_from", "03/04/2024", "25/04/2024")[0] == dt.date(2024, 4, 3)
    assert accepted("incidents", "occurred_from", "3/4/2024", "4/25/2024")[0] == dt.date(2024, 3, 4)
    assert accepted("incidents", "occurred_from", "05/05/2024") == [dt.date(2024, 5, 5)]


def test_a_date_with_two_readings_is_refused() -> None:
    _, findings = read("incidents", "occurred_from", "03/04/2024")
    assert findings == [(1, "ambiguous_date", "2024-04-03 or 2024-03-04")]
    _, findings = read("incidents", "occurred_from", "25/04/2024", "4/25/2024", "03/04/2024")
    assert [rule for _, rule, _ in findings] == ["ambiguous_date"]


@pytest.mark.parametrize("cell", ["2024-02-30", "hier", "31/31/2024", "12.5", "2024", "1/2/24"])
def test_what_is_no_date(cell: str) -> None:
    assert read("incidents", "occurred_from", cell)[1] == [(1, "not_date", None)]


def test_a_day_after_today_is_refused_where_it_is_a_fact() -> None:
    assert read("incidents", "occurred_from", "2024-07-01")[1] == [(1, "future_date", "2024-06-30")]
    assert accepted("deployments", "valid_from", "2030-01-01") == [dt.date(2030, 1, 1)]
    assert read("incidents", "reported_on", "1024-07-01")[1] == [(1, "impossible_date", None)]


def test_an_excel_day_is_read_and_said() -> None:
    values, findings = read("incidents", "occurred_from", "45000")
    assert values == [dt.date(2023, 3, 15)]
    assert findings == [(1, "excel_date", "2023-03-15")]


def test_times_without_a_zone_are_local() -> None:
    values = accepted("movements", "arrived_at", "2024-03-09T14:30", "2024-03-09 14:30:00Z", "2024-03-09")
    assert [value.astimezone(dt.UTC).isoformat() for value in values] == [
        "2024-03-09T12:30:00+00:00",
        "2024-03-09T14:30:00+00:00",
        "2024-03-08T22:00:00+00:00",
    ]
    assert read("movements", "arrived_at", "2024-03-09 25:00")[1] == [(1, "not_time", None)]


@pytest.mark.parametrize(
    ("table", "column", "cell", "expected"),
    [
        ("mine_sites", "icglr_status", "VERT", "green"),
        ("mine_sites", "icglr_status", "not_inspected", "not_inspected"),
        ("mine_sites", "icglr_status", "Non inspecté", "not_inspected"),
        ("mine_sites", "traceability", "iTSCI", "itsci"),
        ("incidents", "level", "Niveau 1", 1),
        ("incidents", "level", "Level 3 (lowest)", 3),
        ("incidents", "level", 2.0, 2),
        ("incidents", "category", "Enlèvement", "abduction"),
        ("incidents", "annex2", "3b", "3b"),
        ("facilities", "kind", "Dépôt", "depot"),
        ("facilities", "kind", "dépôt d'explosifs", "explosives_magazine"),
        ("checkpoints", "levy", "none", "none"),
        ("incidents", "channel", "inconnu", None),
    ],
)
def test_words_of_a_vocabulary(table: str, column: str, cell: Any, expected: Any) -> None:
    assert accepted(table, column, cell) == [expected]


def test_an_unknown_word_is_refused_with_the_nearest() -> None:
    assert read("mine_sites", "icglr_status", "vertt")[1] == [(1, "unknown_code", "nearest: green")]
    ((_, rule, repair),) = read("facilities", "kind", "xyzzy")[1]
    assert rule == "unknown_code"
    assert repair is not None
    assert repair.startswith("use one of: depot, buying_house")


@pytest.mark.parametrize(
    "cell",
    ["Or; Cassitérite", "or/cassiterite", '["gold", "cassiterite"]', "{gold,cassiterite}", "Or|étain|Or|inconnu"],
)
def test_lists_of_codes(cell: str) -> None:
    assert accepted("mine_sites", "minerals", cell) == [["gold", "cassiterite"]]


def test_text_is_trimmed_and_kept_to_the_letter() -> None:
    assert accepted("mine_sites", "name", " Bisié\u00a0Nord ", "none", "it's; DROP TABLE x", 12.0) == [
        "Bisié Nord",
        "none",
        "it's; DROP TABLE x",
        "12",
    ]


def test_characters_that_cannot_be_stored_are_left_out_and_said() -> None:
    values, findings = read("mine_sites", "name", "Bi\x00sié")
    assert values == ["Bisié"]
    assert findings == [(1, "text_cleaned", "Bisié")]


def test_an_empty_cell_where_a_value_is_needed_is_refused() -> None:
    assert read("mine_sites", "name", "  ", None, "NA")[1] == [(row, "missing_value", None) for row in (1, 2, 3)]


def test_objects() -> None:
    assert accepted("trainings", "participants_by_group", '{"police": 4}') == [{"police": 4}]
    assert read("trainings", "participants_by_group", "[1]")[1] == [(1, "not_json", None)]


@pytest.mark.parametrize("cell", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', "{" * 50_000])
def test_objects_that_the_database_cannot_hold(cell: str) -> None:
    assert read("trainings", "participants_by_group", cell)[1] == [(1, "not_json", None)]


@pytest.mark.parametrize("cell", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00", "2024-03-09T10:00+99:99"])
def test_times_beyond_the_calendar(cell: str) -> None:
    ((_, rule, _),) = read("movements", "arrived_at", cell)[1]
    assert rule in {"not_time", "impossible_date", "future_date"}
