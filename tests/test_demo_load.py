"""Loading the demonstration data: the same rows from the same seed, in place of the old ones, or nothing at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from demo_rows import SMALL, UNTIL, all_rows
from importing import ask
from sqlalchemy import Engine, text

from geoapp.demo.load import load_demo, was_loaded
from geoapp.demo.plan import Plan, today_in
from geoapp.errors import DemoError

REAL_SITE = (
    "INSERT INTO mine_site (site_id, name, geom) VALUES (:site, 'Bisié', 'SRID=4326;POINT(28.5 -2.6)') "
    "ON CONFLICT DO NOTHING"
)


def write(engine: Engine, statement: str, **values: object) -> None:
    """Carry out one statement."""
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def test_the_same_seed_and_day_give_the_same_rows(engine: Engine) -> None:
    write(engine, REAL_SITE, site="REAL-1")
    before = all_rows(engine)
    first = load_demo(engine, SMALL)
    rows = all_rows(engine)
    assert first.replaced == {}
    assert first.written["mine_site"] == 1_500
    assert first.written["incident"] == len(rows["incident"]) == 60
    assert first.written["route"] == len(rows["route"]) == 8

    again = load_demo(engine, SMALL)
    assert again.replaced == first.written
    assert all_rows(engine) == rows

    other = load_demo(engine, replace(SMALL, seed=7, incidents=0))
    assert other.written["incident"] == 0
    changed = all_rows(engine)
    assert changed["mine_site"] != rows["mine_site"]
    assert set(before["mine_site"]) <= set(changed["mine_site"])


def test_the_number_of_incidents_changes_no_place(engine: Engine) -> None:
    load_demo(engine, SMALL)
    few = all_rows(engine)
    load_demo(engine, replace(SMALL, incidents=200))
    more = all_rows(engine)
    for table in ("mine_site", "facility", "route", "deployment", "escort_movement", "base_feature"):
        assert more[table] == few[table], table


def test_progress_is_told_of_every_row(engine: Engine) -> None:
    steps: list[int] = []
    loaded = load_demo(engine, SMALL, steps.append)
    assert sum(steps) == sum(loaded.written.values())
    assert was_loaded(engine)


def test_days_long_ago_come_before_the_provinces(engine: Engine) -> None:
    load_demo(engine, replace(SMALL, until=dt.date(2000, 1, 1)))
    assert ask(engine, "SELECT max(occurred_from) <= '2000-01-01', count(DISTINCT country) > 1 FROM incident") == [
        (True, True)
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"incidents": -1}, "--incidents -1 is out of range: give a number from 0 to 5000000."),
        ({"incidents": 5_000_001}, "--incidents 5000001 is out of range"),
        ({"routes": 0}, "--routes 0 is out of range: give a number from 1 to 2000."),
        ({"routes": 2_001}, "--routes 2001 is out of range"),
        ({"seed": -5}, "--seed -5 is out of range"),
        ({"until": dt.date(1999, 12, 31)}, "--until 1999-12-31 is out of range: give a day from 2000-01-01 to"),
        ({"until": today_in("Africa/Kigali") + dt.timedelta(days=1)}, "to today"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DemoError) as refused:
        replace(Plan(UNTIL), **change).check(today_in("Africa/Kigali"))  # type: ignore[arg-type]
    assert said in str(refused.value)


def test_without_a_base_map_it_says_what_to_run(engine: Engine) -> None:
    write(engine, "DELETE FROM base_feature WHERE kind = 'town'")
    with pytest.raises(DemoError, match="geoapp db migrate"):
        load_demo(engine, SMALL)
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]


def test_an_identifier_that_is_taken_undoes_everything(engine: Engine) -> None:
    load_demo(engine, replace(SMALL, incidents=5))
    write(engine, "UPDATE mine_site SET synthetic = false, source_id = NULL WHERE site_id = 'COD-SK-00007'")
    before = all_rows(engine)
    with pytest.raises(DemoError, match=r"COD-SK-00007.*Nothing was loaded"):
        load_demo(engine, SMALL)
    assert all_rows(engine) == before
