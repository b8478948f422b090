"""The published edition: what it counts and withholds, that it stays, and what an attacker can make of all editions."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from cast import CAST
from flask.testing import FlaskClient
from importing import ask
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.errors import PublicationError
from geoapp.publish.edition import (
    Made,
    parse_quarter,
    publish_due,
    publish_quarter,
    quarter_name,
    remove_synthetic,
)
from geoapp.settings import Settings

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"
QUARTER = dt.date(2024, 1, 1)
LEVELS = ("1", "2", "3", "unknown")
# A point in each of three provinces, away from their borders.
PLACES = {"CD-SK": "28.84 -2.50", "CD-NK": "29.00 -1.55", "RW-02": "30.40 -1.95"}

Cell = tuple[str, str]
ClientOf = Callable[[str], FlaskClient]


def write(engine: Engine, statement: str, **values: object) -> None:
    """Carry out one statement."""
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def report(engine: Engine, number: int, place: str = "CD-SK", level: int | None = 1, **columns: object) -> None:
    """Record incidents of one kind, in February 2024 unless `columns` say otherwise."""
    given = {"occurred_from": dt.date(2024, 2, 10), "level": level, **columns}
    write(
        engine,
        f"INSERT INTO incident ({', '.join(given)}, content_key, geom)"
        f" SELECT {', '.join(f':{name}' for name in given)}, gen_random_uuid(),"
        f" 'SRID=4326;POINT({PLACES[place]})' FROM generate_series(1, :rows)",
        rows=number,
        **given,
    )


def publish(engine: Engine, quarter: dt.date = QUARTER, correction: bool = False) -> list[Made]:
    """Publish one quarter."""
    with engine.begin() as connection:
        return publish_quarter(connection, quarter, correction)


def cells(engine: Engine, number: int = 1, synthetic: bool = False) -> dict[Cell, int | None]:
    """All cells of an edition of `QUARTER`, withheld ones as None."""
    rows = ask(
        engine,
        "SELECT unit_code, level, incidents FROM published_cell JOIN published_edition USING (edition_id)"
        " WHERE quarter = :quarter AND number = :number AND synthetic = :synthetic",
        quarter=QUARTER,
        number=number,
        synthetic=synthetic,
    )
    return {(unit, level): incidents for unit, level, incidents in rows}


def shown(engine: Engine, number: int = 1) -> dict[Cell, int]:
    """The cells of an edition that are not withheld."""
    return {cell: incidents for cell, incidents in cells(engine, number).items() if incidents is not None}


def test_it_counts_by_province_and_level(engine: Engine) -> None:
    report(engine, 7)
    report(engine, 3, level=None)
    report(engine, 4, place="CD-NK", level=2)
    report(engine, 5, place="CD-NK", level=2, sealed=True)
    made = publish(engine)
    assert shown(engine) == {("CD-SK", "1"): 7, ("CD-SK", "unknown"): 3, ("CD-NK", "2"): 9}
    provinces = {unit for unit, _ in cells(engine)}
    assert set(cells(engine)) == set(product(provinces, LEVELS))
    assert provinces == {unit for (unit,) in ask(engine, "SELECT unit_code FROM admin_unit WHERE level = 1")}
    assert made == [Made(QUARTER, 1, False, 3, len(provinces) * 4 - 3)]


def test_small_counts_are_withheld_and_none_looks_like_them(engine: Engine) -> None:
    report(engine, 1)
    report(engine, 2, level=2)
    report(engine, 3, level=3)
    publish(engine)
    assert shown(engine) == {("CD-SK", "3"): 3}
    assert cells(engine)["CD-SK", "1"] is cells(engine)["CD-SK", "unknown"] is None


def test_what_did_not_happen_or_lies_elsewhere_is_not_counted(engine: Engine) -> None:
    report(engine, 4)
    report(engine, 4, status="rejected")
    report(engine, 4, outcome="unfounded")
    report(engine, 4, outcome="merged")
    report(engine, 4, occurred_from=dt.date(2023, 12, 31))
    report(engine, 4, occurred_from=dt.date(2024, 4, 1))
    report(engine, 4, place="RW-02", level=2, occurred_from=dt.date(2024, 1, 1))
    report(engine, 4, place="RW-02", level=2, occurred_from=dt.date(2024, 3, 31))
    route = "SRID=4326;MULTILINESTRING((28.84 -2.50, 29.00 -1.55))"
    write(engine, "INSERT INTO route (route_id, name, geom) VALUES ('R', 'r', CAST(:route AS geometry))", route=route)
    write(
        engine,
        "INSERT INTO incident (occurred_from, level, content_key, route_ref)"
        " SELECT '2024-02-10', 1, each::text, id FROM route CROSS JOIN generate_series(1, 5) AS each",
    )
    publish(engine)
    assert shown(engine) == {("CD-SK", "1"): 4, ("RW-02", "2"): 8}


def test_it_agrees_with_a_count_row_by_row(engine: Engine) -> None:
    for place, level, number in product(PLACES, (1, 2, 3, None), (1, 2)):
        report(engine, number * (len(place) + (level or 5)) % 7, place=place, level=level)
    publish(engine)
    rows = ask(engine, "SELECT units, level FROM incident")
    expected = Counter((unit, str(level or "unknown")) for units, level in rows for unit in units if "-" in unit)
    assert len(rows) > 20
    assert shown(engine) == {cell: number for cell, number in expected.items() if number >= 3}


def test_synthetic_rows_have_editions_of_their_own(engine: Engine) -> None:
    report(engine, 4)
    report(engine, 5, synthetic=True)
    made = publish(engine)
    assert [(each.number, each.synthetic, each.shown) for each in made] == [(1, False, 1), (1, True, 1)]
    assert cells(engine)["CD-SK", "1"] == 4
    assert cells(engine, synthetic=True)["CD-SK", "1"] == 5


# --- Corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (7, 8, 7),
        (7, 9, 7),
        (7, 5, 7),
        (7, 10, 10),
        (7, 4, 4),
        (3, 0, 3),
        (4, 0, 4),
        (5, 2, None),
        (5, 0, None),
        (2, 3, None),
        (0, 4, None),
        (0, 5, 5),
        (1, 9, 9),
    ],
)
def test_a_correction_changes_a_figure_by_3_or_more(engine: Engine, first: int, then: int, said: int | None) -> None:
    report(engine, first)
    report(engine, 1, place="RW-02")
    publish(engine)
    before = cells(engine)
    write(engine, "DELETE FROM incident WHERE level = 1 AND country = 'CD'")
    report(engine, then)
    assert [each.number for each in publish(engine, correction=True)] == [2]
    assert cells(engine, 2)["CD-SK", "1"] == said
    assert cells(engine) == before


def test_no_editions_together_give_back_what_one_withholds(engine: Engine) -> None:
    """The attacker knows the rule, and all editions of every cell; cells have no sums, so each is attacked alone.

    Every course of three counts from 0 to 8 goes through the database, as a cell of its own. What the attacker cannot
    tell apart are the courses of which the same is published.
    """
    courses = list(product(range(9), repeat=3))
    units = [unit for (unit,) in ask(engine, "SELECT DISTINCT unit_code FROM admin_unit WHERE level = 1 ORDER BY 1")]
    slots = [
        (dt.date(2020 + each // 4, 3 * (each % 4) + 1, 1), unit, level)
        for each in range(4)
        for unit in units
        for level in LEVELS
    ]
    hidden = dict(zip(slots, courses, strict=False))
    assert len(hidden) == len(courses)
    # The places are set past the trigger that finds them: what is tried here is the counting.
    write(engine, "ALTER TABLE incident DISABLE TRIGGER units")
    for edition in range(3):
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM incident"))
            connection.execute(
                text(
                    "INSERT INTO incident (content_key, occurred_from, level, units)"
                    " SELECT gen_random_uuid(), CAST(:day AS date), CAST(nullif(:level, 'unknown') AS smallint),"
                    " ARRAY[CAST(:unit AS text)] FROM generate_series(1, :number)"
                ),
                [
                    {"day": quarter, "unit": unit, "level": level, "number": course[edition]}
                    for (quarter, unit, level), course in hidden.items()
                ],
            )
            for quarter in sorted({quarter for quarter, _, _ in hidden}):
                publish_quarter(connection, quarter, correction=edition > 0)
    published = {
        (quarter, unit, level): tuple(said)
        for quarter, unit, level, said in ask(
            engine,
            "SELECT quarter, unit_code, level, array_agg(incidents ORDER BY number)"
            " FROM published_cell JOIN published_edition USING (edition_id) GROUP BY 1, 2, 3",
        )
    }
    possible: dict[tuple[int | None, ...], list[tuple[int, ...]]] = {}
    for slot, course in hidden.items():
        possible.setdefault(published[slot], []).append(course)
    assert sum(None in said for said in possible) > 10
    for said, candidates in possible.items():
        for edition, figure in enumerate(said):
            counts = {course[edition] for course in candidates}
            if figure is None:
                assert counts >= {0, 1, 2}, (said, edition)
        for earlier, later in ((0, 1), (0, 2), (1, 2)):
            changes = {course[later] - course[earlier] for course in candidates}
            assert 0 in changes or any(abs(change) >= 3 for change in changes), (said, earlier, later)
        # One cell's editions say nothing of each other but what each says by itself.
        alone = [{course[edition] for course in candidates} for edition in range(3)]
        assert set(candidates) == set(product(*alone)), said


def test_a_correction_repeats_the_nearest_of_what_was_said(connection: Connection) -> None:
    said = text("SELECT published_count(:actual, CAST(:earlier AS integer[]))")
    for actual, earlier, expected in ((9, [7, 10, 4], 10), (8, [7, 10], 7), (4, [5, None], 5), (3, [5, None], None)):
        assert connection.scalar(said, {"actual": actual, "earlier": earlier}) == expected


def test_other_borders_cannot_be_subtracted(engine: Engine) -> None:
    report(engine, 7)
    publish(engine)
    write(
        engine,
        "INSERT INTO admin_unit (unit_code, valid_from, level, parent_code, country, name_en, name_fr, admin_type,"
        " geom) SELECT 'CD-X1', '2024-02-01', 1, 'CD', 'CD', 'New', 'Nouvelle', 'province', geom"
        " FROM admin_unit WHERE unit_code = 'CD-SK'",
    )
    with pytest.raises(PublicationError, match="provinces of 2024-Q1 are others now"):
        publish(engine, correction=True)


# --- Once, not before its day, and for ever ---------------------------------------------------------------------------


def test_a_quarter_is_due_60_days_after_its_end(engine: Engine) -> None:
    days = ask(engine, "SELECT published_from('2025-10-01'), published_from('2024-01-01')")
    assert days == [(dt.date(2026, 3, 1), dt.date(2024, 5, 30))]
    (today,) = ask(engine, "SELECT today()")[0]
    running = dt.date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    report(engine, 9, occurred_from=today)
    report(engine, 9)
    with pytest.raises(PublicationError, match=rf"{quarter_name(running)} is published 60 days after its end: from"):
        publish(engine, running)
    with engine.begin() as connection:
        made = [each.quarter for each in publish_due(connection)]
        assert publish_due(connection) == []
    assert made[0] == QUARTER
    assert running not in made
    assert all(ask(engine, "SELECT published_from(:quarter) <= today()", quarter=each) == [(True,)] for each in made)
    # Quiet quarters in between have an edition too.
    assert dt.date(2024, 4, 1) in made


def test_an_edition_is_made_once(engine: Engine) -> None:
    report(engine, 4)
    with pytest.raises(PublicationError, match=r"2024-Q1 has not been published yet.*publish it first"):
        publish(engine, correction=True)
    publish(engine)
    with pytest.raises(PublicationError, match=r"2024-Q1 was published before.*Correct it with a new edition"):
        publish(engine)
    with pytest.raises(PublicationError, match="No incidents are recorded around 2019-Q3"):
        publish(engine, dt.date(2019, 7, 1))
    assert ask(engine, "SELECT count(*) FROM published_edition") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE published_edition SET made_at = now()",
        "UPDATE published_edition SET synthetic = true",
        "UPDATE published_cell SET incidents = 5",
        "DELETE FROM published_edition",
        "DELETE FROM published_cell",
        "TRUNCATE published_cell",
        "TRUNCATE published_edition CASCADE",
        "INSERT INTO published_cell SELECT edition_id, 'CD-XX', '1', 5 FROM published_edition",
    ],
)
def test_not_even_the_owner_changes_an_edition(engine: Engine, statement: str) -> None:
    report(engine, 4)
    publish(engine)
    before = cells(engine)
    with pytest.raises(DBAPIError, match="a published edition stays as it is"):
        write(engine, statement)
    assert cells(engine) == before


def test_synthetic_editions_alone_can_be_taken_out(engine: Engine) -> None:
    report(engine, 4)
    report(engine, 4, synthetic=True)
    publish(engine)
    with pytest.raises(DBAPIError, match="stays as it is"):
        write(engine, "DELETE FROM published_cell WHERE incidents = 4")
    with engine.begin() as connection:
        assert remove_synthetic(connection) == 1
    assert ask(engine, "SELECT synthetic FROM published_edition") == [(False,)]
    assert ask(engine, "SELECT DISTINCT edition_id FROM published_cell") == ask(
        engine, "SELECT edition_id FROM published_edition"
    )


# --- Who may ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def web(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """An engine of the web role on a database with one edition."""
    report(engine, 4)
    publish(engine)
    made = open_web_engine(settings)
    yield made
    made.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT make_edition('2024-01-01', false, true)",
        "INSERT INTO published_edition (quarter, number, synthetic) VALUES ('2024-01-01', 2, false)",
        "INSERT INTO published_cell SELECT edition_id, 'CD-XX', '1', 5 FROM published_edition",
        "UPDATE published_cell SET incidents = 5",
        "DELETE FROM published_cell",
        "DELETE FROM published_edition",
        "TRUNCATE published_edition CASCADE",
    ],
)
def test_the_web_role_can_only_read(web: Engine, statement: str) -> None:
    for name in ("public", *CAST):
        with web.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            set_viewer(connection, name)
            connection.execute(text(statement))


def test_it_runs_as_the_owner_with_a_pinned_search_path(engine: Engine) -> None:
    asked = "SELECT prosecdef, proconfig FROM pg_proc WHERE oid = 'make_edition(date, boolean, boolean)'::regprocedure"
    assert ask(engine, asked) == [(True, ["search_path=pg_catalog, public, pg_temp", "row_security=off"])]


# --- The command ------------------------------------------------------------------------------------------------------


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `geoapp publish` with arguments."""
    command = [str(GEOAPP), "publish", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_publishes_what_is_due(environment: dict[str, str], engine: Engine) -> None:
    assert run(environment).stdout == "Nothing to publish: every quarter that is due has its edition.\n"
    report(engine, 4)
    first = run(environment)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "2024-Q1: edition 1, 1 figures shown, 207 withheld.\n"
    refused = run(environment, "--quarter", "2024-Q1")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("geoapp: 2024-Q1 was published before")
    assert run(environment, "--quarter", "2024-q1", "--correct").stdout.startswith("2024-Q1: edition 2,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--quarter", "2024-Q5"], "'2024-Q5' is no quarter such as 2025-Q4"),
        (["--quarter", "2024"], "'2024' is no quarter such as 2025-Q4"),
        (["--correct"], "--correct needs --quarter"),
    ],
)
def test_a_slip_is_a_usage_error(environment: dict[str, str], arguments: list[str], said: str) -> None:
    refused = run(environment, *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr


@pytest.mark.parametrize(
    ("name", "first_day"),
    [("2025-Q4", dt.date(2025, 10, 1)), ("2024-q1", QUARTER), ("2024-Q0", None), ("٢٠٢٤-Q1", None)],
)
def test_the_name_of_a_quarter(name: str, first_day: dt.date | None) -> None:
    assert parse_quarter(name) == first_day
    if first_day:
        assert quarter_name(first_day) == name.upper()
