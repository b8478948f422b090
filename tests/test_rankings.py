"""The rankings of sites and provinces: against plain loops over the same rows, and as people sort and page them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Iterator

import pytest
from cast import cookie
from conftest import a_database
from flask.testing import FlaskClient
from risk_rows import ROUTES, metres, nearest, pressure, read_rows, write_rows
from sqlalchemy import Connection, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk.ranking import months_before, rank_provinces, rank_sites
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

ON = dt.date(2026, 3, 31)
STAND = text("""INSERT INTO deployment (deployment_id, force, provider_class, function, valid_from, valid_to, geom)
    VALUES (:id, 'army', 'public', 'patrol', :since, :until, ST_SetSRID(ST_Point(:x, :y), 4326))""")
PATROL = text("""INSERT INTO deployment (deployment_id, force, provider_class, function, valid_from, route_ref)
    SELECT 'LINE', 'army', 'public', 'patrol', '2020-01-01', id FROM route WHERE route_id = 'LONG'""")
VISIT = text("INSERT INTO site_visit (site_id, visited_on) VALUES (:site, :day)")
SITES = text("SELECT site_id, name, ST_X(geom) AS x, ST_Y(geom) AS y, units FROM mine_site ORDER BY site_id")
STANDS = text("""SELECT ST_X(geom) AS x, ST_Y(geom) AS y FROM deployment
    WHERE geom IS NOT NULL AND valid_from <= :on AND (valid_to IS NULL OR :on < valid_to)""")


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Some hundred incidents near twenty sites, deployments of past and present, and visits."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rng = random.Random(5)
        with engine.begin() as connection:
            write_rows(connection, 400, seed=5)
            for at in range(12):
                until = dt.date(2026, 1, 1) if at % 3 == 0 else None
                place = {"x": 28.8 + rng.random(), "y": -2.7 + 2.5 * rng.random()}
                connection.execute(STAND, {"id": f"D{at}", "since": dt.date(2020, 1, 1), "until": until, **place})
            connection.execute(PATROL)
            for at in range(0, 20, 2):
                for day in (dt.date(2025, 2, 1), dt.date(2026, 1, 1 + at), dt.date(2026, 6, 1)):
                    connection.execute(VISIT, {"site": f"S{at:02}", "day": day})
        yield settings
        engine.dispose()


@pytest.fixture(scope="module")
def rows(database: Settings) -> Iterator[Connection]:
    """A transaction of the operator in it."""
    engine = open_engine(database)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def client(database: Settings) -> Iterator[FlaskClient]:
    """An analyst on it."""
    app = create_app(database)
    client = app.test_client()
    client.set_cookie(*cookie("analyst"))
    yield client
    app.extensions[ENGINE].dispose()


def ranks(values: dict[str, float]) -> dict[str, int]:
    return {key: 1 + sum(other > value * (1 + 1e-12) for other in values.values()) for key, value in values.items()}


def test_sites_are_ranked_with_their_movement_and_who_is_near(rows: Connection) -> None:
    incidents = read_rows(rows)
    sites = rows.execute(SITES).all()

    def pressures(on: dt.date) -> dict[str, float]:
        return {site.site_id: pressure(incidents, (site.x, site.y), on)[0] for site in sites}

    now, month, year = (ranks(pressures(on)) for on in (ON, dt.date(2026, 2, 28), dt.date(2025, 3, 31)))
    stands = [(stand.x, stand.y) for stand in rows.execute(STANDS, {"on": ON})]
    made = {site.site_id: site for site in rank_sites(rows, {"on": str(ON)}).sites}
    assert [site.standing.rank for site in made.values()] == sorted(now.values())
    for site in sites:
        ranked = made[site.site_id]
        assert ranked.standing.rank == now[site.site_id]
        assert ranked.standing.low <= ranked.standing.rank <= ranked.standing.high
        assert ranked.standing.since_month == month[site.site_id] - now[site.site_id]
        assert ranked.standing.since_year == year[site.site_id] - now[site.site_id]
        to_line = nearest((site.x, site.y), ROUTES["LONG"])[0]
        assert ranked.deployment_m == pytest.approx(
            min(*(metres((site.x, site.y), stand) for stand in stands), to_line), abs=0.001
        )
        visited = int(site.site_id[1:]) % 2 == 0
        # A visit after the day is not known on it.
        assert ranked.visited_on == (dt.date(2026, 1, 1 + int(site.site_id[1:])) if visited else None)
        assert ranked.long_unvisited is not visited


def test_the_range_of_a_rank_is_that_of_the_question(client: FlaskClient, rows: Connection) -> None:
    told = client.get(f"/api/v1/risk/sites?on={ON}&stability=1").json
    assert told
    made = {site.site_id: site.standing for site in rank_sites(rows, {"on": str(ON)}).sites}
    for site in told["sites"]:
        standing = made[site["site_id"]]
        assert (standing.low, standing.high) == (site["rank_low"], site["rank_high"])
        assert standing.pressure == pytest.approx(site["pressure"], rel=1e-9)


def test_provinces_are_ranked_by_the_mean_on_their_sites(rows: Connection) -> None:
    sites = {site.site_id: site for site in rank_sites(rows, {"on": str(ON)}).sites}
    ranking = rank_provinces(rows, {"on": str(ON)})
    held: dict[str, list[float]] = {}
    for site in rows.execute(SITES):
        for code in site.units:
            held.setdefault(code, []).append(sites[site.site_id].standing.pressure)
    filled = [unit for unit in ranking.units if unit.standing]
    assert len(filled) >= 2
    for unit in filled:
        assert unit.standing
        assert unit.sites == len(held[unit.unit_code])
        assert unit.standing.pressure == pytest.approx(sum(held[unit.unit_code]) / unit.sites)
    assert [unit.standing.rank for unit in filled if unit.standing] == list(range(1, len(filled) + 1))
    # Who has no site stands last, without a rank.
    assert ranking.units[: len(filled)] == filled
    counts = {unit.unit_code: unit.incidents for unit in ranking.answer.units}
    assert {unit.unit_code: unit.counts.incidents for unit in ranking.units}.items() <= counts.items()


def test_before_all_data_nothing_is_made_up(rows: Connection) -> None:
    made = rank_sites(rows, {"on": "1990-01-01"}).sites
    assert {(site.standing.pressure, site.standing.rank, site.standing.month) for site in made} == {(0.0, 1, None)}
    assert {site.deployment_m for site in made} == {None}


def test_the_page_sorts_and_leads_on(client: FlaskClient) -> None:
    page = client.get(f"/risk/sites?on={ON}&lang=en").text
    assert 'aria-sort="ascending"' in page
    assert "Absence of reports is not absence of incidents." in page
    assert page.count('data-column="rank"') == 20
    turned = client.get(f"/risk/sites?on={ON}&lang=en&sort=-visited_on").text
    first, last = (turned.index(f'data-key="{key}"') for key in ("S18", "S01"))
    assert first < last
    units = client.get(f"/risk/provinces?on={ON}&lang=fr&sort=-incidents").text
    assert "Pression moyenne sur ses sites" in units
    assert client.get("/risk/sites?unit=RW-99&lang=en").text.count("There is no such place") == 1
    assert client.get("/risk/sites?page=99&sort=nothing&lang=en").status_code == 200


def test_the_file_holds_all_of_it(client: FlaskClient) -> None:
    for name, key in (("sites", "site_id"), ("provinces", "unit_code")):
        table = client.get(f"/risk/{name}.csv?on={ON}").text.removeprefix("\ufeff")
        rows = list(csv.DictReader(io.StringIO(table)))
        assert rows
        assert {key, "rank_low", "rank_high", "rank_a_month_ago", "since_year", "visited_on"} <= set(rows[0])


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (dt.date(2026, 3, 31), 1, dt.date(2026, 2, 28)),
        (dt.date(2024, 2, 29), 12, dt.date(2023, 2, 28)),
        (dt.date(2026, 1, 15), 1, dt.date(2025, 12, 15)),
        (dt.date(1, 1, 15), 1, dt.date.min),
    ],
)
def test_some_months_before(day: dt.date, months: int, before: dt.date) -> None:
    assert months_before(day, months) == before
