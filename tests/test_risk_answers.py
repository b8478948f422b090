"""The risk questions answer what plain loops over the rows answer: counts exactly, pressure to a millionth."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from conftest import a_database
from risk_rows import (
    ROUTES,
    TODAY,
    Row,
    length,
    metres,
    nearest,
    point_at,
    pressure,
    read_rows,
    write_rows,
)
from scipy.stats import poisson
from shapely import Point, Polygon
from sqlalchemy import Connection, Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask

ON = "2026-06-30"
YEAR = dt.timedelta(days=364)


@pytest.fixture(scope="module")
def written(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database with the rows."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            write_rows(connection, 900)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def rows(written: Engine) -> list[Row]:
    """The incidents, as plain rows."""
    with written.connect() as connection:
        return read_rows(connection)


@pytest.fixture
def reading(written: Engine) -> Iterator[Connection]:
    """A connection of the operator."""
    with written.connect() as connection:
        yield connection


def answer(connection: Connection, question: str, body: Any = None, **given: str) -> dict[str, Any]:
    """The answer as JSON, on the day of the rows."""
    made: dict[str, Any] = as_json(ask(connection, question, {"on": ON, **given}, body))
    return made


def in_period(
    rows: list[Row], on: dt.date = TODAY, since: dt.date | None = None, until: dt.date | None = None
) -> list[Row]:
    """The incidents with a place that count in a period."""
    until = until or on
    since = since or until - YEAR
    return [row for row in rows if row.counts(on) and row.mapped and since <= row.day <= until]


@pytest.mark.parametrize("width", [0.1, 5, 50])
@pytest.mark.parametrize("route", ROUTES)
def test_a_corridor_counts_what_loops_count(route: str, width: float, reading: Connection, rows: list[Row]) -> None:
    parts = ROUTES[route]
    long = length(parts)
    found = answer(reading, "corridor", route=route, width_km=str(width), since="2023-01-01")
    near = []
    for row in in_period(rows, since=dt.date(2023, 1, 1)):
        assert row.place is not None
        distance, measure = nearest(row.place, parts)
        if distance <= width * 1000:
            near.append((row, measure))
    assert found["incidents"] == found["used"] == len(near)
    assert found["weighted"] == pytest.approx(sum(row.weight for row, _ in near))
    assert found["by_level"] == {
        key: sum(row.level == level for row, _ in near)
        for key, level in (("1", 1), ("2", 2), ("3", 3), ("level_unknown", None))
    }
    assert found["length_km"] * 1000 == pytest.approx(long, abs=0.1)
    number = max(1, math.ceil((long - 0.01) / 5000))
    assert len(found["pieces"]) == number
    by_piece = [0] * number
    for _, measure in near:
        by_piece[min(int(measure / (long / number)), number - 1)] += 1
    assert [piece["incidents"] for piece in found["pieces"]] == by_piece
    assert sum(piece["weighted"] for piece in found["pieces"]) == pytest.approx(found["weighted"])
    assert found["pieces"][-1]["to_km"] == pytest.approx(found["length_km"])


def test_the_rate_has_garwoods_interval(reading: Connection) -> None:
    found = answer(reading, "corridor", route="LOOP", since="2023-01-01")
    exposure = found["length_km"] / 100 * ((TODAY - dt.date(2023, 1, 1)).days + 1) / 365.25
    count = found["incidents"]
    assert found["rate"]["value"] == pytest.approx(count / exposure)
    assert poisson.sf(count - 1, found["rate"]["low"] * exposure) == pytest.approx(0.025)
    assert poisson.cdf(count, found["rate"]["high"] * exposure) == pytest.approx(0.025)


def test_nothing_recorded_has_an_upper_bound(reading: Connection) -> None:
    found = answer(reading, "corridor", route="LOOP", on="2001-01-01")
    assert (found["incidents"], found["rate"]["value"], found["rate"]["low"]) == (0, 0, 0)
    exposure = found["length_km"] / 100 * 365 / 365.25
    assert found["rate"]["high"] * exposure == pytest.approx(3.689, abs=5e-4)
    assert "Absence of reports" in found["sentence"]["en"]
    assert "safe" not in str(found)


def test_a_drawn_line_is_counted_like_a_route(reading: Connection) -> None:
    body = {"type": "MultiLineString", "coordinates": ROUTES["PARTS"]}
    drawn = answer(reading, "corridor", body)
    stored = answer(reading, "corridor", route="PARTS")
    assert {name: drawn[name] for name in ("incidents", "rate", "pieces")} == {
        name: stored[name] for name in ("incidents", "rate", "pieces")
    }


@pytest.mark.parametrize("place", [(29.05, -0.1), (28.9, -2.5), (10.0, -30.0)])
def test_pressure_is_the_sum_of_its_terms(place: tuple[float, float], reading: Connection, rows: list[Row]) -> None:
    found = answer(reading, "pressure", lon=str(place[0]), lat=str(place[1]))
    expected, terms = pressure(rows, place, TODAY)
    assert found["pressure"] == pytest.approx(expected, rel=1e-6)
    assert len(found["terms"]) == found["used"] == terms
    assert sum(term["contribution"] for term in found["terms"]) == pytest.approx(expected, rel=1e-6)
    by_number = {row.number: row for row in rows}
    for term in found["terms"]:
        row = by_number[term["incident_no"]]
        assert row.place is not None
        assert term["distance_m"] == pytest.approx(metres(place, row.place), abs=1e-3)
        assert (term["age_days"], term["weight"]) == ((TODAY - row.day).days, pytest.approx(row.weight))


def test_each_term_bears_its_incident(reading: Connection) -> None:
    numbers = [None, "Barrière-7", "a number of twenty b", "a number that no column of fixed width would hold"]
    for day, number in enumerate(numbers):
        reading.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, level, geom)"
                " VALUES (:number, CAST(:on AS date) - :day, 1, 'SRID=4326;POINT(15 -10)')"
            ),
            {"number": number, "on": ON, "day": day},
        )
    found = ask(reading, "pressure", {"lon": "15", "lat": "-10", "on": ON}).terms  # type: ignore[attr-defined]
    ids = {
        row.incident_no: row.incident_id
        for row in reading.execute(text("SELECT * FROM incident WHERE ST_X(geom) = 15"))
    }
    # The later ones add more, since they are of the same place and level.
    assert [(each.incident_no, each.incident_id) for each in found] == [(each, ids[each]) for each in numbers]
    assert (found[1].incident_no, found[-1].incident_no, len(found[1:3])) == (numbers[1], numbers[-1], 2)
    with pytest.raises(IndexError):
        found[4]


@pytest.mark.parametrize("radius", [0.1, 5, 60, 400])
def test_near_counts_within_the_radius(radius: float, reading: Connection, rows: list[Row]) -> None:
    place = (28.9, -2.5)
    found = answer(reading, "near", lon="28.9", lat="-2.5", radius_km=str(radius))
    near = [row for row in in_period(rows) if row.place and metres(place, row.place) <= radius * 1000]
    assert found["incidents"] == len(near)
    assert found["weighted"] == pytest.approx(sum(row.weight for row in near))


def test_an_area_has_straight_edges(reading: Connection, rows: list[Row]) -> None:
    corners = [(28.7, -2.7), (29.2, -2.65), (29.1, -2.3), (28.95, -2.5), (28.75, -2.35), (28.7, -2.7)]
    found = answer(reading, "area", {"type": "Polygon", "coordinates": [corners]})
    inside = [row for row in in_period(rows) if row.place and Polygon(corners).intersects(Point(row.place))]
    assert inside
    assert found["incidents"] == len(inside)


def test_what_is_left_out_is_counted_wherever_it_is(reading: Connection, rows: list[Row]) -> None:
    found = answer(reading, "near", lon="28.9", lat="-2.5", radius_km="1")
    passed = [row for row in rows if row.known <= TODAY and TODAY - YEAR <= row.day <= TODAY]
    counting = [row for row in passed if row.counts(TODAY)]
    assert found["left_out"] == {
        "without_point": sum(row.place is None for row in counting),
        "coarse_position": sum(row.place is not None and (row.precision or 0) >= 4 for row in counting),
    }
    rejected = [row for row in passed if row.status == "rejected"]
    assert found["excluded"] == {
        "rejected": len(rejected),
        **{why: sum(row.outcome == why and row not in rejected for row in passed) for why in ("unfounded", "merged")},
    }


def test_filters_choose_incidents(reading: Connection, rows: list[Row]) -> None:
    place = (28.9, -2.5)
    given = {"lon": "28.9", "lat": "-2.5", "radius_km": "30"}
    found = answer(reading, "near", **given, level="1,unknown", category="violence")
    near = [row for row in in_period(rows) if row.place and metres(place, row.place) <= 30_000]
    chosen = [row for row in near if row.level in {1, None} and row.category == "violence"]
    assert found["incidents"] == len(chosen) < len(near)
    assert "Level 1" in found["sentence"]["en"]
    by_unit = answer(reading, "near", **given, unit="CD-SK")
    assert by_unit["incidents"] == sum("CD-SK" in row.units for row in near)


def test_sites_are_ranked_by_pressure(reading: Connection, rows: list[Row]) -> None:
    places = reading.execute(text("SELECT site_id, ST_X(geom), ST_Y(geom) FROM mine_site")).all()
    found = answer(reading, "sites")
    expected = {site: pressure(rows, (x, y), TODAY) for site, x, y in places}
    assert len(found["sites"]) == len(expected)
    for site in found["sites"]:
        total, terms = expected[site["site_id"]]
        assert site["pressure"] == pytest.approx(total, rel=1e-6)
        assert site["incidents"] == terms
        assert site["rank"] == 1 + sum(other > total * (1 + 1e-9) for other, _ in expected.values())
    assert [site["rank"] for site in found["sites"]] == sorted(site["rank"] for site in found["sites"])
    assert len(answer(reading, "sites", limit="3")["sites"]) == 3


def test_a_rank_says_how_firm_it_is(reading: Connection) -> None:
    found = answer(reading, "sites", stability="1")["sites"]
    assert all(site["rank_low"] <= site["rank"] <= site["rank_high"] for site in found)
    assert any(site["rank_low"] < site["rank_high"] for site in found)


def test_a_profile_has_the_pressure_every_500_metres(reading: Connection, rows: list[Row]) -> None:
    parts = ROUTES["PARTS"]
    long = length(parts)
    number = max(1, math.ceil((long - 0.01) / 500))
    found = answer(reading, "profile", route="PARTS")
    assert len(found["points"]) == number
    middles = [(at + 0.5) * long / number for at in range(number)]
    expected = [pressure(rows, point_at(parts, each), TODAY)[0] for each in middles]
    assert [point["pressure"] for point in found["points"]] == pytest.approx(expected, rel=1e-6)
    assert [point["km"] * 1000 for point in found["points"]] == pytest.approx(middles, abs=0.1)
    assert found["exposure"] == pytest.approx(sum(expected) / number, rel=1e-6)


def test_coverage_measures_to_valid_deployments(reading: Connection, rows: list[Row]) -> None:
    reading.execute(
        text(
            "INSERT INTO deployment (deployment_id, force, valid_from, valid_to, geom) VALUES"
            " ('D1', 'army', '2026-01-01', NULL, 'SRID=4326;POINT(28.85 -2.55)'),"
            " ('D2', 'army', '2026-01-01', '2026-07-01', 'SRID=4326;LINESTRING(29.0 -0.3, 29.3 0.0)'),"
            " ('ended', 'army', '2026-01-01', '2026-06-30', 'SRID=4326;POINT(29.5 -0.25)'),"
            " ('coming', 'army', '2026-07-01', NULL, 'SRID=4326;POINT(29.5 -0.25)')"
        )
    )
    forces: list[list[list[tuple[float, float]]]] = [[[(28.85, -2.55)] * 2], [[(29.0, -0.3), (29.3, 0.0)]]]

    def covered(place: tuple[float, float]) -> bool:
        return any(nearest(place, parts)[0] <= 10_000 for parts in forces)

    found = answer(reading, "coverage", radius_km="10")
    sites = reading.execute(
        text("SELECT site_id, ST_X(geom), ST_Y(geom) FROM mine_site WHERE activity IS DISTINCT FROM 'abandoned'")
    ).all()
    out = {site for site, x, y in sites if not covered((x, y))}
    assert (found["sites"]["covered"], found["sites"]["total"]) == (len(sites) - len(out), len(sites))
    assert {gap["site_id"] for gap in found["gaps"]} == out
    assert [gap["pressure"] for gap in found["gaps"]] == sorted(
        (gap["pressure"] for gap in found["gaps"]), reverse=True
    )
    window = [row for row in in_period(rows, since=TODAY - dt.timedelta(days=1096)) if row.place]
    assert found["weighted"]["total"] == pytest.approx(sum(row.weight for row in window))
    assert found["weighted"]["covered"] == pytest.approx(sum(row.weight for row in window if covered(row.place)))  # type: ignore[arg-type]
    assert found["security_forces"]["incidents"] == sum(row.actor in {"state_army", "private_guard"} for row in window)
    total = 0.0
    for route in found["routes"]:
        parts = ROUTES[route["route_id"]]
        long = length(parts)
        number = max(1, math.ceil((long - 0.01) / 500))
        held = [covered(point_at(parts, (at + 0.5) * long / number)) for at in range(number)]
        total += sum(held) * long / number / 1000
        runs = [len(list(run)) for value, run in groupby(held) if not value]
        assert route["longest_gap_km"] == pytest.approx(max(runs, default=0) * long / number / 1000, abs=1e-4)
    assert found["route_km"]["covered"] == pytest.approx(total, abs=1e-3)


def test_provinces_count_by_unit(reading: Connection, rows: list[Row]) -> None:
    found = answer(reading, "provinces", since="2025-01-01")
    since = dt.date(2025, 1, 1)
    counting = [row for row in rows if row.counts(TODAY) and since <= row.day <= TODAY]
    before = [row for row in rows if row.counts(TODAY) and dt.date(2024, 1, 1) <= row.day <= dt.date(2025, 6, 30)]
    sites = reading.execute(text("SELECT units FROM mine_site")).scalars().all()
    listed = {unit["unit_code"]: unit for unit in found["units"]}
    assert {"CD", "CD-SK", "RW-04"} <= set(listed)
    assert sum(unit["incidents"] for unit in found["units"]) > 0
    for code, unit in listed.items():
        held = [row for row in counting if code in row.units]
        assert unit["incidents"] == len(held)
        assert unit["weighted"] == pytest.approx(sum(row.weight for row in held))
        assert sum(sum(month["by_level"].values()) for month in unit["months"]) == len(held)
        march = next(month for month in unit["months"] if month["month"] == "2026-03")
        assert march["by_level"]["1"] == sum(f"{row.day}".startswith("2026-03") and row.level == 1 for row in held)
        assert unit["sites"] == sum(code in units for units in sites)
        ever = [row for row in rows if row.counts(TODAY) and code in row.units and row.day <= TODAY]
        still = [row for row in ever if row.opened and row.opened <= TODAY and (not row.closed or row.closed > TODAY)]
        assert unit["open"] == len(still)
        assert unit["overdue"] == sum((TODAY - row.opened).days > 183 for row in still if row.opened)
        assert unit["year_before"] == sum(code in row.units for row in before)
    assert found["used"] + found["left_out"]["without_unit"] == len(counting)
    one = answer(reading, "provinces", since="2025-01-01", unit="RW")
    assert {unit["unit_code"] for unit in one["units"]} >= {"RW", "RW-04"}
    assert all(unit["unit_code"].startswith("RW") for unit in one["units"])
    assert (one["used"], one["left_out"]) == (listed["RW"]["incidents"], {"without_unit": 0})


@pytest.mark.parametrize("on", ["2026-06-30", "2025-09-01", "2024-02-29"])
def test_a_later_report_changes_nothing(on: str, reading: Connection) -> None:
    asks: list[tuple[str, dict[str, str]]] = [
        ("corridor", {"route": "LOOP", "width_km": "50"}),
        ("pressure", {"lon": "29", "lat": "-0.3"}),
        ("provinces", {}),
        ("sites", {}),
    ]
    before = [answer(reading, name, **given, on=on) for name, given in asks]
    reading.execute(
        text(
            "INSERT INTO incident (incident_no, occurred_from, reported_on, level, geom) VALUES"
            " ('late', CAST(:on AS date) - 3, CAST(:on AS date) + 1, 1, 'SRID=4326;POINT(29.0 -0.3)')"
        ),
        {"on": on},
    )
    assert [answer(reading, name, **given, on=on) for name, given in asks] == before
    reading.execute(text("UPDATE incident SET reported_on = reported_on - 1 WHERE incident_no = 'late'"))
    assert answer(reading, "pressure", lon="29", lat="-0.3", on=on)["used"] == before[1]["used"] + 1
