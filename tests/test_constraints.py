"""The database itself refuses rows that cannot be true."""

from __future__ import annotations

import pytest
from pyproj import Geod
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, IntegrityError, InternalError

POINT = "ST_SetSRID(ST_MakePoint(28.85, -2.5), 4326)"
SITE = f"INSERT INTO mine_site (site_id, name, geom{{columns}}) VALUES ('S1', 'Nyabibwe', {POINT}{{values}})"
INCIDENT = f"INSERT INTO incident (occurred_from, geom{{columns}}) VALUES ('2024-03-05', {POINT}{{values}})"
DEPLOYMENT = (
    f"INSERT INTO deployment (force, valid_from, geom{{columns}}) VALUES ('police', '2024-01-01', {POINT}{{values}})"
)
ROUTE = "INSERT INTO route (name, geom{columns}) VALUES ('R', 'SRID=4326;MULTILINESTRING((28 -2, 28.1 -2.1))'{values})"


def write(connection: Connection, statement: str, **more: str) -> None:
    """Insert a good row with some columns of its own; values are SQL."""
    columns = "".join(f', "{name}"' for name in more)
    values = "".join(f", {value}" for value in more.values())
    connection.execute(text(statement.format(columns=columns, values=values)))


def test_it_works(connection: Connection) -> None:
    write(connection, SITE, minerals="ARRAY['cassiterite', 'gold']", icglr_status="'green'", workers_est="0")
    write(connection, INCIDENT, level="1", category="'violence'", killed="0", site_id="'S1'")
    write(connection, DEPLOYMENT, strength="12", vps_trained="12")
    write(connection, ROUTE, mode="'truck'", use="'both'")
    assert connection.scalar(text("SELECT count(*) FROM mine_site, incident, deployment, route")) == 1


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        (SITE, {"minerals": "ARRAY['tin']"}),
        (SITE, {"icglr_status": "'purple'"}),
        (SITE, {"workers_est": "-1"}),
        (SITE, {"activity": "'busy'"}),
        (INCIDENT, {"level": "4"}),
        (INCIDENT, {"level": "0"}),
        (INCIDENT, {"category": "'murder'"}),
        (INCIDENT, {"killed": "-1"}),
        (INCIDENT, {"occurred_to": "'2024-03-04'"}),
        (INCIDENT, {"reported_on": "'2024-03-04'"}),
        (INCIDENT, {"opened_on": "'2024-04-01'", "closed_on": "'2024-03-31'"}),
        (INCIDENT, {"location_precision": "6"}),
        (INCIDENT, {"status": "'done'"}),
        (INCIDENT, {"site_id": "'nowhere'"}),
        (DEPLOYMENT, {"valid_to": "'2024-01-01'"}),
        (DEPLOYMENT, {"strength": "5", "vps_trained": "6"}),
        (DEPLOYMENT, {"armed": "'tank'"}),
        (ROUTE, {"mode": "'train'"}),
    ],
)
def test_it_refuses_impossible_values(connection: Connection, statement: str, more: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        write(connection, statement, **more)


@pytest.mark.parametrize(
    "shape",
    [
        "POINT(200 0)",
        "POINT(28 -91)",
        "POINT EMPTY",
        "POINT(NaN 1)",
        "POINT(Infinity 1)",
    ],
)
def test_it_refuses_places_that_are_not_on_earth(connection: Connection, shape: str) -> None:
    with pytest.raises((IntegrityError, InternalError)):
        connection.execute(
            text("INSERT INTO mine_site (name, geom) VALUES ('x', ST_GeomFromText(:shape, 4326))"),
            {"shape": shape},
        )


@pytest.mark.parametrize(
    ("table", "shape"),
    [
        ("mine_site", "LINESTRING(28 -2, 29 -2)"),
        ("route", "MULTIPOINT(28 -2)"),
        ("mine_site", "POINT Z (28 -2 1500)"),
    ],
)
def test_it_refuses_another_type_of_geometry(connection: Connection, table: str, shape: str) -> None:
    with pytest.raises((DataError, InternalError)):
        connection.execute(
            text(f"INSERT INTO {table} (name, geom) VALUES ('x', ST_GeomFromText(:shape, 4326))"),
            {"shape": shape},
        )


def test_it_refuses_another_crs(connection: Connection) -> None:
    with pytest.raises((DataError, InternalError)):
        connection.execute(text("INSERT INTO mine_site (name, geom) VALUES ('x', 'SRID=32735;POINT(500000 9700000)')"))


def test_it_refuses_an_outline_that_crosses_itself(connection: Connection) -> None:
    with pytest.raises((IntegrityError, InternalError)):
        connection.execute(
            text(
                "INSERT INTO admin_unit (unit_code, valid_from, level, country, name_en, name_fr, admin_type, geom)"
                " VALUES ('CD-XX', '2020-01-01', 1, 'CD', 'x', 'x', 'province',"
                " 'SRID=4326;MULTIPOLYGON(((28 -2, 29 -3, 29 -2, 28 -3, 28 -2)))')"
            )
        )


def test_a_deployment_needs_a_place(connection: Connection) -> None:
    with pytest.raises(IntegrityError, match="placed"):
        connection.execute(text("INSERT INTO deployment (force, valid_from) VALUES ('army', '2024-01-01')"))


def test_an_incident_number_is_unique_within_its_source_only(connection: Connection) -> None:
    connection.execute(text("INSERT INTO source (source_id, name) VALUES ('a', 'A'), ('b', 'B')"))
    write(connection, INCIDENT, incident_no="'SK-2022-0002-1'", source_id="'a'")
    write(connection, INCIDENT, incident_no="'SK-2022-0002-1'", source_id="'b'")
    write(connection, INCIDENT, incident_no="'SK-2022-0002-1'")
    with pytest.raises(IntegrityError, match="uq_incident_incident_no"):
        write(connection, INCIDENT, incident_no="'SK-2022-0002-1'")


def test_a_key_of_a_hidden_kind_is_unique_within_a_country_only(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO deployment (force, valid_from, deployment_id, geom) VALUES"
            " ('army', '2024-01-01', 'D1', 'SRID=4326;POINT(28.85 -2.5)'),"
            " ('army', '2024-01-01', 'D1', 'SRID=4326;POINT(30.06 -1.95)')"
        )
    )
    with pytest.raises(IntegrityError, match="uq_deployment"):
        write(connection, DEPLOYMENT, deployment_id="'D1'")


def test_lengths_are_geodesic(connection: Connection) -> None:
    write(connection, ROUTE)
    length = connection.scalar(text("SELECT length_km FROM route"))
    along = Geod(ellps="WGS84").line_length([28, 28.1], [-2, -2.1])
    assert length == pytest.approx(along / 1000, abs=1e-4)
