"""A unit's map and security, and the page of a depot: the figures, who reads them, and what a unit without any says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from browser import serving, visiting
from cast import signed_in
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Connection, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

AsPerson = Callable[[str], FlaskClient]
RESTRICTED = {"mandates", "coverage", "escorts", "neighbours"}
SECRETS = ("OM 77/2025", "4321", "MV-SHORT", "Puits nu", "BREAK-1")
ROWS = text("""
    INSERT INTO mine_site (site_id, name, activity, geom) VALUES
        ('S-NEAR', 'Puits gardé', 'active', 'SRID=4326;POINT(28.5 -2.5)'),
        ('S-FAR', 'Puits nu', 'active', 'SRID=4326;POINT(28.0 -3.2)'),
        ('S-OFF', 'Puits fermé', 'abandoned', 'SRID=4326;POINT(28.1 -3.2)');
    INSERT INTO facility (facility_id, kind, name, operator, geom) VALUES
        ('F-1', 'depot', 'Dépôt Un', 'Société Une', 'SRID=4326;POINT(28.6 -2.5)'),
        ('F-2', 'depot', 'Dépôt Deux', NULL, 'SRID=4326;POINT(28.3 -3.0)'),
        ('F-3', 'explosives_magazine', 'Poudrière', NULL, 'SRID=4326;POINT(28.2 -3.0)');
    INSERT INTO route (route_id, name, use, mode, from_ref, to_ref, geom) VALUES
        ('R-1', 'Un - Deux', 'both', NULL, 'F-1', 'F-2', 'SRID=4326;MULTILINESTRING((28.6 -2.5, 28.3 -3.0))');
    INSERT INTO deployment (deployment_id, force, provider_class, function, strength, mandate_ref, mou_on, vetted,
                            vps_trained, vps_trained_on, valid_from, valid_to, site_id, facility_ref, geom)
        VALUES ('D-1', 'mining_police', 'public', 'site_guard', 4321, 'OM 77/2025', today() - 500, 'yes', 3,
                today() - 100, '2020-01-01', NULL, 'S-NEAR', NULL, NULL),
               ('D-2', 'army', 'public', 'depot_guard', 7, NULL, NULL, 'no', 7, today() - 900, '2020-01-01', NULL, NULL,
                (SELECT id FROM facility WHERE facility_id = 'F-1'), NULL),
               ('D-3', 'army', 'public', 'patrol', NULL, NULL, NULL, NULL, NULL, NULL, '2020-01-01', NULL, NULL, NULL,
                'SRID=4326;POINT(28.55 -2.55)'),
               ('D-OLD', 'army', 'public', 'patrol', 9, 'OM 1', NULL, 'yes', 9, today() - 10, '2020-01-01', today() - 5,
                NULL, NULL, 'SRID=4326;POINT(28.0 -3.2)');
    INSERT INTO incident (incident_no, occurred_from, reported_on, category, level, status, facility_ref, geom)
        SELECT each.number, today() - each.days, today() - each.days, each.category, 2, each.status, f.id, f.geom
          FROM facility f, (VALUES ('BREAK-1', 30, 'depot_break_in', 'open'),
                            ('BREAK-2', 500, 'depot_break_in', 'closed'),
                            ('BREAK-3', 20, 'depot_break_in', 'rejected'), ('OTHER', 10, 'tag_fraud', 'open'))
                AS each (number, days, category, status) WHERE f.facility_id = 'F-1';
    INSERT INTO escort_movement (movement_id, route_ref, deployment_ref, cargo, dispatched_kg, received_kg, arrived_at)
        SELECT each.name, r.id, d.id, each.cargo, 100, each.got, now() - each.days * interval '1 day'
          FROM route r, (VALUES ('MV-SHORT', 'explosives', 90, 3, NULL), ('MV-2', 'detonators', 100, 4, 'D-1'),
                                ('MV-3', 'explosives', 100, 5, 'D-1'), ('MV-4', 'minerals', 100, 6, NULL),
                                ('MV-OLD', 'explosives', 100, 800, NULL)) AS each (name, cargo, got, days, by)
          LEFT JOIN deployment d ON d.deployment_id = each.by WHERE r.route_id = 'R-1';
    INSERT INTO admin_unit (unit_code, valid_from, valid_to, level, parent_code, country, name_en, name_fr, admin_type,
                            geom)
        SELECT 'CD-OLD', '1988-01-01', '2015-07-01', 1, 'CD', 'CD', 'Old Kivu', 'Ancien Kivu', 'province', geom
          FROM admin_unit WHERE unit_code = 'CD-NK'""")


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A unit with deployments, depots and transports, and one that is no more."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        with engine.begin() as connection:
            connection.execute(ROWS)
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
def as_person(database: Settings) -> Iterator[AsPerson]:
    """A client as one of the cast."""
    app = create_app(database)
    yield lambda name: signed_in(app.test_client(), name)
    app.extensions[ENGINE].dispose()


def topics(page: str) -> dict[str, str]:
    """The topics of a page by name."""
    found = re.split(r'data-section="([\w-]+)"', page)
    return {name: unescape(part) for name, part in zip(found[1::2], found[2::2], strict=True)}


def row_of(topic: str, name: str) -> list[str]:
    """What stands in the row of a topic that begins with a name."""
    row = topic.split(f"<bdi>{name}</bdi>", 1)[1].split("</tr>", 1)[0]
    cells = re.findall(r"<td[^>]*data-of[^>]*>(.*?)</td>", row, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", each).split()) for each in cells]


def test_a_coordinator_reads_all_of_it(as_person: AsPerson) -> None:
    page = topics(as_person("coordinator-sk").get("/provinces/CD-SK?lang=en").text)
    assert list(page)[:2] == ["papers", "map"]
    assert set(page) > RESTRICTED
    mandates = page["mandates"]
    assert row_of(mandates, "Mandate recorded")[:3] == ["1", "0", "2"]
    assert row_of(mandates, "Vetted") == ["1", "1", "1", "33 %"]
    assert row_of(mandates, "Trained within two years")[:3] == ["1", "1", "1"]
    assert row_of(mandates, "mining police")[0] == "4,321"
    assert "OM 77/2025" in mandates
    # Least is known of the patrol.
    assert mandates.index("patrol") < mandates.index("depot guard") < mandates.index("site guard")
    assert "outdated" in mandates
    assert row_of(page["coverage"], "Worked mine sites") == ["1", "2", "50 %"]
    assert "Puits nu" in page["coverage"]
    assert "Puits fermé" not in page["coverage"]
    assert "no promise that nothing happens" in page["coverage"]
    assert row_of(page["escorts"], "with an escort") == ["2", "67 %"]
    assert row_of(page["escorts"], "without one") == ["1", "33 %"]
    assert row_of(page["escorts"], "MV-SHORT")[1:] == ["100", "10"]
    facilities = page["facilities"]
    assert row_of(facilities, "Dépôt Un")[:3] == ["Société Une", "1", "0"]
    assert row_of(facilities, "Dépôt Un")[3].startswith("1 ")
    assert row_of(facilities, "Dépôt Deux") == ["–", "none recorded", "–", "0"]
    assert "Poudrière" in facilities


def test_a_unit_stands_beside_those_around_it(rows: Connection, as_person: AsPerson) -> None:
    beside = rows.scalars(
        text("""SELECT other.name_en FROM admin_unit other, admin_unit own WHERE own.unit_code = 'CD-SK'
            AND other.level = 1 AND other.unit_code <> 'CD-SK' AND other.valid_to IS NULL
            AND ST_DWithin(other.geom, own.geom, 0.01)""")
    ).all()
    assert {"North Kivu", "Maniema"} < set(beside)
    analyst = topics(as_person("analyst").get("/provinces/CD-SK?lang=en").text)["neighbours"]
    told = as_person("analyst").get("/api/v1/risk/provinces").json
    assert told
    by_name = {each["name"]["en"]: each for each in told["units"]}
    for name in (*beside, "South Kivu"):
        counts = by_name[name]
        change = f"+{counts['change']}" if counts["change"] > 0 else str(counts["change"]).replace("-", "−")
        told_row = [str(counts["overdue"]), str(counts["open"]), change, str(counts["incidents"])]
        assert row_of(analyst, name)[1:] == told_row
    coordinator = topics(as_person("coordinator-sk").get("/provinces/CD-SK?lang=en").text)["neighbours"]
    unseen = coordinator.split("Not visible to you:", 1)[1].split("</p>", 1)[0]
    assert all(name in unseen for name in beside)


def test_others_read_no_more_than_is_theirs(rows: Connection, as_person: AsPerson) -> None:
    depot = rows.scalar(text("SELECT id FROM facility WHERE facility_id = 'F-1'"))
    for name in ("public", "committee-sk", "coordinator-sk", "gis-rw", "admin"):
        client = as_person(name)
        page = client.get("/provinces/CD-SK?lang=fr").text
        found = topics(page)
        assert "map" in found
        full = name == "coordinator-sk"
        assert bool(RESTRICTED & set(found)) is full
        for secret in SECRETS:
            shown = secret.replace("4321", "4\u202f321") if full else secret
            if not full:
                assert shown not in page
        assert ("facilities" in found) is (name in {"committee-sk", "coordinator-sk"})
        assert "Poudrière" not in page or full
        answer = client.get(f"/facilities/{depot}?lang=fr")
        assert answer.status_code == (200 if name in {"committee-sk", "coordinator-sk"} else answer.status_code)
        assert ("BREAK-1" in answer.text) is full
        assert ("Un - Deux" in answer.text) is full
    member = topics(as_person("committee-sk").get("/provinces/CD-SK?lang=en").text)["facilities"]
    assert row_of(member, "Dépôt Un") == ["Société Une"]


def test_a_depot_shows_its_guards_break_ins_and_movements(rows: Connection, as_person: AsPerson) -> None:
    key = {
        code: rows.scalar(text("SELECT id FROM facility WHERE facility_id = :code"), {"code": code})
        for code in ("F-1", "F-3")
    }
    client = as_person("coordinator-sk")
    page = topics(client.get(f"/facilities/{key['F-1']}?lang=en").text)
    guard = row_of(page["guards"], "army")
    assert guard[:3] == ["7", "not recorded", "not vetted"]
    assert guard[3].endswith("outdated 7 of 7")
    assert "BREAK-1" in page["break-ins"]
    assert "BREAK-2" in page["break-ins"]
    assert "BREAK-3" not in page["break-ins"]
    assert "OTHER" not in page["break-ins"]
    assert page["movements"].count("Un - Deux") == 5
    empty = topics(client.get(f"/facilities/{key['F-3']}?lang=en").text)
    assert "No deployment of today is recorded at this facility." in empty["guards"]
    assert "Absence of reports is not absence of incidents." in empty["break-ins"]
    assert "No movement is recorded" in empty["movements"]


def test_a_unit_without_anything_and_one_that_is_no_more_say_so(as_person: AsPerson) -> None:
    client = as_person("analyst")
    for unit in ("CD-KN", "CD-OLD"):
        answer = client.get(f"/provinces/{unit}?lang=en")
        assert answer.status_code == 200
        page = topics(answer.text)
        assert "No deployment of today is recorded in this unit." in page["mandates"]
        assert "There is no worked mine site, route or incident here" in page["coverage"]
        assert "No facility is recorded in this unit." in page["facilities"]
        assert "No transport of explosives arrived" in page["escorts"]
        assert ("neighbours" in page) is (unit == "CD-KN")
        assert "map" in page
    assert client.get("/provinces/XX-NONE").status_code == 404


def test_it_is_looked_at(chromium_browser: Browser, database: Settings) -> None:
    with serving(environment_for(database)) as address:
        with visiting(chromium_browser, address, "coordinator-sk", viewport={"width": 1366, "height": 900}) as visit:
            visit.open("/provinces/CD-SK?lang=fr")
            drawn = visit.drawn()
            assert drawn["incidents"] >= 1
            assert drawn["deployments"] >= 1
            assert drawn["mine_sites"] == 3
            assert drawn["outline-provinces"] >= 1
            # What lies elsewhere is not asked for.
            asked = [each for each in visit.requests if "/tiles/mine_sites/" in each]
            assert asked
            assert len(asked) <= 4
            visit.keep("province-security")
        for width, language in ((360, "fr"), (1024, "en")):
            options = {"viewport": {"width": width, "height": 768}, "java_script_enabled": False}
            with visiting(chromium_browser, address, "coordinator-sk", **options) as visit:
                visit.page.goto(f"{address}/provinces/CD-SK?lang={language}")
                expect(visit.page.locator('[data-section="mandates"] tbody tr')).to_have_count(6)
                assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
                visit.keep(f"province-security-{width}")
