"""The provinces by a figure: against plain SQL over the same rows, by who looks, and what a wrong address meets."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from browser import serving, visiting
from cast import signed_in
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from risk_rows import write_rows
from sqlalchemy import Connection, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.province.shades import shades_of
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

SINCE, UNTIL = dt.date(2025, 7, 1), dt.date(2026, 6, 30)
PERIOD = f"since={SINCE}&until={UNTIL}"
DAYS = {"since": SINCE, "until": UNTIL}
STAND = text("""INSERT INTO deployment (deployment_id, force, provider_class, function, strength, vps_trained_on,
                                        valid_from, valid_to, geom)
    VALUES (:id, 'army', 'public', 'patrol', 8, :trained, '2020-01-01', :until, ST_SetSRID(ST_Point(:x, :y), 4326))""")
RELEASE = text("""INSERT INTO incident_release (incident_id, shown_date, shown_date_precision, category, level, status,
                                               summary_fr, summary_en, units, country, released_on,
                                               released_by, location_precision)
    SELECT incident_id, occurred_from, 1, 'violence', 1, 'open', 'Un mot.', 'A word.', ARRAY['CD-SK', 'CD'], 'CD',
        today(), 'coordinator-sk', 4
    FROM incident WHERE 'CD-SK' = ANY (units) AND status <> 'rejected' ORDER BY occurred_from DESC LIMIT 5""")
COUNTS = "status <> 'rejected' AND coalesce(outcome, '') NOT IN ('unfounded', 'merged')"
KNOWN = f"{COUNTS} AND coalesce(reported_on, occurred_to, occurred_from)"
OF_UNITS = """SELECT u.unit_code, {figure} FROM admin_unit u WHERE u.level = 1 AND u.valid_from <= today()
    AND (u.valid_to IS NULL OR u.valid_to > today())"""
IN = "with_origins(ARRAY[u.unit_code])"


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Incidents, sites, visits, deployments and a few releases."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        rng = random.Random(3)
        with engine.begin() as connection:
            write_rows(connection, 300, seed=3)
            for at in range(24):
                connection.execute(
                    STAND,
                    {
                        "id": f"D{at}",
                        "trained": rng.choice([None, dt.date(2023, 1, 1), dt.date(2025, 9, 1)]),
                        "until": dt.date(2026, 1, 1) if at % 5 == 0 else None,
                        "x": 28.7 + rng.random(),
                        "y": -2.8 + 3 * rng.random(),
                    },
                )
            for at in range(0, 20, 3):
                values = {"site": f"S{at:02}", "day": dt.date(2026, 1, 10)}
                connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES (:site, :day)"), values)
            connection.execute(RELEASE)
        engine.dispose()
        yield settings


@pytest.fixture(scope="module")
def rows(database: Settings) -> Iterator[Connection]:
    """A transaction of the operator."""
    engine = open_engine(database)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def as_person(database: Settings) -> Iterator[Callable[[str], FlaskClient]]:
    """A client as one of the cast."""
    app = create_app(database)
    yield lambda name: signed_in(app.test_client(), name)
    app.extensions[ENGINE].dispose()


def table_of(page: str) -> dict[str, list[str]]:
    """The cells of each unit's row."""
    found = re.findall(r'<tr data-unit="([^"]+)">(.*?)</tr>', page, re.DOTALL)
    return {
        unit: [unescape(re.sub("<[^>]+>", "", each)).strip() for each in re.findall(r"<td[^>]*>(.*?)</td>", cells)]
        for unit, cells in found
    }


def figures(page: str, column: int) -> dict[str, float | None]:
    """A column of the table in numbers."""

    def number(said: str) -> float | None:
        bare = said.replace(",", "").replace("\u00a0%", "").replace("−", "-").lstrip("<> ")
        return None if bare == "–" else float(bare)

    return {unit: number(cells[column]) for unit, cells in table_of(page).items()}


def asked(rows: Connection, figure: str) -> dict[str, float | None]:
    """The same by plain SQL."""
    found = rows.execute(text(OF_UNITS.format(figure=figure)), {**DAYS, "before": SINCE.replace(year=2024)})
    return {code: None if value is None else float(value) for code, value in found}


def count(where: str) -> str:
    """The SQL of a number of incidents of a unit."""
    return f"(SELECT count(*) FROM incident i WHERE i.units && {IN} AND {where})"


def test_counts_and_their_change_are_those_of_the_rows(
    rows: Connection, as_person: Callable[[str], FlaskClient]
) -> None:
    page = as_person("analyst").get(f"/provinces?figure=change&{PERIOD}&lang=en").text
    now = asked(rows, count(f"{KNOWN} <= today() AND occurred_from BETWEEN :since AND :until"))
    before = asked(rows, count(f"{KNOWN} <= today() AND occurred_from BETWEEN :before AND DATE '2025-06-30'"))
    assert sum(value or 0 for value in now.values()) > 40
    assert figures(page, 1) == now
    assert figures(page, 2) == before
    assert figures(page, 0) == {unit: (value or 0) - (before[unit] or 0) for unit, value in now.items()}
    levels = as_person("analyst").get(f"/provinces?{PERIOD}&lang=en").text
    assert figures(levels, 0) == now
    parts = [figures(levels, column) for column in range(1, 5)]
    assert {unit: sum(part[unit] or 0 for part in parts) for unit in now} == now


def test_overdue_is_as_of_the_last_day(rows: Connection, as_person: Callable[[str], FlaskClient]) -> None:
    page = as_person("analyst").get(f"/provinces?figure=overdue&{PERIOD}&lang=en").text
    still = f"{KNOWN} <= :until AND occurred_from <= :until AND (closed_on IS NULL OR closed_on > :until)"
    assert figures(page, 0) == asked(rows, count(f"{still} AND :until - opened_on > 183"))
    assert figures(page, 1) == asked(rows, count(f"{still} AND opened_on <= :until"))


def test_shares_are_of_what_is_there_on_the_last_day(rows: Connection, as_person: Callable[[str], FlaskClient]) -> None:
    there = "valid_from <= :until AND (valid_to IS NULL OR :until < valid_to)"
    page = as_person("analyst").get(f"/provinces?figure=trained&{PERIOD}&lang=en").text
    all_of_them = asked(rows, f"(SELECT count(*) FROM deployment WHERE u.unit_code = ANY (units) AND {there})")
    trained = asked(
        rows,
        f"(SELECT count(*) FROM deployment WHERE u.unit_code = ANY (units) AND {there}"
        " AND vps_trained_on > '2024-06-30')",
    )
    assert (figures(page, 1), figures(page, 2)) == (trained, all_of_them)
    assert sum(value or 0 for value in trained.values())
    assert table_of(page)["CD-KN"][0] == "–"

    page = as_person("analyst").get(f"/provinces?figure=coverage&{PERIOD}&lang=en").text
    worked = f"SELECT * FROM mine_site WHERE units && {IN} AND coalesce(activity, 'active') IN ('active', 'seasonal')"
    near = f"EXISTS (SELECT FROM deployment d WHERE {there} AND ST_DWithin(d.geom::geography, s.geom::geography, 5000))"
    assert figures(page, 2) == asked(rows, f"(SELECT count(*) FROM ({worked}) s)")
    assert figures(page, 1) == asked(rows, f"(SELECT count(*) FROM ({worked}) s WHERE {near})")


def test_rates_are_smoothed_and_raw_beside_it(as_person: Callable[[str], FlaskClient]) -> None:
    client = as_person("analyst")
    page = client.get(f"/provinces?figure=per_100_sites&{PERIOD}&lang=en").text
    told = client.get(f"/api/v1/risk/provinces?{PERIOD}").json
    assert told
    by_unit = {each["unit_code"]: each for each in told["units"]}
    smoothed, raw = figures(page, 0), figures(page, 1)
    assert sum(value is not None for value in raw.values()) > 3
    for unit, value in raw.items():
        answer = by_unit[unit]
        if value is None:
            assert answer["per_100_sites"] is None
        else:
            assert value == pytest.approx(answer["per_100_sites"], abs=0.051)
            assert smoothed[unit] == pytest.approx(answer["per_100_sites_smoothed"], abs=0.051)
    weighted = client.get(f"/provinces?figure=weighted&{PERIOD}&lang=en").text
    for unit, value in figures(weighted, 0).items():
        assert value == pytest.approx(by_unit[unit]["weighted"], abs=0.051)


def test_where_nobody_visited_is_told(rows: Connection, as_person: Callable[[str], FlaskClient]) -> None:
    cells = table_of(as_person("analyst").get(f"/provinces?{PERIOD}&lang=en").text)
    been = asked(
        rows,
        "(SELECT count(*) FROM site_visit v JOIN mine_site s USING (site_id)"
        f" WHERE s.units && {IN} AND v.visited_on BETWEEN :until - 183 AND :until)",
    )
    assert {unit: each[-1] for unit, each in cells.items()} == {
        unit: "yes" if visits else "no" for unit, visits in been.items()
    }
    assert {each[-1] for each in cells.values()} == {"yes", "no"}
    # More than 183 days later nobody has been anywhere.
    later = as_person("analyst").get("/provinces?since=2026-01-01&until=2026-08-01&lang=en").text
    assert {each[-1] for each in table_of(later).values()} == {"no"}


def test_a_member_reads_what_was_released(rows: Connection, as_person: Callable[[str], FlaskClient]) -> None:
    client = as_person("committee-sk")
    page = client.get(f"/provinces?{PERIOD}&lang=en").text
    released = rows.scalar(
        text("SELECT count(*) FROM incident_release WHERE shown_date BETWEEN :since AND :until"), DAYS
    )
    assert released
    assert list(table_of(page)) == ["CD-SK"]
    assert table_of(page)["CD-SK"][:2] == [str(released)] * 2
    assert "as released" in page
    assert "not visible to you" in page
    assert "Visited in" not in page
    for figure in ("weighted", "overdue", "coverage", "trained"):
        refused = client.get(f"/provinces?figure={figure}&lang=en")
        assert refused.status_code == 200
        assert "this figure is not open to you" in refused.text
        assert f'value="{figure}"' not in refused.text
    for person, units in (("coordinator-sk", {"CD-SK"}), ("analyst-rw", {"RW-01", "RW-02", "RW-03", "RW-04", "RW-05"})):
        assert set(table_of(as_person(person).get(f"/provinces?figure=coverage&{PERIOD}").text)) == units


def test_the_public_reads_what_is_published_alone(as_person: Callable[[str], FlaskClient]) -> None:
    for name in ("public", "admin"):
        page = as_person(name).get(f"/provinces?figure=incidents&{PERIOD}&lang=en")
        assert page.status_code == 200
        assert "this figure is not open to you" in page.text
        assert "Nothing has been published yet." in page.text
        assert not table_of(page.text)


def test_a_wrong_address_is_told_and_the_rest_is_shown(as_person: Callable[[str], FlaskClient]) -> None:
    client = as_person("analyst")
    for query, words in (
        ("figure=deaths", "there is no figure “deaths”"),
        ("since=yesterday", "is not a date"),
        ("since=2026-02-01&until=2026-01-01", "is after until"),
        ("until=2999-01-01", "is after today"),
    ):
        answer = client.get(f"/provinces?{query}&lang=en")
        assert answer.status_code == 400
        assert words in unescape(answer.text)
        assert len(table_of(answer.text)) > 40
    assert client.get("/provinces?quarter=2025&lang=en").status_code == 400
    assert "figure : il n’y a pas de chiffre" in unescape(client.get("/provinces?figure=x&lang=fr").text).replace(
        "\u00a0", " "
    )


def test_a_period_before_all_data_is_an_honest_page(as_person: Callable[[str], FlaskClient]) -> None:
    for figure in ("incidents", "weighted", "per_100_sites", "overdue", "coverage", "trained", "change"):
        answer = as_person("analyst").get(f"/provinces?figure={figure}&since=1970-01-01&until=1970-12-31&lang=en")
        assert answer.status_code == 200
        assert "Nothing of this is recorded in the period." in answer.text
        assert "Absence of reports is not absence of incidents." in answer.text
    # The provinces of DR Congo are younger than that.
    assert "The provinces are those of today." in answer.text


def test_shades_part_what_is_shown() -> None:
    rng = random.Random(1)
    for scale in ("number", "share", "change"):
        for size in (0, 1, 2, 5, 40):
            low, high = (-20, 20) if scale == "change" else (0, 90)
            values = [rng.randint(low, high) / (100 if scale == "share" else 1) for _ in range(size)]
            shades = shades_of(values, scale, "en")  # type: ignore[arg-type]
            places = [shades.of(value) for value in sorted(values)]
            assert places == sorted(places)
            assert all(0 <= place < len(shades.classes) for place in places)
            assert len({each.color for each in shades.classes}) == len(shades.classes)
    assert shades_of([], "number", "fr").of(0) == 0
    words = [each.words for each in shades_of([1, 2, 2, 3, 900, 1200], "number", "fr").classes]
    assert words[0] == "aucun"
    assert words[-1].endswith("1\u202f200")
    assert [each.words for each in shades_of([1, -1], "change", "en").classes][2] == "as many"


def test_it_is_looked_at(chromium_browser: Browser, database: Settings) -> None:
    with serving(environment_for(database)) as address:
        with visiting(chromium_browser, address, "analyst", viewport={"width": 1366, "height": 768}) as visit:
            page = visit.open(f"/provinces?figure=change&{PERIOD}&lang=en")
            assert visit.drawn()["shaded"] > 40
            page.locator(".folium-map").hover(position={"x": 200, "y": 200})
            expect(page.locator(".map-tip")).to_contain_text("no site visited for 183 days")
            page.get_by_label("Figure", exact=True).select_option("coverage")
            with page.expect_navigation():
                page.get_by_role("button", name="Show").click()
            expect(page.locator("caption")).to_contain_text("July 1, 2025 – June 30, 2026")
            visit.rest()
            visit.keep("provinces-coverage")
        for width, language in ((360, "fr"), (1024, "fr"), (1366, "en")):
            options = {"viewport": {"width": width, "height": 768}, "java_script_enabled": False}
            with visiting(chromium_browser, address, "analyst", **options) as visit:
                visit.page.goto(f"{address}/provinces?figure=per_100_sites&{PERIOD}&lang={language}")
                expect(visit.page.locator('[data-unit="CD-SK"] td')).to_have_count(5)
                assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
                visit.keep(f"provinces-rates-{width}")
