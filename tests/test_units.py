"""The database finds the units of every row by itself, on the row's day, and keeps them right."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from geoapp.database.boundaries import assign_units_anew

# Typed from a gazetteer, not taken from the files that are tested.
TOWNS = {
    "Goma": (29.2228, -1.6585, "CD-NK"),
    "Bukavu": (28.8428, -2.5083, "CD-SK"),
    "Kindu": (25.9224, -2.9437, "CD-MA"),
    "Bunia": (30.2522, 1.5667, "CD-IT"),
    "Kalemie": (29.1947, -5.9475, "CD-TA"),
    "Uvira": (29.1386, -3.3953, "CD-SK"),
    "Bunagana": (29.5933, -1.2986, "CD-NK"),
    "Kigali": (30.0606, -1.9441, "RW-01"),
    "Rubavu": (29.2603, -1.7028, "RW-04"),
    "Cyangugu": (28.9075, -2.4846, "RW-04"),
    "Bujumbura": (29.3599, -3.3822, "BI-BM"),
    "Gitega": (29.9246, -3.4271, "BI-GI"),
    "Kampala": (32.5825, 0.3163, "UG-C"),
    "Arua": (30.9110, 3.0201, "UG-N"),
    "Gulu": (32.2997, 2.7747, "UG-N"),
}


def units_at(connection: Connection, lon: float, lat: float, day: str = "2024-06-01") -> list[str]:
    """What the database answers for a point on a day."""
    found = connection.scalar(
        text("SELECT units_at(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), CAST(:day AS date))"),
        {"lon": lon, "lat": lat, "day": day},
    )
    return list(found)


def add_site(connection: Connection, lon: float, lat: float) -> tuple[str, list[str]]:
    """Insert a site; its country and units as the database set them."""
    row = connection.execute(
        text(
            "INSERT INTO mine_site (site_id, name, country, units, geom) VALUES ('S', 'S', 'XX', ARRAY['XX'],"
            " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) RETURNING country, units"
        ),
        {"lon": lon, "lat": lat},
    ).one()
    return row.country, row.units


@pytest.mark.parametrize(("lon", "lat", "unit"), TOWNS.values(), ids=TOWNS.keys())
def test_towns_lie_in_their_province(connection: Connection, lon: float, lat: float, unit: str) -> None:
    assert units_at(connection, lon, lat) == [unit[:2], unit]


def test_what_a_client_sends_is_ignored(connection: Connection) -> None:
    assert add_site(connection, 28.8428, -2.5083) == ("CD", ["CD", "CD-SK"])
    connection.execute(text("UPDATE mine_site SET units = ARRAY['RW'], country = 'RW'"))
    assert connection.execute(text("SELECT country, units FROM mine_site")).one() == ("CD", ["CD", "CD-SK"])


def test_a_row_that_moves_changes_its_units_and_those_of_its_visits(connection: Connection) -> None:
    add_site(connection, 28.8428, -2.5083)
    connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES ('S', '2024-01-01')"))
    connection.execute(text("UPDATE mine_site SET geom = 'SRID=4326;POINT(30.0606 -1.9441)'"))
    found = connection.execute(text("SELECT units FROM mine_site UNION ALL SELECT units FROM site_visit")).all()
    assert [tuple(row.units) for row in found] == [("RW", "RW-01")] * 2


def test_a_point_on_a_lake_belongs_to_the_nearest_unit_of_its_country(connection: Connection) -> None:
    # In the middle of Lake Kivu, on either side of the border that runs through it.
    assert units_at(connection, 28.98, -1.95)[0] == "CD"
    assert units_at(connection, 28.98, -1.95)[1] in {"CD-NK", "CD-SK"}
    assert units_at(connection, 29.2, -1.95) == ["RW", "RW-04"]


def test_a_point_far_from_every_country_has_no_unit(connection: Connection) -> None:
    assert units_at(connection, 0, 0) == []


def test_a_line_has_every_unit_that_it_touches(connection: Connection) -> None:
    units = connection.scalar(
        text(
            "INSERT INTO route (name, geom) VALUES ('Goma - Bukavu by Rwanda', 'SRID=4326;MULTILINESTRING(("
            "29.2228 -1.6585, 29.2603 -1.7028, 29.35 -2.06, 28.9075 -2.4846, 28.8428 -2.5083))') RETURNING units"
        )
    )
    assert units[0] == "CD"
    assert set(units) == {"CD", "CD-NK", "CD-SK", "RW", "RW-04"}


def test_units_have_a_half_open_life(connection: Connection) -> None:
    started = connection.scalar(text("SELECT valid_from FROM admin_unit WHERE unit_code = 'CD-SK'"))
    assert units_at(connection, 28.8428, -2.5083, str(started)) == ["CD", "CD-SK"]
    connection.execute(text("UPDATE admin_unit SET valid_to = '2020-01-01' WHERE unit_code = 'CD-SK'"))
    assert "CD-SK" in units_at(connection, 28.8428, -2.5083, "2019-12-31")
    assert "CD-SK" not in units_at(connection, 28.8428, -2.5083, "2020-01-01")


def test_an_incident_keeps_the_units_of_its_day(connection: Connection) -> None:
    for day in ("2019-06-01", "2021-06-01"):
        connection.execute(
            text("INSERT INTO incident (occurred_from, geom) VALUES (:day, 'SRID=4326;POINT(28.8428 -2.5083)')"),
            {"day": day},
        )
    connection.execute(text("UPDATE admin_unit SET valid_to = '2020-01-01' WHERE unit_code = 'CD-SK'"))
    connection.execute(
        text(
            "INSERT INTO admin_unit (unit_code, valid_from, level, parent_code, country, name_en, name_fr, admin_type,"
            " geom) SELECT 'CD-X1', '2020-01-01', 1, 'CD', 'CD', 'New', 'Nouvelle', 'province', geom"
            " FROM admin_unit WHERE unit_code = 'CD-SK'"
        )
    )
    assign_units_anew(connection)
    found = connection.execute(text("SELECT units FROM incident ORDER BY occurred_from")).scalars().all()
    assert [units[1] for units in found] == ["CD-SK", "CD-X1"]


def test_a_row_without_a_place_lies_where_what_it_names_lies(connection: Connection) -> None:
    add_site(connection, 28.8428, -2.5083)
    connection.execute(
        text(
            "INSERT INTO incident (occurred_from, site_id) VALUES ('2024-03-01', 'S');"
            "INSERT INTO incident (occurred_from, stated_unit) VALUES ('2024-03-02', 'CD-NK');"
            "INSERT INTO incident (occurred_from) VALUES ('2024-03-03');"
        )
    )
    found = connection.execute(text("SELECT country, units FROM incident ORDER BY occurred_from")).all()
    assert [(row.country, row.units) for row in found] == [
        ("CD", ["CD", "CD-SK"]),
        ("CD", ["CD", "CD-NK"]),
        (None, []),
    ]
